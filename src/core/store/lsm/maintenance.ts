/**
 * Flushes memory tables and compacts, one flush and one compaction at a time, as long as there is need.
 *
 *     rotate ─▶ flush job ─▶ tables opened ─▶ edit in the manifest ─▶ installed ─▶ log truncated
 *                                                                        │
 *                              compaction job ◀── picked ◀───────────────┘
 *                                  └─▶ tables opened ─▶ edit in the manifest ─▶ installed ─▶ (picked again)
 *
 * What fails is tried again after a while: nothing is lost, the memory tables stay. Nothing can fail any
 * more once an edit is durable. Tables that turn out to be damaged are left alone from then on.
 */
import type { Clock } from '../../runtime/index.ts';
import type { Edit } from './edit.ts';
import { LsmError } from './errors.ts';
import type { Failures } from './failures.ts';
import { Lane, type Work } from './lane.ts';
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

/** Numbers set aside for the tables of a compaction beyond those its bytes make up. */
const NUMBERS_SPARE = 8;
/** What a flush or compaction waits behind. */
const FLUSH_FAILURES = ['flush', 'manifest'] as const;
const COMPACTION_FAILURES = ['compaction', 'manifest'] as const;

export interface MaintenanceParts {
  readonly tree: Tree;
  readonly manifest: Manifest;
  readonly worker: LsmWorker;
  readonly clock: Clock;
  readonly snapshots: Snapshots;
  readonly stats: LsmStats;
  readonly tables: TableOptions;
  readonly picker: PickOptions;
  readonly failures: Failures;
  /** The first number that no table has. */
  readonly nextTable: number;
  /** A memory table is in tables on the disk, and the counters are its own. */
  onFlushed(): void;
  /** The set of tables has changed. */
  onInstalled(): void;
  /** A table does not hold. */
  onDamage(error: LsmError): void;
}

export class Maintenance {
  private readonly parts: MaintenanceParts;
  private readonly flushes: Lane;
  private readonly compactions: Lane;
  private nextTable: number;
  private running: readonly Compaction<Table>[] = [];
  /** Those that met damage: their tables are left alone from then on. */
  private damaged: readonly Compaction<Table>[] = [];
  private closed = false;

  constructor(parts: MaintenanceParts) {
    this.parts = parts;
    this.nextTable = parts.nextTable;
    const { clock, tree, failures, tables } = parts;
    const told = (error: unknown) => (error === null ? null : LsmError.from(error, tables.folder));
    this.flushes = new Lane({
      clock,
      next: () => (tree.slots.length > 1 ? () => this.flushOldest() : null),
      onResult: (error) => failures.set('flush', told(error)),
    });
    this.compactions = new Lane({
      clock,
      next: () => this.nextCompaction(),
      onResult: (error) => failures.set('compaction', told(error)),
    });
  }

  /** Some tables cannot be compacted any more. */
  get isBlocked(): boolean {
    return this.damaged.length > 0;
  }

  /** Begins what there is to do. */
  kick(): void {
    this.flushes.kick();
    this.compactions.kick();
  }

  /** Waits until a memory table, which takes no more writes, is in tables. @throws LsmError. */
  async flushThrough(slot: MemorySlot): Promise<void> {
    const { tree, failures } = this.parts;
    while (tree.slots.includes(slot)) {
      if (this.closed) throw new LsmError('closed');
      this.flushes.kick();
      await failures.unless(FLUSH_FAILURES, this.flushes.running ?? Promise.resolve());
    }
  }

  /** Compacts a range down to the level below all others. @throws LsmError. */
  async compactRange(range: { from?: Buffer; to?: Buffer; through: number }): Promise<void> {
    const { tree, picker, failures } = this.parts;
    for (;;) {
      if (this.closed) throw new LsmError('closed');
      if (this.compactions.running !== undefined) {
        await failures.unless(COMPACTION_FAILURES, this.compactions.running);
        continue;
      }
      const pick = pickRange(tree.version, picker, this.pickState(), range);
      // Busy with nothing under way: damage is in the way.
      if (pick === null || pick === 'busy') return;
      const done = this.compactions.begin(() => this.compact(pick));
      await failures.unless(COMPACTION_FAILURES, done);
    }
  }

  /** Waits for what is under way, which ends without effect. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([this.flushes.close(), this.compactions.close()]);
  }

  private nextCompaction(): Work | null {
    const pick = pickCompaction(this.parts.tree.version, this.parts.picker, this.pickState());
    return pick === null ? null : () => this.compact(pick);
  }

  private pickState(): PickState<Table> {
    const { clock, snapshots } = this.parts;
    return {
      running: [...this.running, ...this.damaged],
      nowMs: clock.wallMs(),
      oldestSnapshot: snapshots.list()[0] ?? Number.POSITIVE_INFINITY,
    };
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
        snapshots: snapshots.list(slot.markSequence),
        nowMs: clock.wallMs(),
        firstNumber: this.nextTable++,
      });
      add.push(...report.tables);
      stats.flushes++;
      stats.flushedBytes += report.writtenBytes;
    }
    const { sequence, walIndex, mark, markSequence } = slot;
    const counters = { nextTable: this.nextTable, sequence, walIndex, mark, markSequence };
    await this.commit({ add: add.map((meta) => ({ level: 0, meta })), ...counters }, () => {
      tree.slots.pop();
      slot.release();
      this.parts.onFlushed();
    });
  }

  private async compact(pick: Compaction<Table>): Promise<void> {
    const inputs = pick.inputs.flatMap(({ tables }) => tables.map(({ meta }) => meta));
    if (pick.isTrivialMove) {
      await this.commit(compactionEdit(pick, inputs));
      return;
    }
    this.running = [pick];
    try {
      const outputs = await this.rewrite(pick, inputs);
      await this.commit({ ...compactionEdit(pick, outputs), nextTable: this.nextTable });
    } catch (error) {
      if (!(error instanceof LsmError && error.code === 'corrupt')) throw error;
      // Not to be tried again: there is other work.
      this.damaged = [...this.damaged, pick];
      this.parts.onDamage(error);
    } finally {
      this.running = [];
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

  /**
   * Makes an edit durable and true. Its new tables are opened before: afterwards nothing may fail.
   * @param also what becomes true with it.
   */
  private async commit(edit: Edit, also: () => void = () => {}): Promise<void> {
    const { tree, manifest } = this.parts;
    if (this.closed) throw new LsmError('closed');
    const opened = tree.openNew(edit);
    try {
      await manifest.append(edit);
    } catch (error) {
      // Nobody knows whether the edit counts: the files stay, the next start knows.
      for (const table of opened.values()) table.release();
      throw error;
    }
    tree.install(edit, opened);
    also();
    this.parts.onInstalled();
  }
}
