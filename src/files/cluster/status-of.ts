/** The parts of the status, from the state. */
import { Need } from './need.ts';
import type { ClusterNode } from './node-table.ts';
import type { BlockCounts, NodeStatus } from './status.ts';

export function nodeStatusOf(node: ClusterNode, nowMs: number): NodeStatus {
  const { id, address, rack, state, admin, isReported, disks, totalBytes, freeBytes } = node;
  const { blocks, copiesFrom, copiesTo, transfers } = node;
  const facts = { id, address, rack, state, admin, isReported, disks, totalBytes, freeBytes };
  return { ...facts, blocks, copiesFrom, copiesTo, transfers, silentMs: nowMs - node.beatMs };
}

/** @param counts blocks by their need. */
export function countsOf(counts: readonly number[], blocks: number): BlockCounts {
  return {
    blocks,
    missing: counts[Need.missing]!,
    lastReplica: counts[Need.last]!,
    halfMissing: counts[Need.half]!,
    someMissing: counts[Need.some]!,
    drain: counts[Need.drain]!,
    racks: counts[Need.racks]!,
    corrupt: counts[Need.corrupt]!,
    excess: counts[Need.excess]!,
  };
}
