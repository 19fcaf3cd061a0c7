/**
 * An intset: a small set whose members are all integers.
 *
 *     width u32 (2, 4 or 8) | members u32 | members, little-endian, ascending
 *
 * All members have the width that the widest of them needs.
 */

import { decimalBytes } from './decimal.ts';
import { badFormat } from './fault.ts';
import type { PackedSource } from './packed-source.ts';

const HEADER_BYTES = 8;

export class IntsetReader implements PackedSource {
  readonly countHint: number;
  private readonly bytes: Buffer;
  private readonly width: number;
  private position = HEADER_BYTES;
  private previous: number | bigint | null = null;

  constructor(bytes: Buffer) {
    if (bytes.length < HEADER_BYTES) badFormat('intset too short');
    const width = bytes.readUInt32LE(0);
    if (width !== 2 && width !== 4 && width !== 8) badFormat('intset width');
    const count = bytes.readUInt32LE(4);
    if (bytes.length !== HEADER_BYTES + count * width) badFormat('intset size');
    this.bytes = bytes;
    this.width = width;
    this.countHint = count;
  }

  done(): boolean {
    return this.position === this.bytes.length;
  }

  takeBytes(): Buffer {
    const { bytes, width, position } = this;
    const value = width === 8 ? bytes.readBigInt64LE(position) : bytes.readIntLE(position, width);
    if (this.previous !== null && value <= this.previous) badFormat('intset order');
    this.previous = value;
    this.position += width;
    return decimalBytes(value);
  }
}

/** The intset of `members`, which are 64-bit integers in any order, all different. */
export function encodeIntset(members: (number | bigint)[]): Buffer {
  const sorted = members.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const least = sorted[0] ?? 0;
  const greatest = sorted[sorted.length - 1] ?? 0;
  let width = 8;
  if (least >= -0x8000 && greatest <= 0x7fff) width = 2;
  else if (least >= -0x80000000 && greatest <= 0x7fffffff) width = 4;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + width * sorted.length);
  bytes.writeUInt32LE(width, 0);
  bytes.writeUInt32LE(sorted.length, 4);
  let at = HEADER_BYTES;
  for (const member of sorted) {
    if (width === 8) bytes.writeBigInt64LE(BigInt(member), at);
    else bytes.writeIntLE(Number(member), at, width);
    at += width;
  }
  return bytes;
}
