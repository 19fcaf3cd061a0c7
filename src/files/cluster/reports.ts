/**
 * What nodes say they have: whole reports in pages, and what comes and goes between them.
 *
 * A report flips the mark of its node; what it names, and what comes while it lasts, gets the new mark; at its end
 * what has the old one is not there. A page may have been read before a replica went or was found damaged: what
 * was told of it since the report began counts more, if it was of the same generation.
 *
 * Invariant: a replica is an orphan only if nobody names its block, nobody writes or reads it, and its number is
 * too low for a write of this process to have taken it; or if the block was named and is not any more. In safe mode
 * there are no orphans.
 */
import type { Agenda } from './agenda.ts';
import type { BlockMap } from './block-map.ts';
import type { Lookup, Replica, Wanted } from './facts.ts';
import type { Holdings } from './holdings.ts';
import type { ClusterNode } from './node-table.ts';

/** Blocks that were forgotten last, so that no look-up from before names them again. */
const FORGOTTEN_MAX = 16_384;
/** Damage told by a node that has not reported; more is found again by reads. */
const DAMAGED_MAX = 10_000;

export class Reports {
  isSafeMode = true;
  orphansBelow: number;
  private readonly map: BlockMap;
  private readonly holdings: Holdings;
  private readonly agenda: Agenda;
  private readonly onWhole: (row: number, node: ClusterNode) => void;
  private readonly forgotten = new Set<number>();

  constructor(
    parts: {
      readonly map: BlockMap;
      readonly holdings: Holdings;
      readonly agenda: Agenda;
      /** A node says that it has a replica, and it is whole. */
      onWhole(row: number, node: ClusterNode): void;
    },
    orphansBelow: number,
  ) {
    this.onWhole = parts.onWhole;
    this.map = parts.map;
    this.holdings = parts.holdings;
    this.agenda = parts.agenda;
    this.orphansBelow = orphansBelow;
  }

  begin(node: ClusterNode): void {
    if (node.isMixed || node.report !== undefined) this.holdings.evenMarks(node);
    node.isMixed = false;
    if (!this.isSafeMode) node.hasNameless = false;
    node.mark ^= 1;
    node.report = new Map(
      [...node.damaged].map(([block, stamp]) => [block, { what: 'corrupt', stamp }]),
    );
  }

  unknown(replicas: readonly Replica[]): number[] {
    return replicas.map(({ block }) => block).filter((block) => this.map.find(block) === -1);
  }

  page(node: ClusterNode, replicas: readonly Replica[], lookup: Lookup): readonly Replica[] {
    const { report } = node;
    // The node has begun anew, and this is of the report before.
    if (report === undefined) return [];
    return replicas.filter((replica) => {
      const since = report.get(replica.block);
      if (since === undefined) return this.take(node, replica, lookup);
      const { block, stamp, length } = replica;
      if (since.stamp !== stamp) {
        // What has come since took its place; what went or is damaged was another one.
        return since.what === 'received' ? false : this.take(node, replica, lookup);
      }
      if (since.what === 'removed') return false;
      // One that has come since is not the damaged one that the page was read of.
      if (since.what === 'received') return this.take(node, { block, stamp, length }, lookup);
      return this.take(node, { ...replica, isCorrupt: true }, lookup);
    });
  }

  received(node: ClusterNode, replica: Replica, lookup: Lookup): readonly Replica[] {
    node.report?.set(replica.block, { what: 'received', stamp: replica.stamp });
    node.damaged.delete(replica.block);
    return this.take(node, replica, lookup) ? [replica] : [];
  }

  removed(node: ClusterNode, block: number, stamp: number): void {
    node.report?.set(block, { what: 'removed', stamp });
    node.damaged.delete(block);
    const row = this.map.find(block);
    if (row === -1) return;
    this.holdings.gone(row, node, stamp);
    this.agenda.touch(row);
  }

  corrupt(node: ClusterNode, block: number, stamp: number): void {
    node.report?.set(block, { what: 'corrupt', stamp });
    if (!node.isReported && node.damaged.size < DAMAGED_MAX) node.damaged.set(block, stamp);
    const row = this.map.find(block);
    if (row === -1) return;
    this.holdings.corrupt(row, node, stamp);
    this.agenda.touch(row);
  }

  /** A damaged replica was read whole by its node. */
  whole(node: ClusterNode, replica: Replica): void {
    const { block, stamp } = replica;
    node.report?.set(block, { what: 'received', stamp });
    node.damaged.delete(block);
    const row = this.map.find(block);
    if (row === -1) return;
    this.holdings.believe(row, node, stamp);
    this.holdings.has(row, node, replica);
    this.agenda.touch(row);
  }

  end(node: ClusterNode): void {
    if (node.report === undefined) return;
    node.report = undefined;
    node.isReported = true;
    node.damaged.clear();
    for (const row of this.holdings.sweep(node)) this.agenda.touch(row);
  }

  /** Takes a block into the map. @returns its row. */
  know(wanted: Wanted): number {
    const row = this.map.add(wanted);
    this.agenda.added();
    return row;
  }

  forget(block: number): void {
    this.forgotten.add(block);
    if (this.forgotten.size <= FORGOTTEN_MAX) return;
    for (const oldest of this.forgotten) {
      this.forgotten.delete(oldest);
      break;
    }
  }

  /** @returns whether it is an orphan. */
  private take(node: ClusterNode, replica: Replica, lookup: Lookup): boolean {
    const { block } = replica;
    let row = this.map.find(block);
    if (row === -1) {
      const wasForgotten = this.forgotten.has(block);
      const wanted = wasForgotten ? undefined : lookup(block);
      if (wanted === 'held') return false;
      if (wanted === undefined) {
        const isOrphan = wasForgotten || block < this.orphansBelow;
        if (isOrphan && this.isSafeMode) node.hasNameless = true;
        return isOrphan && !this.isSafeMode;
      }
      row = this.know(wanted);
    }
    this.holdings.has(row, node, replica);
    if (this.map.has(row, node.index)) this.onWhole(row, node);
    this.agenda.touch(row);
    return false;
  }
}
