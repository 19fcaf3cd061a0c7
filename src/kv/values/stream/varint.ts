/** Unsigned numbers of seven bits a byte, low bits first; the high bit says that more follows. */
import type { EntryId } from './id.ts';

/** Bytes that a number below 2^31 takes. */
export function sizeBytes(n: number): number {
  if (n < 128) return 1;
  if (n < 16_384) return 2;
  if (n < 2_097_152) return 3;
  return n < 268_435_456 ? 4 : 5;
}

/** Writes a number below 2^31; returns the offset behind it. */
export function putSize(buf: Buffer, start: number, n: number): number {
  let at = start;
  let rest = n;
  while (rest >= 128) {
    buf[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buf[at++] = rest;
  return at;
}

/** Bytes that a 64-bit number takes. */
export function wideBytes(hi: number, lo: number): number {
  if (hi !== 0) return Math.ceil((64 - Math.clz32(hi)) / 7);
  return lo < 128 ? 1 : Math.ceil((32 - Math.clz32(lo)) / 7);
}

/** Writes a 64-bit number; returns the offset behind it. */
export function putWide(buf: Buffer, start: number, high: number, low: number): number {
  let at = start;
  let hi = high;
  let lo = low;
  while (hi !== 0 || lo >= 128) {
    buf[at++] = (lo & 127) | 128;
    lo = ((lo >>> 7) | (hi << 25)) >>> 0;
    hi >>>= 7;
  }
  buf[at++] = lo;
  return at;
}

/**
 * A position in a buffer that reads numbers. `hi` and `lo` are the 64-bit number read last.
 */
export class VarintReader {
  buf: Buffer = EMPTY;
  at = 0;
  hi = 0;
  lo = 0;

  /** A number below 2^31. */
  size(): number {
    const { buf } = this;
    let { at } = this;
    let byte = buf[at++] as number;
    let n = byte & 127;
    for (let shift = 7; byte >= 128; shift += 7) {
      byte = buf[at++] as number;
      n |= (byte & 127) << shift;
    }
    this.at = at;
    return n;
  }

  /** A 64-bit number, into `hi` and `lo`. */
  wide(): void {
    const { buf } = this;
    let { at } = this;
    let byte = buf[at++] as number;
    let lo = byte & 127;
    let hi = 0;
    for (let shift = 7; byte >= 128; shift += 7) {
      byte = buf[at++] as number;
      const bits = byte & 127;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else hi |= bits << (shift - 32);
    }
    this.lo = lo >>> 0;
    this.hi = hi >>> 0;
    this.at = at;
  }

  /** The time of an id: the difference to `base` is read. False: it is the time of `base`. */
  time(base: EntryId, into: EntryId): boolean {
    this.wide();
    const lo = base.msLo + this.lo;
    into.msLo = lo >>> 0;
    into.msHi = (base.msHi + this.hi + (lo > 0xffffffff ? 1 : 0)) >>> 0;
    return this.lo !== 0 || this.hi !== 0;
  }
}

const EMPTY = Buffer.alloc(0);
