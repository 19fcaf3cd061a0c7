/**
 * Finds one key: in the memory tables, then in the tables, newer before older, until something tells
 * of it.
 *
 * Benchmark: bench/lsm.
 */
import { equalBytes } from '../../base/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { BlockView } from './block.ts';
import { type BlockCache, NO_FRAME } from './block-cache.ts';
import type { BlockLoader } from './block-loader.ts';
import { LEVELS } from './edit.ts';
import { filterHash, mayHold } from './filter.ts';
import { Kind } from './kind.ts';
import type { MemorySlot } from './memory-slot.ts';
import type { LsmStats } from './stats.ts';
import type { Table } from './table.ts';
import { Found, type Lookup } from './types.ts';
import { hasKey, type Version } from './version.ts';

/** What one place knows of a key. */
const Told = { nothing: 0, missing: 1, found: 2, cold: 3 } as const;
type Told = (typeof Told)[keyof typeof Told];

interface Parts {
  readonly cache: BlockCache;
  readonly loader: BlockLoader;
  readonly clock: Clock;
  readonly stats: LsmStats;
}

export class PointReader {
  /** After `cold`: the block that has to be loaded. */
  coldTable: Table | undefined;
  coldBlock = 0;
  /** Reads on the loop, whatever that takes: nothing is cold. */
  now = false;
  private readonly parts: Parts;
  private readonly view = new BlockView();

  constructor(parts: Parts) {
    this.parts = parts;
  }

  /**
   * @param slots newest first.
   * @param snapshot sequence number to see it at; `SEQUENCE_MAX`: now.
   * @throws LsmError.
   */
  find(
    slots: readonly MemorySlot[],
    version: Version<Table>,
    key: Buffer,
    start: number,
    length: number,
    snapshot: number,
    into: Lookup,
  ): Found {
    const hash = filterHash(key, start, length);
    for (const slot of slots) {
      const told = this.findInMemory(slot, hash, key, start, length, snapshot, into);
      if (told !== Told.nothing) return foundOf(told);
    }
    const newest = version.level(0);
    for (let nth = 0; nth < newest.length; nth++) {
      const table = newest[nth]!;
      if (!hasKey(table.meta, key, start, length)) continue;
      const told = this.findInTable(table, hash, key, start, length, snapshot, into);
      if (told !== Told.nothing) return foundOf(told);
    }
    for (let level = 1; level < LEVELS; level++) {
      const nth = version.find(level, key, start, length);
      if (nth < 0) continue;
      const table = version.level(level)[nth]!;
      const told = this.findInTable(table, hash, key, start, length, snapshot, into);
      if (told !== Told.nothing) return foundOf(told);
    }
    return Found.missing;
  }

  private findInMemory(
    slot: MemorySlot,
    hash: number,
    key: Buffer,
    start: number,
    length: number,
    snapshot: number,
    into: Lookup,
  ): Told {
    const { table, deletes } = slot;
    const deleted = deletes.size === 0 ? 0 : deletes.covering(key, start, length, snapshot);
    const node = table.find(hash, key, start, length, snapshot);
    if (node === 0 || table.sequenceOf(node) < deleted) {
      return deleted > 0 ? Told.missing : Told.nothing;
    }
    if (table.kindOf(node) === Kind.delete) return Told.missing;
    return this.tell(
      into,
      table.bytes,
      table.valueStartOf(node),
      table.valueLengthOf(node),
      table.expiresAtMsOf(node),
    );
  }

  private findInTable(
    table: Table,
    hash: number,
    key: Buffer,
    start: number,
    length: number,
    snapshot: number,
    into: Lookup,
  ): Told {
    const { stats } = this.parts;
    const { deletes } = table;
    const deleted = deletes.size === 0 ? 0 : deletes.covering(key, start, length, snapshot);
    const told = deleted > 0 ? Told.missing : Told.nothing;
    if (!mayHold(table.filter, hash)) {
      stats.filterNegatives++;
      return told;
    }
    const { view } = this;
    let held = false;
    for (let block = table.index.search(key, start, length); block < table.index.count; block++) {
      if (!this.openBlock(table, block)) return Told.cold;
      for (let nth = view.search(key, start, length); nth < view.count; nth++) {
        view.stand(nth);
        if (!isKey(view, key, start, length)) {
          if (!held) stats.filterFalsePositives++;
          return told;
        }
        held = true;
        if (view.sequence > snapshot) continue;
        if (view.sequence < deleted || view.kind === Kind.delete) return Told.missing;
        return this.tell(into, view.buffer, view.valueStart, view.valueLength, view.expiresAtMs);
      }
      // The key's older versions, or a separator above all keys: the next block tells.
    }
    return told;
  }

  private openBlock(table: Table, block: number): boolean {
    const { cache, loader, stats } = this.parts;
    let frame = cache.find(table, block);
    if (frame === NO_FRAME) {
      stats.blockMisses++;
      frame = this.now ? loader.loadNow(table, block) : loader.loadOnLoop(table, block);
      if (frame === NO_FRAME) {
        this.coldTable = table;
        this.coldBlock = block;
        return false;
      }
    } else stats.blockHits++;
    this.view.open(cache.buffers[frame]!, cache.offsets[frame]!, table.index.length(block));
    return true;
  }

  private tell(
    into: Lookup,
    value: Buffer,
    start: number,
    length: number,
    expiresAtMs: number,
  ): Told {
    if (expiresAtMs > 0 && expiresAtMs <= this.parts.clock.wallMs()) return Told.missing;
    into.value = value;
    into.start = start;
    into.length = length;
    into.expiresAtMs = expiresAtMs;
    return Told.found;
  }
}

function isKey(view: BlockView, key: Buffer, start: number, length: number): boolean {
  return view.keyLength === length && equalBytes(view.buffer, view.keyStart, key, start, length);
}

function foundOf(told: Told): Found {
  if (told === Told.cold) return Found.cold;
  return told === Told.found ? Found.found : Found.missing;
}
