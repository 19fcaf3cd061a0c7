/**
 * A small sorted set, packed into its record and ordered by score, then by member.
 *
 *   value = count *entry          count: entries, 32 bits little endian
 *   entry = head [length] score member
 *   head  = bits 0-1: kind of score (0: 8-bit, 1: 16-bit, 2: 32-bit integer, 3: 64-bit float)
 *           bits 2-7: length of the member; 63: the length stands behind the head in 32 bits
 *
 * Numbers are little endian. An empty value has no bytes, not even the count.
 *
 * Functions here take offsets into a buffer and change nothing but the `entry` they read into.
 *
 * Benchmark: bench/kv (ZADD).
 */
import { compareBytes, copyBytes, equalBytes } from '../../memory/index.ts';

/** Bytes before the first entry. */
export const HEAD_BYTES = 4;

const LONG = 63;
const KIND_FLOAT = 3;
/** Bytes of a score by its kind. */
const WIDTHS = new Uint8Array([1, 2, 4, 8]);

const scratchFloat = new Float64Array(1);
const scratchBytes = new Uint8Array(scratchFloat.buffer);

/** The entry read last. */
export class PackedEntry {
  score = 0;
  /** Where the member stands. */
  start = 0;
  length = 0;
}

/** Reads the entry at `at`; returns the offset behind it. */
export function readEntry(buf: Buffer, at: number, entry: PackedEntry): number {
  const head = buf[at]!;
  const kind = head & 3;
  let length = head >> 2;
  let from = at + 1;
  if (length === LONG) {
    length = readInt32(buf, from) >>> 0;
    from += 4;
  }
  entry.score = readScore(buf, from, kind);
  const start = from + WIDTHS[kind]!;
  entry.start = start;
  entry.length = length;
  return start + length;
}

/** Offset behind the entry at `at`. */
export function skipEntry(buf: Buffer, at: number): number {
  const head = buf[at]!;
  const width = WIDTHS[head & 3]!;
  const length = head >> 2;
  if (length !== LONG) return at + 1 + width + length;
  return at + 5 + width + (readInt32(buf, at + 1) >>> 0);
}

/** Bytes of an entry. */
export function entryBytes(score: number, length: number): number {
  return 1 + (length < LONG ? 0 : 4) + WIDTHS[kindOf(score)]! + length;
}

/** Writes an entry at `at`, where its room is; returns the offset behind it. */
export function writeEntry(
  to: Buffer,
  at: number,
  score: number,
  buf: Buffer,
  start: number,
  length: number,
): number {
  const kind = kindOf(score);
  let next = at;
  to[next++] = kind | (Math.min(length, LONG) << 2);
  if (length >= LONG) {
    writeInt(to, next, length, 4);
    next += 4;
  }
  const width = WIDTHS[kind]!;
  if (kind === KIND_FLOAT) {
    scratchFloat[0] = score;
    for (let i = 0; i < 8; i++) to[next + i] = scratchBytes[i]!;
  } else {
    writeInt(to, next, score, width);
  }
  next += width;
  copyBytes(buf, start, to, next, length);
  return next + length;
}

/** Offset of the entry of a member between `at` and `end`, or -1. */
export function findEntry(
  buf: Buffer,
  at: number,
  end: number,
  member: Buffer,
  start: number,
  length: number,
): number {
  let next = at;
  while (next < end) {
    const head = buf[next]!;
    const width = WIDTHS[head & 3]!;
    const short = head >> 2;
    if (short !== LONG) {
      const from = next + 1 + width;
      if (short === length && equalBytes(buf, from, member, start, length)) return next;
      next = from + short;
    } else {
      const long = readInt32(buf, next + 1) >>> 0;
      const from = next + 5 + width;
      if (long === length && equalBytes(buf, from, member, start, length)) return next;
      next = from + long;
    }
  }
  return -1;
}

/** Offset at which (score, member) belongs among the entries between `at` and `end`. */
export function placeFor(
  buf: Buffer,
  at: number,
  end: number,
  score: number,
  member: Buffer,
  start: number,
  length: number,
): number {
  let here = at;
  while (here < end) {
    const next = readEntry(buf, here, scratch);
    if (
      scratch.score > score ||
      (scratch.score === score &&
        compareBytes(buf, scratch.start, scratch.length, member, start, length) > 0)
    ) {
      return here;
    }
    here = next;
  }
  return here;
}

const scratch = new PackedEntry();

/** Number of entries of a value of `bytes` bytes at `at`. */
export function packedCount(buf: Buffer, at: number, bytes: number): number {
  return bytes === 0 ? 0 : readInt32(buf, at) >>> 0;
}

export function setPackedCount(buf: Buffer, at: number, count: number): void {
  writeInt(buf, at, count, 4);
}

function kindOf(score: number): number {
  const whole = score | 0;
  // -0 keeps its sign only as a float.
  if (whole !== score || (score === 0 && 1 / score < 0)) return KIND_FLOAT;
  if (whole >= -128 && whole < 128) return 0;
  return whole >= -32768 && whole < 32768 ? 1 : 2;
}

function readScore(buf: Buffer, at: number, kind: number): number {
  if (kind === 0) return (buf[at]! << 24) >> 24;
  if (kind === 1) return ((buf[at]! | (buf[at + 1]! << 8)) << 16) >> 16;
  if (kind === 2) return readInt32(buf, at);
  for (let i = 0; i < 8; i++) scratchBytes[i] = buf[at + i]!;
  return scratchFloat[0] as number;
}

function readInt32(buf: Buffer, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
}

function writeInt(buf: Buffer, at: number, value: number, width: number): void {
  for (let i = 0; i < width; i++) buf[at + i] = value >> (8 * i);
}
