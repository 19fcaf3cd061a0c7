/**
 * A set of integers, the smallest form of a set: sorted, in the fewest bytes that hold them all.
 *
 *   intset = width *number     width: 2, 4 or 8; number: `width` bytes, little endian, signed
 *
 * Numbers ascend without repetition. The width never shrinks, as in Redis. An empty set is the width
 * alone. Whoever owns the bytes makes the room; see `roomFor` and `putInteger`.
 */

export const INTSET_HEAD_BYTES = 1;
const WIDTH_MIN = 2;

/** Makes an empty intset at `start`. */
export function clearIntset(buf: Buffer, start: number): void {
  buf[start] = WIDTH_MIN;
}

/** Members of an intset of `length` bytes. */
export function intsetCount(buf: Buffer, start: number, length: number): number {
  return (length - INTSET_HEAD_BYTES) / buf[start]!;
}

/** High half of the number at `index`. */
export function highAt(buf: Buffer, start: number, index: number): number {
  const width = buf[start]!;
  const at = start + INTSET_HEAD_BYTES + index * width;
  if (width === 8) return word(buf, at + 4);
  return (buf[at + width - 1]! << 24) >> 31;
}

/** Low half of the number at `index`, unsigned. */
export function lowAt(buf: Buffer, start: number, index: number): number {
  const width = buf[start]!;
  const at = start + INTSET_HEAD_BYTES + index * width;
  if (width === 2) return (((buf[at]! | (buf[at + 1]! << 8)) << 16) >> 16) >>> 0;
  return word(buf, at) >>> 0;
}

/** Index of a number, or `-1 - index` of the place where it belongs. */
export function findInteger(
  buf: Buffer,
  start: number,
  length: number,
  high: number,
  low: number,
): number {
  let from = 0;
  let to = intsetCount(buf, start, length) - 1;
  // Most sets are filled in ascending order.
  if (to >= 0 && isBelow(buf, start, to, high, low)) return -2 - to;
  while (from <= to) {
    const middle = (from + to) >>> 1;
    if (isBelow(buf, start, middle, high, low)) from = middle + 1;
    else if (highAt(buf, start, middle) === high && lowAt(buf, start, middle) === low)
      return middle;
    else to = middle - 1;
  }
  return -1 - from;
}

function isBelow(buf: Buffer, start: number, index: number, high: number, low: number): boolean {
  const ownHigh = highAt(buf, start, index);
  return ownHigh < high || (ownHigh === high && lowAt(buf, start, index) < low);
}

/** Bytes that an intset of `length` bytes takes with this number added. */
export function roomFor(
  buf: Buffer,
  start: number,
  length: number,
  high: number,
  low: number,
): number {
  const width = Math.max(buf[start]!, widthOf(high, low));
  return INTSET_HEAD_BYTES + (intsetCount(buf, start, length) + 1) * width;
}

function widthOf(high: number, low: number): number {
  const signed = low | 0;
  if (signed >> 31 !== high) return 8;
  return (signed << 16) >> 16 === signed ? 2 : 4;
}

/**
 * Adds a number at `index` of an intset that has `length` bytes and now has the room that `roomFor`
 * asked for.
 */
export function putInteger(
  buf: Buffer,
  start: number,
  length: number,
  index: number,
  high: number,
  low: number,
): void {
  const count = intsetCount(buf, start, length);
  const width = buf[start]!;
  const wanted = Math.max(width, widthOf(high, low));
  const first = start + INTSET_HEAD_BYTES;
  if (wanted > width) {
    // From the back, so that no number is overwritten before it was moved.
    const skip = index === 0 ? 1 : 0;
    for (let i = count - 1; i >= 0; i--) {
      writeNumber(
        buf,
        first + (i + skip) * wanted,
        wanted,
        highAt(buf, start, i),
        lowAt(buf, start, i),
      );
    }
    buf[start] = wanted;
  } else if (index < count) {
    buf.copyWithin(first + (index + 1) * width, first + index * width, first + count * width);
  }
  writeNumber(buf, first + index * wanted, wanted, high, low);
}

function writeNumber(buf: Buffer, at: number, width: number, high: number, low: number): void {
  buf[at] = low;
  buf[at + 1] = low >>> 8;
  if (width === 2) return;
  buf[at + 2] = low >>> 16;
  buf[at + 3] = low >>> 24;
  if (width === 4) return;
  buf[at + 4] = high;
  buf[at + 5] = high >>> 8;
  buf[at + 6] = high >>> 16;
  buf[at + 7] = high >>> 24;
}

function word(buf: Buffer, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
}
