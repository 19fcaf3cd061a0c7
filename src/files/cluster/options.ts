/**
 * How the cluster is to behave. What is left out has the value of `defaultOptions`.
 */
import type { Random } from '../../core/runtime/index.ts';

export interface ClusterOptions {
  readonly random: Random;
  /** When the process started, on the clock of all other times. */
  readonly startedMs: number;
  /** Nodes that were there before: safe mode waits for their reports. */
  readonly expectedNodes?: readonly string[];
  /** Safe mode ends then at the latest. */
  readonly safeModeMs?: number;
  /** Unnamed blocks with this number or a higher one are never orphans: this process may be writing them. */
  readonly orphansBelow?: number;
  /** Without a heartbeat for so long: nothing is written to the node, and it is read last. */
  readonly staleMs?: number;
  /** Without a heartbeat for so long: its replicas do not count. */
  readonly deadMs?: number;
  /** Replicas that must be elsewhere before a node goes to maintenance. */
  readonly maintenanceReplicas?: number;
  /** Copies under way: from one node, to one node, in all. */
  readonly copiesPerSource?: number;
  readonly copiesPerTarget?: number;
  readonly copiesMax?: number;
  /** Bytes of repair that may begin in a second. The last replica of a block is copied at once. */
  readonly repairBytesPerSecond?: number;
  /** Deletions that one node has been told and has not answered. */
  readonly deletesPerNode?: number;
  /** Copies for balance under way, and their bytes in a second. */
  readonly balanceCopies?: number;
  readonly balanceBytesPerSecond?: number;
  /** Used shares of two nodes may differ by this before blocks move. */
  readonly balanceGap?: number;
  /** Work is given up after this, and a copy after the time that its bytes take at the slowest rate besides. */
  readonly workTimeoutMs?: number;
  readonly slowestBytesPerSecond?: number;
  /** Ended work that the ledger keeps. */
  readonly ledgerEntries?: number;
}

export type Settled = Required<ClusterOptions>;

const MEBIBYTE = 1024 * 1024;

export const defaultOptions: Omit<Settled, 'random' | 'startedMs'> = {
  expectedNodes: [],
  safeModeMs: 60_000,
  orphansBelow: 0,
  staleMs: 3000,
  deadMs: 30_000,
  maintenanceReplicas: 1,
  copiesPerSource: 8,
  copiesPerTarget: 8,
  copiesMax: 64,
  repairBytesPerSecond: Number.POSITIVE_INFINITY,
  deletesPerNode: 256,
  balanceCopies: 4,
  balanceBytesPerSecond: 32 * MEBIBYTE,
  balanceGap: 0.1,
  workTimeoutMs: 30_000,
  slowestBytesPerSecond: MEBIBYTE,
  ledgerEntries: 1000,
};

export function settle(options: ClusterOptions): Settled {
  return { ...defaultOptions, ...options };
}
