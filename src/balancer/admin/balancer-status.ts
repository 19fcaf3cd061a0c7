/**
 * What the balancer says of itself to operators and scripts, as JSON. Fields are added, never changed in meaning.
 * Durations are milliseconds; what does not apply is null.
 */
import type { RegistrationShown } from '../discovery/registrations.ts';
import type { SourceStatus } from '../discovery/source.ts';
import type { DrainReport } from '../health/drain.ts';

export interface ListenerShown {
  readonly name: string;
  readonly protocol: string;
  readonly address: string;
  /** Connections, or sessions of UDP. */
  readonly open: number;
  readonly requests: number;
  /** Of layer 4: those that are over, and their bytes from clients and to them. */
  readonly sessions: {
    readonly ended: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  } | null;
  /** By class: none, 1xx to 5xx. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Messages that were no requests, by the name of their problem. */
  readonly refused: Readonly<Record<string, number>>;
  readonly drain: DrainReport | null;
}

export interface RouteShown {
  readonly name: string;
  readonly kind: string;
  readonly pools: readonly string[];
  readonly requests: number;
  readonly statuses: Readonly<Record<string, number>>;
}

export interface LatencyShown {
  /** How many were measured; with none the others are 0. */
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface CheckShown {
  readonly state: string;
  readonly reason: string | null;
  readonly says: string | null;
  readonly status: number | null;
  readonly detail: string | null;
  /** RFC 3339. */
  readonly at: string | null;
}

export interface ServerShown {
  readonly name: string;
  readonly address: string;
  /** The first of the causes, or `up`. */
  readonly state: string;
  readonly causes: readonly string[];
  readonly weight: number;
  /** An operator gave the weight, in the place of what its source says. */
  readonly weighed: boolean;
  readonly priority: number;
  /** The part of its turns that it takes, below 1 while it starts slowly. */
  readonly share: number;
  /** Requests and sessions under way. */
  readonly active: number;
  /** Requests that wait for a connection to it. */
  readonly queued: number;
  readonly connections: {
    readonly active: number;
    readonly idle: number;
    readonly connecting: number;
  };
  readonly requests: number;
  readonly successes: number;
  readonly failures: number;
  readonly abandoned: number;
  readonly retries: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Failures by name. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly check: CheckShown | null;
  readonly breaker: { readonly state: string; readonly probesInMs: number } | null;
  readonly ejection: { readonly endsInMs: number; readonly times: number } | null;
  readonly drain: DrainReport | null;
  /** `settings`, or the kind of source that found it. */
  readonly from: string;
}

export interface PoolShown {
  readonly name: string;
  readonly policy: string;
  readonly queued: number;
  readonly queuedTotal: number;
  readonly refused: number;
  readonly retries: number;
  /** Attempts beside one that took long. */
  readonly hedges: number;
  readonly latency: Readonly<Record<'queue' | 'connect' | 'firstByte' | 'total', LatencyShown>>;
  readonly sources: readonly SourceStatus[];
  readonly registrations: readonly RegistrationShown[];
  /** Servers left out because there were too many. */
  readonly tooMany: number;
  readonly servers: readonly ServerShown[];
}

export interface BalancerStatus {
  readonly listeners: readonly ListenerShown[];
  readonly routes: readonly RouteShown[];
  readonly pools: readonly PoolShown[];
  readonly accessLog: { readonly lines: number; readonly dropped: number } | null;
}
