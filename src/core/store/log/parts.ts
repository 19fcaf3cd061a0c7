/**
 * Joins the entries that hold one payload in parts.
 *
 * Promise: a payload is given whole or not at all. The log may end, or have been cut, behind any part;
 * what was begun there is dropped by the first entry that does not go on with it.
 */
import type { LogEntry } from './types.ts';

export class PartJoiner {
  #parts: Buffer[] = [];
  readonly #whole: Buffer[] = [];

  /** A payload has begun; else an entry that is whole by itself need not be taken. */
  get begun(): boolean {
    return this.#parts.length > 0;
  }

  /**
   * Takes the next entry of the log. Returns the pieces of a payload that is complete with it, good
   * until the next call, or undefined.
   */
  take(entry: LogEntry): readonly Buffer[] | undefined {
    if (!entry.continues && !entry.more) {
      this.#parts = [];
      // The usual case: no copy.
      this.#whole[0] = entry.buffer.subarray(entry.start, entry.end);
      return this.#whole;
    }
    // Reading may have begun behind the first part: what goes on with nothing is nothing.
    if (entry.continues && this.#parts.length === 0) return undefined;
    const part = Buffer.from(entry.buffer.subarray(entry.start, entry.end));
    if (entry.continues) this.#parts.push(part);
    else this.#parts = [part];
    if (entry.more) return undefined;
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }
}
