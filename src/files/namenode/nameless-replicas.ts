/**
 * Replicas that nodes have though nobody names their blocks: of writers that went away, or freed while a node was not there.
 * They are deleted some time after they were reported, if still nobody names, writes or reads them then.
 *
 * Invariants: nothing is deleted in safe mode, nor without a second look at the namespace. At most `WAITING_MAX` wait;
 * more are found by later reports.
 */
import type { Logger } from '../../core/observe/index.ts';
import type { BlockName } from '../blocks/format.ts';
import type { Cluster, Lookup, Replica } from '../cluster/index.ts';
import { FilesError } from '../errors.ts';
import { translated } from '../translate.ts';

const WAITING_MAX = 500_000;
/** Looked up in one go. */
const BATCH = 2048;

export interface NamelessOptions {
  readonly cluster: Pick<Cluster, 'unknown' | 'isSafeMode' | 'address'>;
  readonly logger: Logger;
  readonly graceMs: number;
  /** What the namespace says now. @throws LsmError, FilesError. */
  lookup(blocks: readonly number[]): Promise<Lookup>;
  /** Has a node delete. */
  delete(node: string, names: readonly BlockName[]): void;
}

export interface NamelessReplica extends Replica {
  readonly node: string;
}

interface Waiting extends NamelessReplica {
  readonly dueMs: number;
}

export interface NamelessStatus {
  /** Replicas that are to go soon, and their bytes. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Replicas whose nodes were told to delete them, since the start. */
  readonly reclaimed: number;
}

export class NamelessReplicas {
  private readonly options: NamelessOptions;
  /** In the order in which they are due. */
  private readonly rows = new Map<string, Waiting>();
  private bytes = 0;
  private reclaimed = 0;
  private looking: Promise<void> | undefined;
  private stopped = false;

  constructor(options: NamelessOptions) {
    this.options = options;
  }

  get status(): NamelessStatus {
    return { waiting: this.rows.size, waitingBytes: this.bytes, reclaimed: this.reclaimed };
  }

  /** Those that wait. */
  all(): readonly NamelessReplica[] {
    return [...this.rows.values()];
  }

  /** A node has reported them. */
  add(node: string, replicas: readonly Replica[], nowMs: number): void {
    const dueMs = nowMs + this.options.graceMs;
    for (const { block, stamp, length } of replicas) {
      const key = keyOf(node, block);
      const before = this.rows.get(key);
      // It has waited before; what was told first counts.
      if (before?.stamp === stamp || this.rows.size >= WAITING_MAX) continue;
      this.drop(key);
      this.rows.set(key, { node, block, stamp, length, dueMs });
      this.bytes += length;
    }
  }

  /** Each second or so. */
  tick(nowMs: number): void {
    if (this.looking !== undefined || this.stopped || this.options.cluster.isSafeMode) return;
    const due: Waiting[] = [];
    for (const row of this.rows.values()) {
      if (row.dueMs > nowMs || due.length >= BATCH) break;
      due.push(row);
    }
    if (due.length === 0) return;
    this.looking = this.look(due).finally(() => {
      this.looking = undefined;
    });
  }

  private async look(due: readonly Waiting[]): Promise<void> {
    const { cluster, logger } = this.options;
    let lookup: Lookup;
    try {
      lookup = await this.options.lookup(due.map(({ block }) => block));
    } catch (thrown) {
      const error = translated(thrown, 'the namespace');
      if (!(error instanceof FilesError)) throw error;
      if (!this.stopped) logger.warn('blocks without a name are looked at later', { err: error });
      return;
    }
    if (this.stopped) return;
    const unknown = new Set(cluster.unknown(due));
    const gone = new Map<string, BlockName[]>();
    for (const { node, block, stamp } of due) {
      this.drop(keyOf(node, block));
      // A node that is not known any more tells of all when it comes back.
      if (!unknown.has(block) || lookup(block) !== undefined) continue;
      if (cluster.address(node) === undefined) continue;
      const names = gone.get(node) ?? [];
      names.push({ block, stamp });
      gone.set(node, names);
    }
    for (const [node, names] of gone) {
      this.reclaimed += names.length;
      logger.info('blocks without a name are deleted', { node, blocks: names.length });
      this.options.delete(node, names);
    }
  }

  private drop(key: string): void {
    const row = this.rows.get(key);
    if (row === undefined) return;
    this.rows.delete(key);
    this.bytes -= row.length;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.looking;
  }
}

function keyOf(node: string, block: number): string {
  return `${node}/${block}`;
}
