/**
 * Long work in steps, as a generator: after each it says how far it is, and whoever drives it may let others
 * run, tell a person, or go straight on.
 *
 * Invariant: work that is given up, or fails, runs its `finally` blocks.
 */

/** How far a long work is. */
export interface WorkDone {
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export type Steps<T> = Generator<WorkDone, T, void>;

/** Bytes between two steps: some ten milliseconds of work, so that others wait no longer. */
export const STEP_BYTES = 4 * 1024 * 1024;

/** Runs all steps in this call. */
export function runAtOnce<T>(steps: Steps<T>, tell?: (done: WorkDone) => void): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    tell?.(step.value);
  }
}

/** Runs each step in a turn of its own: `nextTurn` calls back when others had theirs. */
export async function runInTurns<T>(
  steps: Steps<T>,
  nextTurn: (run: () => void) => void,
  tell?: (done: WorkDone) => void,
): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    tell?.(step.value);
    await new Promise<void>(nextTurn);
  }
}
