/**
 * A stream: its entries, what it remembers of those that are gone, and its consumer groups.
 *
 * Always a large value. Invariants: `lastId` is at or behind the last entry and never goes back;
 * `firstId` is the first live entry, 0-0 when there is none; a stream lives on when it is empty.
 */
import {
  type Database,
  type ElementIn,
  type ElementNameOut,
  type ElementOut,
  type LargeValue,
  Type,
} from '../../keyspace/index.ts';
import { type Address, type Arena, byteOffset, SEGMENT_SHIFT } from '../../memory/index.ts';
import { StreamEntries, type StreamLimits } from './entries.ts';
import type { Pairs } from './entry-block.ts';
import { STATUS, setWord, USED, wordOf } from './entry-block.ts';
import { Group } from './group.ts';
import { readGroup, readId, writeGroup, writeId } from './group-element.ts';
import { EntryId } from './id.ts';
import { blockName, ElementName, groupName, StreamChanges } from './stream-changes.ts';

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
  private lastGroup = 0;

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
    const number = ++this.lastGroup;
    const group = new Group(this.arena, { name, number }, lastId, entriesRead);
    this.groups.set(name, group);
    this.changes?.addGroup(group);
    return group;
  }

  /** A group, undefined when there is none; it may be changed. */
  groupForWrite(name: string): Group | undefined {
    const group = this.groups.get(name);
    if (group !== undefined) this.changes?.changeGroup(group);
    return group;
  }

  /** Takes an entry out of what is pending in all groups. */
  acknowledge(id: EntryId): void {
    for (const group of this.groups.values()) {
      if (!group.pending.find(id)) continue;
      this.changes?.changeGroup(group);
      group.acknowledge(id);
    }
  }

  deleteGroup(group: Group): void {
    this.changes?.removeGroup(group);
    this.groups.delete(group.name);
    while (!group.release(1000));
  }

  /** Groups by the bytes of their names, the order in which they are listed. */
  sortedGroups(): Group[] {
    return [...this.groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  // Elements: blocks and groups.

  get changes(): StreamChanges | undefined {
    return this.entries.changes;
  }

  set changes(changes: StreamChanges | undefined) {
    this.entries.changes = changes;
  }

  get elementCount(): number {
    return this.entries.index.size + this.groups.size;
  }

  beginChanges(loading: boolean, doubtful = false): void {
    const parts = { index: this.entries.index, groups: this.groups };
    this.changes = new StreamChanges(this.arena, parts, { loading, doubtful });
  }

  loaded(): boolean {
    this.changes!.loaded();
    this.findFirst();
    return true;
  }

  endChanges(): void {
    this.changes = undefined;
    const { index } = this.entries;
    for (let block = index.toFirst(); block !== 0; block = index.next()) {
      setWord(this.arena, block, STATUS, 0);
    }
    for (const group of this.groups.values()) group.status = 0;
  }

  writeHead(out: ElementOut): void {
    writeId(this.lastId, out);
    writeId(this.maxDeletedId, out);
    out.f64(this.entriesAdded);
  }

  readHead(from: ElementIn): void {
    readId(from, this.lastId);
    readId(from, this.maxDeletedId);
    this.entriesAdded = from.f64();
  }

  /** A block as it stands in memory, or a group. */
  writeElement(element: number, out: ElementNameOut): void {
    if (element < 0) {
      this.writeGroup(-element, out);
      return;
    }
    const name = blockName(this.arena, element);
    out.name(name, 0, name.length);
    const bytes = this.arena.bytes[element >>> SEGMENT_SHIFT]!;
    out.raw(bytes, byteOffset(element), wordOf(this.arena, element, USED));
  }

  private writeGroup(number: number, out: ElementNameOut): void {
    for (const group of this.groups.values()) {
      if (group.number !== number) continue;
      const name = groupName(group.name);
      out.name(name, 0, name.length);
      writeGroup(group, out);
    }
  }

  readElement(name: Buffer, from: ElementIn): void {
    if (name[0] === ElementName.block) {
      this.entries.addStored(from.raw(from.left));
      return;
    }
    readGroup(this.addGroup(name.toString('latin1', 1), this.lastId, 0), from);
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
