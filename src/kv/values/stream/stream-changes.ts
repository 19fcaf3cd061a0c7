/**
 * What has changed of a stream since the engine had it: blocks of entries by their first ids, groups by
 * their names. An element is told by the address of its block, or by the negative number of its group.
 *
 * What has no status, in a stream that the engine does not have whole yet, waits for its first flush.
 */
import { type ElementChanges, type ElementSink, Status } from '../../keyspace/index.ts';
import { type Address, type Arena, byteOffset, SEGMENT_SHIFT } from '../../memory/index.ts';
import type { BlockIndex } from './block-index.ts';
import { STATUS, setWord, wordOf } from './entry-block.ts';
import type { Group } from './group.ts';
import { EntryId } from './id.ts';

/** First byte of an element's name. */
export const ElementName = { group: 0, block: 1 } as const;

/** Pending entries of a group that weigh as much as a block. */
const PENDING_PER_BLOCK = 64;

/** The stream. */
export interface StreamParts {
  readonly index: BlockIndex;
  readonly groups: ReadonlyMap<string, Group>;
}

export class StreamChanges implements ElementChanges {
  /** Status of what changes now. */
  dirtyBit: number = Status.even;
  loading: boolean;
  private readonly arena: Arena;
  private readonly parts: StreamParts;
  private whole: boolean;
  /** The engine may have groups that came and went since what was loaded; see Elements. */
  private doubtful: boolean;
  /** The engine may have blocks behind the last that was loaded. */
  private doubtfulTail: boolean;
  /** The name of the last block that was loaded, with a byte more. */
  private behindLoaded: Buffer = Buffer.of(ElementName.block);
  /** The first block that has changed. */
  private readonly dirtyFrom = EntryId.max();
  /** Names of what went and is stored: of blocks, of groups. */
  private goneBlocks: Buffer[] = [];
  private goneGroups = new Set<string>();
  private sink: ElementSink | undefined;
  private frozenBit = 0;
  private frozenGone: Buffer[] = [];
  /** Blocks that begin before it are written. */
  private readonly at = new EntryId();

  constructor(
    arena: Arena,
    parts: StreamParts,
    origin: { readonly loading: boolean; readonly doubtful: boolean },
  ) {
    this.arena = arena;
    this.parts = parts;
    this.loading = origin.loading;
    this.whole = !origin.loading;
    this.doubtful = origin.doubtful;
    this.doubtfulTail = origin.doubtful;
  }

  get frozen(): boolean {
    return this.sink !== undefined;
  }

  /** A block is about to change. */
  change(block: Address): void {
    if ((wordOf(this.arena, block, STATUS) & this.dirtyBit) !== 0) return;
    this.mark(block, this.settle(block) | this.dirtyBit);
  }

  private mark(block: Address, status: number): void {
    setWord(this.arena, block, STATUS, status);
    if ((status & this.dirtyBit) === 0) return;
    const words = this.arena.words[block >>> SEGMENT_SHIFT]!;
    const w = byteOffset(block) >>> 2;
    if (this.dirtyFrom.compareAt(words, w) > 0) this.dirtyFrom.read(words, w);
  }

  /** A block was added. */
  add(block: Address): void {
    if (this.loading) {
      setWord(this.arena, block, STATUS, Status.stored);
      if (this.doubtful)
        this.behindLoaded = Buffer.concat([blockName(this.arena, block), ZERO_BYTE]);
    } else this.mark(block, this.dirtyBit);
  }

  /** What was to be loaded is there. */
  loaded(): void {
    this.loading = false;
    const last = this.parts.index.toLast();
    // How entries were spread over it and what came behind it is not known.
    if (this.doubtful && last !== 0) this.mark(last, Status.stored | this.dirtyBit);
  }

  /** A block is about to go. */
  remove(block: Address): void {
    if ((this.settle(block) & Status.stored) === 0) return;
    this.goneBlocks.push(Buffer.from(blockName(this.arena, block)));
  }

  changeGroup(group: Group): void {
    group.status = this.settleGroup(group) | this.dirtyBit;
  }

  addGroup(group: Group): void {
    if (this.loading) {
      group.status = Status.stored;
      return;
    }
    const back = this.goneGroups.delete(group.name) && !this.doubtful;
    group.status = back ? this.dirtyBit | Status.stored : this.dirtyBit;
  }

  removeGroup(group: Group): void {
    const status = this.settleGroup(group);
    if ((status & Status.stored) !== 0 || this.doubtful) this.goneGroups.add(group.name);
  }

  private isAwaited(status: number): boolean {
    return (status & this.frozenBit) !== 0 || (status === 0 && this.whole);
  }

  /** Saves a block for the flush if that waits for it; returns its status. */
  private settle(block: Address): number {
    const { arena, sink } = this;
    const status = wordOf(arena, block, STATUS);
    if (sink === undefined || !this.isAwaited(status)) return status;
    sink.save(block);
    setWord(arena, block, STATUS, Status.stored);
    return Status.stored;
  }

  private settleGroup(group: Group): number {
    if (this.sink !== undefined && this.isAwaited(group.status)) {
      this.sink.save(-group.number);
      group.status = Status.stored;
    }
    return group.status;
  }

  freeze(sink: ElementSink): void {
    this.sink = sink;
    this.frozenBit = this.dirtyBit;
    this.dirtyBit ^= Status.even | Status.odd;
    this.frozenGone = [...this.goneBlocks];
    for (const name of this.goneGroups) this.frozenGone.push(groupName(name));
    this.goneBlocks = [];
    this.goneGroups = new Set();
    if (this.whole) this.at.setZero();
    else this.at.set(this.dirtyFrom);
    this.dirtyFrom.setMax();
    if (!this.doubtfulTail) return;
    sink.removeFrom(this.behindLoaded);
    this.doubtfulTail = false;
  }

  step(budget: number): boolean {
    this.removeGone(budget);
    if (this.frozenGone.length > 0 || !this.stepGroups(budget)) return false;
    const { index } = this.parts;
    let left = budget;
    for (let block = index.seek(this.at); block !== 0; block = index.next()) {
      if (left === 0) {
        this.at.read(this.arena.words[block >>> SEGMENT_SHIFT]!, byteOffset(block) >>> 2);
        return false;
      }
      this.settle(block);
      left--;
    }
    this.whole = false;
    this.doubtful = false;
    this.thaw();
    return true;
  }

  /** False: there are more. */
  private stepGroups(budget: number): boolean {
    let left = budget;
    for (const group of this.parts.groups.values()) {
      if (!this.isAwaited(group.status)) continue;
      if (left <= 0) return false;
      this.settleGroup(group);
      left -= 1 + Math.floor(group.pending.size / PENDING_PER_BLOCK);
    }
    return true;
  }

  private removeGone(count: number): void {
    for (let left = count; left > 0 && this.frozenGone.length > 0; left--) {
      const name = this.frozenGone.pop()!;
      this.sink!.remove(name, 0, name.length);
    }
  }

  private thaw(): void {
    const { sink } = this;
    this.sink = undefined;
    this.frozenBit = 0;
    sink!.done(undefined);
  }

  unfreeze(): void {
    const { arena, frozenBit, dirtyBit } = this;
    const { index, groups } = this.parts;
    this.removeGone(Number.POSITIVE_INFINITY);
    for (let block = index.seek(this.at); block !== 0; block = index.next()) {
      const status = wordOf(arena, block, STATUS);
      if ((status & frozenBit) !== 0) this.mark(block, (status & Status.stored) | dirtyBit);
    }
    for (const group of groups.values()) {
      if ((group.status & frozenBit) === 0) continue;
      group.status = (group.status & Status.stored) | dirtyBit;
    }
    this.thaw();
  }

  rest(): undefined {}
}

/** A block's name: the id with which it begins; good until the next. */
export function blockName(arena: Arena, block: Address): Buffer {
  name[0] = ElementName.block;
  for (let word = 0; word < 4; word++) name.writeUInt32BE(wordOf(arena, block, word), 1 + word * 4);
  return name;
}

export function groupName(group: string): Buffer {
  return Buffer.concat([GROUP_BYTE, Buffer.from(group, 'latin1')]);
}

const name = Buffer.alloc(17);
const ZERO_BYTE = Buffer.of(0);
const GROUP_BYTE = Buffer.of(ElementName.group);
