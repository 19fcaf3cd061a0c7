/**
 * Nodes of the score tree, and the searches inside one node.
 *
 *   word   0        entries in use
 *   word   1, 2     leaf: address of the leaf before and behind (0: none); inner: unused
 *   byte  16        scores, one 64-bit float an entry
 *   then            members: addresses of member nodes, one word an entry
 *   inner only      children: addresses, one word an entry; then counts: members below each child
 *
 * An entry of a leaf is a member. An entry of an inner node is a child, and its score and member are
 * those of the first member below that child, always exactly. Leaves take 832 bytes, inner nodes 1280,
 * both a size class of the arena.
 *
 * Benchmark: bench/kv (ZADD, ZRANK).
 */
import { type Address, type Arena, compareBytes, SEGMENT_SHIFT } from '../../memory/index.ts';
import { memberLength, memberStart } from './member.ts';

const SEGMENT_MASK = (1 << SEGMENT_SHIFT) - 1;

/** Entries of a leaf and of an inner node at most. */
export const LEAF_MAX = 68;
export const INNER_MAX = 63;
/** Below these a node is merged or filled up, unless it stands at an edge of the tree or is the root. */
export const LEAF_MIN = 22;
export const INNER_MIN = 20;
/** Two neighbours with no more entries than this together become one. */
export const LEAF_MERGE_MAX = 51;
export const INNER_MERGE_MAX = 47;

export const LEAF_BYTES = 16 + LEAF_MAX * 12;
export const INNER_BYTES = 16 + INNER_MAX * 20;

/** Word offsets in a node. */
export const PREV = 1;
export const NEXT = 2;
export const LEAF_MEMBERS = 4 + LEAF_MAX * 2;
export const INNER_MEMBERS = 4 + INNER_MAX * 2;
export const CHILDREN = INNER_MEMBERS + INNER_MAX;
export const COUNTS = CHILDREN + INNER_MAX;
/** Float offset of the scores in a node. */
export const SCORES = 2;

/** Index of a node's first word in the words of its segment. */
export function wordBase(node: Address): number {
  return (node & SEGMENT_MASK) << 1;
}

/** Index of a node's first score in the floats of its segment. */
export function scoreBase(node: Address): number {
  return (node & SEGMENT_MASK) + SCORES;
}

export function wordsOf(arena: Arena, node: Address): Uint32Array {
  return arena.words[node >>> SEGMENT_SHIFT]!;
}

export function floatsOf(arena: Arena, node: Address): Float64Array {
  return arena.floats[node >>> SEGMENT_SHIFT]!;
}

/** Entries of a node. */
export function entryCount(arena: Arena, node: Address): number {
  return wordsOf(arena, node)[wordBase(node)] as number;
}

/** Order of a member's bytes against a range of bytes: negative, zero or positive. */
export function compareMember(
  arena: Arena,
  member: Address,
  buf: Buffer,
  start: number,
  length: number,
): number {
  const bytes = arena.bytes[member >>> SEGMENT_SHIFT]!;
  return compareBytes(bytes, memberStart(member), memberLength(arena, member), buf, start, length);
}

/** Entries of a node that stand before (score, bytes); with `orAt` also the one that is equal. */
export function entriesBefore(
  arena: Arena,
  node: Address,
  membersAt: number,
  score: number,
  buf: Buffer,
  start: number,
  length: number,
  orAt: boolean,
): number {
  const words = wordsOf(arena, node);
  const floats = floatsOf(arena, node);
  const scores = scoreBase(node);
  const members = wordBase(node) + membersAt;
  let low = 0;
  let high = words[wordBase(node)] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = floats[scores + middle] as number;
    if (at < score) low = middle + 1;
    else if (at > score) high = middle;
    else {
      const order = compareMember(arena, words[members + middle] as number, buf, start, length);
      if (order < 0 || (orAt && order === 0)) low = middle + 1;
      else high = middle;
    }
  }
  return low;
}

/** Entries of a node with a score below `score`; with `orAt` also those that have it. */
export function entriesBelow(arena: Arena, node: Address, score: number, orAt: boolean): number {
  const floats = floatsOf(arena, node);
  const scores = scoreBase(node);
  let low = 0;
  let high = entryCount(arena, node);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = floats[scores + middle] as number;
    if (at < score || (orAt && at === score)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** As `entriesBefore` by bytes alone, for sets whose members all have one score. */
export function entriesBeforeMember(
  arena: Arena,
  node: Address,
  membersAt: number,
  buf: Buffer,
  start: number,
  length: number,
  orAt: boolean,
): number {
  const words = wordsOf(arena, node);
  const members = wordBase(node) + membersAt;
  let low = 0;
  let high = words[wordBase(node)] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareMember(arena, words[members + middle] as number, buf, start, length);
    if (order < 0 || (orAt && order === 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Moves `count` entries of `from` at `fromAt` to `to` at `toAt`, scores, members, and for inner nodes
 * children and counts. The nodes may be one and the same; entry counts are the caller's business.
 */
export function moveEntries(
  arena: Arena,
  inner: boolean,
  from: Address,
  fromAt: number,
  to: Address,
  toAt: number,
  count: number,
): void {
  if (count <= 0) return;
  copyFloats(
    floatsOf(arena, from),
    scoreBase(from) + fromAt,
    floatsOf(arena, to),
    scoreBase(to) + toAt,
    count,
  );
  const fromWords = wordsOf(arena, from);
  const toWords = wordsOf(arena, to);
  const a = wordBase(from) + fromAt;
  const b = wordBase(to) + toAt;
  if (!inner) {
    copyWords(fromWords, a + LEAF_MEMBERS, toWords, b + LEAF_MEMBERS, count);
    return;
  }
  copyWords(fromWords, a + INNER_MEMBERS, toWords, b + INNER_MEMBERS, count);
  copyWords(fromWords, a + CHILDREN, toWords, b + CHILDREN, count);
  copyWords(fromWords, a + COUNTS, toWords, b + COUNTS, count);
}

// Copies inside one array or between two; ranges may overlap. Two functions, so that each sees one
// type of array only.

function copyFloats(
  from: Float64Array,
  fromAt: number,
  to: Float64Array,
  toAt: number,
  count: number,
): void {
  if (from === to && fromAt < toAt) {
    for (let i = count - 1; i >= 0; i--) to[toAt + i] = from[fromAt + i] as number;
  } else {
    for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i] as number;
  }
}

function copyWords(
  from: Uint32Array,
  fromAt: number,
  to: Uint32Array,
  toAt: number,
  count: number,
): void {
  if (from === to && fromAt < toAt) {
    for (let i = count - 1; i >= 0; i--) to[toAt + i] = from[fromAt + i] as number;
  } else {
    for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i] as number;
  }
}
