/**
 * The engine: opening, and the one object its owner holds. README.md draws the paths through it.
 *
 * Benchmark: bench/lsm.
 */
import { invariant } from '../../base/index.ts';
import { type Log, LogError, logIndex, openLog } from '../log/index.ts';
import { BatchReader, type WriteBatch } from './batch.ts';
import { BLOCK_BYTES_MAX } from './block.ts';
import { BlockCache } from './block-cache.ts';
import { BlockLoader } from './block-loader.ts';
import { CachedBlocks } from './block-source.ts';
import { writeCheckpoint } from './checkpoint.ts';
import type { Cursor } from './cursor.ts';
import { LEVELS } from './edit.ts';
import { LsmError } from './errors.ts';
import { SEQUENCE_MAX } from './kind.ts';
import { LevelCursor } from './level-cursor.ts';
import { debtBytes, pressure } from './level-targets.ts';
import { Maintenance } from './maintenance.ts';
import { Manifest } from './manifest.ts';
import { batchBytes, MemoryPool, MemorySlot } from './memory-slot.ts';
import { MemtableCursor } from './memtable.ts';
import { MergeCursor } from './merge-cursor.ts';
import type { PickOptions } from './picker.ts';
import { PointReader } from './point-reader.ts';
import { RangeScan } from './scan.ts';
import { Snapshots } from './snapshots.ts';
import { Stall } from './stall.ts';
import { createLsmStats, type LsmStats } from './stats.ts';
import type { Table } from './table.ts';
import { TableCursor } from './table-cursor.ts';
import { tableNumber, tablePath } from './table-path.ts';
import { Tree } from './tree.ts';
import {
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

const MIB = 1024 * 1024;
const MEMTABLE_BYTES = 32 * MIB;
const CACHE_BYTES = 64 * MIB;
const BLOCK_BYTES = 4096;
const TABLE_BYTES = 32 * MIB;
const LEVEL_BYTES = 128 * MIB;
/** Memory tables that wait to be flushed before writes are refused; before that they are slowed down. */
const SLOTS_MAX = 6;
const WAL_FOLDER = 'wal';
const MANIFEST_FOLDER = 'manifest';
const NODE_ID = 'lsm';

/**
 * Opens an engine: what is in the manifest, then what the log holds behind it.
 *
 * @throws LsmError 'corrupt', 'version': nothing was changed then; 'disk-full', 'io'.
 */
export async function openLsm(options: LsmOptions): Promise<Lsm> {
  const { disk, folder } = options;
  const blockBytes = options.blockBytes ?? BLOCK_BYTES;
  invariant(blockBytes >= 256 && blockBytes <= BLOCK_BYTES_MAX, 'a block has 256 to 65,535 bytes');
  try {
    disk.mkdirSync(folder);
    const { clock, random } = options;
    let engine: Engine | undefined;
    const manifest = await Manifest.open({
      disk,
      clock,
      random,
      folder: `${folder}/${MANIFEST_FOLDER}`,
      onTrouble: (failure) => engine?.maintenance.tell(failure),
    });
    engine = new Engine(options, manifest, blockBytes);
    await engine.open();
    return engine;
  } catch (error) {
    throw fromLog(error, folder);
  }
}

class Engine implements Lsm {
  failure: LsmError | null = null;
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
  readonly maintenance: Maintenance;
  private readonly batches = new BatchReader();
  private log: Log | undefined;
  private sequence: number;
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
      onFlushed: (slot) => this.truncateLog(slot.walIndex),
      onInstalled: () => this.press(),
      onFailure: (error) => this.note(error),
    });
  }

  async open(): Promise<void> {
    const { tree, manifest } = this;
    this.deleteLeftovers();
    tree.install({ whole: true, add: manifest.tables(), ...manifest.counters });
    this.addSlot(0);
    if (this.options.log !== 'owner') await this.openLog();
    this.press();
    this.maintenance.kick();
  }

  get state(): LsmState {
    if (this.closed) return 'closed';
    const { failure } = this;
    if (failure === null) return this.log?.accepting === false ? 'short' : 'open';
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
    this.counts.lookups++;
    const { tree } = this;
    const sequence = snapshot?.sequence ?? SEQUENCE_MAX;
    return this.reader.find(tree.slots, tree.version, key, start, length, sequence, into);
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
        walIndex = this.log.append(batch.buffer.subarray(0, batch.bytes), 0);
      } catch (error) {
        done(fromLog(error, this.tables.folder));
        return;
      }
    }
    this.apply(batch, walIndex);
    this.tree.slots[0]!.mark = options.mark ?? this.tree.slots[0]!.mark;
    this.counts.batches++;
    this.counts.batchBytes += batch.bytes;
    const bytes = batch.bytes;
    const acknowledge = (error: LsmError | null): void => {
      if (error === null) this.stall.pass(bytes, () => done(null));
      else done(error);
    };
    if (this.log === undefined) acknowledge(null);
    else if (options.sync === true) {
      this.log.sync((error) => acknowledge(error && fromLog(error, this.tables.folder)));
    } else {
      this.log.flush();
      acknowledge(null);
    }
  }

  snapshot(): Snapshot {
    return this.snapshots.take(this.sequence);
  }

  scan(range: ScanRange = {}): Scan {
    const { tree, cache, loader } = this;
    const { from, to } = range;
    const slots = [...tree.slots];
    const tables: Table[] = [];
    const cursors: Cursor[] = slots.map((slot) => new MemtableCursor(slot.table));
    const open = (table: Table) => new TableCursor(table, new CachedBlocks(table, cache, loader));
    for (let level = 0; level < LEVELS; level++) {
      const overlapping = tree.version.overlapping(level, from, to);
      tables.push(...overlapping);
      if (level === 0) cursors.push(...overlapping.map(open));
      else if (overlapping.length > 0) cursors.push(new LevelCursor(overlapping, open));
    }
    for (const slot of slots) slot.hold();
    for (const table of tables) table.hold();
    const deletes = [...slots, ...tables].map((holder) => holder.deletes);
    const source = {
      cursor: new MergeCursor(cursors),
      deletes,
      sequence: range.snapshot?.sequence ?? this.sequence,
      clock: this.options.clock,
      release: () => {
        for (const slot of slots) slot.release();
        for (const table of tables) table.release();
      },
    };
    return new RangeScan(source, range);
  }

  async flush(): Promise<void> {
    this.rotate(0);
    await this.maintenance.flushAll();
  }

  async compact(from?: Buffer, to?: Buffer): Promise<void> {
    await this.flush();
    const through = this.sequence;
    await this.maintenance.compactRange({ ...(from && { from }), ...(to && { to }), through });
  }

  async checkpoint(folder: string): Promise<CheckpointReport> {
    await this.flush();
    const { tree } = this;
    const tables = tree.version.tables();
    for (const table of tables) table.hold();
    try {
      const edit = { whole: true, add: tree.leveled(), ...tree.counters };
      return await writeCheckpoint(this.options, folder, edit);
    } catch (error) {
      throw fromLog(error, folder);
    } finally {
      for (const table of tables) table.release();
    }
  }

  async verify(onProgress?: (doneBytes: number, allBytes: number) => void): Promise<VerifyReport> {
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
    if (failed !== undefined) throw fromLog(failed.reason, this.tables.folder);
  }

  private async openLog(): Promise<void> {
    const { disk, clock, random, folder } = this.options;
    const file = `${folder}/${WAL_FOLDER}`;
    const from = logIndex(this.manifest.counters.walIndex + 1);
    this.log = await openLog({
      disk,
      clock,
      random,
      folder: file,
      nodeId: NODE_ID,
      policy: 'never',
      nextIndexMin: from,
      replay: {
        from,
        entry: ({ buffer, start, end, index }) => {
          this.batches.open(buffer, start, end, file);
          this.applyReader(end - start, this.batches.count, index);
        },
      },
      onStateChange: (_state, failure) => this.note(failure && fromLog(failure, file)),
    });
  }

  /** Why nothing may be written now. */
  private refusal(): LsmError | null {
    if (this.closed) return new LsmError('closed');
    if (this.log !== undefined && !this.log.accepting) {
      return this.log.failure === null
        ? new LsmError('busy', { detail: 'the log is behind' })
        : fromLog(this.log.failure, this.tables.folder);
    }
    if (this.tree.slots.length <= SLOTS_MAX) return null;
    return this.failure ?? new LsmError('busy', { detail: 'flushes are behind' });
  }

  private apply(batch: WriteBatch, walIndex: number): void {
    this.batches.open(batch.buffer, 0, batch.bytes, this.tables.folder);
    this.applyReader(batch.bytes, batch.count, walIndex);
  }

  private applyReader(bytes: number, count: number, walIndex: number): void {
    const needed = batchBytes(bytes, count);
    if (!this.tree.slots[0]!.takes(needed)) this.rotate(needed);
    const slot = this.tree.slots[0]!;
    this.sequence = Math.max(this.sequence, slot.apply(this.batches));
    if (walIndex > 0) slot.walIndex = walIndex;
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
    this.maintenance.kick();
  }

  private addSlot(bytesMin: number, after?: MemorySlot): void {
    const slot = new MemorySlot(this.pool.take(bytesMin), this.options.random, this.pool);
    const { counters } = this.tree;
    slot.sequence = after?.sequence ?? counters.sequence;
    slot.walIndex = after?.walIndex ?? counters.walIndex;
    slot.mark = after?.mark ?? counters.mark;
    this.tree.slots.unshift(slot);
  }

  private press(): void {
    const waiting = this.tree.slots.length - 1;
    this.stall.setPressure(pressure(this.tree.version, this.picker, waiting));
    if (!this.closed) this.maintenance.kick();
  }

  /** Something failed and is tried again; null: it goes on. */
  private note(failure: LsmError | null): void {
    this.failure = failure;
    this.options.onStateChange?.(this.state, failure);
  }

  private truncateLog(walIndex: number): void {
    this.log?.truncateBefore(logIndex(walIndex + 1)).catch((error: unknown) => {
      this.note(fromLog(error, this.tables.folder));
    });
  }

  /** Deletes tables that a crash left behind. */
  private deleteLeftovers(): void {
    const { disk, folder } = this.options;
    const named = new Set(this.manifest.tables().map(({ meta }) => meta.number));
    for (const name of disk.listSync(folder)) {
      const number = tableNumber(name);
      if (number === null || named.has(number)) continue;
      if (this.manifest.fresh) {
        const detail = 'there are tables, but the manifest that names them is gone';
        throw new LsmError('corrupt', { file: folder, detail });
      }
      disk.unlinkSync(tablePath(folder, number));
    }
  }
}

/** Errors of the logs that the engine stands on, in its own words. */
function fromLog(error: unknown, folder: string): LsmError {
  if (!(error instanceof LogError)) return LsmError.from(error, folder);
  const { code, message } = error;
  const known =
    code === 'corrupt' || code === 'version' || code === 'disk-full' || code === 'closed';
  return new LsmError(known ? code : 'io', { detail: message }, error);
}
