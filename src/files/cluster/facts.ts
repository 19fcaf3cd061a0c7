/**
 * What DataNodes say of themselves, and what the namespace wants: the input of the cluster's state.
 *
 * Times are milliseconds of a monotonic clock, sizes are bytes.
 */

/** A disk that is full takes no writes; of a failed one nothing counts. */
export type DiskHealth = 'open' | 'full' | 'failed';

export interface DiskFacts {
  readonly id: string;
  readonly state: DiskHealth;
  readonly totalBytes: number;
  /** What may still be written. */
  readonly freeBytes: number;
}

/** A DataNode as it introduces itself. */
export interface NodeFacts {
  /** Kept on its disks: the same after a restart, whatever its address is. */
  readonly id: string;
  /** `host:port` of its data connections. */
  readonly address: string;
  readonly rack: string;
  readonly disks: readonly DiskFacts[];
}

export interface NodeBeat {
  readonly disks: readonly DiskFacts[];
  /** Blocks that are being read from it and written to it now. */
  readonly transfers: number;
}

/** A replica counts for its block only when stamp and length are those that the namespace has. */
export interface Replica {
  readonly block: number;
  readonly stamp: number;
  readonly length: number;
  /** Its node knows that it is damaged. Left out: it is not known to be. */
  readonly isCorrupt?: boolean;
}

/** A block as the namespace names it. */
export interface Wanted {
  readonly block: number;
  readonly stamp: number;
  readonly length: number;
  /** Replicas that are wanted, 1 .. 15. */
  readonly replication: number;
}

/**
 * What the namespace says of a block: wanted; `held`: not named, but somebody writes or reads it; undefined:
 * nobody knows it. It is asked only for blocks that the state does not know (see `unknown`).
 */
export type Lookup = (block: number) => Wanted | 'held' | undefined;

/** live: heartbeats come. stale: some are missing, nothing is written to it. dead: its replicas do not count. */
export type NodeState = 'live' | 'stale' | 'dead';

/** What the administrator wants of a node. */
export type Admin = 'in-service' | 'decommission' | 'maintenance';

/** How far that is: `decommissioned` and `in-maintenance` say that the node may be switched off. */
export type AdminState =
  | 'in-service'
  | 'decommissioning'
  | 'decommissioned'
  | 'entering-maintenance'
  | 'in-maintenance';

/** Where a writer or reader is. */
export interface Place {
  /** Id of the DataNode on its machine, when there is one. */
  readonly node?: string;
  readonly rack?: string;
}

export interface TargetRequest {
  readonly replication: number;
  /** What each target must have room for. */
  readonly bytes: number;
  readonly writer?: Place;
  /** Nodes that must not be given: those that failed just now, or have the block. */
  readonly exclude?: ReadonlySet<string>;
}

/** Ids of nodes, first the one to be written to first; at least one, perhaps fewer than wanted. */
export type Targets =
  | { readonly found: true; readonly nodes: readonly string[] }
  | { readonly found: false; readonly why: 'no-nodes' | 'disk-full' };

/** A node that has a block whole. */
export interface Located {
  readonly node: string;
  /** `host:port` of its data connections. */
  readonly address: string;
  readonly rack: string;
}

/** One replica by its full name. */
export interface Holder {
  readonly node: string;
  readonly stamp: number;
}
