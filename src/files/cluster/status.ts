/**
 * What the cluster shows of itself: to `plinth files status`, the admin API and metrics.
 */
import type { AdminState, DiskFacts, NodeState } from './facts.ts';
import type { Reason, WorkState } from './work.ts';

export interface NodeStatus {
  readonly id: string;
  readonly address: string;
  readonly rack: string;
  readonly state: NodeState;
  readonly admin: AdminState;
  /** A full report of it has come since it registered. */
  readonly isReported: boolean;
  readonly disks: readonly DiskFacts[];
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Whole replicas on it. */
  readonly blocks: number;
  readonly copiesFrom: number;
  readonly copiesTo: number;
  readonly transfers: number;
  /** Since its last heartbeat. */
  readonly silentMs: number;
}

/** Blocks by what they lack; each block is counted once, at the most urgent. */
export interface BlockCounts {
  readonly blocks: number;
  /** Nobody has it: no whole replica is on a node that is reached. */
  readonly missing: number;
  readonly lastReplica: number;
  readonly halfMissing: number;
  readonly someMissing: number;
  /** On nodes that are to go. */
  readonly drain: number;
  /** All replicas are on one rack, and there are more. */
  readonly racks: number;
  /** Has a replica that is damaged or of another stamp, besides enough whole ones. */
  readonly corrupt: number;
  readonly excess: number;
}

/** One repair. */
export interface LedgerEntry {
  readonly id: number;
  readonly kind: 'copy' | 'delete';
  readonly block: number;
  readonly stamp: number;
  readonly reason: Reason;
  readonly priority: number;
  readonly state: WorkState;
  /** Of a copy: who sends. Left out for a deletion. */
  readonly from?: string;
  /** Of a copy: who takes; of a deletion: who deletes. */
  readonly to: string;
  /** Of a copy; 0 for a deletion. */
  readonly bytes: number;
  readonly startedMs: number;
  /** Left out while it is open. */
  readonly endedMs?: number;
}

export interface LedgerTotals {
  readonly open: number;
  readonly copied: number;
  readonly copiedBytes: number;
  readonly deleted: number;
  /** Ended in any other way. */
  readonly failed: number;
}

export interface ClusterStatus {
  readonly safeMode: boolean;
  /** Nodes that safe mode waits for. */
  readonly awaited: readonly string[];
  readonly nodes: readonly NodeStatus[];
  readonly counts: BlockCounts;
  /** Replicas that are damaged or of another stamp, wherever they are. */
  readonly corruptReplicas: number;
  /** Copies that are lacking, and their bytes. */
  readonly lackingCopies: number;
  readonly lackingBytes: number;
  /** Of those, blocks for which no node can be found now. */
  readonly stuck: number;
  /** Blocks that have not been looked at since nodes changed: the counts may be wrong by so many. */
  readonly unjudged: number;
  /** By the speed of the last copies. 0: nothing is lacking. Left out: not known yet. */
  readonly msToFullRedundancy?: number;
  readonly totals: LedgerTotals;
  /** Open work, then what ended last; the newest first. */
  readonly ledger: readonly LedgerEntry[];
}
