/** Who has which block, and what is to be done about it. Pure: no I/O, time and chance are given. */
export type { Cluster } from './cluster.ts';
export { ClusterState } from './cluster-state.ts';
export type {
  Admin,
  AdminState,
  DiskFacts,
  DiskHealth,
  Holder,
  Lookup,
  NodeBeat,
  NodeFacts,
  NodeState,
  Place,
  Replica,
  TargetRequest,
  Targets,
  Wanted,
} from './facts.ts';
export { type ClusterOptions, defaultOptions } from './options.ts';
export type {
  BlockCounts,
  ClusterStatus,
  LedgerEntry,
  LedgerTotals,
  NodeStatus,
} from './status.ts';
export {
  type CopyWork,
  type DeleteWork,
  type Outcome,
  REASONS,
  type Reason,
  type Work,
  type WorkState,
} from './work.ts';
