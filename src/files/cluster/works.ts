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
  private readonly deletions = new Map<number, OpenWork[]>();
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
    join(this.copies, open);
    from.copiesFrom++;
    to.copiesTo++;
    to.incomingBytes += length;
    this.throttle.began(length, reason === 'balance');
    return work;
  }

  delete(row: number, node: ClusterNode, stamp: number, reason: Reason, nowMs: number): Work {
    const work: Work = { kind: 'delete', ...this.name(row, stamp, reason), node: node.id };
    const dueMs = nowMs + this.options.workTimeoutMs;
    const open = { work, row, startedMs: nowMs, dueMs, actor: node };
    this.open.set(work.id, open);
    join(this.deletions, open);
    node.deletes++;
    return work;
  }

  /** Undefined: it has ended before. */
  end(id: number, state: Exclude<WorkState, 'open'>, nowMs: number): OpenWork | undefined {
    const open = this.open.get(id);
    if (open === undefined) return undefined;
    this.open.delete(id);
    const { work, actor, target } = open;
    leave(work.kind === 'copy' ? this.copies : this.deletions, open);
    if (work.kind === 'copy' && target !== undefined) {
      actor.copiesFrom--;
      target.copiesTo--;
      target.incomingBytes -= work.length;
      this.throttle.ended(work.reason === 'balance');
    } else actor.deletes--;
    this.ledger.end(work, open.startedMs, state, nowMs);
    return open;
  }

  /** The row is about to be freed: nothing that is open may name it any more. */
  endRow(row: number, nowMs: number): void {
    for (const rows of [this.copies, this.deletions]) {
      for (const { work } of [...(rows.get(row) ?? NONE)]) this.end(work.id, 'not-needed', nowMs);
    }
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

function join(rows: Map<number, OpenWork[]>, open: OpenWork): void {
  const others = rows.get(open.row);
  if (others === undefined) rows.set(open.row, [open]);
  else others.push(open);
}

function leave(rows: Map<number, OpenWork[]>, open: OpenWork): void {
  const others = (rows.get(open.row) ?? []).filter((each) => each !== open);
  if (others.length === 0) rows.delete(open.row);
  else rows.set(open.row, others);
}
