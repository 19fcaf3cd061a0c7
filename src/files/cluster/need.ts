/**
 * What a block needs, from where its replicas are. The order is that of urgency.
 *
 * Blocks are judged by what is lost if one more node goes: the last replica first, then by the part of the
 * replicas that is missing (HDFS orders its reconstruction queues so). Replicas on nodes that are to go can be read
 * and do not count as wanted ones; in maintenance they count as long as some others are there.
 */
import { type BlockMap, REPLICATION_MAX } from './block-map.ts';
import { type NodeTable, Standing } from './node-table.ts';
import type { UnfitReplicas } from './unfit.ts';

export const Need = {
  none: 0,
  /** No whole replica is on a node that is there: nothing can be done. */
  missing: 1,
  last: 2,
  half: 3,
  some: 4,
  drain: 5,
  racks: 6,
  corrupt: 7,
  excess: 8,
} as const;
export const NEEDS = 9;

/** Needs that copies satisfy, the most urgent first. */
export const COPY_NEEDS = [Need.last, Need.half, Need.some, Need.drain, Need.racks] as const;
/** Needs that deletions satisfy. */
export const TRIM_NEEDS = [Need.corrupt, Need.excess] as const;

export function isCopyNeed(need: number): boolean {
  return need >= Need.last && need <= Need.racks;
}

export interface Judgement {
  need: number;
  /** Copies that are lacking. */
  lack: number;
}

export class Judge {
  private readonly map: BlockMap;
  private readonly unfit: UnfitReplicas;
  private readonly nodes: NodeTable;
  private readonly maintenanceReplicas: number;
  private readonly holders: number[] = [];
  private readonly verdict: Judgement = { need: Need.none, lack: 0 };

  constructor(
    parts: {
      readonly map: BlockMap;
      readonly unfit: UnfitReplicas;
      readonly nodes: NodeTable;
    },
    maintenanceReplicas: number,
  ) {
    this.map = parts.map;
    this.unfit = parts.unfit;
    this.nodes = parts.nodes;
    this.maintenanceReplicas = maintenanceReplicas;
  }

  /** Racks that the replicas of a block must be on, as far as there are nodes on them. */
  racksWanted(row: number): number {
    return Math.min(2, this.map.wanted(row), this.nodes.racksServing);
  }

  /** The answer is overwritten by the next call. */
  judge(row: number): Readonly<Judgement> {
    const { map, nodes, holders, verdict } = this;
    const wanted = map.wanted(row);
    map.nodes(row, holders);
    let serving = 0;
    let draining = 0;
    let maintained = 0;
    let away = 0;
    for (const node of holders) {
      const standing = nodes.standing[node]!;
      if (standing === Standing.serving) serving++;
      else if (standing === Standing.draining) draining++;
      else if (standing === Standing.maintained) maintained++;
      else if (standing === Standing.away) away++;
    }
    const readable = serving + draining + maintained;
    const lack = Math.max(
      wanted - serving - maintained - away,
      Math.min(wanted, this.maintenanceReplicas) - serving,
    );
    verdict.lack = Math.min(Math.max(lack, 0), REPLICATION_MAX);
    if (readable === 0) verdict.need = Need.missing;
    else if (lack > 0) verdict.need = lackOf(readable + away, readable, wanted);
    else if (!this.isSpread(row)) {
      verdict.need = Need.racks;
      verdict.lack = 1;
    } else if (serving > wanted) verdict.need = Need.excess;
    else if (this.hasToldNothing(row)) verdict.need = Need.corrupt;
    else verdict.need = Need.none;
    return verdict;
  }

  /** @pre `holders` are those of the row. */
  private isSpread(row: number): boolean {
    const wanted = this.racksWanted(row);
    if (wanted < 2) return true;
    const { nodes, holders } = this;
    let first = -1;
    for (const node of holders) {
      const standing = nodes.standing[node]!;
      if (standing === Standing.none || standing === Standing.draining) continue;
      const rack = nodes.rack[node]!;
      if (first === -1) first = rack;
      else if (rack !== first) return true;
    }
    return false;
  }

  /** A node has a replica of no use and was not told to delete it, or does not answer. */
  private hasToldNothing(row: number): boolean {
    for (const { told, isGivenUp } of this.unfit.of(row)) {
      if (told.length === 0 || isGivenUp) return true;
    }
    return false;
  }
}

function lackOf(there: number, readable: number, wanted: number): number {
  if (there >= wanted) return Need.drain;
  if (readable === 1) return Need.last;
  return (wanted - there) * 2 >= wanted ? Need.half : Need.some;
}
