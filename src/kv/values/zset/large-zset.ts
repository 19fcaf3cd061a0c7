/**
 * A sorted set that outgrew its record: a hash table of member nodes, and a score tree over them.
 *
 * Invariant: table and tree hold the same nodes, and the score in a node is the one in the tree.
 *
 * Benchmark: bench/kv (ZADD, ZSCORE, ZRANK, ZRANGE).
 */
import { type ElementIn, type ElementNameOut, Type } from '../../keyspace/index.ts';
import { type Address, type Arena, Table } from '../../memory/index.ts';
import { NodeElements } from '../node-elements.ts';
import {
  createMember,
  MEMBER_HEAD_BYTES,
  memberLength,
  memberScore,
  memberStart,
  memberStatus,
  setMemberScore,
  setMemberStatus,
} from './member.ts';
import { ScoreTree } from './tree.ts';
import { entryCount, NEXT } from './tree-node.ts';

/** What the objects of one sorted set take on the heap, about. */
const OBJECT_BYTES = 400;

export class LargeZset extends NodeElements {
  readonly type = Type.zset;
  readonly tree: ScoreTree;
  /** Longest member ever added, bytes. */
  longest = 0;
  /** Leaves not yet freed, once `release` was called. */
  private dying: Address = 0;
  private dissolved = false;

  constructor(arena: Arena, expected: number) {
    super(arena, new Table(arena, MEMBER_HEAD_BYTES, expected));
    this.tree = new ScoreTree(arena);
  }

  memoryBytes(): number {
    return this.nodeBytes + this.tree.bytes + this.table.bucketBytes + OBJECT_BYTES;
  }

  hash(buf: Buffer, start: number, length: number): number {
    return this.table.hash(buf, start, length);
  }

  /** The node of a member, or 0. */
  find(hash: number, buf: Buffer, start: number, length: number): Address {
    return this.table.find(hash, buf, start, length);
  }

  scoreOf(node: Address): number {
    return memberScore(this.arena, node);
  }

  /** Number of members before this one. */
  rankOf(node: Address): number {
    return this.tree.rankOf(memberScore(this.arena, node), node);
  }

  /** Adds a member that is not there. */
  insert(hash: number, score: number, buf: Buffer, start: number, length: number): Address {
    const node = this.insertUnordered(hash, score, buf, start, length);
    this.tree.insert(score, node);
    return node;
  }

  /** As `insert`, but the tree does not know of the member before `orderAll`. */
  insertUnordered(
    hash: number,
    score: number,
    buf: Buffer,
    start: number,
    length: number,
  ): Address {
    const node = createMember(this.arena, hash, score, buf, start, length);
    this.table.insert(node);
    this.nodeBytes += this.arena.capacity(node);
    if (length > this.longest) this.longest = length;
    this.changes?.add(node);
    return node;
  }

  /** Puts all members into the tree, which is empty. */
  orderAll(): void {
    const order = (node: Address): undefined => {
      this.tree.insert(memberScore(this.arena, node), node);
    };
    this.table.each(order);
  }

  /** Gives a member another score. */
  update(node: Address, score: number): void {
    const { changes } = this;
    if (changes !== undefined && (memberStatus(this.arena, node) & changes.dirtyBit) === 0) {
      changes.change(node);
    }
    this.tree.move(memberScore(this.arena, node), node, score);
    setMemberScore(this.arena, node, score);
  }

  /** Sets the score of a member before `orderAll`. */
  setUnordered(node: Address, score: number): void {
    setMemberScore(this.arena, node, score);
  }

  remove(node: Address): void {
    this.tree.remove(memberScore(this.arena, node), node);
    this.forget(node);
  }

  /** Takes a member out that is in the table alone. */
  removeUnordered(node: Address): void {
    this.forget(node);
  }

  /** Removes `count` members from a rank on. */
  removeRange(rank: number, count: number): void {
    const { tree } = this;
    for (let left = count; left > 0; ) {
      tree.seek(rank);
      const { leaf, index } = tree;
      const run = Math.min(left, entryCount(this.arena, leaf) - index);
      for (let i = index; i < index + run; i++) this.forget(tree.memberAt(leaf, i));
      left -= tree.removeRun(rank, run);
    }
  }

  private forget(node: Address): void {
    this.changes?.remove(node);
    this.nodeBytes -= this.arena.capacity(node);
    this.table.unlink(node);
    this.arena.free(node);
  }

  // Elements.

  statusOf(node: Address): number {
    return memberStatus(this.arena, node);
  }

  setStatus(node: Address, status: number): void {
    setMemberStatus(this.arena, node, status);
  }

  nameStart(node: Address): number {
    return memberStart(node);
  }

  nameLength(node: Address): number {
    return memberLength(this.arena, node);
  }

  /** An element is the member's score. */
  writeElement(node: Address, out: ElementNameOut): void {
    out.name(this.bytesOf(node), memberStart(node), memberLength(this.arena, node));
    out.f64(memberScore(this.arena, node));
  }

  readElement(name: Buffer, from: ElementIn): void {
    const hash = this.hash(name, 0, name.length);
    this.insert(hash, from.f64(), name, 0, name.length);
  }

  release(budget: number): boolean {
    const { arena, tree } = this;
    if (!this.dissolved) {
      this.dissolved = true;
      this.dying = tree.dissolve();
      this.table.reset();
    }
    for (let left = budget; this.dying !== 0 && left > 0; ) {
      const leaf = this.dying;
      const count = entryCount(arena, leaf);
      for (let i = 0; i < count; i++) {
        const node = tree.memberAt(leaf, i);
        this.nodeBytes -= arena.capacity(node);
        arena.free(node);
      }
      this.dying = tree.wordOf(leaf, NEXT);
      arena.free(leaf);
      tree.leaves--;
      left -= count;
    }
    return this.dying === 0;
  }
}
