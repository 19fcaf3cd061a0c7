/**
 * What the disk was asked for lately, by hashes: what is asked for once is answered from the disk and leaves memory to
 * others, what is asked for again while this still knows it is worth a place there (as 2Q has it: Johnson and Shasha,
 * VLDB 1994).
 *
 * Bound: as many as there may be small responses in memory, so that what comes again later would have left it by then.
 * What meets in a slot takes its place. What was measured: docs/decisions/0021-what-comes-back-from-the-disk.md.
 */

/** Of memory, for one that is remembered. */
const BYTES_EACH = 1024;
const SLOTS_MIN = 1024;
const SLOTS_MAX = 1_048_576;

export class AskedLately {
  private readonly hashes: Uint32Array;

  /** @param memoryBytes of the tier before the disk. */
  constructor(memoryBytes: number) {
    const wanted = Math.min(SLOTS_MAX, Math.max(SLOTS_MIN, memoryBytes / BYTES_EACH));
    this.hashes = new Uint32Array(2 ** Math.floor(Math.log2(wanted)));
  }

  /** Notes that something is asked for. @returns whether it was lately. The words of its hash. */
  note(low: number, high: number): boolean {
    const { hashes } = this;
    const slot = high & (hashes.length - 1);
    if (hashes[slot] === low) return true;
    hashes[slot] = low;
    return false;
  }
}
