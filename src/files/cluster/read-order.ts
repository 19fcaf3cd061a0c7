/**
 * Which replica a reader should try first: one on its node, one on its rack, any other, each in random order so
 * that readers spread; nodes whose heartbeats are missing come last.
 */
import type { Random } from '../../core/runtime/index.ts';
import type { Place } from './facts.ts';
import type { ClusterNode, NodeTable } from './node-table.ts';

export function readOrder(
  holders: readonly ClusterNode[],
  reader: Place,
  nodes: NodeTable,
  random: Random,
): string[] {
  const rack = (reader.node && nodes.get(reader.node)?.rack) || reader.rack;
  return holders
    .filter(({ state }) => state !== 'dead')
    .map((node) => ({ id: node.id, rank: rankOf(node, reader.node, rack) + random.float() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ id }) => id);
}

function rankOf(node: ClusterNode, near: string | undefined, rack: string | undefined): number {
  const distance = node.id === near ? 0 : node.rack === rack ? 1 : 2;
  return node.state === 'live' ? distance : 3 + distance;
}
