/**
 * Flushes memory tables and compacts, one flush and one compaction at a time, as long as there is need.
 *
 *     rotate ─▶ flush job ─▶ edit in the manifest ─▶ installed ─▶ log truncated
 *                                                        │
 *               compaction job ◀── picked ◀──────────────┘
 *                    └─▶ edit in the manifest ─▶ installed ─▶ (picked again)
 *
 * What fails is tried again after a while: nothing is lost, the memory tables stay. Tables that turn out
 * to be damaged are left alone from then on.
 */
import { InvariantError } from '../../base/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import type { Edit } from './edit.ts';
import { LsmError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import type { MemorySlot } from './memory-slot.ts';
import {
  type Compaction,
  compactionEdit,
  type PickOptions,
  type PickState,
  pickCompaction,
  pickRange,
} from './picker.ts';
import type { Snapshots } from './snapshots.ts';
import type { LsmStats } from './stats.ts';
import type { Table } from './table.ts';
import type { Tree } from './tree.ts';
import type { LsmWorker, TableMeta, TableOptions } from './types.ts';

const RETRY_MS = 1000;
/** Numbers set aside for the tables of a compaction beyond those its bytes make up. */
const NUMBERS_SPARE = 8;

export interface MaintenanceParts {
  readonly tree: Tree;
  readonly manifest: Manifest;
  readonly worker: LsmWorker;
  readonly clock: Clock;
  readonly snapshots: Snapshots;
  readonly stats: LsmStats;
  readonly tables: TableOptions;
  readonly picker: PickOptions;
  /** The first number that no table has. */
  readonly nextTable: number;
  /** A memory table is in tables on the disk: what logs hold of it is not needed any more. */
  onFlushed(slot: MemorySlot): void;
  /** The set of tables has changed. */
  onInstalled(): void;
  /** Work failed, and is tried again; null: it goes on. */
  onFailure(error: LsmError | null): void;
}

export class Maintenance {
  private readonly parts: MaintenanceParts;
  private nextTable: number;
  private flushing: Promise<void> | undefined;
  private compacting: Promise<void> | undefined;
  /** The one under way, and those that met damage: their tables are left alone from then on. */
  private running: readonly Compaction<Table>[] = [];
  private retry: Timer | undefined;
  private failure: LsmError | null = null;
  /** Told of the next failure. */
  private readonly worried = new Set<(failure: LsmError) => void>();
  private closed = false;

  constructor(parts: MaintenanceParts) {
    this.parts = parts;
    this.nextTable = parts.nextTable;
  }

  /** Begins what there is to do. */
  kick(): void {
    if (this.closed || this.retry !== undefined) return;
    if (this.flushing === undefined && this.parts.tree.slots.length > 1) {
      this.flushing = this.run(() => this.flushOldest()).finally(() => {
        this.flushing = undefined;
        this.kick();
      });
    }
    if (this.compacting === undefined) {
      const pick = pickCompaction(this.parts.tree.version, this.parts.picker, this.pickState());
      if (pick === null) return;
      this.compacting = this.run(() => this.compact(pick)).finally(() => {
        this.compacting = undefined;
        this.kick();
      });
    }
  }

  /** Waits until no memory table but the first one is left. @throws LsmError. */
  async flushAll(): Promise<void> {
    while (this.parts.tree.slots.length > 1) {
      if (this.closed) throw new LsmError('closed');
      this.kick();
      await this.unlessFailing(this.flushing);
    }
  }

  /** Compacts a range down to the level below all others. @throws LsmError. */
  async compactRange(range: { from?: Buffer; to?: Buffer; through: number }): Promise<void> {
    for (;;) {
      if (this.closed) throw new LsmError('closed');
      if (this.compacting !== undefined) {
        await this.unlessFailing(this.compacting);
        continue;
      }
      const { tree, picker } = this.parts;
      const pick = pickRange(tree.version, picker, this.pickState(), range);
      // Busy with nothing under way: damage is in the way.
      if (pick === null || pick === 'busy') return;
      this.compacting = this.run(() => this.compact(pick)).finally(() => {
        this.compacting = undefined;
      });
      await this.unlessFailing(this.compacting);
    }
  }

  /** Something that the work waits for is in trouble, or no longer. */
  tell(failure: LsmError | null): void {
    this.failure = failure;
    this.parts.onFailure(failure);
    if (failure === null) return;
    for (const worried of this.worried) worried(failure);
    this.worried.clear();
  }

  /** Waits for a piece of work, or for the failure that it waits behind. @throws LsmError. */
  private async unlessFailing(work: Promise<void> | undefined): Promise<void> {
    if (this.failure !== null) throw this.failure;
    let worried: ((failure: LsmError) => void) | undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      worried = reject;
      this.worried.add(reject);
    });
    try {
      await Promise.race([work, failed]);
    } finally {
      if (worried !== undefined) this.worried.delete(worried);
    }
  }

  /** Waits for what is under way, which ends without effect. */
  async close(): Promise<void> {
    this.closed = true;
    if (this.retry !== undefined) this.parts.clock.clearTimer(this.retry);
    await this.flushing;
    await this.compacting;
  }

  private pickState(): PickState<Table> {
    const { clock, snapshots } = this.parts;
    return {
      running: this.running,
      nowMs: clock.wallMs(),
      oldestSnapshot: snapshots.list()[0] ?? Number.POSITIVE_INFINITY,
    };
  }

  /** Runs a piece of work; its failure is told and tried again later. */
  private async run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.failure !== null) this.tell(null);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      if (this.closed) return;
      this.tell(LsmError.from(error, this.parts.tables.folder));
      this.retry ??= this.parts.clock.setTimer(RETRY_MS, () => {
        this.retry = undefined;
        this.kick();
      });
      this.retry.unref();
    }
  }

  private async flushOldest(): Promise<void> {
    const { tree, worker, clock, snapshots, stats, tables } = this.parts;
    const slot = tree.slots.at(-1)!;
    const add: TableMeta[] = [];
    if (!slot.isEmpty) {
      const report = await worker.flush({
        options: tables,
        memory: slot.table.memory,
        usedBytes: slot.table.usedBytes,
        rangeDeletes: slot.rangeDeletes,
        snapshots: snapshots.list(),
        nowMs: clock.wallMs(),
        firstNumber: this.nextTable++,
      });
      add.push(...report.tables);
      stats.flushes++;
      stats.flushedBytes += report.writtenBytes;
    }
    const { sequence, walIndex, mark } = slot;
    await this.commit({
      add: add.map((meta) => ({ level: 0, meta })),
      nextTable: this.nextTable,
      sequence,
      walIndex,
      mark,
    });
    tree.slots.pop();
    slot.release();
    this.parts.onFlushed(slot);
  }

  private async compact(pick: Compaction<Table>): Promise<void> {
    const inputs = pick.inputs.flatMap(({ tables }) => tables.map(({ meta }) => meta));
    if (pick.isTrivialMove) {
      await this.commit(compactionEdit(pick, inputs));
      return;
    }
    this.running = [...this.running, pick];
    let damaged = false;
    try {
      const outputs = await this.rewrite(pick, inputs);
      await this.commit({ ...compactionEdit(pick, outputs), nextTable: this.nextTable });
    } catch (error) {
      damaged = error instanceof LsmError && error.code === 'corrupt';
      throw error;
    } finally {
      if (!damaged) this.running = this.running.filter((other) => other !== pick);
    }
  }

  private async rewrite(
    pick: Compaction<Table>,
    inputs: readonly TableMeta[],
  ): Promise<readonly TableMeta[]> {
    const { worker, clock, snapshots, stats, tables } = this.parts;
    const numbers = Math.ceil(pick.inputBytes / tables.tableBytes) + NUMBERS_SPARE;
    const firstNumber = this.nextTable;
    this.nextTable += numbers;
    const report = await worker.compact({
      options: tables,
      inputs,
      snapshots: snapshots.list(),
      nowMs: clock.wallMs(),
      below: pick.below,
      firstNumber,
      numbers,
    });
    stats.compactions++;
    stats.compactionReadBytes += report.readBytes;
    stats.compactionWrittenBytes += report.writtenBytes;
    return report.tables;
  }

  /** Makes an edit durable and true. */
  private async commit(edit: Edit): Promise<void> {
    if (this.closed) throw new LsmError('closed');
    await this.parts.manifest.append(edit);
    this.parts.tree.install(edit);
    this.parts.onInstalled();
  }
}
