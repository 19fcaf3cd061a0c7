/**
 * Moves from the fullest node to the emptiest, when there is nothing else to do. A move is a copy; then the block has
 * one replica too many, and the fullest of its nodes loses it (see `trim-planner.ts`).
 *
 * It comes to an end: a block moves only if its source stays at least as full as its target becomes, and only if its
 * source may lose it then.
 */
import { invariant } from '../../core/base/index.ts';
import { type Judge, Need } from './need.ts';
import { type ClusterNode, hasRoom, Standing, takesWrites, usedShare } from './node-table.ts';
import { type Planning, sourceFor } from './planning.ts';
import type { Work } from './work.ts';

/** Rows that are looked at in one plan. */
const LOOKS = 4096;

export class BalancePlanner {
  private readonly parts: Planning;
  private readonly judge: Judge;
  private readonly gap: number;
  private readonly holders: number[] = [];
  private cursor = 0;

  constructor(parts: Planning, judge: Judge, gap: number) {
    this.parts = parts;
    this.judge = judge;
    this.gap = gap;
  }

  plan(nowMs: number, plan: Work[]): void {
    const { map, nodes, throttle, works } = this.parts;
    for (let looks = 0; looks < LOOKS && throttle.mayBalance(); ) {
      const pair = this.pair();
      if (pair === undefined) return;
      const { from, to } = pair;
      let row = -1;
      for (; looks < LOOKS && row === -1; looks++) {
        if (this.cursor >= map.rowsEnd) this.cursor = 0;
        if (this.moves(this.cursor, from, to)) row = this.cursor;
        this.cursor++;
      }
      if (row === -1) return;
      const holders = map.nodes(row, this.holders).map((index) => nodes.at(index));
      const source = sourceFor(
        to,
        holders.filter(({ state }) => state === 'live'),
        throttle,
      );
      invariant(source !== undefined, 'a node that is balanced may send');
      plan.push(works.copy(row, source, to, 'balance', nowMs));
    }
  }

  private pair(): { readonly from: ClusterNode; readonly to: ClusterNode } | undefined {
    const { nodes, throttle } = this.parts;
    let from: ClusterNode | undefined;
    let to: ClusterNode | undefined;
    for (const node of nodes.all()) {
      if (!takesWrites(node) || !node.isReported || node.totalBytes === 0) continue;
      const share = usedShare(node);
      if (throttle.maySend(node) && (from === undefined || share > usedShare(from))) from = node;
      if (throttle.mayTake(node) && (to === undefined || share < usedShare(to))) to = node;
    }
    if (from === undefined || to === undefined) return undefined;
    return usedShare(from) - usedShare(to) > this.gap ? { from, to } : undefined;
  }

  private moves(row: number, from: ClusterNode, to: ClusterNode): boolean {
    const { map, nodes, unfit, works } = this.parts;
    if (!map.isUsed(row) || !map.has(row, from.index) || map.has(row, to.index)) return false;
    if (this.judge.judge(row).need !== Need.none || works.copiesOf(row).length > 0) return false;
    const bytes = map.length(row);
    if (unfit.of(row).length > 0 || !hasRoom(to, bytes)) return false;
    const after = usedShare(from) - bytes / from.totalBytes;
    if (after < usedShare(to) + bytes / to.totalBytes) return false;
    const racks = new Set([to.rackIndex]);
    for (const index of map.nodes(row, this.holders)) {
      const isServing = nodes.standing[index] === Standing.serving;
      if (isServing && index !== from.index) racks.add(nodes.rack[index]!);
    }
    return racks.size >= this.judge.racksWanted(row);
  }
}
