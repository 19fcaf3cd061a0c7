/**
 * The engine: opening, and the one object its owner holds. README.md draws the paths through it.
 *
 * Benchmark: bench/lsm.
 */
import { dirname } from 'node:path';
import { invariant } from '../../base/index.ts';
import { BatchReader, type WriteBatch } from './batch.ts';
import { BLOCK_BYTES_MAX } from './block.ts';
import { BlockCache } from './block-cache.ts';
import { BlockLoader } from './block-loader.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { Counters } from './edit.ts';
import { LsmError } from './errors.ts';
import { Failures } from './failures.ts';
import { SEQUENCE_MAX } from './kind.ts';
import { deleteLeftovers, refuseOrphans } from './leftovers.ts';
import { debtBytes, pressure } from './level-targets.ts';
import { Maintenance } from './maintenance.ts';
import { Manifest } from './manifest.ts';
import { batchBytes, MemoryPool, MemorySlot } from './memory-slot.ts';
import { openScan } from './open-scan.ts';
import type { PickOptions } from './picker.ts';
import { PointReader } from './point-reader.ts';
import { Snapshots } from './snapshots.ts';
import { Stall } from './stall.ts';
import { createLsmStats, type LsmStats } from './stats.ts';
import { Tree } from './tree.ts';
import {
  type CheckpointOptions,
  type CheckpointReport,
  Found,
  type Lookup,
  type Lsm,
  type LsmOptions,
  type LsmState,
  type Scan,
  type ScanRange,
  type Snapshot,
  type TableOptions,
  type VerifyReport,
  type WriteOptions,
} from './types.ts';
import { Wal } from './wal.ts';

const MIB = 1024 * 1024;
const MEMTABLE_BYTES = 32 * MIB;
const CACHE_BYTES = 64 * MIB;
const BLOCK_BYTES = 4096;
const TABLE_BYTES = 32 * MIB;
const LEVEL_BYTES = 128 * MIB;
/** Memory tables that wait to be flushed before writes are refused; before that they are slowed down. */
const SLOTS_MAX = 6;
/** Memory tables that an engine begins with at most, as far as the disk takes what is in the others. */
const SLOTS_OPEN = 1;
/** Writers go on at the lowest rate at least while tables cannot be flushed or compacted. */
const PRESSURE_BLOCKED_MAX = 0.95;
/** What keeps them from it, beside damage. */
const BLOCKING_FAILURES = ['flush', 'compaction', 'manifest'] as const;
const WAL_FOLDER = 'wal';
const MANIFEST_FOLDER = 'manifest';

/**
 * Opens an engine: what is in the manifest, then what the log holds behind it.
 *
 * @throws LsmError 'corrupt', 'version': nothing was changed then; 'disk-full', 'io'.
 */
export async function openLsm(options: LsmOptions): Promise<Lsm> {
  const { disk, folder } = options;
  const blockBytes = options.blockBytes ?? BLOCK_BYTES;
  invariant(blockBytes >= 256 && blockBytes <= BLOCK_BYTES_MAX, 'a block has 256 to 65,535 bytes');
  let engine: Engine | undefined;
  try {
    disk.mkdirSync(folder);
    await disk.syncDirectory(dirname(folder));
    const { clock, random } = options;
    const manifest = await Manifest.open({
      disk,
      clock,
      random,
      folder: `${folder}/${MANIFEST_FOLDER}`,
      onFresh: () => refuseOrphans(disk, folder),
      onTrouble: (failure) => engine?.failures.set('manifest', failure),
    });
    engine = new Engine(options, manifest, blockBytes);
    await engine.open();
    return engine;
  } catch (error) {
    // The first error counts.
    await engine?.close().catch(() => {});
    throw LsmError.from(error, folder);
  }
}

class Engine implements Lsm {
  readonly failures = new Failures(
    (failure) => this.tell(failure),
    // Not within the call that has failed: owners whose writes are let go write more.
    () => this.options.clock.nextTurn(() => this.press()),
  );
  private readonly options: LsmOptions;
  private readonly manifest: Manifest;
  private readonly tables: TableOptions;
  private readonly cache: BlockCache;
  private readonly loader: BlockLoader;
  private readonly reader: PointReader;
  private readonly tree: Tree;
  private readonly snapshots = new Snapshots();
  private readonly counts = createLsmStats();
  private readonly stall: Stall;
  private readonly pool: MemoryPool;
  private readonly picker: PickOptions;
  private readonly maintenance: Maintenance;
  private readonly batches = new BatchReader();
  private log: Wal | undefined;
  private sequence: number;
  /** Nothing is flushed and compacted before all has been read. */
  private opened = false;
  private closed = false;

  constructor(options: LsmOptions, manifest: Manifest, blockBytes: number) {
    const { disk, folder, clock } = options;
    this.options = options;
    this.manifest = manifest;
    this.sequence = manifest.counters.sequence;
    this.tables = { folder, blockBytes, tableBytes: options.tableBytes ?? TABLE_BYTES };
    this.picker = {
      levelBytes: options.levelBytes ?? LEVEL_BYTES,
      tableBytes: this.tables.tableBytes,
    };
    this.cache = new BlockCache(options.cacheBytes ?? CACHE_BYTES, blockBytes);
    this.loader = new BlockLoader(this.cache, clock);
    const { cache, loader, counts: stats } = this;
    this.reader = new PointReader({ cache, loader, clock, stats });
    // Room on a full disk: edits that wait for it may go.
    const onDeleted = (): void => {
      if (manifest.trouble !== null) void manifest.tryResume();
    };
    this.tree = new Tree({ disk, folder, cache, onDeleted });
    this.stall = new Stall(clock, stats);
    this.pool = new MemoryPool(options.memtableBytes ?? MEMTABLE_BYTES);
    this.maintenance = new Maintenance({
      tree: this.tree,
      manifest,
      worker: options.worker,
      clock,
      snapshots: this.snapshots,
      stats,
      tables: this.tables,
      picker: this.picker,
      nextTable: Math.max(1, manifest.counters.nextTable),
      failures: this.failures,
      onFlushed: () => {
        this.log?.release(this.tree.counters.walIndex);
        this.holdMark(this.tree.counters);
      },
      onInstalled: () => this.press(),
      onDamage: (error) => {
        options.onStateChange?.(this.state, error);
        this.press();
      },
    });
  }

  async open(): Promise<void> {
    const { tree, manifest, options } = this;
    const edit = { whole: true, add: manifest.tables(), ...manifest.counters };
    this.holdMark(edit);
    deleteLeftovers(options.disk, options.folder, new Set(edit.add.map(({ meta }) => meta.number)));
    tree.install(edit, tree.openNew(edit));
    this.addSlot(0);
    if (options.log !== 'owner') await this.openLog();
    this.opened = true;
    this.press();
    await this.makeRoom();
  }

  /** What the log held fills memory: it is flushed before writes are taken that would be refused. */
  private async makeRoom(): Promise<void> {
    const full = this.tree.slots[SLOTS_OPEN];
    if (full === undefined) return;
    try {
      await this.maintenance.flushThrough(full);
    } catch (error) {
      // It is tried again; reads go on meanwhile.
      if (!(error instanceof LsmError)) throw error;
    }
  }

  get failure(): LsmError | null {
    return this.failures.first;
  }

  get state(): LsmState {
    if (this.closed) return 'closed';
    const { failure } = this;
    if (failure === null) return 'open';
    return failure.code === 'disk-full' ? 'short' : 'failed';
  }

  get stats(): LsmStats {
    const { counts, tree } = this;
    counts.memtableBytes = tree.slots.reduce((sum, slot) => sum + slot.table.usedBytes, 0);
    counts.tableBytes = tree.version.totalBytes;
    counts.tables = tree.version.count;
    counts.cacheBytes = this.cache.bytes;
    counts.indexBytes = tree.indexBytes;
    counts.snapshots = this.snapshots.count;
    counts.debtBytes = debtBytes(tree.version, this.picker);
    return counts;
  }

  get durableMark(): number {
    return this.tree.counters.mark;
  }

  lookup(key: Buffer, start: number, length: number, into: Lookup, snapshot?: Snapshot): Found {
    this.refuseClosed();
    this.counts.lookups++;
    const { tree } = this;
    const sequence = snapshot?.sequence ?? SEQUENCE_MAX;
    return this.reader.find(tree.slots, tree.version, key, start, length, sequence, into);
  }

  lookupNow(
    key: Buffer,
    start: number,
    length: number,
    into: Lookup,
    snapshot?: Snapshot,
  ): boolean {
    const { reader } = this;
    reader.now = true;
    try {
      return this.lookup(key, start, length, into, snapshot) === Found.found;
    } finally {
      reader.now = false;
    }
  }

  load(
    key: Buffer,
    into: Lookup,
    done: (error: LsmError | null, found: boolean) => void,
    snapshot?: Snapshot,
  ): void {
    let found: Found;
    try {
      found = this.lookup(key, 0, key.length, into, snapshot);
    } catch (error) {
      done(LsmError.from(error, this.tables.folder), false);
      return;
    }
    if (found !== Found.cold) {
      done(null, found === Found.found);
      return;
    }
    this.counts.coldLookups++;
    const table = this.reader.coldTable!;
    table.hold();
    this.loader.load(table, this.reader.coldBlock, (error) => {
      // The block stays in memory within this call, so the next look goes one block further.
      if (error === null) this.load(key, into, done, snapshot);
      else done(error, false);
      table.release();
    });
  }

  get(key: Buffer, snapshot?: Snapshot): Promise<Buffer | null> {
    const into: Lookup = { value: key, start: 0, length: 0, expiresAtMs: 0 };
    return new Promise((resolve, reject) => {
      const done = (error: LsmError | null, found: boolean): void => {
        if (error !== null) reject(error);
        else if (!found) resolve(null);
        else resolve(Buffer.from(into.value.subarray(into.start, into.start + into.length)));
      };
      this.load(key, into, done, snapshot);
    });
  }

  write(batch: WriteBatch, options: WriteOptions, done: (error: LsmError | null) => void): void {
    const refusal = this.refusal();
    if (refusal !== null) {
      done(refusal);
      return;
    }
    batch.seal(this.sequence + 1);
    let walIndex = 0;
    if (this.log !== undefined && batch.count > 0) {
      try {
        walIndex = this.log.append(batch);
      } catch (error) {
        done(LsmError.from(error, this.tables.folder));
        return;
      }
    }
    this.apply(batch, walIndex);
    if (options.mark !== undefined) this.reachMark(options.mark);
    this.counts.batches++;
    this.counts.batchBytes += batch.bytes;
    const bytes = batch.bytes;
    const acknowledge = (error: LsmError | null): void => {
      if (error === null) this.stall.pass(bytes, () => done(null));
      else done(error);
    };
    if (this.log === undefined) acknowledge(null);
    else if (options.sync === true) this.log.sync(acknowledge);
    else {
      this.log.flush();
      acknowledge(null);
    }
  }

  snapshot(): Snapshot {
    return this.snapshots.take(this.sequence);
  }

  atMark(): Snapshot {
    invariant(this.options.log === 'owner', 'only an owner with a log of its own has marks');
    return this.snapshots.take(this.tree.counters.markSequence);
  }

  scan(range: ScanRange = {}): Scan {
    this.refuseClosed();
    const { tree, cache, loader, sequence, options } = this;
    return openScan({ tree, cache, loader, sequence, clock: options.clock }, range);
  }

  async flush(): Promise<void> {
    this.refuseClosed();
    this.rotate(0);
    const last = this.tree.slots[1];
    if (last !== undefined) await this.maintenance.flushThrough(last);
  }

  async compact(from?: Buffer, to?: Buffer): Promise<void> {
    this.refuseClosed();
    const through = this.sequence;
    await this.flush();
    await this.maintenance.compactRange({ ...(from && { from }), ...(to && { to }), through });
  }

  async checkpoint(folder: string, options?: CheckpointOptions): Promise<CheckpointReport> {
    this.refuseClosed();
    if (options?.flush !== false) await this.flush();
    const { tree } = this;
    const tables = tree.version.tables();
    for (const table of tables) table.hold();
    try {
      const edit = { whole: true, add: tree.leveled(), ...tree.counters };
      return await writeCheckpoint(this.options, folder, edit);
    } catch (error) {
      throw LsmError.from(error, folder);
    } finally {
      for (const table of tables) table.release();
    }
  }

  async verify(onProgress?: (doneBytes: number, allBytes: number) => void): Promise<VerifyReport> {
    this.refuseClosed();
    const tables = this.tree.version.tables();
    const allBytes = this.tree.version.totalBytes;
    for (const table of tables) table.hold();
    try {
      const job = { options: this.tables, tables: tables.map(({ meta }) => meta) };
      return await this.options.worker.verify(job, (bytes) => onProgress?.(bytes, allBytes));
    } finally {
      for (const table of tables) table.release();
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.stall.end();
    await this.options.worker.close();
    // Work that waits for the manifest ends with it.
    const results = await Promise.allSettled([this.manifest.close(), this.maintenance.close()]);
    this.tree.close();
    results.push(...(await Promise.allSettled([this.log?.close() ?? Promise.resolve()])));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw LsmError.from(failed.reason, this.tables.folder);
  }

  private async openLog(): Promise<void> {
    const { disk, clock, random, folder, memtableBytes = MEMTABLE_BYTES } = this.options;
    const { walIndex, sequence } = this.manifest.counters;
    this.log = await Wal.open({
      disk,
      clock,
      random,
      folder: `${folder}/${WAL_FOLDER}`,
      memtableBytes,
      doneIndex: walIndex,
      sequence,
      onBatch: (reader, bytes, index) => this.applyReader(reader, bytes, index),
      onFailure: (failure) => this.failures.set('log', failure),
      onLost: () => {
        this.rotate(0);
        this.log?.release(this.tree.counters.walIndex);
      },
    });
  }

  /** Why nothing may be written now. */
  private refusal(): LsmError | null {
    if (this.closed) return new LsmError('closed');
    const refusal = this.log?.refusal ?? null;
    if (refusal !== null || this.tree.slots.length <= SLOTS_MAX) return refusal;
    return this.failure ?? new LsmError('busy', { detail: 'flushes are behind' });
  }

  private refuseClosed(): void {
    if (this.closed) throw new LsmError('closed');
  }

  private apply(batch: WriteBatch, walIndex: number): void {
    this.batches.open(batch.buffer, 0, batch.bytes, this.tables.folder);
    this.applyReader(this.batches, batch.bytes, walIndex);
  }

  private applyReader(reader: BatchReader, bytes: number, walIndex: number): void {
    const needed = batchBytes(bytes, reader.count);
    if (!this.tree.slots[0]!.takes(needed)) this.rotate(needed);
    const slot = this.tree.slots[0]!;
    this.sequence = Math.max(this.sequence, slot.apply(reader));
    if (walIndex > 0) slot.walIndex = walIndex;
  }

  /** All that was written up to now is the owner's state at this mark. */
  private reachMark(mark: number): void {
    const slot = this.tree.slots[0]!;
    invariant(mark >= slot.mark, 'a mark never falls');
    slot.mark = mark;
    slot.markSequence = this.sequence;
  }

  /** After a crash an owner goes on from the durable mark: rewrites keep what is seen there. */
  private holdMark({ markSequence }: Pick<Counters, 'markSequence'>): void {
    if (this.options.log === 'owner') this.snapshots.holdMark(markSequence);
  }

  /** Begins a new memory table of at least so many bytes, when the one at hand has anything to flush. */
  private rotate(bytesMin: number): void {
    const slot = this.tree.slots[0]!;
    const { counters } = this.tree;
    if (slot.isEmpty && slot.mark <= counters.mark && slot.walIndex <= counters.walIndex) {
      // Only a batch larger than it: its place is taken.
      if (bytesMin === 0 || slot.takes(bytesMin)) return;
      this.tree.slots.shift()!.release();
      this.addSlot(bytesMin, slot);
      return;
    }
    this.addSlot(bytesMin, slot);
    this.press();
  }

  private addSlot(bytesMin: number, after?: MemorySlot): void {
    const slot = new MemorySlot(this.pool.take(bytesMin), this.options.random, this.pool);
    const { counters } = this.tree;
    slot.sequence = after?.sequence ?? counters.sequence;
    slot.walIndex = after?.walIndex ?? counters.walIndex;
    slot.mark = after?.mark ?? counters.mark;
    slot.markSequence = after?.markSequence ?? counters.markSequence;
    this.tree.slots.unshift(slot);
  }

  private press(): void {
    if (this.closed) return;
    const waiting = this.tree.slots.length - 1;
    const wanted = pressure(this.tree.version, this.picker, waiting);
    // Who waits for it waits for a disk to be mended: he goes on slowly, and is refused when there is no room.
    const blocked = this.maintenance.isBlocked || this.failures.among(BLOCKING_FAILURES) !== null;
    this.stall.setPressure(blocked ? Math.min(wanted, PRESSURE_BLOCKED_MAX) : wanted);
    if (this.opened) this.maintenance.kick();
  }

  private tell(failure: LsmError | null): void {
    if (!this.closed) this.options.onStateChange?.(this.state, failure);
  }
}
