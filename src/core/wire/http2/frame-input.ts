/**
 * Cuts what arrives into frames, whatever pieces it comes in (RFC 9113, 4.1).
 *
 * A frame that lies whole in what arrived is handed on where it lies; the payload of DATA is handed on in
 * pieces as it comes; of any other frame that is cut, the pieces are gathered first, so at most one frame
 * is held. Invariant: no more is gathered than `frameBytesMax` and the head of a frame.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import { Flag, FRAME_HEAD_BYTES, FrameType } from './constants.ts';

/** What is done with frames. Each says whether to go on. */
export interface FrameSink {
  /** A frame that is not DATA, its payload at `buf[start, start + length)`. */
  onFrame(
    type: number,
    flags: number,
    id: number,
    buf: Buffer,
    start: number,
    length: number,
  ): boolean;
  /** The head of a DATA frame; `length` is that of its payload, `padding` -1 when it has none. */
  onDataHead(flags: number, id: number, length: number, padding: number): boolean;
  /** A piece of its data, maybe empty; `last`: no more follows of this frame. */
  onDataPiece(buf: Buffer, start: number, length: number, last: boolean): boolean;
  onFrameTooLarge(): void;
  onBadFrameLength(): void;
}

const NO_OCTETS = Buffer.alloc(0);
/** Memory for cut frames that is kept between two. */
const GATHERED_KEPT = 64;

export class FrameInput {
  private readonly sink: FrameSink;
  private readonly frameBytesMax: number;
  /** The beginning of a frame that was cut. */
  private gathered: Buffer = NO_OCTETS;
  private gatheredLength = 0;
  /** Octets of DATA, and of padding behind it, still to come. */
  private dataLeft = 0;
  private paddingLeft = 0;

  constructor(sink: FrameSink, frameBytesMax: number) {
    this.sink = sink;
    this.frameBytesMax = frameBytesMax;
  }

  /** Whether a frame has begun and not ended. */
  get midway(): boolean {
    return this.gatheredLength > 0 || this.dataLeft > 0 || this.paddingLeft > 0;
  }

  /** Takes what arrived. False when the sink wants no more. */
  take(buf: Buffer, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      if (this.dataLeft > 0) {
        const piece = Math.min(this.dataLeft, end - at);
        this.dataLeft -= piece;
        if (!this.sink.onDataPiece(buf, at, piece, this.dataLeft === 0)) return false;
        at += piece;
        continue;
      }
      if (this.paddingLeft > 0) {
        const piece = Math.min(this.paddingLeft, end - at);
        this.paddingLeft -= piece;
        at += piece;
        continue;
      }
      if (this.gatheredLength > 0) {
        at = this.gather(buf, at, end);
        if (at < 0) return false;
        continue;
      }
      const need = this.need(buf, at, end - at);
      if (need < 0) return false;
      if (need > end - at) {
        this.keep(buf, at, end, need);
        return true;
      }
      if (!this.frame(buf, at, need)) return false;
      at += need;
    }
    return true;
  }

  /** Octets of the frame at `at` that must be there before it can be handed on; -1 when it is too large. */
  private need(buf: Buffer, at: number, available: number): number {
    if (available < FRAME_HEAD_BYTES) return FRAME_HEAD_BYTES;
    const length = (buf[at]! << 16) | (buf[at + 1]! << 8) | buf[at + 2]!;
    if (length > this.frameBytesMax) {
      this.sink.onFrameTooLarge();
      return -1;
    }
    if (buf[at + 3] !== FrameType.data) return FRAME_HEAD_BYTES + length;
    if ((buf[at + 4]! & Flag.padded) === 0) return FRAME_HEAD_BYTES;
    if (length === 0) {
      this.sink.onBadFrameLength();
      return -1;
    }
    return FRAME_HEAD_BYTES + 1;
  }

  private frame(buf: Buffer, at: number, need: number): boolean {
    const type = buf[at + 3]!;
    const flags = buf[at + 4]!;
    // The first bit is reserved and ignored (4.1).
    const id =
      ((buf[at + 5]! & 0x7f) << 24) | (buf[at + 6]! << 16) | (buf[at + 7]! << 8) | buf[at + 8]!;
    const payload = at + FRAME_HEAD_BYTES;
    if (type !== FrameType.data) {
      return this.sink.onFrame(type, flags, id, buf, payload, need - FRAME_HEAD_BYTES);
    }
    const length = (buf[at]! << 16) | (buf[at + 1]! << 8) | buf[at + 2]!;
    const padding = need > FRAME_HEAD_BYTES ? buf[payload]! : -1;
    if (!this.sink.onDataHead(flags, id, length, padding)) return false;
    this.paddingLeft = Math.max(padding, 0);
    this.dataLeft = length - this.paddingLeft - (padding < 0 ? 0 : 1);
    return this.dataLeft > 0 || this.sink.onDataPiece(buf, at, 0, true);
  }

  private keep(buf: Buffer, at: number, end: number, need: number): void {
    if (this.gathered.length < need) this.gathered = Buffer.allocUnsafeSlow(need);
    buf.copy(this.gathered, 0, at, end);
    this.gatheredLength = end - at;
  }

  /** Adds to the cut frame; returns where to go on, -1 when the sink wants no more. */
  private gather(buf: Buffer, start: number, end: number): number {
    let at = start;
    for (;;) {
      const need = this.need(this.gathered, 0, this.gatheredLength);
      if (need < 0) return -1;
      if (this.gathered.length < need) {
        const larger = Buffer.allocUnsafeSlow(need);
        this.gathered.copy(larger, 0, 0, this.gatheredLength);
        this.gathered = larger;
      }
      const piece = Math.min(need - this.gatheredLength, end - at);
      buf.copy(this.gathered, this.gatheredLength, at, at + piece);
      this.gatheredLength += piece;
      at += piece;
      if (this.gatheredLength < need) return at;
      // With the head complete, more may be needed.
      if (need === FRAME_HEAD_BYTES && this.need(this.gathered, 0, need) !== need) continue;
      this.gatheredLength = 0;
      const goOn = this.frame(this.gathered, 0, need);
      if (this.gathered.length > GATHERED_KEPT) this.gathered = NO_OCTETS;
      return goOn ? at : -1;
    }
  }
}

/** Four octets as an unsigned number, most significant first. */
export function uint32(buf: Buffer, at: number): number {
  return ((buf[at]! << 24) | (buf[at + 1]! << 16) | (buf[at + 2]! << 8) | buf[at + 3]!) >>> 0;
}
