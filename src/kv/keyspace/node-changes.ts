/**
 * What has changed of the elements of a value that stand as nodes in a table: hashes, sets, sorted sets.
 *
 * An element without a status, in a value that the engine does not have whole yet, waits for the walk
 * over all elements that the first flush of the value makes.
 */
import { type Address, type Arena, FETCH_MAX, type Table } from '../memory/index.ts';
import { type ElementChanges, type ElementSink, Status } from './elements.ts';
import { HashList } from './hash-list.ts';
import type { Releasable } from './large-value.ts';
import { type Name, Names } from './names.ts';

/** The value whose nodes they are. */
export interface NodeOwner {
  readonly arena: Arena;
  readonly table: Table;
  statusOf(node: Address): number;
  /** `stored` together with a dirty bit may be kept as `stored` alone where elements never change. */
  setStatus(node: Address, status: number): void;
  bytesOf(node: Address): Buffer;
  nameStart(node: Address): number;
  nameLength(node: Address): number;
}

export class NodeChanges implements ElementChanges {
  /** Status of what changes now. */
  dirtyBit: number = Status.even;
  /** What is added comes from the engine. */
  loading: boolean;
  private readonly owner: NodeOwner;
  private dirty = new HashList();
  /** Names of stored elements that went. */
  private gone: Names | undefined;
  /** Elements without a status are not stored. */
  private whole: boolean;
  /** The engine may have elements that were added and went since what was loaded; see Elements. */
  private doubtful: boolean;
  // What a flush is at; `sink` is undefined outside of one.
  private sink: ElementSink | undefined;
  private frozenBit = 0;
  private frozenDirty = new HashList();
  private frozenGone: Names | undefined;
  private next = 0;
  private goneCursor = -1;
  private wholeCursor = -1;

  constructor(owner: NodeOwner, loading: boolean, doubtful = false) {
    this.owner = owner;
    this.doubtful = doubtful;
    this.loading = loading;
    this.whole = !loading;
  }

  get frozen(): boolean {
    return this.sink !== undefined;
  }

  /** An element is about to change. */
  change(node: Address): void {
    if (this.loading) return;
    const status = this.settle(node);
    if ((status & this.dirtyBit) !== 0) return;
    const { owner } = this;
    owner.setStatus(node, status | this.dirtyBit);
    this.dirty.add(owner.table.hashOf(node));
  }

  /** An element was added. */
  add(node: Address): void {
    const { owner, gone, dirtyBit } = this;
    if (this.loading) {
      owner.setStatus(node, Status.stored);
      return;
    }
    const hash = owner.table.hashOf(node);
    let status = dirtyBit;
    if (gone !== undefined && gone.size > 0) {
      const start = owner.nameStart(node);
      const back = gone.remove(hash, owner.bytesOf(node), start, owner.nameLength(node)) >= 0;
      // A doubtful one may be gone in the engine: it is written anew.
      if (back && !this.doubtful) status |= Status.stored;
    }
    owner.setStatus(node, status);
    this.dirty.add(hash);
  }

  /** An element is about to go. */
  remove(node: Address): void {
    if ((this.settle(node) & Status.stored) === 0 && !this.doubtful) return;
    const { owner } = this;
    this.gone ??= new Names(owner.arena);
    const hash = owner.table.hashOf(node);
    this.gone.add(hash, owner.bytesOf(node), owner.nameStart(node), owner.nameLength(node), 0);
  }

  /** Saves an element for the flush if that waits for it; returns its status. */
  private settle(node: Address): number {
    const { owner, sink } = this;
    const status = owner.statusOf(node);
    if (sink === undefined) return status;
    if ((status & this.frozenBit) === 0 && !(status === 0 && this.whole)) return status;
    sink.save(node);
    owner.setStatus(node, Status.stored);
    return Status.stored;
  }

  freeze(sink: ElementSink): void {
    this.sink = sink;
    this.frozenBit = this.dirtyBit;
    this.dirtyBit ^= Status.even | Status.odd;
    this.frozenDirty = this.dirty;
    this.dirty = new HashList();
    this.frozenGone = this.gone;
    this.gone = undefined;
    this.next = 0;
    this.goneCursor = this.frozenGone === undefined ? -1 : 0;
    this.wholeCursor = this.whole ? 0 : -1;
  }

  private readonly visit = (node: Address): void => {
    this.settle(node);
  };

  private readonly removeName = ({ buf, start, length }: Name): void => {
    this.sink!.remove(buf, start, length);
  };

  step(budget: number): boolean {
    const { frozenDirty, owner } = this;
    const { table } = owner;
    let left = budget;
    while (left > 0 && this.next < frozenDirty.size) {
      const count = frozenDirty.read(this.next, hashes);
      table.fetch(hashes, count);
      for (let i = 0; i < count; i++) table.eachOfHash(hashes[i] as number, this.visit);
      this.next += count;
      left -= count;
    }
    while (left > 0 && this.goneCursor >= 0) {
      this.goneCursor = this.frozenGone!.scanOn(this.goneCursor, this.removeName);
      left--;
    }
    while (left > 0 && this.wholeCursor >= 0) {
      const cursor = table.scan(this.wholeCursor, this.visit);
      this.wholeCursor = cursor === 0 ? -1 : cursor;
      left--;
    }
    const more = this.next < frozenDirty.size || this.goneCursor >= 0 || this.wholeCursor >= 0;
    if (more) return false;
    this.whole = false;
    this.doubtful = false;
    this.thaw();
    return true;
  }

  private thaw(): void {
    const { sink, frozenGone } = this;
    this.sink = undefined;
    this.frozenBit = 0;
    this.frozenDirty = new HashList();
    this.frozenGone = undefined;
    sink!.done(frozenGone);
  }

  unfreeze(): void {
    const { owner, frozenBit, dirtyBit, frozenDirty } = this;
    const { table } = owner;
    // What went counts as written when it is in the batch: those that came back are dirty anyway.
    while (this.goneCursor >= 0) {
      this.goneCursor = this.frozenGone!.scanOn(this.goneCursor, this.removeName);
    }
    const again = (node: Address): void => {
      const status = owner.statusOf(node);
      if ((status & frozenBit) === 0) return;
      owner.setStatus(node, (status & Status.stored) | dirtyBit);
      this.dirty.add(table.hashOf(node));
    };
    for (; this.next < frozenDirty.size; this.next++) {
      table.eachOfHash(frozenDirty.at(this.next), again);
    }
    this.thaw();
  }

  rest(): Releasable | undefined {
    const { gone } = this;
    this.gone = undefined;
    return gone;
  }
}

/** Hashes of elements that are fetched together. */
const hashes = new Uint32Array(FETCH_MAX);
