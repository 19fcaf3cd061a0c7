/** The dense registers of a HyperLogLog: 6 bits each; `at` is the offset of the first one's byte. */
import { REGISTERS } from './format.ts';

const REGISTER_MASK = 63;

export function denseRegister(bytes: Buffer, at: number, index: number): number {
  const bit = index * 6;
  const byte = at + (bit >>> 3);
  const shift = bit & 7;
  // The byte behind the last register's own is shifted out.
  return ((bytes[byte]! | ((bytes[byte + 1] ?? 0) << 8)) >>> shift) & REGISTER_MASK;
}

/** Raises a register to `count`; returns whether it was lower. */
export function raiseDense(bytes: Buffer, at: number, index: number, count: number): boolean {
  if (denseRegister(bytes, at, index) >= count) return false;
  const bit = index * 6;
  const byte = at + (bit >>> 3);
  const shift = bit & 7;
  const mask = REGISTER_MASK << shift;
  const bits = count << shift;
  bytes[byte] = (bytes[byte]! & ~mask) | (bits & 0xff);
  if (mask > 0xff) bytes[byte + 1] = (bytes[byte + 1]! & ~(mask >>> 8)) | (bits >>> 8);
  return true;
}

/** Adds the number of registers of each count to `histogram`. Four registers are three bytes. */
export function countDense(bytes: Buffer, at: number, histogram: Uint32Array): void {
  let byte = at;
  for (let index = 0; index < REGISTERS; index += 4, byte += 3) {
    const four = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16);
    histogram[four & REGISTER_MASK]!++;
    histogram[(four >>> 6) & REGISTER_MASK]!++;
    histogram[(four >>> 12) & REGISTER_MASK]!++;
    histogram[four >>> 18]!++;
  }
}

/** Raises each of `registers`, one a byte, to the dense one. */
export function mergeDense(bytes: Buffer, at: number, registers: Uint8Array): void {
  let byte = at;
  for (let index = 0; index < REGISTERS; index += 4, byte += 3) {
    const four = bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16);
    const a = four & REGISTER_MASK;
    const b = (four >>> 6) & REGISTER_MASK;
    const c = (four >>> 12) & REGISTER_MASK;
    const d = four >>> 18;
    if (a > registers[index]!) registers[index] = a;
    if (b > registers[index + 1]!) registers[index + 1] = b;
    if (c > registers[index + 2]!) registers[index + 2] = c;
    if (d > registers[index + 3]!) registers[index + 3] = d;
  }
}

/** Sets every dense register to the one of `registers`. */
export function writeDense(bytes: Buffer, at: number, registers: Uint8Array): void {
  let byte = at;
  for (let index = 0; index < REGISTERS; index += 4, byte += 3) {
    const low = registers[index]! | (registers[index + 1]! << 6);
    const four = low | (registers[index + 2]! << 12) | (registers[index + 3]! << 18);
    bytes[byte] = four;
    bytes[byte + 1] = four >>> 8;
    bytes[byte + 2] = four >>> 16;
  }
}
