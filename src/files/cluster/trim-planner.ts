/**
 * Deletions: replicas of no use, and whole ones of which there are too many.
 *
 * Invariants: a whole replica is told to go only when as many as are wanted stay on nodes that serve, are live and
 * have reported since they registered, which is some time ago, and these are on as many racks as before or as are asked for. One of no use
 * goes only when a whole one is there. What is told to go does not count from that moment on.
 */
import type { Holdings } from './holdings.ts';
import { type Judge, TRIM_NEEDS } from './need.ts';
import { type ClusterNode, Standing, usedShare } from './node-table.ts';
import { isReached, type Planning } from './planning.ts';
import type { Unfit } from './unfit.ts';
import type { Reason, Work } from './work.ts';

/** Blocks that are looked at in one plan. */
const LOOKS = 1000;

export class TrimPlanner {
  private readonly parts: Omit<Planning, 'placement'>;
  private readonly holdings: Holdings;
  private readonly judge: Judge;
  private readonly quietMs: number;
  private readonly holders: number[] = [];

  /** @param quietMs a node that has registered so long ago carries out nothing from before. */
  constructor(
    parts: Omit<Planning, 'placement'>,
    holdings: Holdings,
    judge: Judge,
    quietMs: number,
  ) {
    this.parts = parts;
    this.quietMs = quietMs;
    this.holdings = holdings;
    this.judge = judge;
  }

  plan(nowMs: number, plan: Work[]): void {
    const { agenda } = this.parts;
    for (const need of TRIM_NEEDS) {
      const later: number[] = [];
      for (let looks = 0; looks < LOOKS; looks++) {
        const row = agenda.take(need);
        if (row === -1) break;
        const count = plan.length;
        this.planRow(row, nowMs, plan);
        if (plan.length > count) agenda.touch(row);
        else later.push(row);
      }
      for (const row of later) agenda.wait(row, nowMs);
    }
  }

  private planRow(row: number, nowMs: number, plan: Work[]): void {
    const wanted = this.parts.map.wanted(row);
    const readable = this.reported(row);
    const doubtful = readable.filter((node) => this.holdings.isDoubtful(row, node, nowMs));
    const sure = readable.filter((node) => this.isSure(node, nowMs) && !doubtful.includes(node));
    const mayLeave = (node: ClusterNode): boolean =>
      sure.length >= wanted && this.keepsRacks(row, sure, node);
    for (const entry of this.parts.unfit.of(row)) {
      const isBad = entry.kind === 'corrupt' || entry.kind === 'stale';
      const isEnough = isBad ? readable.length > 0 : mayLeave(this.parts.nodes.at(entry.node));
      if (isEnough) this.tell(row, entry, isBad ? 'corrupt' : 'excess', nowMs, plan);
    }
    for (const node of doubtful.filter(mayLeave)) {
      if (!this.parts.throttle.mayDelete(node)) continue;
      this.tell(row, this.holdings.leave(row, node), 'excess', nowMs, plan);
    }
    while (sure.length > wanted) {
      const node = this.choose(row, sure);
      if (node === undefined) return;
      sure.splice(sure.indexOf(node), 1);
      this.tell(row, this.holdings.leave(row, node), 'excess', nowMs, plan);
    }
  }

  /**
   * No node can take a copy, perhaps because one has a replica of no use: that one goes first. One at a time: until it
   * has been made good the next one is perhaps better than none.
   */
  makeRoom(row: number, nowMs: number, plan: Work[]): void {
    if (this.reported(row).length === 0) return;
    const entries = this.parts.unfit.of(row);
    // A node that is dead may still carry it out when it comes back; that is not waited for.
    const isAwaited = ({ node, told, isGivenUp }: Unfit): boolean =>
      told.length > 0 && !isGivenUp && this.parts.nodes.at(node).state !== 'dead';
    if (entries.some(isAwaited)) return;
    const count = plan.length;
    for (const entry of entries) {
      if (entry.kind !== 'leaving') this.tell(row, entry, 'corrupt', nowMs, plan);
      if (plan.length > count) return;
    }
  }

  /** Nodes whose whole replicas are there by all that is known. */
  private reported(row: number): ClusterNode[] {
    const { map, nodes } = this.parts;
    return map
      .nodes(row, this.holders)
      .map((index) => nodes.at(index))
      .filter((node) => isReached(node) && node.isReported);
  }

  /** What a node was told before it registered, perhaps by another process, it may carry out for some time after. */
  private isSure({ index, registeredMs }: ClusterNode, nowMs: number): boolean {
    const isServing = this.parts.nodes.standing[index] === Standing.serving;
    return isServing && nowMs - registeredMs >= this.quietMs;
  }

  /** Without the node the sure ones are on as many racks as with it, or as are wanted. */
  private keepsRacks(row: number, sure: readonly ClusterNode[], node: ClusterNode): boolean {
    const racks = Math.min(this.judge.racksWanted(row), countRacks([...sure, node]));
    return countRacks(sure.filter((other) => other !== node)) >= racks;
  }

  /** The fullest node without which the racks are as they should be. */
  private choose(row: number, sure: readonly ClusterNode[]): ClusterNode | undefined {
    const { throttle } = this.parts;
    const racks = Math.min(this.judge.racksWanted(row), countRacks(sure));
    let fullest: ClusterNode | undefined;
    for (const node of sure) {
      if (!throttle.mayDelete(node)) continue;
      if (countRacks(sure.filter((other) => other !== node)) < racks) continue;
      if (fullest === undefined || usedShare(node) > usedShare(fullest)) fullest = node;
    }
    return fullest;
  }

  private tell(row: number, entry: Unfit, reason: Reason, nowMs: number, plan: Work[]): void {
    const { nodes, throttle, works } = this.parts;
    const node = nodes.at(entry.node);
    if (entry.told.length > 0 && !entry.isGivenUp) return;
    if (!isReached(node) || !node.isReported || !throttle.mayDelete(node)) return;
    const work = works.delete(row, node, entry.stamp, reason, nowMs);
    entry.told.push(work.id);
    entry.isGivenUp = false;
    plan.push(work);
  }
}

function countRacks(nodes: readonly ClusterNode[]): number {
  return new Set(nodes.map(({ rackIndex }) => rackIndex)).size;
}
