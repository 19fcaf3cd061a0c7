/**
 * What is known of each replica: whole ones in the block map, others beside it. All changes of who has what are
 * made here.
 *
 * Invariants: a replica is whole only under the stamp and length that are wanted. One that was found damaged stays
 * so until it is gone, whatever a report says, unless its node has read it whole or has registered anew: a node
 * remembers what is damaged, and a damaged one may have gone and another come unheard. One that was told to go does not count again unless its node has
 * registered anew since or has answered that it failed, so long ago that the order is not carried out any more, and
 * has not said that the replica is gone. If the connection has lasted since, it counts for readers and copies, and no
 * other one goes because of it.
 */
import type { BlockMap } from './block-map.ts';
import type { Replica, Wanted } from './facts.ts';
import type { ClusterNode, NodeTable } from './node-table.ts';
import type { Unfit, UnfitReplicas } from './unfit.ts';

/** Damaged and stale replicas that are remembered; more are learnt of by later reports. */
const BAD_MAX = 100_000;
/** Of an order that is not answered on a connection that lasts nothing is certain for so many times as long. */
const DOUBT_TIMES = 10;

interface Fading {
  readonly row: number;
  readonly entry: Unfit;
  /** Ids of the orders. */
  readonly told: readonly number[];
  readonly untilMs: number;
}

export class Holdings {
  private readonly map: BlockMap;
  private readonly unfit: UnfitReplicas;
  private readonly nodes: NodeTable;
  private readonly scratch: number[] = [];
  /** Orders from before a node registered anew, in the order of time. */
  private readonly fading: Fading[] = [];
  /** Of rows: nodes whose replicas count, though an old order may still take them away until then. */
  private readonly doubtful = new Map<number, Map<number, number>>();

  /** Whatever a node was told before it registered anew, or answered, it carries out in this time, or never. */
  private readonly orderMs: number;

  constructor(
    parts: {
      readonly map: BlockMap;
      readonly unfit: UnfitReplicas;
      readonly nodes: NodeTable;
    },
    orderMs: number,
  ) {
    this.orderMs = orderMs;
    this.map = parts.map;
    this.unfit = parts.unfit;
    this.nodes = parts.nodes;
  }

  /** A node says that it has a replica. */
  has(row: number, node: ClusterNode, replica: Replica): void {
    const { map } = this;
    const isCurrent = replica.stamp === map.stamp(row);
    const isWhole = isCurrent && replica.length === map.length(row) && replica.isCorrupt !== true;
    const entry = this.unfit.find(row, node.index);
    if (entry !== undefined) this.hasAgain(row, node, entry, replica.stamp, isWhole);
    else if (isWhole) this.put(row, node, node.mark);
    else {
      this.drop(row, node);
      this.addBad(row, node, replica.stamp, node.mark);
    }
  }

  private hasAgain(
    row: number,
    node: ClusterNode,
    entry: Unfit,
    stamp: number,
    isWhole: boolean,
  ): void {
    const { map, unfit } = this;
    entry.mark = node.mark;
    if (entry.stamp !== stamp) {
      // A replica of another name took its place: orders about the one before do not concern it.
      unfit.drop(row, entry);
      if (isWhole) this.put(row, node, node.mark);
      else this.addBad(row, node, stamp, node.mark);
      return;
    }
    if (!isWhole) {
      entry.isBelieved = false;
      if (entry.kind === 'leaving' || entry.kind === 'gone') {
        unfit.change(entry, stamp === map.stamp(row) ? 'corrupt' : 'stale');
      }
      return;
    }
    if (entry.kind === 'gone' || (entry.kind === 'corrupt' && entry.isBelieved))
      unfit.change(entry, 'leaving');
    if (entry.kind !== 'corrupt' && entry.told.length === 0) this.putBack(row, node, entry);
  }

  /** What was told to go counts again. */
  private putBack(row: number, node: ClusterNode, entry: Unfit): void {
    this.unfit.drop(row, entry);
    this.put(row, node, node.mark);
    if (entry.doubtUntilMs === 0) return;
    const others = this.doubtful.get(row) ?? new Map<number, number>();
    this.doubtful.set(row, others.set(node.index, entry.doubtUntilMs));
  }

  /** The replica counts, and yet no other one may go because of it. */
  isDoubtful(row: number, node: ClusterNode, nowMs: number): boolean {
    return (this.doubtful.get(row)?.get(node.index) ?? 0) > nowMs;
  }

  /** A replica is not there. */
  gone(row: number, node: ClusterNode, stamp: number): void {
    const entry = this.unfit.find(row, node.index);
    if (entry === undefined) {
      if (stamp === this.map.stamp(row)) this.drop(row, node);
    } else if (entry.stamp === stamp) this.vanish(row, entry);
  }

  /** A replica is damaged. */
  corrupt(row: number, node: ClusterNode, stamp: number): void {
    if (stamp !== this.map.stamp(row)) return;
    const entry = this.unfit.find(row, node.index);
    const mark = this.map.mark(row, node.index);
    if (entry !== undefined) entry.isBelieved = false;
    if (entry?.kind === 'leaving') this.unfit.change(entry, 'corrupt');
    else if (entry === undefined) {
      this.drop(row, node);
      this.addBad(row, node, stamp, mark === -1 ? node.mark : mark);
    }
  }

  /** What was found damaged may be whole: its node, which remembers what is damaged, is to be believed. */
  believe(row: number, node: ClusterNode, stamp: number): void {
    const entry = this.unfit.find(row, node.index);
    if (entry?.stamp === stamp) entry.isBelieved = true;
  }

  /** A whole replica is about to be told to go: from now on it does not count. */
  leave(row: number, node: ClusterNode): Unfit {
    const stamp = this.map.stamp(row);
    const mark = this.map.mark(row, node.index);
    this.drop(row, node);
    node.settledBytes -= this.map.length(row);
    return this.unfit.add(row, { node: node.index, stamp, kind: 'leaving', mark });
  }

  /** An order to delete was carried out, and so were those before: a node carries them out in order. */
  deleted(row: number, node: ClusterNode, work: number): void {
    const entry = this.unfit.find(row, node.index);
    if (entry === undefined || !entry.told.includes(work)) return;
    entry.told = entry.told.filter((id) => id > work);
    entry.isGivenUp = entry.told.length > 0;
    this.vanish(row, entry);
  }

  /** An order ended, or is not answered in time, and nobody can tell how: it is carried out until then, or never. */
  doubt(row: number, node: ClusterNode, work: number, nowMs: number): void {
    const entry = this.unfit.find(row, node.index);
    if (entry === undefined || !entry.told.includes(work)) return;
    entry.isGivenUp = true;
    entry.doubtUntilMs = nowMs + DOUBT_TIMES * this.orderMs;
    this.fading.push({ row, entry, told: [work], untilMs: nowMs + this.orderMs });
  }

  /** The node has registered anew: what it was told before is carried out until then, or never. */
  fade(node: ClusterNode, nowMs: number): void {
    for (const [row, nodes] of this.doubtful) {
      nodes.delete(node.index);
      if (nodes.size === 0) this.doubtful.delete(row);
    }
    for (const { row, unfit } of this.unfit.ofNode(node.index)) {
      unfit.doubtUntilMs = 0;
      unfit.isBelieved = true;
      if (unfit.told.length === 0) continue;
      unfit.isGivenUp = false;
      this.fading.push({ row, entry: unfit, told: [...unfit.told], untilMs: nowMs + this.orderMs });
    }
  }

  /** Orders of which the time is over. @returns rows concerned. */
  faded(nowMs: number): number[] {
    let due = 0;
    while (due < this.fading.length && this.fading[due]!.untilMs <= nowMs) due++;
    const rows: number[] = [];
    for (const { row, entry, told } of this.fading.splice(0, due)) {
      if (this.unfit.find(row, entry.node) !== entry) continue;
      entry.told = entry.told.filter((id) => !told.includes(id));
      if (entry.told.length > 0) continue;
      const node = this.nodes.at(entry.node);
      rows.push(row);
      if (entry.kind === 'gone') this.unfit.drop(row, entry);
      else if (entry.kind === 'leaving' && node.isReported && entry.mark === node.mark) {
        // It was reported since the node registered, and not said to be gone.
        this.putBack(row, node, entry);
      }
    }
    return rows;
  }

  isOther(row: number, { stamp, length, replication }: Wanted): boolean {
    const { map } = this;
    return (
      map.stamp(row) !== stamp || map.length(row) !== length || map.wanted(row) !== replication
    );
  }

  /** Another stamp, length or number of replicas is wanted. */
  want(row: number, { stamp, length, replication }: Wanted): void {
    const { map, unfit, scratch } = this;
    const before = map.stamp(row);
    map.set(row, stamp, length, replication);
    if (stamp === before) return;
    for (const index of map.nodes(row, scratch)) {
      const node = this.nodes.at(index);
      const mark = map.mark(row, index);
      this.drop(row, node);
      this.addBad(row, node, before, mark);
    }
    for (const entry of [...unfit.of(row)]) {
      if (entry.kind === 'stale' && entry.stamp === stamp) {
        unfit.drop(row, entry);
        this.put(row, this.nodes.at(entry.node), entry.mark);
      } else if (entry.kind === 'corrupt' || entry.kind === 'leaving') unfit.change(entry, 'stale');
    }
  }

  /** A report that did not end has left mixed marks: all are as if no report had begun. */
  evenMarks(node: ClusterNode): void {
    this.map.eachOf(node.index, (row) => this.map.put(row, node.index, node.mark));
    for (const { unfit } of this.unfit.ofNode(node.index)) unfit.mark = node.mark;
  }

  /** Drops what the report that ends has not named. @returns rows concerned. */
  sweep(node: ClusterNode): number[] {
    const rows: number[] = [];
    this.map.eachOf(node.index, (row, mark) => {
      if (mark === node.mark) return;
      this.drop(row, node);
      rows.push(row);
    });
    for (const { row, unfit } of this.unfit.ofNode(node.index)) {
      if (unfit.mark === node.mark) continue;
      this.vanish(row, unfit);
      rows.push(row);
    }
    return rows;
  }

  /**
   * Nothing of the node counts any more: all blocks are to be judged anew. What it may still delete when it comes back
   * stays known, unless it is not to come back.
   */
  dropNode(node: ClusterNode, isForgotten: boolean): void {
    this.map.eachOf(node.index, (row) => this.drop(row, node));
    for (const { row, unfit } of this.unfit.ofNode(node.index)) {
      unfit.isGivenUp = false;
      if (isForgotten) this.unfit.drop(row, unfit);
      else this.vanish(row, unfit);
    }
  }

  /** The block is not known any more. */
  dropRow(row: number): void {
    for (const index of this.map.nodes(row, this.scratch)) this.nodes.at(index).blocks--;
    this.unfit.dropRow(row);
    this.doubtful.delete(row);
  }

  put(row: number, node: ClusterNode, mark: number): void {
    if (!this.map.put(row, node.index, mark)) return;
    node.blocks++;
    // It was ready to go, and now it has something that perhaps nobody else has.
    if (node.admin === 'decommissioned') this.nodes.setAdmin(node, 'decommissioning');
    if (node.admin === 'in-maintenance') this.nodes.setAdmin(node, 'entering-maintenance');
  }

  private drop(row: number, node: ClusterNode): boolean {
    const was = this.map.drop(row, node.index);
    if (was) node.blocks--;
    const others = this.doubtful.get(row);
    if (others?.delete(node.index) && others.size === 0) this.doubtful.delete(row);
    return was;
  }

  private vanish(row: number, entry: Unfit): void {
    if (entry.told.length === 0) this.unfit.drop(row, entry);
    else this.unfit.change(entry, 'gone');
  }

  private addBad(row: number, node: ClusterNode, stamp: number, mark: number): void {
    if (this.unfit.count >= BAD_MAX) return;
    const kind = stamp === this.map.stamp(row) ? 'corrupt' : 'stale';
    this.unfit.add(row, { node: node.index, stamp, kind, mark });
  }
}
