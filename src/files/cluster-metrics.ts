/** What NameNode and DataNodes tell of themselves: to Prometheus, and in the status of the process. */
import type { MetricSpec } from '../core/observe/index.ts';
import type { ClusterStatus } from './cluster/index.ts';
import type { DataNode } from './datanode/data-node.ts';
import type { NameNode } from './namenode/name-node.ts';

type Facts = Readonly<Record<string, string | number | boolean>>;

const STATES = ['live', 'stale', 'dead'] as const;

/** @param nameNode undefined: the process is none, or it has not started. */
export function clusterMetrics(
  nameNode: () => NameNode | undefined,
  dataNode: () => DataNode | undefined,
): readonly MetricSpec[] {
  const of = (
    name: string,
    help: string,
    read: (status: ClusterStatus) => number,
    type: 'gauge' | 'counter' = 'gauge',
  ): MetricSpec => ({
    name,
    help,
    type,
    collect: (emit) => {
      const status = nameNode()?.status(0);
      if (status !== undefined) emit(read(status));
    },
  });
  return [
    {
      name: 'plinth_files_nodes',
      help: 'DataNodes, by state.',
      type: 'gauge',
      labels: ['state'],
      collect: (emit) => {
        const nodes = nameNode()?.status(0).nodes;
        if (nodes === undefined) return;
        for (const state of STATES) {
          emit(nodes.filter((node) => node.state === state).length, state);
        }
      },
    },
    of('plinth_files_safe_mode', 'Whether reports are still waited for.', (status) =>
      status.safeMode ? 1 : 0,
    ),
    of('plinth_files_blocks', 'Blocks that are named.', ({ counts }) => counts.blocks),
    of(
      'plinth_files_missing_blocks',
      'Blocks of which no replica can be reached.',
      ({ counts }) => counts.missing,
    ),
    of(
      'plinth_files_lacking_replicas',
      'Replicas that are to be made.',
      ({ lackingCopies }) => lackingCopies,
    ),
    of(
      'plinth_files_corrupt_replicas',
      'Replicas that are damaged or of an older generation.',
      ({ corruptReplicas }) => corruptReplicas,
    ),
    of(
      'plinth_files_replicas_copied_total',
      'Replicas made by repair, drain and balance.',
      ({ totals }) => totals.copied,
      'counter',
    ),
    of(
      'plinth_files_replicas_copied_bytes_total',
      'Bytes of replicas made by repair, drain and balance.',
      ({ totals }) => totals.copiedBytes,
      'counter',
    ),
    of(
      'plinth_files_moves_failed_total',
      'Copies and deletions of replicas that ended in another way than wanted.',
      ({ totals }) => totals.failed,
      'counter',
    ),
    {
      name: 'plinth_files_namenode_connected',
      help: 'Whether this DataNode is connected to its NameNode.',
      type: 'gauge',
      collect: (emit) => {
        const status = dataNode()?.status;
        if (status !== undefined) emit(isConnected(status.control) ? 1 : 0);
      },
    },
    {
      name: 'plinth_files_transfers',
      help: 'Blocks that this DataNode is giving and taking now.',
      type: 'gauge',
      collect: (emit) => {
        const status = dataNode()?.status;
        if (status !== undefined) emit(status.transfers);
      },
    },
    {
      name: 'plinth_files_datanode_disk_free_bytes',
      help: 'Room for blocks, by disk of this DataNode; 0 while it takes no writes.',
      type: 'gauge',
      labels: ['folder'],
      collect: (emit) => {
        for (const { folder, state, freeBytes } of dataNode()?.status.disks ?? []) {
          emit(state === 'open' ? freeBytes : 0, folder);
        }
      },
    },
  ];
}

/** What a person looks at first. */
export function clusterFacts(nameNode: NameNode): Facts {
  const { safeMode, nodes, counts, lackingCopies, corruptReplicas } = nameNode.status(0);
  const count = (state: string): number => nodes.filter((node) => node.state === state).length;
  return {
    safeMode,
    nodesLive: count('live'),
    nodesStale: count('stale'),
    nodesDead: count('dead'),
    missingBlocks: counts.missing,
    lackingReplicas: lackingCopies,
    oneRackBlocks: counts.racks,
    corruptReplicas,
  };
}

export function dataNodeFacts(dataNode: DataNode): Facts {
  const { control, transfers, disks, freeBytes } = dataNode.status;
  return {
    node: dataNode.identity.id,
    nameNode: control,
    freeBytes,
    disks: disks.length,
    disksLeftOut: disks.filter(({ state }) => state !== 'open').length,
    transfers,
  };
}

function isConnected(control: string): boolean {
  return control === 'joined' || control === 'reported';
}
