/**
 * The state of several DataNodes as their users see it; `cluster-state.ts` is it.
 *
 * What a DataNode keeps to, so that the rules hold: what it was told before it registered anew it carries out soon
 * after, or never (within `workTimeoutMs`), and what it does not answer on a connection that lasts within ten times as
 * long; it carries out orders about one block in the order in which they were given; what it has under a name (block
 * and stamp) it does not take again before it is deleted; its messages come in order, and what it reports it reads from
 * its disks after it has registered.
 *
 * Nothing here reads a clock or reaches a node: who owns the state calls it with what happened, gives the work of
 * `plan` to the nodes and says by `done` how it ended.
 */
import type {
  Admin,
  Holder,
  Located,
  Lookup,
  NodeBeat,
  NodeFacts,
  Place,
  Replica,
  TargetRequest,
  Targets,
  Wanted,
} from './facts.ts';
import type { ClusterStatus } from './status.ts';
import type { Outcome, Work } from './work.ts';

export interface Cluster {
  /**
   * A node has a new control connection; a full report has to follow. @returns false when there are too many nodes.
   */
  register(node: NodeFacts, nowMs: number): boolean;
  /** Of a node that is not known or is dead it is false: it has to register again. */
  heartbeat(id: string, beat: NodeBeat, nowMs: number): boolean;
  /** Its control connection ended: stale at once, dead when it does not come back in time. */
  disconnected(id: string, nowMs: number): void;
  /** Lets time pass: nodes become stale and dead, work times out, safe mode ends. `plan` does it too. */
  tick(nowMs: number): void;
  /**
   * What the administrator wants of a node, whether it is known by now or not.
   * @param untilMs maintenance ends then; left out: when it is said.
   */
  setAdmin(id: string, admin: Admin, untilMs?: number): void;
  /** Takes a dead node from the table; false when it is not dead. */
  forgetNode(id: string): boolean;
  /** For the local node and tests: the address of a node, undefined when it is not known. */
  address(id: string): string | undefined;

  /** It has said in safe mode that it has replicas that nobody names: whether they are to go is known by now. */
  mustReport(id: string): boolean;
  /** A full report begins. One that has not ended is void. */
  beginReport(id: string): void;
  /** Blocks of these replicas that the state does not know: what `Lookup` will be asked for. */
  unknown(replicas: readonly Replica[]): readonly number[];
  /** A page of the report. @returns orphans: replicas to be deleted; none in safe mode. */
  reportPage(id: string, replicas: readonly Replica[], lookup: Lookup): readonly Replica[];
  /** All of the node was reported: what was not is not there. */
  endReport(id: string): void;
  /**
   * A node has taken a replica: said by itself, in order with what else it says. A copy to it ends with this.
   * @returns it, when it is an orphan.
   */
  received(id: string, replica: Replica, lookup: Lookup): readonly Replica[];
  /** A replica is gone. */
  removed(id: string, block: number, stamp: number): void;
  /** A replica is damaged. */
  corrupt(id: string, block: number, stamp: number): void;
  /** A replica that was damaged was read whole by its node, which says so in order with what else it says. */
  whole(id: string, replica: Replica): void;

  /**
   * A block is named, or wants another number of replicas. After a start blocks that nobody reports are learnt of by
   * this alone: to count them as missing, walk through the namespace slowly.
   * @param holders ids of nodes on which it is durable.
   */
  expect(block: Wanted, holders?: readonly string[]): void;
  /** A block is not named any more, nor read. @returns who is to be told to delete what. */
  forget(block: number): readonly Holder[];
  /** Numbers up to this (not with it) that nobody names are orphans. */
  setOrphansBelow(block: number): void;

  /** Where a new block is to be written. */
  targets(request: TargetRequest): Targets;
  /** Who has a block, in order of preference; [] when nobody is known. */
  replicas(block: number, stamp: number, reader?: Place): readonly string[];
  /** The same with where they are. `corrupt`: there are only damaged ones. */
  located(
    block: number,
    stamp: number,
  ): { readonly nodes: readonly Located[]; readonly corrupt: boolean };
  /** Whether replicas may still be reported: a block without any may have some soon. */
  readonly isSafeMode: boolean;

  /** What is to be done now: bounded and throttled, so call it again when work is done, and each second. */
  plan(nowMs: number): readonly Work[];
  /**
   * Work ended, as its node says: of a copy its source. Work that has ended otherwise is ignored, but for what it tells
   * of the replica.
   */
  done(work: Work, outcome: Outcome, nowMs: number): void;
  /** @param ledgerMax entries of the ledger at most; 100 when left out. */
  status(nowMs: number, ledgerMax?: number): ClusterStatus;
}
