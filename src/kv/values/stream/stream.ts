/**
 * A stream: its entries, what it remembers of those that are gone, and its consumer groups.
 *
 * Always a large value. Invariants: `lastId` is at or behind the last entry and never goes back;
 * `firstId` is the first live entry, 0-0 when there is none; a stream lives on when it is empty.
 */
import { type Database, type LargeValue, Type } from '../../keyspace/index.ts';
import type { Address, Arena } from '../../memory/index.ts';
import { StreamEntries, type StreamLimits } from './entries.ts';
import type { Pairs } from './entry-block.ts';
import { Group } from './group.ts';
import { EntryId } from './id.ts';

/** What the objects of one stream take on the heap, about. */
const OBJECT_BYTES = 500;

export interface TrimOptions {
  /** Entries that may stay; or `minId`. */
  readonly lengthMax?: number;
  /** Entries below it go. */
  readonly minId?: EntryId;
  /** Only whole blocks go. */
  readonly wholeBlocks: boolean;
  /** Most entries that may go, 0 for any number. */
  readonly limit: number;
}

export class Stream implements LargeValue {
  readonly type = Type.stream;
  readonly entries: StreamEntries;
  readonly firstId = new EntryId();
  readonly lastId = new EntryId();
  /** The greatest id that was deleted by name; trimming does not count. */
  readonly maxDeletedId = new EntryId();
  /** Entries ever added; exact up to 2^53. */
  entriesAdded = 0;
  /** By the bytes of their names as latin1. */
  readonly groups = new Map<string, Group>();
  private readonly arena: Arena;

  constructor(arena: Arena) {
    this.arena = arena;
    this.entries = new StreamEntries(arena);
  }

  get size(): number {
    let size = this.entries.size;
    for (const group of this.groups.values()) size += group.pending.size;
    return size;
  }

  /** Live entries. */
  get length(): number {
    return this.entries.size;
  }

  memoryBytes(): number {
    let bytes = this.entries.bytes + OBJECT_BYTES;
    for (const group of this.groups.values()) bytes += group.bytes;
    return bytes;
  }

  /** Adds an entry behind all others; its id is greater than `lastId`. */
  append(id: EntryId, pairs: Pairs, limits: StreamLimits): void {
    this.entries.append(id, pairs, limits);
    this.entriesAdded++;
    this.lastId.set(id);
    if (this.entries.size === 1) this.firstId.set(id);
  }

  /** Deletes an entry; false when there is none. */
  delete(id: EntryId): boolean {
    if (!this.entries.delete(id)) return false;
    if (id.compare(this.maxDeletedId) > 0) this.maxDeletedId.set(id);
    if (id.compare(this.firstId) === 0) this.findFirst();
    return true;
  }

  /** Deletes entries from the head; returns how many. */
  trim(options: TrimOptions): number {
    const deleted = this.entries.trim(options);
    if (deleted > 0) this.findFirst();
    return deleted;
  }

  /** Sets `firstId` from the entries. */
  findFirst(): void {
    if (!this.entries.edge(false, this.firstId)) this.firstId.setZero();
  }

  /** Adds a group that is not there; `entriesRead` -1: not known. */
  addGroup(name: string, lastId: EntryId, entriesRead: number): Group {
    const group = new Group(this.arena, name, lastId, entriesRead);
    this.groups.set(name, group);
    return group;
  }

  deleteGroup(group: Group): void {
    this.groups.delete(group.name);
    while (!group.release(1000));
  }

  /** Groups by the bytes of their names, the order in which they are listed. */
  sortedGroups(): Group[] {
    return [...this.groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  release(budget: number): boolean {
    if (!this.entries.release(budget)) return false;
    for (const group of this.groups.values()) {
      if (!group.release(budget)) return false;
      this.groups.delete(group.name);
    }
    return true;
  }
}

/** The stream of a record. */
export function streamOf(db: Database, record: Address): Stream {
  return db.largeOf(record) as Stream;
}
