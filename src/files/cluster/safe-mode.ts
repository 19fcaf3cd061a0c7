/**
 * After a start the map is empty, and what is not known yet is not lost: until every node that was there before has
 * reported, or a bound of time has passed, nothing is repaired, deleted or called missing.
 */

export class SafeMode {
  private readonly awaited: Set<string>;
  private readonly untilMs: number;
  isOver = false;

  constructor(expected: readonly string[], untilMs: number) {
    this.awaited = new Set(expected);
    this.untilMs = untilMs;
  }

  get nodes(): readonly string[] {
    return this.isOver ? [] : [...this.awaited];
  }

  reported(id: string): void {
    this.awaited.delete(id);
  }

  /** @returns whether it ends with this call. */
  ends(nowMs: number): boolean {
    if (this.isOver || (this.awaited.size > 0 && nowMs < this.untilMs)) return false;
    this.isOver = true;
    return true;
  }
}
