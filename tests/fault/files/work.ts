/** What the writer does, as its checker knows it too. */

export const WORKERS = 4;
/** Objects of a worker that are there at once. */
export const KEPT = 8;

export function keyOf(round: string, worker: number, nth: number): string {
  return `round-${round}/${worker}/${nth}`;
}
