/**
 * When a node that is to go may go: every block on it has what it needs elsewhere.
 *
 * Looks at the blocks of the node until it meets one that has not, and goes on from there the next time. A node
 * is let go after a whole look without any such block, so that what has changed behind the place is seen.
 */
import type { BlockMap } from './block-map.ts';
import { isCopyNeed, type Judge } from './need.ts';
import { type ClusterNode, type NodeTable, Standing } from './node-table.ts';
import { isReached } from './planning.ts';

const LOOK_MS = 1000;

export class DrainWatch {
  private readonly map: BlockMap;
  private readonly nodes: NodeTable;
  private readonly judge: Judge;
  private readonly maintenanceReplicas: number;
  private readonly cursors = new Map<ClusterNode, number>();
  private readonly holders: number[] = [];
  private lookedMs = Number.NEGATIVE_INFINITY;

  constructor(
    parts: { readonly map: BlockMap; readonly nodes: NodeTable; readonly judge: Judge },
    maintenanceReplicas: number,
  ) {
    this.map = parts.map;
    this.nodes = parts.nodes;
    this.judge = parts.judge;
    this.maintenanceReplicas = maintenanceReplicas;
  }

  tick(nowMs: number): void {
    if (nowMs - this.lookedMs < LOOK_MS) return;
    this.lookedMs = nowMs;
    for (const node of this.nodes.all()) {
      const isGoing = node.admin === 'decommissioning' || node.admin === 'entering-maintenance';
      if (!isGoing || !isReached(node) || !node.isReported) {
        this.cursors.delete(node);
        continue;
      }
      if (!this.look(node)) continue;
      this.cursors.delete(node);
      const admin = node.admin === 'decommissioning' ? 'decommissioned' : 'in-maintenance';
      this.nodes.setAdmin(node, admin);
    }
  }

  /** @returns whether all of it may go. */
  private look(node: ClusterNode): boolean {
    const from = this.cursors.get(node) ?? 0;
    const end = this.map.rowsEnd;
    for (let row = from; row < end; row++) {
      if (!this.map.isUsed(row) || !this.map.has(row, node.index)) continue;
      if (this.mayGo(row, node)) continue;
      this.cursors.set(node, row);
      return false;
    }
    this.cursors.set(node, 0);
    return from === 0;
  }

  private mayGo(row: number, node: ClusterNode): boolean {
    const { map, nodes } = this;
    if (node.admin === 'decommissioning') return !isCopyNeed(this.judge.judge(row).need);
    let serving = 0;
    for (const holder of map.nodes(row, this.holders)) {
      if (nodes.standing[holder] === Standing.serving && nodes.at(holder).state === 'live')
        serving++;
    }
    return serving >= Math.min(map.wanted(row), this.maintenanceReplicas);
  }
}
