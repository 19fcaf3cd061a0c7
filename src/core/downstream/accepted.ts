/**
 * One accepted connection: the state between a stream of `core/runtime` and a protocol's handler.
 *
 *     open ──close()──▶ closing ──both sides ended──▶ ended
 *       │                  │ deadline                   ▲
 *       └── destroy(), error, limit ────────────────────┘
 *
 * Invariants: the first reason given stays (but a close that could not be flushed is a
 * 'flush-timeout'); nothing reaches the handler but `onDrain` and `onClose` once it has closed; no
 * clock is read per chunk, a flag says that there was one and the listener's tick reads the flag.
 * Measured by bench/transport.ts.
 */
import type { ByteStream, PeerCertificate, StreamEvents } from '../runtime/index.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import type { EndingReason } from './ending-reasons.ts';

/** What a connection needs of its listener. */
export interface ConnectionOwner {
  readonly flushTimeoutMs: number;
  readonly flushTotalMs: number;
  readonly bufferedBytesMax: number;
  monotonicMs(): number;
  closed(connection: AcceptedConnection, reason: EndingReason): void;
}

const open = 0;
const closing = 1;
const ended = 2;

export class AcceptedConnection implements Connection, StreamEvents {
  readonly id: number;
  private readonly stream: ByteStream;
  private readonly owner: ConnectionOwner;
  private handler: ConnectionHandler | null = null;
  private state = open;
  private reason: EndingReason | null = null;
  private paused = false;
  /** Something came from the peer since the last tick. */
  private active = false;
  private lastActiveMs: number;
  private lastBufferedBytes = 0;
  private idleTimeoutMs: number;
  /** When a closing connection is cut off, unless its peer takes bytes before. */
  private deadlineMs = 0;
  /** When it is cut off all the same. */
  private lastDeadlineMs = 0;

  constructor(id: number, stream: ByteStream, owner: ConnectionOwner, idleTimeoutMs: number) {
    this.id = id;
    this.stream = stream;
    this.owner = owner;
    this.idleTimeoutMs = idleTimeoutMs;
    this.lastActiveMs = owner.monotonicMs();
  }

  /** Names the handler and starts reading. */
  begin(handler: ConnectionHandler): void {
    this.handler = handler;
    this.stream.attach(this);
  }

  get remoteAddress(): string {
    return this.stream.remoteAddress;
  }
  get remotePort(): number {
    return this.stream.remotePort;
  }
  get localAddress(): string {
    return this.stream.localAddress;
  }
  get localPort(): number {
    return this.stream.localPort;
  }
  get encrypted(): boolean {
    return this.stream.encrypted;
  }
  get alpn(): string {
    return this.stream.alpn;
  }
  get serverName(): string {
    return this.stream.serverName;
  }
  get chunksStay(): boolean {
    return this.stream.chunksStay;
  }
  get bufferedBytes(): number {
    return this.stream.bufferedBytes;
  }
  get closing(): boolean {
    return this.state !== open;
  }

  peerCertificate(): PeerCertificate | undefined {
    return this.stream.peerCertificate();
  }

  write(bytes: Buffer): boolean {
    if (this.state !== open) return true;
    const free = this.stream.write(bytes);
    return this.withinLimit() ? free : true;
  }

  writev(list: readonly Buffer[]): boolean {
    if (this.state !== open) return true;
    const free = this.stream.writev(list);
    return this.withinLimit() ? free : true;
  }

  pause(): void {
    if (this.state !== open || this.paused) return;
    this.paused = true;
    this.stream.pause();
  }

  resume(): void {
    if (this.state !== open || !this.paused) return;
    this.paused = false;
    this.active = true; // the silence was ours
    this.stream.resume();
  }

  useReadBuffer(buffer: Buffer | null): void {
    if (this.state !== ended) this.stream.useReadBuffer(buffer);
  }

  close(reason: EndingReason): void {
    if (this.state !== open) return;
    // The end of the peer is read even when it had been paused: closing a socket with unread bytes
    // sends RST, and RST may destroy our last reply in the peer's buffer (RFC 9112 section 9.6
    // tells the story for HTTP).
    if (this.paused) this.stream.resume();
    this.state = closing;
    this.reason = reason;
    const nowMs = this.owner.monotonicMs();
    this.lastDeadlineMs = nowMs + this.owner.flushTotalMs;
    this.lastBufferedBytes = this.stream.bufferedBytes;
    this.setDeadline(nowMs);
    this.stream.shutdown();
  }

  shutdown(): void {
    if (this.state === open) this.stream.shutdown();
  }

  destroy(reason: EndingReason): void {
    if (this.state === ended) return;
    this.state = ended;
    this.reason ??= reason;
    if (this.stream.bufferedBytes > 0) this.stream.reset();
    else this.stream.destroy();
  }

  reset(reason: EndingReason): void {
    if (this.state === ended) return;
    this.state = ended;
    this.reason ??= reason;
    this.stream.reset();
  }

  setIdleTimeout(ms: number): void {
    this.idleTimeoutMs = ms;
    this.active = true; // counts from now
  }

  /** Asks the handler to finish; a handler that cannot be asked is closed, flushed. */
  requestDrain(): void {
    if (this.state !== open) return;
    if (this.handler?.onDrainRequested !== undefined) this.handler.onDrainRequested();
    else this.close('server-drain');
  }

  /** The listener's tick, `nowMs` monotonic. */
  tick(nowMs: number): void {
    if (this.state === closing) this.lookAtFlush(nowMs);
    if (this.state !== open) return;
    const bufferedBytes = this.stream.bufferedBytes;
    if (this.active || this.paused || bufferedBytes !== this.lastBufferedBytes) {
      this.active = false;
      this.lastActiveMs = nowMs;
      this.lastBufferedBytes = bufferedBytes;
    } else if (this.idleTimeoutMs > 0 && nowMs - this.lastActiveMs >= this.idleTimeoutMs) {
      this.destroy('idle-timeout');
      return;
    }
    this.handler?.onTick?.(nowMs);
  }

  // From the stream.

  onData(chunk: Buffer): void {
    if (this.state !== open) return;
    this.active = true;
    this.handler!.onData(chunk);
  }

  onDrain(): void {
    if (this.state !== ended) this.handler!.onDrain();
  }

  onEnd(): void {
    if (this.state === open) this.handler!.onEnd();
  }

  onClosed(error: string | null): void {
    this.state = ended;
    this.reason ??= reasonOf(error);
    this.owner.closed(this, this.reason);
    this.handler!.onClose(this.reason);
  }

  private withinLimit(): boolean {
    if (this.stream.bufferedBytes <= this.owner.bufferedBytesMax) return true;
    this.destroy('output-limit');
    return false;
  }

  /** Cuts off a peer that takes nothing any more; one that is only slow gets all its bytes. */
  private lookAtFlush(nowMs: number): void {
    const { bufferedBytes } = this.stream;
    if (bufferedBytes < this.lastBufferedBytes) this.setDeadline(nowMs);
    this.lastBufferedBytes = bufferedBytes;
    if (nowMs >= this.deadlineMs) this.cutOff();
  }

  private setDeadline(nowMs: number): void {
    this.deadlineMs = Math.min(nowMs + this.owner.flushTimeoutMs, this.lastDeadlineMs);
  }

  private cutOff(): void {
    if (this.stream.bufferedBytes > 0) this.reason = null;
    this.destroy('flush-timeout');
  }
}

/** Why a connection ended that we had not ended. Codes: errno(3). */
function reasonOf(error: string | null): EndingReason {
  switch (error) {
    case null:
      return 'client-closed';
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return 'reset';
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'peer-unreachable';
    default:
      return 'socket-error';
  }
}
