/**
 * The header block that is being received: HEADERS and its CONTINUATIONs (RFC 9113, 4.3 and 6.10).
 *
 * Bounds: `blockBytesMax` and `continuationsMax` of the limits, so that a head without an end costs no more
 * than one that has one (CVE-2024-27316). No memory is held between heads.
 */
import type { Http2Limits } from './limits.ts';

const NO_OCTETS = Buffer.alloc(0);

export class HeaderBlock {
  /** The stream whose head is being received, 0 when none is. */
  id = 0;
  buf: Buffer = NO_OCTETS;
  length = 0;
  private continuations = 0;
  private readonly limits: Http2Limits;

  constructor(limits: Http2Limits) {
    this.limits = limits;
  }

  /** Begins with the fragment of HEADERS. False: it is above the bounds. */
  begin(id: number, from: Buffer, start: number, end: number): boolean {
    this.id = id;
    this.continuations = 0;
    return this.append(from, start, end);
  }

  /** Goes on with that of a CONTINUATION. False: it is above the bounds. */
  continue(from: Buffer, start: number, end: number): boolean {
    this.continuations++;
    return this.continuations <= this.limits.continuationsMax && this.append(from, start, end);
  }

  /** Lets go of a block that has been read, or will not be. */
  release(): void {
    this.id = 0;
    this.buf = NO_OCTETS;
    this.length = 0;
  }

  private append(from: Buffer, start: number, end: number): boolean {
    const length = this.length + end - start;
    if (length > this.limits.blockBytesMax) return false;
    if (this.buf.length < length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.buf.length * 2));
      this.buf.copy(larger, 0, 0, this.length);
      this.buf = larger;
    }
    from.copy(this.buf, this.length, start, end);
    this.length = length;
    return true;
  }
}
