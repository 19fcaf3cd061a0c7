/**
 * The connections to one server: kept ones are used again, the last one first, new ones are dialled up to a
 * limit, and beyond that requests wait in the order they came, a bounded number for a bounded time.
 *
 *     request ─▶ a kept connection ─▶ onReady
 *            └─▶ dial ──────────────▶ onReady, or onFailure
 *            └─▶ wait ──one is free──▶ onReady
 *                   └── too many, too long ──▶ onFailure
 *
 * Invariants: a request that is told nothing yet stands in `waiting`; there are at least as many dials under way
 * as connections allow and requests wait for; whoever waits longest gets the next connection.
 */
import type {
  Clock,
  DialErrorCode,
  Dialling,
  ListenAddress,
  Network,
  Timer,
  TlsClient,
} from '../runtime/index.ts';
import { type UpstreamFailure, upstreamFailures } from './failures.ts';
import { type ClientOwner, Http1Client } from './http1-client.ts';
import type { UpstreamEvents } from './request.ts';

export interface OriginLimits {
  /** Connections at once; 0 for no limit. */
  readonly connectionsMax: number;
  /** Connections kept while nobody uses them. */
  readonly idleMax: number;
  /** How long one is kept, milliseconds; shorter than the server keeps it. */
  readonly idleMs: number;
  readonly queueMax: number;
  readonly queueMs: number;
  readonly connectMs: number;
  /** From the request to the head of its response; 0 for no limit. */
  readonly headMs: number;
  /** Without a byte of a body; 0 for no limit. */
  readonly bodyStallMs: number;
  /** Without the server taking a byte of a request; 0 for no limit. Default: `bodyStallMs`. */
  readonly sendStallMs?: number;
}

export const ORIGIN_LIMITS: OriginLimits = {
  connectionsMax: 0,
  idleMax: 256,
  idleMs: 30_000,
  queueMax: 1024,
  queueMs: 10_000,
  connectMs: 5_000,
  headMs: 60_000,
  bodyStallMs: 60_000,
};

export interface OriginOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly address: ListenAddress;
  readonly tls?: TlsClient;
  readonly limits: OriginLimits;
}

interface Waiting {
  readonly events: UpstreamEvents;
  readonly sinceMs: number;
}

const TICK_MS = 250;

export class Origin implements ClientOwner {
  limits: OriginLimits;
  /** Connections that carry a request. */
  active = 0;
  /** Connections dialled so far, and of them those that came about. */
  dialled = 0;
  connected = 0;
  readonly address: ListenAddress;
  private readonly options: OriginOptions;
  private readonly idle: Http1Client[] = [];
  private readonly busy = new Set<Http1Client>();
  private readonly dials = new Set<Dialling>();
  private waiting: Waiting[] = [];
  private timer: Timer | null = null;
  private draining = false;

  constructor(options: OriginOptions) {
    this.options = options;
    this.limits = options.limits;
    this.address = options.address;
  }

  get headMs(): number {
    return this.limits.headMs;
  }
  get bodyStallMs(): number {
    return this.limits.bodyStallMs;
  }
  get sendStallMs(): number {
    return this.limits.sendStallMs ?? this.limits.bodyStallMs;
  }
  /** Requests without a connection yet. */
  get queued(): number {
    return this.waiting.length;
  }
  get connecting(): number {
    return this.dials.size;
  }
  get kept(): number {
    return this.idle.length;
  }

  monotonicMs(): number {
    return this.options.clock.monotonicMs();
  }

  /** Finds a connection for a request: `onReady` or `onFailure`, often inside this call. */
  request(events: UpstreamEvents): void {
    const { idle, limits } = this;
    if (this.draining) {
      events.onFailure(upstreamFailures.drained, '');
      return;
    }
    let client = idle.pop();
    while (client !== undefined && !client.isUsable) client = idle.pop();
    if (client !== undefined) {
      this.use(client, events);
      return;
    }
    const room = limits.connectionsMax === 0 || this.open < limits.connectionsMax;
    if (!room && this.waiting.length - this.dials.size >= limits.queueMax) {
      events.onFailure(upstreamFailures.queueFull, '');
      return;
    }
    this.waiting.push({ events, sinceMs: this.monotonicMs() });
    this.arm();
    this.dialForWaiting();
  }

  /** Forgets a request that has no connection yet. */
  cancel(events: UpstreamEvents): void {
    const index = this.waiting.findIndex((each) => each.events === events);
    if (index !== -1) this.waiting.splice(index, 1);
  }

  /** No new requests; kept connections are closed, the others behind their request. */
  drain(): void {
    this.draining = true;
    for (const client of this.idle.splice(0)) client.close();
  }

  /** Ends everything now. */
  close(): void {
    this.drain();
    for (const dial of this.dials) dial.cancel();
    this.dials.clear();
    for (const { events } of this.waiting.splice(0)) events.onFailure(upstreamFailures.drained, '');
    for (const client of [...this.busy]) client.fail(upstreamFailures.drained, '');
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.timer = null;
  }

  // From the connections.

  released(client: Http1Client, reusable: boolean): void {
    if (this.busy.delete(client)) this.active--;
    else if (!reusable) this.removeIdle(client);
    if (!reusable) {
      this.dialForWaiting();
      return;
    }
    const next = this.waiting.shift();
    if (next !== undefined) this.use(client, next.events);
    else if (this.draining || this.idle.length >= this.limits.idleMax) client.close();
    else this.keep(client);
  }

  private get open(): number {
    return this.active + this.idle.length + this.dials.size;
  }

  private keep(client: Http1Client): void {
    client.idleSinceMs = this.monotonicMs();
    this.idle.push(client);
    this.arm();
  }

  private use(client: Http1Client, events: UpstreamEvents): void {
    this.active++;
    this.busy.add(client);
    this.arm();
    client.carry(events);
  }

  private removeIdle(client: Http1Client): void {
    const index = this.idle.indexOf(client);
    if (index !== -1) this.idle.splice(index, 1);
  }

  private dialForWaiting(): void {
    const { connectionsMax } = this.limits;
    while (
      this.waiting.length > this.dials.size &&
      (connectionsMax === 0 || this.open < connectionsMax)
    ) {
      this.dial();
    }
  }

  private dial(): void {
    const { network, address, tls } = this.options;
    this.dialled++;
    const dial = network.dial(
      { address, timeoutMs: this.limits.connectMs, ...(tls !== undefined && { tls }) },
      {
        onConnected: (stream) => {
          this.dials.delete(dial);
          this.connected++;
          const client = new Http1Client(stream, this);
          const next = this.waiting.shift();
          if (next !== undefined) this.use(client, next.events);
          else if (this.draining) client.close();
          else this.keep(client);
        },
        onFailed: (code, detail) => {
          this.dials.delete(dial);
          this.waiting.shift()?.events.onFailure(failureOf(code), detail);
          this.dialForWaiting();
        },
      },
    );
    this.dials.add(dial);
  }

  private arm(): void {
    if (this.timer !== null) return;
    this.timer = this.options.clock.setTimer(TICK_MS, () => this.tick());
    this.timer.unref();
  }

  private tick(): void {
    this.timer = null;
    const nowMs = this.monotonicMs();
    const { limits, waiting, idle } = this;
    for (const client of [...this.busy]) client.tick(nowMs);
    while (waiting.length > 0 && nowMs - (waiting[0] as Waiting).sinceMs >= limits.queueMs) {
      waiting.shift()?.events.onFailure(upstreamFailures.queueTimeout, '');
    }
    // The oldest stand first: the last one used is used first.
    while (idle.length > 0 && nowMs - idle[0]!.idleSinceMs >= limits.idleMs) idle[0]!.close();
    if (this.busy.size + waiting.length + idle.length > 0) this.arm();
  }
}

function failureOf(code: DialErrorCode): UpstreamFailure {
  if (code === 'refused') return upstreamFailures.connectRefused;
  if (code === 'timeout') return upstreamFailures.connectTimeout;
  return code.startsWith('tls') ? upstreamFailures.tlsFailed : upstreamFailures.connectFailed;
}
