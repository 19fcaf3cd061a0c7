/** How many keys of a database are on the disk only, and from when on one of them may be due. */
export class ColdCount {
  size = 0;
  /** Those of them that expire. */
  expiring = 0;
  /** Unix ms: none of them is due earlier, except where active expiry is just looking. */
  dueMs = Number.POSITIVE_INFINITY;
  /** Rises when keys that are not in memory may be there that were not before. */
  version = 0;

  /** A key has left memory, or is on the disk only from the start. `expiryMs`: -1 for never. */
  add(expiryMs: number): void {
    this.size++;
    this.version++;
    if (expiryMs < 0) return;
    this.expiring++;
    if (expiryMs < this.dueMs) this.dueMs = expiryMs;
  }

  /** A key is in memory again, or is gone. */
  remove(expiryMs: number): void {
    this.size--;
    if (expiryMs >= 0) this.expiring--;
  }

  /** So many keys are on the disk only, and nobody knows when the first of them is due. */
  set(size: number, expiring: number): void {
    this.size = size;
    this.version++;
    this.expiring = expiring;
    this.dueMs = expiring > 0 ? 0 : Number.POSITIVE_INFINITY;
  }
}
