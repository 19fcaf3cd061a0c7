/**
 * Makes a listener: accepts within the limit, looks at timeouts, drains and stops.
 *
 * Timeouts are looked at by one scan of all connections per tick (a second at most), not by a timer
 * per connection: 10,000 connections cost a tenth of a millisecond a second and nothing per chunk.
 */
import type {
  ByteStream,
  Clock,
  Preface,
  StreamEvents,
  Timer,
  TlsOptions,
  TransportListener,
} from '../runtime/index.ts';
import { AcceptedConnection, type ConnectionOwner } from './accepted.ts';
import { connectionEndings, type EndingReason } from './ending-reasons.ts';
import { limits } from './limits.ts';
import type { Listener, ListenerStats, ListenOptions } from './listener.ts';

/** Unique in the process, so that logs of two listeners can be told apart. */
let lastId = 0;

/**
 * Listens on an address.
 * @throws ListenError when the address cannot be had or the TLS settings cannot be used.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const listener = new OpenListener(options);
  await listener.start();
  return listener;
}

class OpenListener implements Listener, ConnectionOwner {
  readonly endings;
  readonly flushTimeoutMs: number;
  readonly flushTotalMs: number;
  readonly bufferedBytesMax: number;
  private readonly options: ListenOptions;
  private readonly clock: Clock;
  private readonly tickMs: number;
  private readonly open = new Set<AcceptedConnection>();
  private readonly rejecting = new Set<Rejected>();
  private transport: TransportListener | null = null;
  private connectionsMax: number;
  private accepting = true;
  private tickTimer: Timer | null = null;
  private emptied: (() => void)[] = [];
  private accepted = 0;
  private rejected = 0;
  private acceptErrors = 0;

  constructor(options: ListenOptions) {
    this.options = options;
    this.clock = options.clock;
    this.endings = options.endings ?? connectionEndings('plinth_connections_ended_total');
    this.connectionsMax = options.connectionsMax ?? limits.connectionsMax;
    this.flushTimeoutMs = options.flushTimeoutMs ?? limits.flushTimeoutMs;
    this.flushTotalMs = options.flushTotalMs ?? limits.flushTotalMs;
    this.bufferedBytesMax = options.bufferedBytesMax ?? limits.bufferedBytesMax;
    const shortestMs = Math.min(this.flushTimeoutMs, options.idleTimeoutMs || limits.tickMaxMs * 4);
    this.tickMs = Math.min(limits.tickMaxMs, Math.max(limits.tickMinMs, shortestMs / 4));
  }

  async start(): Promise<void> {
    const { options } = this;
    this.transport = await options.transport.listen({
      address: options.address,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
      backlog: options.backlog ?? limits.backlog,
      keepAliveMs: options.keepAliveMs ?? limits.keepAliveMs,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs,
      admit: () => this.admit(),
      ...(options.preface !== undefined && { preface: options.preface }),
      onAccept: (stream, preface) => this.accept(stream, preface),
      onAcceptError: () => {
        this.acceptErrors++;
      },
      onHandshakeEnd: (why) => {
        this.accepted++;
        this.endings.count(why);
      },
    });
  }

  get port(): number {
    return this.transport!.port;
  }
  get name(): string {
    return this.transport!.name;
  }
  get connections(): number {
    return this.open.size;
  }

  stats(): ListenerStats {
    let bufferedBytes = 0;
    for (const connection of this.open) bufferedBytes += connection.bufferedBytes;
    const { accepted, rejected, acceptErrors } = this;
    const handshaking = this.transport!.handshaking;
    return { accepted, rejected, acceptErrors, open: this.open.size, handshaking, bufferedBytes };
  }

  setConnectionsMax(count: number): void {
    this.connectionsMax = count;
  }

  setKeepAlive(ms: number): void {
    this.transport!.setKeepAlive(ms);
  }

  updateTls(tls: TlsOptions): void {
    this.transport!.updateTls(tls);
  }

  async drain(deadlineMs: number): Promise<number> {
    await this.stopAccepting();
    for (const connection of [...this.open]) connection.requestDrain();
    await this.emptyOrPassed(deadlineMs);
    const left = this.open.size;
    await this.destroyAll('server-drain');
    return left;
  }

  async stop(): Promise<void> {
    await this.stopAccepting();
    await this.destroyAll('server-stop');
  }

  // For the connections.

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  closed(connection: AcceptedConnection, reason: EndingReason): void {
    this.endings.count(reason);
    this.open.delete(connection);
    this.options.onClosed?.(connection);
    this.leave();
  }

  private accept(stream: ByteStream, preface?: Preface): void {
    this.accepted++;
    if (!this.accepting) {
      this.endings.count('server-stop');
      stream.destroy();
      return;
    }
    // TLS connections were admitted before their handshake.
    if (!stream.encrypted && this.open.size >= this.connectionsMax) {
      this.reject(stream);
      return;
    }
    const idleMs = this.options.idleTimeoutMs ?? 0;
    const connection = new AcceptedConnection(++lastId, stream, this, idleMs);
    this.open.add(connection);
    this.armTick();
    connection.begin(this.options.onConnection(connection, preface));
  }

  private admit(): boolean {
    const room = this.open.size + this.transport!.handshaking < this.connectionsMax;
    if (this.accepting && room) return true;
    this.accepted++;
    this.rejected++;
    this.endings.count(room ? 'server-stop' : 'connections-limit');
    return false;
  }

  private reject(stream: ByteStream): void {
    this.rejected++;
    this.endings.count('connections-limit');
    const words = this.options.onReject?.(stream.remoteAddress);
    if (words === undefined || this.rejecting.size >= limits.rejectingMax) {
      if (words !== undefined) stream.write(words);
      stream.destroy();
      return;
    }
    const rejected = new Rejected(stream, this.monotonicMs() + this.flushTimeoutMs, () => {
      this.rejecting.delete(rejected);
      this.leave();
    });
    this.rejecting.add(rejected);
    this.armTick();
    stream.attach(rejected);
    stream.write(words);
    stream.shutdown();
  }

  private leave(): void {
    if (this.open.size + this.rejecting.size > 0) return;
    for (const resolve of this.emptied.splice(0)) resolve();
  }

  private armTick(): void {
    if (this.tickTimer !== null) return;
    this.tickTimer = this.clock.setTimer(this.tickMs, () => this.tick());
    this.tickTimer.unref();
  }

  private tick(): void {
    this.tickTimer = null;
    const nowMs = this.clock.monotonicMs();
    for (const connection of this.open) connection.tick(nowMs);
    for (const rejected of this.rejecting) rejected.tick(nowMs);
    if (this.open.size + this.rejecting.size > 0) this.armTick();
  }

  private async stopAccepting(): Promise<void> {
    if (!this.accepting) return;
    this.accepting = false;
    await this.transport!.close();
  }

  private async destroyAll(reason: EndingReason): Promise<void> {
    for (const connection of this.open) connection.destroy(reason);
    for (const rejected of this.rejecting) rejected.destroy();
    await this.empty();
  }

  private empty(): Promise<void> {
    if (this.open.size + this.rejecting.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.emptied.push(resolve);
    });
  }

  private async emptyOrPassed(deadlineMs: number): Promise<void> {
    const passed = Promise.withResolvers<void>();
    const timer = this.clock.setTimer(deadlineMs, passed.resolve);
    await Promise.race([this.empty(), passed.promise]);
    this.clock.clearTimer(timer);
  }
}

/** A connection above the limit: told why, then left to read it until its deadline. */
class Rejected implements StreamEvents {
  private readonly stream: ByteStream;
  private readonly deadlineMs: number;
  readonly onClosed: () => void;

  constructor(stream: ByteStream, deadlineMs: number, onClosed: () => void) {
    this.stream = stream;
    this.deadlineMs = deadlineMs;
    this.onClosed = onClosed;
  }

  onData(): void {}
  onDrain(): void {}
  onEnd(): void {}

  tick(nowMs: number): void {
    if (nowMs >= this.deadlineMs) this.destroy();
  }

  destroy(): void {
    this.stream.destroy();
  }
}
