/**
 * The connections to one server: kept ones are used again, the last one first, new ones are dialled up to a
 * limit, and beyond that requests wait in the order they came, a bounded number for a bounded time.
 *
 *     request ─▶ a kept connection ─▶ onReady
 *            └─▶ dial ──────────────▶ onReady, or onFailure
 *            └─▶ wait ──one is free──▶ onReady
 *                   └── too many, too long ──▶ onFailure
 *
 * What a connection speaks is its own matter (`UpstreamClient`): one of HTTP/1 takes one request at a time, one of
 * HTTP/2 many, and then another is dialled only when none has room.
 *
 * Invariants: a request that is told nothing yet stands in `waiting`; there are at least as many dials under way
 * as connections allow and requests wait for; whoever waits longest gets the next connection.
 */
import { Bag } from '../base/index.ts';
import type {
  ByteStream,
  Clock,
  DialErrorCode,
  Dialling,
  ListenAddress,
  Network,
  Timer,
  TlsClient,
} from '../runtime/index.ts';
import { encodeProxyHeader, encodeProxyLine, type ProxyEndpoints } from '../wire/index.ts';
import type { ClientOwner, UpstreamClient } from './client.ts';
import { type UpstreamFailure, upstreamFailures } from './failures.ts';
import { Http1Client } from './http1-client.ts';
import { Http2Client, STREAMS_EXPECTED } from './http2-client.ts';
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
  /** What the server speaks, without TLS from the first byte on. Default: http1. */
  readonly protocol?: 'http1' | 'http2';
  /** Tells the server of each client by a PROXY protocol header, so that no connection serves two requests. */
  readonly proxyProtocol?: 'v1' | 'v2';
  /** Our end's address; default: the system's choice. */
  readonly localAddress?: string;
}

interface Waiting {
  readonly events: UpstreamEvents;
  readonly sinceMs: number;
  /** Of a request whose client is told of: what to tell, and the dial that is for it alone. */
  readonly header: Buffer | null;
  dial: Dialling | null;
}

const TICK_MS = 250;
/** Put aside since the last tick, which puts a time to it: a clock is not read for every response. */
const NOT_SEEN = -1;

export class Origin implements ClientOwner {
  limits: OriginLimits;
  /** Connections dialled so far, and of them those that came about. */
  dialled = 0;
  connected = 0;
  readonly address: ListenAddress;
  private readonly options: OriginOptions;
  private readonly idle: UpstreamClient[] = [];
  private readonly busy = new Bag<UpstreamClient>();
  /** Of the busy ones: those that may have room for another request. */
  private readonly sharing = new Set<UpstreamClient>();
  private readonly dials = new Set<Dialling>();
  private waiting: Waiting[] = [];
  private timer: Timer | null = null;
  private draining = false;
  /** Requests that one connection is expected to take. */
  private readonly perDial: number;

  constructor(options: OriginOptions) {
    const shares = options.protocol === 'http2' && options.proxyProtocol === undefined;
    this.perDial = shares ? STREAMS_EXPECTED : 1;
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
  /** Connections that carry a request. */
  get active(): number {
    return this.busy.size;
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

  /** Whether `request` wants to know the client. */
  get tellsClient(): boolean {
    return this.options.proxyProtocol !== undefined;
  }

  /**
   * Finds a connection for a request: `onReady` or `onFailure`, often inside this call. `endpoints`: the client,
   * where the server is told of it; null: us.
   */
  request(events: UpstreamEvents, endpoints: ProxyEndpoints | null = null): void {
    const { limits } = this;
    if (this.draining) {
      events.onFailure(upstreamFailures.drained, '');
      return;
    }
    const client = this.tellsClient ? undefined : this.find();
    if (client !== undefined) {
      this.use(client, events);
      return;
    }
    const room = limits.connectionsMax === 0 || this.open < limits.connectionsMax;
    if (!room && this.waiting.length - this.dials.size * this.perDial >= limits.queueMax) {
      events.onFailure(upstreamFailures.queueFull, '');
      return;
    }
    const header = this.headerOf(endpoints);
    this.waiting.push({ events, sinceMs: this.monotonicMs(), header, dial: null });
    this.arm();
    this.dialForWaiting();
  }

  /** Forgets a request that has no connection yet. */
  cancel(events: UpstreamEvents): void {
    const index = this.waiting.findIndex((each) => each.events === events);
    if (index === -1) return;
    const [{ dial }] = this.waiting.splice(index, 1) as [Waiting];
    if (dial === null) return;
    dial.cancel();
    this.dials.delete(dial);
    this.dialForWaiting();
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
    for (const client of this.busy.list()) client.fail(upstreamFailures.drained, '');
    if (this.timer !== null) this.options.clock.clearTimer(this.timer);
    this.timer = null;
  }

  // From the connections.

  released(client: UpstreamClient, reusable: boolean): void {
    const wasBusy = client.carrying === 0 && this.busy.delete(client);
    if (!reusable) {
      this.sharing.delete(client);
      if (!wasBusy) this.removeIdle(client);
      this.dialForWaiting();
      return;
    }
    if (this.tellsClient) {
      client.close();
      return;
    }
    if (this.waiting.length > 0) this.serveWaiting(client);
    if (client.carrying > 0) {
      if (client.room > 0) this.sharing.add(client);
    } else if (wasBusy) {
      this.sharing.delete(client);
      if (this.draining || this.idle.length >= this.limits.idleMax) client.close();
      else this.keep(client);
    }
  }

  private get open(): number {
    return this.busy.size + this.idle.length + this.dials.size;
  }

  /** A connection with room: one that is used already, so that there are few, or else the one kept last. */
  private find(): UpstreamClient | undefined {
    if (this.sharing.size > 0) {
      for (const client of this.sharing) {
        if (client.room > 0) return client;
        this.sharing.delete(client);
      }
    }
    let client = this.idle.pop();
    while (client?.room === 0) client = this.idle.pop();
    return client;
  }

  /** Gives a connection those that wait, as many as it takes. */
  private serveWaiting(client: UpstreamClient): void {
    while (client.room > 0) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.use(client, next.events);
    }
  }

  private keep(client: UpstreamClient): void {
    client.idleSinceMs = NOT_SEEN;
    this.idle.push(client);
    this.arm();
  }

  private use(client: UpstreamClient, events: UpstreamEvents): void {
    this.busy.add(client);
    this.arm();
    client.carry(events);
    if (client.carrying > 0 && client.room > 0) this.sharing.add(client);
  }

  private removeIdle(client: UpstreamClient): void {
    const index = this.idle.indexOf(client);
    if (index !== -1) this.idle.splice(index, 1);
  }

  private dialForWaiting(): void {
    const { connectionsMax } = this.limits;
    while (
      this.waiting.length > this.dials.size * this.perDial &&
      (connectionsMax === 0 || this.open < connectionsMax)
    ) {
      this.dial(this.tellsClient ? this.waiting.find(({ dial }) => dial === null) : undefined);
    }
  }

  /** @param own the request that the connection is for, if it is for one alone. */
  private dial(own: Waiting | undefined): void {
    const { network, address, tls, localAddress } = this.options;
    this.dialled++;
    const preface = own?.header ?? null;
    const dial = network.dial(
      {
        ...{ address, timeoutMs: this.limits.connectMs },
        ...(localAddress !== undefined && { localAddress }),
        ...(tls !== undefined && { tls, ...(preface !== null && { preface }) }),
      },
      {
        onConnected: (stream) => {
          this.dials.delete(dial);
          if (own !== undefined) this.bringForward(own);
          if (preface !== null && tls === undefined) stream.write(preface);
          this.join(stream);
        },
        onFailed: (code, detail) => {
          this.dials.delete(dial);
          if (own !== undefined) this.bringForward(own);
          this.failWaiting(failureOf(code), detail);
        },
      },
    );
    if (own !== undefined) own.dial = dial;
    this.dials.add(dial);
  }

  /** The next connection is this request's, whoever waits longer. */
  private bringForward(own: Waiting): void {
    const { waiting } = this;
    waiting.splice(waiting.indexOf(own), 1);
    waiting.unshift(own);
  }

  private headerOf(endpoints: ProxyEndpoints | null): Buffer | null {
    const { proxyProtocol } = this.options;
    if (proxyProtocol === undefined) return null;
    return proxyProtocol === 'v1' ? encodeProxyLine(endpoints) : encodeProxyHeader(endpoints);
  }

  /** A connection has come about. */
  private join(stream: ByteStream): void {
    const { protocol, clock } = this.options;
    if (protocol === 'http2' && stream.encrypted && stream.alpn !== 'h2') {
      stream.destroy();
      this.failWaiting(upstreamFailures.tlsFailed, 'the server does not offer HTTP/2 (ALPN h2)');
      return;
    }
    this.connected++;
    const client =
      protocol === 'http2' ? new Http2Client(stream, this, clock) : new Http1Client(stream, this);
    if (this.waiting.length > 0) this.serveWaiting(client);
    else if (this.draining || this.idle.length >= this.limits.idleMax) client.close();
    else this.keep(client);
    this.dialForWaiting();
  }

  /** A dial has failed, and with it the requests that no other dial is for. */
  private failWaiting(failure: UpstreamFailure, detail: string): void {
    const { waiting, dials, perDial } = this;
    const left = Math.max(1, waiting.length - dials.size * perDial);
    for (const { events } of waiting.splice(0, Math.min(perDial, left))) {
      events.onFailure(failure, detail);
    }
    this.dialForWaiting();
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
    for (const client of this.busy.list()) client.tick(nowMs);
    while (waiting.length > 0 && nowMs - (waiting[0] as Waiting).sinceMs >= limits.queueMs) {
      const { events } = waiting[0] as Waiting;
      this.cancel(events);
      events.onFailure(upstreamFailures.queueTimeout, '');
    }
    for (const client of idle) if (client.idleSinceMs === NOT_SEEN) client.idleSinceMs = nowMs;
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
