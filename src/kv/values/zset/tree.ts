/**
 * A counted B+ tree of (score, member), ordered by score and then by the member's bytes: rank of an
 * element, element of a rank, and walks from any place, all in the height of the tree.
 *
 *                 [ inner: first score, first member, child, count ]
 *                   |                    |                    |
 *               [ leaf ] <--------> [ leaf ] <---------> [ leaf ]
 *
 * Invariants, which `checkTree` proves in tests:
 *  - the entry of a child is its first score and member, its count the members below it;
 *  - all leaves are equally deep, linked in order, and never empty; inner nodes have two children or
 *    more;
 *  - nodes that were full once and do not stand at the tree's left or right edge hold at least
 *    LEAF_MIN or INNER_MIN entries. At an edge they may hold fewer, because a node that overflows
 *    there is split at the end: members that come in order fill their leaves.
 *
 * The tree owns its nodes; the member nodes it points to are its user's. Scores are never NaN.
 *
 * Benchmark: bench/kv (ZADD, ZRANK).
 */
import { invariant } from '../../../core/base/index.ts';
import { type Address, Arena, SEGMENT_SHIFT } from '../../memory/index.ts';
import { memberLength, memberStart } from './member.ts';
import { mendPath } from './tree-mend.ts';
import {
  CHILDREN,
  COUNTS,
  entriesBefore,
  entriesBeforeMember,
  entriesBelow,
  entryCount,
  floatsOf,
  INNER_BYTES,
  INNER_MAX,
  INNER_MEMBERS,
  LEAF_BYTES,
  LEAF_MAX,
  LEAF_MEMBERS,
  moveEntries,
  NEXT,
  PREV,
  scoreBase,
  wordBase,
  wordsOf,
} from './tree-node.ts';
import { TreePath } from './tree-path.ts';

export class ScoreTree {
  /** Members in the tree. */
  size = 0;
  /** 0 when the tree is empty. */
  root: Address = 0;
  /** Levels of nodes: 0 empty, 1 the root is a leaf. */
  height = 0;
  leaves = 0;
  inners = 0;
  /** Where `seek` stopped. */
  leaf: Address = 0;
  index = 0;
  readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Bytes of the tree's nodes. */
  get bytes(): number {
    return this.leaves * Arena.roundUp(LEAF_BYTES) + this.inners * Arena.roundUp(INNER_BYTES);
  }

  /** Adds a member that is not in the tree. */
  insert(score: number, member: Address): void {
    if (this.root === 0) {
      this.root = this.newLeaf();
      this.height = 1;
    }
    const at = this.descend(score, member);
    path.addToCounts(this.arena, 1);
    this.size++;
    const leaf = path.nodes[0] as number;
    if (entryCount(this.arena, leaf) < LEAF_MAX) this.putInLeaf(leaf, at, score, member);
    else this.splitLeaf(leaf, at, score, member);
    if (at === 0) path.refreshFirst(this.arena, 1);
  }

  /** Takes a member out that is in the tree with this score. */
  remove(score: number, member: Address): void {
    const at = this.descend(score, member);
    this.expectMember(at, member);
    this.removeFromLeaf(at, 1);
  }

  /** Gives a member of the tree another score. */
  move(score: number, member: Address, newScore: number): void {
    const at = this.descend(score, member);
    this.expectMember(at, member);
    if (this.fitsInPlace(at, newScore)) {
      const leaf = path.nodes[0] as number;
      floatsOf(this.arena, leaf)[scoreBase(leaf) + at] = newScore;
      if (at === 0) path.refreshFirst(this.arena, 1);
      return;
    }
    this.removeFromLeaf(at, 1);
    this.insert(newScore, member);
  }

  /** Whether the entry at `at` of the path's leaf stays between its neighbours with this score. */
  private fitsInPlace(at: number, score: number): boolean {
    const leaf = path.nodes[0] as number;
    const floats = floatsOf(this.arena, leaf);
    const base = scoreBase(leaf);
    const first = at === 0;
    const last = at + 1 === entryCount(this.arena, leaf);
    // The neighbours in other leaves are not looked up; equal scores would need the bytes compared.
    if (first && this.wordOf(leaf, PREV) !== 0) return false;
    if (last && this.wordOf(leaf, NEXT) !== 0) return false;
    return (
      (first || (floats[base + at - 1] as number) < score) &&
      (last || score < (floats[base + at + 1] as number))
    );
  }

  /** Number of members before this one, which is in the tree with this score. */
  rankOf(score: number, member: Address): number {
    const at = this.descend(score, member);
    this.expectMember(at, member);
    return path.countBefore(this.arena) + at;
  }

  /** Number of members with a score below `score`; with `orAt` also those that have it. */
  rankOfScore(score: number, orAt: boolean): number {
    const arena = this.arena;
    let rank = 0;
    let node = this.root;
    for (let level = this.height - 1; level >= 0; level--) {
      const before = entriesBelow(arena, node, score, orAt);
      if (level === 0) return rank + before;
      if (before === 0) return rank;
      rank += this.countOfFirst(node, before - 1);
      node = this.childAt(node, before - 1);
    }
    return rank;
  }

  /**
   * Number of members whose bytes stand before these; with `orAt` also the equal one. For trees in
   * which all scores are equal.
   */
  rankOfMember(buf: Buffer, start: number, length: number, orAt: boolean): number {
    const arena = this.arena;
    let rank = 0;
    let node = this.root;
    for (let level = this.height - 1; level >= 0; level--) {
      const membersAt = level === 0 ? LEAF_MEMBERS : INNER_MEMBERS;
      const before = entriesBeforeMember(arena, node, membersAt, buf, start, length, orAt);
      if (level === 0) return rank + before;
      if (before === 0) return rank;
      rank += this.countOfFirst(node, before - 1);
      node = this.childAt(node, before - 1);
    }
    return rank;
  }

  /** Lets `leaf` and `index` point at the member of a rank from 0 to size - 1. */
  seek(rank: number): void {
    this.descendToRank(rank);
    this.leaf = path.nodes[0] as number;
    this.index = path.indexes[0] as number;
  }

  /** Removes up to `count` members from a rank on that stand in one leaf; returns how many. */
  removeRun(rank: number, count: number): number {
    this.descendToRank(rank);
    const at = path.indexes[0] as number;
    const run = Math.min(count, entryCount(this.arena, path.nodes[0] as number) - at);
    this.removeFromLeaf(at, run);
    return run;
  }

  scoreAt(leaf: Address, index: number): number {
    return floatsOf(this.arena, leaf)[scoreBase(leaf) + index] as number;
  }

  memberAt(leaf: Address, index: number): Address {
    return wordsOf(this.arena, leaf)[wordBase(leaf) + LEAF_MEMBERS + index] as number;
  }

  wordOf(node: Address, word: number): number {
    return wordsOf(this.arena, node)[wordBase(node) + word] as number;
  }

  childAt(node: Address, index: number): Address {
    return wordsOf(this.arena, node)[wordBase(node) + CHILDREN + index] as number;
  }

  /** Frees all inner nodes and returns the first leaf, 0 for none: the leaves are their chain now. */
  dissolve(): Address {
    let first = this.root;
    for (let level = this.height - 1; level > 0; level--) first = this.childAt(first, 0);
    if (this.height > 0) this.freeInners(this.root, this.height - 1);
    this.root = 0;
    this.height = 0;
    this.size = 0;
    return first;
  }

  private freeInners(node: Address, level: number): void {
    if (level === 0) return;
    const count = entryCount(this.arena, node);
    for (let i = 0; i < count; i++) this.freeInners(this.childAt(node, i), level - 1);
    this.inners--;
    this.arena.free(node);
  }

  /** Members below the first `count` children of an inner node. */
  private countOfFirst(node: Address, count: number): number {
    const words = wordsOf(this.arena, node);
    const base = wordBase(node) + COUNTS;
    let members = 0;
    for (let i = 0; i < count; i++) members += words[base + i] as number;
    return members;
  }

  /** Sets the path to where (score, member) stands or belongs; returns the index in the leaf. */
  private descend(score: number, member: Address): number {
    const arena = this.arena;
    const buf = arena.bytes[member >>> SEGMENT_SHIFT]!;
    const start = memberStart(member);
    const length = memberLength(arena, member);
    let node = this.root;
    path.height = this.height;
    for (let level = this.height - 1; level > 0; level--) {
      const before = entriesBefore(arena, node, INNER_MEMBERS, score, buf, start, length, true);
      const index = before === 0 ? 0 : before - 1;
      path.nodes[level] = node;
      path.indexes[level] = index;
      node = this.childAt(node, index);
    }
    const at = entriesBefore(arena, node, LEAF_MEMBERS, score, buf, start, length, false);
    path.nodes[0] = node;
    path.indexes[0] = at;
    return at;
  }

  private descendToRank(rank: number): void {
    invariant(rank >= 0 && rank < this.size, 'a rank outside of the tree');
    const arena = this.arena;
    let left = rank;
    let node = this.root;
    path.height = this.height;
    for (let level = this.height - 1; level > 0; level--) {
      const words = wordsOf(arena, node);
      const counts = wordBase(node) + COUNTS;
      let index = 0;
      for (let n = words[counts] as number; left >= n; n = words[counts + index] as number) {
        left -= n;
        index++;
      }
      path.nodes[level] = node;
      path.indexes[level] = index;
      node = this.childAt(node, index);
    }
    path.nodes[0] = node;
    path.indexes[0] = left;
  }

  private expectMember(at: number, member: Address): void {
    const leaf = path.nodes[0] as number;
    invariant(
      at < entryCount(this.arena, leaf) && this.memberAt(leaf, at) === member,
      'a member that is not in its tree',
    );
  }

  private removeFromLeaf(at: number, run: number): void {
    const arena = this.arena;
    const leaf = path.nodes[0] as number;
    const count = entryCount(arena, leaf) - run;
    moveEntries(arena, false, leaf, at + run, leaf, at, count - at);
    wordsOf(arena, leaf)[wordBase(leaf)] = count;
    path.addToCounts(arena, -run);
    this.size -= run;
    if (at === 0 && count > 0) path.refreshFirst(arena, 1);
    mendPath(this, path);
  }

  private putInLeaf(leaf: Address, at: number, score: number, member: Address): void {
    const arena = this.arena;
    const words = wordsOf(arena, leaf);
    const base = wordBase(leaf);
    const count = words[base] as number;
    moveEntries(arena, false, leaf, at, leaf, at + 1, count - at);
    floatsOf(arena, leaf)[scoreBase(leaf) + at] = score;
    words[base + LEAF_MEMBERS + at] = member;
    words[base] = count + 1;
  }

  private splitLeaf(leaf: Address, at: number, score: number, member: Address): void {
    const arena = this.arena;
    const right = this.newLeaf();
    const words = wordsOf(arena, leaf);
    const base = wordBase(leaf);
    const next = words[base + NEXT] as number;
    const edge =
      at === LEAF_MAX && next === 0 ? 1 : at === 0 && (words[base + PREV] as number) === 0 ? -1 : 0;
    const kept = edge > 0 ? LEAF_MAX : edge < 0 ? 0 : LEAF_MAX >>> 1;
    moveEntries(arena, false, leaf, kept, right, 0, LEAF_MAX - kept);
    words[base] = kept;
    const rightWords = wordsOf(arena, right);
    const rightBase = wordBase(right);
    rightWords[rightBase] = LEAF_MAX - kept;
    rightWords[rightBase + PREV] = leaf;
    rightWords[rightBase + NEXT] = next;
    words[base + NEXT] = right;
    if (next !== 0) wordsOf(arena, next)[wordBase(next) + PREV] = right;
    if (at > kept || edge > 0) this.putInLeaf(right, at - kept, score, member);
    else this.putInLeaf(leaf, at, score, member);
    this.adopt(1, leaf, right, edge);
  }

  /**
   * Makes `right`, split off from `left` on the path's level below, a child too. `edge` is 1 or -1 when
   * the split happened at the right or left end of the whole tree.
   */
  private adopt(level: number, left: Address, right: Address, edge: number): void {
    const arena = this.arena;
    const inner = level > 1;
    if (level === path.height) {
      this.newRoot(inner, left, right);
      return;
    }
    const node = path.nodes[level] as number;
    const at = (path.indexes[level] as number) + 1;
    const count = entryCount(arena, node);
    let target = node;
    let targetAt = at;
    let sibling = 0;
    if (count === INNER_MAX) {
      sibling = this.newInner();
      // Two children at least stay on either side.
      const kept = edge > 0 && at === count ? count - 1 : edge < 0 && at === 1 ? 1 : count >>> 1;
      moveEntries(arena, true, node, kept, sibling, 0, count - kept);
      wordsOf(arena, node)[wordBase(node)] = kept;
      wordsOf(arena, sibling)[wordBase(sibling)] = count - kept;
      if (at > kept) {
        target = sibling;
        targetAt = at - kept;
      }
    }
    const words = wordsOf(arena, target);
    const base = wordBase(target);
    moveEntries(arena, true, target, targetAt, target, targetAt + 1, words[base]! - targetAt);
    words[base] = (words[base] as number) + 1;
    this.describeChild(target, targetAt, inner, right);
    this.describeChild(target, targetAt - 1, inner, left);
    if (sibling !== 0) this.adopt(level + 1, node, sibling, edge);
  }

  private newRoot(inner: boolean, left: Address, right: Address): void {
    const root = this.newInner();
    wordsOf(this.arena, root)[wordBase(root)] = 2;
    this.describeChild(root, 0, inner, left);
    this.describeChild(root, 1, inner, right);
    this.root = root;
    this.height++;
  }

  /** Writes the entry of a child: first score and member, address, count. */
  describeChild(node: Address, index: number, inner: boolean, child: Address): void {
    const arena = this.arena;
    const words = wordsOf(arena, node);
    const base = wordBase(node);
    const childWords = wordsOf(arena, child);
    const childBase = wordBase(child);
    floatsOf(arena, node)[scoreBase(node) + index] = floatsOf(arena, child)[scoreBase(child)]!;
    words[base + INNER_MEMBERS + index] =
      childWords[childBase + (inner ? INNER_MEMBERS : LEAF_MEMBERS)]!;
    words[base + CHILDREN + index] = child;
    words[base + COUNTS + index] = inner
      ? this.countOfFirst(child, childWords[childBase] as number)
      : (childWords[childBase] as number);
  }

  private newLeaf(): Address {
    const leaf = this.arena.alloc(LEAF_BYTES);
    wordsOf(this.arena, leaf).fill(0, wordBase(leaf), wordBase(leaf) + 4);
    this.leaves++;
    return leaf;
  }

  private newInner(): Address {
    const node = this.arena.alloc(INNER_BYTES);
    wordsOf(this.arena, node).fill(0, wordBase(node), wordBase(node) + 4);
    this.inners++;
    return node;
  }
}

/** The path of the operation at hand; operations never overlap. */
const path = new TreePath();
