/**
 * One server as policies, health and queues see it: what an operator said of it, what is under way there,
 * and why it may not be chosen.
 *
 * The object lives as long as the server is in its pool, through every change of the pool's settings, so
 * that counts, averages and breakers survive them. Each part has one writer: what an operator said and the
 * causes `Pool`, the work under way `Attempts`, the record `Outliers`, the rest the policies.
 * Hot: bench/balancer-policies.ts.
 */
import { type CircuitBreaker, PeakEwma } from '../../core/resilience/index.ts';
import { hashText } from '../keys/hash.ts';
import { forbidsBoundWork, type ServerState, stateOf } from './server-causes.ts';
import { ServerRecord } from './server-record.ts';

/** What an operator or discovery says of a server. Names are unique within a pool. */
export interface ServerSpec {
  /** What the server is known by in logs, metrics, cookies and hashes: keys follow it, not the address. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Share of the work relative to the others, 0 to 1,000, whole. With 0 only bound sessions go there. */
  readonly weight: number;
  /** 0 is used first; higher numbers when too few of the lower ones are well. */
  readonly priority: number;
  /** Requests (layer 7) or sessions (layer 4) under way at a time; Infinity for no limit. */
  readonly activeMax: number;
}

export const WEIGHT_MAX = 1000;

/** Time constant of a server's latency average, in milliseconds. Source: Finagle's default. */
const LATENCY_TIME_CONSTANT_MS = 10_000;

export class Server {
  readonly name: string;
  /** Two independent hashes of the name, for rings and tables. */
  readonly id: number;
  readonly secondId: number;
  host: string;
  port: number;
  weight: number;
  priority: number;
  activeMax: number;

  /** Requests or sessions under way. */
  active = 0;
  /** Connections open, idle ones included. */
  connections = 0;
  /** Requests that wait for this server and no other. */
  queued = 0;
  breaker: CircuitBreaker | undefined = undefined;
  /** Whether there is room: below `activeMax`, and the breaker lets one more pass. */
  admits = true;

  /** Bits of `serverCauseTable`. */
  causes = 0;
  /** Slow start: the part of its turns that it takes, above 0 up to 1. */
  share = 1;
  /** Index of its level, place among the members of the level, and among its candidates (-1: none). */
  level = 0;
  member = -1;
  slot = -1;

  /** What its answers were like, for the ejection of outliers. */
  readonly record = new ServerRecord();

  /** The choice that must not take this server, by number: tried already, or passed over. */
  mark = 0;
  /** Latency of its answers in milliseconds. */
  readonly latency = new PeakEwma(LATENCY_TIME_CONSTANT_MS);
  /** When it was last chosen, in monotonic milliseconds; -Infinity for never. */
  chosenAtMs = Number.NEGATIVE_INFINITY;

  constructor(spec: ServerSpec) {
    this.name = spec.name;
    this.id = hashText(spec.name);
    this.secondId = hashText(spec.name, 0x5bd1e995);
    this.host = spec.host;
    this.port = spec.port;
    this.weight = spec.weight;
    this.priority = spec.priority;
    this.activeMax = spec.activeMax;
  }

  get state(): ServerState {
    return stateOf(this.causes);
  }

  /** Whether a session that is bound to this server may go on there. */
  get takesBoundWork(): boolean {
    return (this.causes & forbidsBoundWork) === 0;
  }
}
