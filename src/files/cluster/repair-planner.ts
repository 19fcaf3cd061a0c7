/**
 * Copies for blocks that lack replicas, the most endangered first.
 *
 * Invariants: a copy goes from a whole replica on a live node to a node that has nothing of the block, by all that
 * is known; copies under way are never more than are lacking. A damaged replica is deleted before enough whole ones
 * are there only when no other node can take the copy, and never when none is left.
 */
import { COPY_NEEDS, Need } from './need.ts';
import { type NodeTable, Standing } from './node-table.ts';
import { isReached, type Planning, sourceFor } from './planning.ts';
import type { TrimPlanner } from './trim-planner.ts';
import type { Reason, Work } from './work.ts';

/** Blocks of one need that are looked at in one plan. */
const LOOKS = 1000;
/** So many that wait for a node that is busy are enough: the others will wait too. */
const BUSY_MAX = 100;

const REASON_OF: Readonly<Record<number, Reason>> = {
  [Need.last]: 'last-replica',
  [Need.half]: 'half-missing',
  [Need.some]: 'some-missing',
  [Need.drain]: 'drain',
  [Need.racks]: 'racks',
};

export class RepairPlanner {
  private readonly parts: Planning;
  private readonly trims: TrimPlanner;
  private readonly holders: number[] = [];

  constructor(parts: Planning, trims: TrimPlanner) {
    this.parts = parts;
    this.trims = trims;
  }

  plan(nowMs: number, plan: Work[]): void {
    const { agenda, throttle } = this.parts;
    for (const need of COPY_NEEDS) {
      const busy: number[] = [];
      for (let looks = 0; looks < LOOKS && throttle.mayCopy(need === Need.last); looks++) {
        const row = agenda.take(need);
        if (row === -1) break;
        const count = plan.length;
        const met = this.planRow(row, need, nowMs, plan);
        if (plan.length > count) continue;
        if (met === 'none') agenda.park(row);
        else if (met === 'away') agenda.wait(row, nowMs);
        else if (busy.push(row) >= BUSY_MAX) break;
      }
      for (const row of busy) agenda.putBack(row);
    }
  }

  /** Adds what can be done to the plan. @returns why it is not all: `away`: nobody who has it is reached. */
  private planRow(
    row: number,
    need: number,
    nowMs: number,
    plan: Work[],
  ): 'all' | 'none' | 'busy' | 'away' {
    const { map, unfit, nodes, works, throttle, placement } = this.parts;
    const holders = map.nodes(row, this.holders);
    const sources = holders.map((index) => nodes.at(index)).filter(isReached);
    if (sources.length === 0) return 'away';
    const underWay = works.copiesOf(row).map(({ target }) => target!.index);
    const taken = [...holders, ...unfit.of(row).map(({ node }) => node), ...underWay];
    const counting = [...holders.filter((node) => counts(nodes, node)), ...underWay];
    for (let lack = (map.need(row) >>> 4) - underWay.length; lack > 0; lack--) {
      if (!throttle.mayCopy(need === Need.last)) return 'busy';
      const target = placement.forCopy(
        {
          bytes: map.length(row),
          holders: counting,
          taken,
          isForRacks: need === Need.racks,
          mayTake: (node) => throttle.mayTake(node),
        },
        nowMs,
      );
      if (target === 'busy') return 'busy';
      if (target === 'none') {
        this.trims.makeRoom(row, nowMs, plan);
        return 'none';
      }
      const source = sourceFor(target, sources, throttle);
      if (source === undefined) return 'busy';
      plan.push(works.copy(row, source, target, REASON_OF[need]!, nowMs));
      taken.push(target.index);
      counting.push(target.index);
    }
    return 'all';
  }
}

function counts(nodes: NodeTable, node: number): boolean {
  const standing = nodes.standing[node]!;
  return standing !== Standing.none && standing !== Standing.draining;
}
