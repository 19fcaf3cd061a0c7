/**
 * Memory that heads are decoded into, one for all connections: a head is used up, or copied by whoever keeps
 * it, before the next block is read.
 */

const FIRST_BYTES = 16_384;

export class Scratch {
  /** Replaced when it grows; what was written stays at its place. */
  buf: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  /** The buffer, with room for `length` octets behind the `used` ones. */
  room(used: number, length: number): Buffer {
    if (this.buf.length - used < length) {
      let capacity = this.buf.length * 2;
      while (capacity < used + length) capacity *= 2;
      const larger = Buffer.allocUnsafeSlow(capacity);
      this.buf.copy(larger, 0, 0, used);
      this.buf = larger;
    }
    return this.buf;
  }
}
