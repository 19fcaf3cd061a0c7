/**
 * For tests: a client of raw bytes, our proxy, and a server of raw bytes, on real sockets, with time that stands
 * still until it is told to go on.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import {
  HTTP_LIMITS,
  type HttpLimits,
  type HttpListener,
  listenHttp,
  type RefusalAnswer,
  type RequestEnding,
} from '../../src/core/downstream/index.ts';
import { bulkBuffersInUse, type Exchange, type Handler } from '../../src/core/http/index.ts';
import {
  type Attempt,
  type AttemptOutcome,
  type Forward,
  type ForwardPlan,
  forward,
} from '../../src/core/proxy/index.ts';
import type { TlsOptions, TransportTier } from '../../src/core/runtime/index.ts';
import { createNodeNetwork, createNodeTransport } from '../../src/core/runtime/node/index.ts';
import {
  createSimClock,
  createSimRandom,
  type SimClock,
} from '../../src/core/runtime/sim/index.ts';
import {
  ORIGIN_LIMITS,
  Origin,
  type OriginLimits,
  type UpstreamFailure,
  type UpstreamFailureKey,
  upstreamFailures,
} from '../../src/core/upstream/index.ts';
import type { ResponseHead } from '../../src/core/wire/index.ts';

export interface BedOptions {
  readonly limits?: Partial<HttpLimits>;
  readonly originLimits?: Partial<OriginLimits>;
  readonly replayBytes?: number;
  /** Attempts for one request. */
  readonly attempts?: number;
  readonly tier?: TransportTier;
  readonly trusted?: readonly string[];
  readonly proxyProtocol?: boolean;
  readonly allowConnect?: boolean;
  /** Another attempt beside one without an answer by then; real milliseconds. */
  readonly hedgeAfterMs?: number;
  /** In place of forwarding. */
  readonly handler?: (bed: Bed) => Handler;
  /** In place of a line of text. */
  readonly refusalAnswer?: RefusalAnswer;
  /** Where to forward instead of the raw server. */
  readonly port?: number;
  readonly host?: string;
  /** What the server speaks. */
  readonly protocol?: 'http1' | 'http2';
  readonly tls?: TlsOptions;
  /** Tells the server of the client. */
  readonly tells?: 'v1' | 'v2';
  readonly admits?: (address: string) => boolean;
  readonly trusts?: (address: string) => boolean;
}

/** How one accepted connection of the server behaves, told all that has come on it so far. */
export type Script = (peer: Peer) => void;

/** The other end of a connection, ours as a client or as a server. */
export class Peer {
  readonly socket: Socket;
  /** Of the server: which connection this is, from 0. */
  readonly index: number;
  /** Bytes so far. */
  receivedBytes = 0;
  ended = false;
  closed = false;
  error = '';
  private pieces: Buffer[] = [];
  private changed = Promise.withResolvers<void>();

  constructor(socket: Socket, index: number) {
    this.socket = socket;
    this.index = index;
    socket.on('data', (chunk: Buffer) => {
      this.pieces.push(chunk);
      this.receivedBytes += chunk.length;
      this.tell();
    });
    socket.on('end', () => {
      this.ended = true;
      this.tell();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on('close', () => {
      this.closed = true;
      this.tell();
    });
  }

  get received(): Buffer {
    if (this.pieces.length !== 1) this.pieces = [Buffer.concat(this.pieces)];
    return this.pieces[0] as Buffer;
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Each piece in a read of its own, as far as the kernel lets it. */
  async sendInPieces(pieces: readonly (string | Buffer)[]): Promise<void> {
    for (const piece of pieces) {
      this.send(piece);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Waits for it, a few seconds at most. */
  async until(done: () => boolean, what = 'what was waited for'): Promise<void> {
    const endMs = Date.now() + 8_000;
    while (!done()) {
      const leftMs = endMs - Date.now();
      if (leftMs <= 0)
        throw new Error(`${what} did not come; got ${JSON.stringify(this.text.slice(0, 600))}`);
      await Promise.race([
        this.changed.promise,
        new Promise((resolve) => setTimeout(resolve, Math.min(20, leftMs))),
      ]);
    }
  }

  untilText(part: string): Promise<void> {
    return this.until(() => this.text.includes(part), JSON.stringify(part));
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.ended || this.closed, 'the end');
  }

  private tell(): void {
    const { resolve } = this.changed;
    this.changed = Promise.withResolvers<void>();
    resolve();
  }
}

export class Bed implements ForwardPlan {
  readonly replayBytes: number;
  readonly hedgeAfterMs: number;
  readonly clock: SimClock;
  readonly origin: Origin;
  http!: HttpListener;
  /** Connections that the server accepted. */
  readonly accepted: Peer[] = [];
  readonly clients: Peer[] = [];
  /** What came of requests: status and ending. */
  readonly endings: string[] = [];
  readonly refused: string[] = [];
  /** What came of attempts: name of the failure, 'well' or 'abandoned'. */
  readonly outcomes: string[] = [];
  readonly forwards = { begun: 0, ended: 0 };
  private readonly attemptsMax: number;
  private readonly server: Server;
  private readonly bulkBefore = bulkBuffersInUse();

  private constructor(clock: SimClock, origin: Origin, server: Server, options: BedOptions) {
    this.clock = clock;
    this.origin = origin;
    this.server = server;
    this.replayBytes = options.replayBytes ?? 0;
    this.hedgeAfterMs = options.hedgeAfterMs ?? 0;
    this.attemptsMax = options.attempts ?? 1;
  }

  static async open(script: Script, options: BedOptions = {}): Promise<Bed> {
    const transport = await createNodeTransport(options.tier);
    const network = createNodeNetwork(transport);
    // Time stands still, but the loop turns: what is written at the end of a turn leaves.
    const nextTurn = (run: () => void): void => void setImmediate(run);
    const clock: SimClock = { ...createSimClock(), nextTurn };
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = options.port ?? (server.address() as AddressInfo).port;
    const origin = new Origin({
      ...{ network, clock, address: { host: options.host ?? '127.0.0.1', port } },
      limits: { ...ORIGIN_LIMITS, ...options.originLimits },
      ...(options.tells !== undefined && { proxyProtocol: options.tells }),
      protocol: options.protocol ?? 'http1',
    });
    const bed = new Bed(clock, origin, server, options);
    server.on('connection', (socket) => {
      const peer = new Peer(socket, bed.accepted.length);
      bed.accepted.push(peer);
      script(peer);
    });
    bed.http = await listenHttp({
      ...{ transport, clock, address: { host: '127.0.0.1', port: 0 } },
      ...(options.tls !== undefined && { tls: options.tls }),
      limits: { ...HTTP_LIMITS, ...options.limits },
      handler: options.handler?.(bed) ?? ((exchange) => bed.forward(exchange)),
      ...(options.refusalAnswer !== undefined && { refusalAnswer: options.refusalAnswer }),
      trusts: options.trusts ?? ((address) => options.trusted?.includes(address) ?? false),
      proxyProtocol: options.proxyProtocol ?? false,
      allowConnect: options.allowConnect ?? false,
      random: createSimRandom(1),
      events: {
        onRequestEnd: (exchange, ending) => bed.requestEnded(exchange, ending),
        onRefused: ({ name }) => bed.refused.push(name),
        ...(options.admits !== undefined && { admits: options.admits }),
      },
    });
    return bed;
  }

  get port(): number {
    return this.http.listener.port;
  }

  forward(exchange: Exchange): void {
    forward(exchange, this);
  }

  async connect(allowHalfOpen = true): Promise<Peer> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen });
    socket.setNoDelay(true);
    await once(socket, 'connect');
    const client = new Peer(socket, this.clients.length);
    this.clients.push(client);
    return client;
  }

  /** A request of its own connection, and all that comes back until that ends. */
  async ask(request: string | Buffer): Promise<string> {
    const client = await this.connect();
    client.send(request);
    await client.untilClosed();
    client.socket.destroy();
    return client.text;
  }

  /** Lets timeouts see that time has passed, in steps so that sockets can speak. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1000) {
      await this.clock.advance(Math.min(1000, left));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Nothing is left open on our side: connections, requests, bulk buffers. */
  async untilEmpty(): Promise<void> {
    // A client that left with a request waiting behind another is not read: only a timeout of the server ends
    // that, and a busy machine takes its time over so many steps of the clock.
    const endMs = Date.now() + 30_000;
    for (;;) {
      const { begun, ended } = this.forwards;
      const left = {
        connections: this.http.listener.connections,
        active: this.origin.active,
        queued: this.origin.queued,
        attempts: begun - ended,
        bulk: bulkBuffersInUse() - this.bulkBefore,
      };
      if (Object.values(left).every((count) => count === 0)) return;
      if (Date.now() > endMs) throw new Error(`left open: ${JSON.stringify(left)}`);
      await this.clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.clients) socket.destroy();
    await this.http.listener.stop();
    this.origin.close();
    for (const { socket } of this.accepted) socket.destroy();
    this.server.close();
  }

  // As a ForwardPlan.

  nowMs(): number {
    return this.clock.monotonicMs();
  }

  choose(): Bed {
    this.forwards.begun++;
    return this;
  }

  /** The same server again: its script tells the attempts apart by their connections. */
  hedge(): Bed {
    return this.choose();
  }

  forgetWaiting(): void {}

  request(_exchange: Exchange): void {}

  response(): void {}

  retryAfterMs(
    _exchange: Exchange,
    tried: Forward,
    _failure: UpstreamFailure | undefined,
    head: ResponseHead | undefined,
  ): number {
    if (head !== undefined && head.status !== 503) return -1;
    return tried.attempts < this.attemptsMax && tried.replayable ? 0 : -1;
  }

  ended(_exchange: Exchange, _attempt: Attempt, { failure, abandoned }: AttemptOutcome): void {
    this.forwards.ended++;
    this.outcomes.push(failure?.name ?? (abandoned ? 'abandoned' : 'well'));
  }

  later(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  }

  private requestEnded(exchange: Exchange, ending: RequestEnding): void {
    // An access log asks for them. Who has gone before it was accepted has no address.
    if (exchange.client.remotePort < 0 || exchange.wallMs() < 0) throw new Error('no client');
    this.endings.push(`${exchange.status} ${ending}`);
  }
}

/** Opens a bed for one test and holds that nothing is left behind. */
export async function withBed(
  script: Script,
  options: BedOptions,
  work: (bed: Bed) => Promise<void>,
): Promise<void> {
  const bed = await Bed.open(script, options);
  try {
    await work(bed);
    for (const { socket } of bed.clients) socket.destroy();
    await bed.untilEmpty();
  } finally {
    await bed.close();
  }
}

/** Answers each whole request; `early`: each head, whatever body comes. */
export function answering(
  response: string | ((request: string, peer: Peer) => string),
  early = false,
): Script {
  return (peer) => {
    let at = 0;
    peer.socket.on('data', () => {
      for (;;) {
        const end = requestEnd(peer.text, at, early);
        if (end === -1) return;
        const request = peer.text.slice(at, end);
        at = end;
        peer.send(typeof response === 'string' ? response : response(request, peer));
      }
    });
  };
}

/** Where the request that begins at `at` ends, -1 when it has not come. */
function requestEnd(text: string, at: number, early: boolean): number {
  const end = text.indexOf('\r\n\r\n', at);
  if (end === -1 || early) return end === -1 ? -1 : end + 4;
  const head = text.slice(at, end);
  const length = Number(/\r\nContent-Length: (\d+)/i.exec(head)?.[1] ?? 0);
  if (!/\r\nTransfer-Encoding: chunked/i.test(head)) {
    return text.length >= end + 4 + length ? end + 4 + length : -1;
  }
  const last = text.startsWith('0\r\n\r\n', end + 4) ? end + 2 : text.indexOf('\r\n0\r\n\r\n', end);
  return last === -1 ? -1 : text.indexOf('\r\n\r\n', last + 2) + 4;
}

export function ok(body: string, more = ''): string {
  return `HTTP/1.1 200 OK\r\nDate: now\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** The status of each response in a text, in order. */
export function statuses(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => match[1] as string);
}

export function failureName(key: UpstreamFailureKey): string {
  return upstreamFailures[key].name;
}
