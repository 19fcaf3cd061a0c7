/**
 * Work that was given out and has not ended. Each piece ends exactly once: answered, timed out, its node lost, or
 * not needed any more; then it stands in the ledger.
 *
 * The counters of nodes and the throttle go up and down here and nowhere else.
 */
import type { BlockMap } from './block-map.ts';
import { entryOf, type Ledger } from './ledger.ts';
import type { ClusterNode } from './node-table.ts';
import type { Settled } from './options.ts';
import type { LedgerEntry } from './status.ts';
import type { Throttle } from './throttle.ts';
import { REASONS, type Reason, type Work, type WorkState } from './work.ts';

export interface OpenWork {
  readonly work: Work;
  readonly row: number;
  readonly startedMs: number;
  readonly dueMs: number;
  /** Who carries it out: the source of a copy. */
  readonly actor: ClusterNode;
  /** Of a copy: who takes. */
  readonly target?: ClusterNode;
}

export class Works {
  private readonly map: BlockMap;
  private readonly throttle: Throttle;
  private readonly ledger: Ledger;
  private readonly options: Settled;
  private readonly open = new Map<number, OpenWork>();
  private readonly copies = new Map<number, OpenWork[]>();
  private ids = 0;

  constructor(parts: {
    readonly map: BlockMap;
    readonly throttle: Throttle;
    readonly ledger: Ledger;
    readonly options: Settled;
  }) {
    this.map = parts.map;
    this.throttle = parts.throttle;
    this.ledger = parts.ledger;
    this.options = parts.options;
  }

  get count(): number {
    return this.open.size;
  }

  /** Copies of a row under way. */
  copiesOf(row: number): readonly OpenWork[] {
    return this.copies.get(row) ?? NONE;
  }

  copy(row: number, from: ClusterNode, to: ClusterNode, reason: Reason, nowMs: number): Work {
    const { map, options } = this;
    const length = map.length(row);
    const work: Work = {
      kind: 'copy',
      ...this.name(row, map.stamp(row), reason),
      length,
      from: from.id,
      to: to.id,
    };
    const timeMs = options.workTimeoutMs + (length / options.slowestBytesPerSecond) * 1000;
    const open = { work, row, startedMs: nowMs, dueMs: nowMs + timeMs, actor: from, target: to };
    this.open.set(work.id, open);
    const others = this.copies.get(row);
    if (others === undefined) this.copies.set(row, [open]);
    else others.push(open);
    from.copiesFrom++;
    to.copiesTo++;
    to.incomingBytes += length;
    this.throttle.began(length, reason === 'balance');
    return work;
  }

  delete(row: number, node: ClusterNode, stamp: number, reason: Reason, nowMs: number): Work {
    const work: Work = { kind: 'delete', ...this.name(row, stamp, reason), node: node.id };
    const dueMs = nowMs + this.options.workTimeoutMs;
    this.open.set(work.id, { work, row, startedMs: nowMs, dueMs, actor: node });
    node.deletes++;
    return work;
  }

  /** Undefined: it has ended before. */
  end(id: number, state: Exclude<WorkState, 'open'>, nowMs: number): OpenWork | undefined {
    const open = this.open.get(id);
    if (open === undefined) return undefined;
    this.open.delete(id);
    const { work, row, actor, target } = open;
    if (work.kind === 'copy' && target !== undefined) {
      const others = (this.copies.get(row) ?? []).filter((each) => each !== open);
      if (others.length === 0) this.copies.delete(row);
      else this.copies.set(row, others);
      actor.copiesFrom--;
      target.copiesTo--;
      target.incomingBytes -= work.length;
      this.throttle.ended(work.reason === 'balance');
    } else actor.deletes--;
    this.ledger.end(work, open.startedMs, state, nowMs);
    return open;
  }

  /** Open work that holds, oldest first. */
  which(holds: (open: OpenWork) => boolean): OpenWork[] {
    return [...this.open.values()].filter(holds);
  }

  /** The newest first. */
  entries(count: number): LedgerEntry[] {
    const all = [...this.open.values()];
    return all
      .slice(Math.max(0, all.length - count))
      .reverse()
      .map(({ work, startedMs }) => entryOf(work, startedMs));
  }

  private name(row: number, stamp: number, reason: Reason) {
    const priority = REASONS.indexOf(reason);
    return { id: ++this.ids, block: this.map.block(row), stamp, reason, priority };
  }
}

const NONE: readonly OpenWork[] = [];
