/**
 * The node of one member of a large sorted set.
 *
 *   w0 next  w1 hash  w2 member length   (owned by Table)
 *   w3 status (keyspace/elements.ts)
 *   score, a 64-bit float
 *   the member's bytes
 *
 * The score is read here by ZSCORE; the tree keeps a copy beside the node's address, and both change
 * together.
 */
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  KEY_LENGTH_MASK,
  SEGMENT_SHIFT,
} from '../../memory/index.ts';

/** Offset of the member in its node. */
export const MEMBER_HEAD_BYTES = 24;

const SEGMENT_MASK = (1 << SEGMENT_SHIFT) - 1;

/** Allocates and fills the node of a member; it is in no table yet. */
export function createMember(
  arena: Arena,
  hash: number,
  score: number,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  const node = arena.alloc(MEMBER_HEAD_BYTES + length);
  const segment = node >>> SEGMENT_SHIFT;
  const words = arena.words[segment]!;
  const unit = node & SEGMENT_MASK;
  words[(unit << 1) + 1] = hash;
  words[(unit << 1) + 2] = length;
  words[(unit << 1) + 3] = 0;
  arena.floats[segment]![unit + 2] = score;
  copyBytes(buf, start, arena.bytes[segment]!, (unit << 3) + MEMBER_HEAD_BYTES, length);
  return node;
}

export function memberScore(arena: Arena, node: Address): number {
  return arena.floats[node >>> SEGMENT_SHIFT]![(node & SEGMENT_MASK) + 2] as number;
}

export function setMemberScore(arena: Arena, node: Address, score: number): void {
  arena.floats[node >>> SEGMENT_SHIFT]![(node & SEGMENT_MASK) + 2] = score;
}

export function memberStatus(arena: Arena, node: Address): number {
  const words = arena.words[node >>> SEGMENT_SHIFT]!;
  return words[((node & SEGMENT_MASK) << 1) + 3] as number;
}

export function setMemberStatus(arena: Arena, node: Address, status: number): void {
  arena.words[node >>> SEGMENT_SHIFT]![((node & SEGMENT_MASK) << 1) + 3] = status;
}

/** Offset of the member's bytes in its segment. */
export function memberStart(node: Address): number {
  return byteOffset(node) + MEMBER_HEAD_BYTES;
}

export function memberLength(arena: Arena, node: Address): number {
  const words = arena.words[node >>> SEGMENT_SHIFT]!;
  return (words[((node & SEGMENT_MASK) << 1) + 2] as number) & KEY_LENGTH_MASK;
}
