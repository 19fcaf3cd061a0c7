/** What all planners work with. */
import type { Agenda } from './agenda.ts';
import type { BlockMap } from './block-map.ts';
import type { ClusterNode, NodeTable } from './node-table.ts';
import type { Placement } from './placement.ts';
import type { Throttle } from './throttle.ts';
import type { UnfitReplicas } from './unfit.ts';
import type { Works } from './works.ts';

export interface Planning {
  readonly map: BlockMap;
  readonly unfit: UnfitReplicas;
  readonly nodes: NodeTable;
  readonly agenda: Agenda;
  readonly works: Works;
  readonly throttle: Throttle;
  readonly placement: Placement;
}

/** Answers: commands and reads reach it. */
export function isReached(node: ClusterNode): boolean {
  return node.state === 'live' && node.isConnected;
}

/** The one that sends least, of several one on the rack of the target. */
export function sourceFor(
  target: ClusterNode,
  sources: readonly ClusterNode[],
  throttle: Throttle,
): ClusterNode | undefined {
  let best: ClusterNode | undefined;
  for (const node of sources) {
    if (!throttle.maySend(node)) continue;
    const isBetter =
      best === undefined ||
      node.copiesFrom < best.copiesFrom ||
      (node.copiesFrom === best.copiesFrom &&
        node.rackIndex === target.rackIndex &&
        best.rackIndex !== target.rackIndex);
    if (isBetter) best = node;
  }
  return best;
}
