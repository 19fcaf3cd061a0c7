/** The runs of a sparse HyperLogLog: reading and writing one, and walking over all. */
import { REGISTERS } from './format.ts';

const VAL = 0x80;
const XZERO = 0x40;
const ZERO_RUN_MAX = 64;
/** Longest run of registers with a count in one byte. */
export const VAL_RUN_MAX = 4;
/** Highest count that a run has room for. */
export const VAL_COUNT_MAX = 32;

export function isVal(byte: number): boolean {
  return (byte & VAL) !== 0;
}

export function isXzero(byte: number): boolean {
  return (byte & (VAL | XZERO)) === XZERO;
}

/** Registers of the run at `at`. */
export function runLength(bytes: Buffer, at: number): number {
  const byte = bytes[at]!;
  if (isVal(byte)) return (byte & 3) + 1;
  if (isXzero(byte)) return ((byte & 0x3f) << 8) + bytes[at + 1]! + 1;
  return byte + 1;
}

/** Bytes of the run that begins with `byte`. */
export function runBytes(byte: number): number {
  return isXzero(byte) ? 2 : 1;
}

/** Count of the registers of a VAL. */
export function valCount(byte: number): number {
  return ((byte >>> 2) & 31) + 1;
}

export function valByte(count: number, length: number): number {
  return VAL | ((count - 1) << 2) | (length - 1);
}

/** Writes `length` registers of 0; returns the offset behind. */
export function writeZeros(bytes: Buffer, at: number, length: number): number {
  if (length <= ZERO_RUN_MAX) {
    bytes[at] = length - 1;
    return at + 1;
  }
  bytes[at] = XZERO | ((length - 1) >>> 8);
  bytes[at + 1] = (length - 1) & 0xff;
  return at + 2;
}

/**
 * Visits all runs from `at` to `end` with their first register, length and count. False: they are not
 * the registers of one sketch, and those that stand behind its end were not visited.
 */
export function eachRun(
  bytes: Buffer,
  at: number,
  end: number,
  visit: (first: number, length: number, count: number) => void,
): boolean {
  let first = 0;
  for (let p = at; p < end; ) {
    const byte = bytes[p]!;
    const length = runLength(bytes, p);
    p += runBytes(byte);
    if (first + length > REGISTERS || p > end) return false;
    visit(first, length, isVal(byte) ? valCount(byte) : 0);
    first += length;
  }
  return first === REGISTERS;
}
