/**
 * Streams over `net.Socket`: the tiers 'streams' and 'onread', TLS, and dialled sockets.
 *
 * The owner of this object must keep it reachable until `onClosed`: a TLS wrap that is collected
 * while its socket still reads aborts the process.
 */
import { type OnReadOpts, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { errorCode } from '../index.ts';
import type { PeerCertificate } from '../tls.ts';
import type { StreamEvents } from '../transport.ts';
import { QueuedStream, Sent } from './transport-output.ts';
import { readBuffer, viewOf } from './transport-read-buffer.ts';
import { alpnOf, certificateOf, serverNameOf } from './transport-tls-facts.ts';

/** TLS pieces up to this size are copied, so that the caller's memory is free at once, bytes. */
const tlsCopyMax = 16_384;

/** Takes an accepted or dialled socket that has not been read from. */
export class SocketStream extends QueuedStream {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly encrypted: boolean;
  protected readonly socket: Socket;
  private issued = 0;
  private error: string | null = null;
  private paused = false;

  /** `path` names the peer when the socket has no IP address. */
  constructor(socket: Socket, path = '') {
    super();
    this.socket = socket;
    this.encrypted = socket instanceof TLSSocket;
    this.remoteAddress = socket.remoteAddress ?? path;
    this.remotePort = socket.remotePort ?? 0;
    this.localPort = socket.localPort ?? 0;
    socket.on('error', (error) => {
      this.error ??= errorCode(error);
    });
    socket.once('close', () => {
      this.abandon();
      this.events?.onClosed(this.error);
    });
  }

  override get alpn(): string {
    return this.socket instanceof TLSSocket ? alpnOf(this.socket) : '';
  }

  override get serverName(): string {
    return this.socket instanceof TLSSocket ? serverNameOf(this.socket) : '';
  }

  /** Node makes memory for every chunk. */
  get chunksStay(): boolean {
    return true;
  }

  get localAddress(): string {
    return this.socket.localAddress ?? '';
  }

  attach(events: StreamEvents): void {
    this.events = events;
    this.socket.once('end', () => {
      if (!this.socket.destroyed) events.onEnd();
    });
    this.startReading();
  }

  useReadBuffer(_buffer: Buffer | null): void {}

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.socket.resume();
  }

  destroy(): void {
    this.abandon();
    this.socket.destroy();
  }

  reset(): void {
    this.abandon();
    // Only TCP has RST; a TLS or Unix socket is closed the common way.
    if (this.encrypted || this.socket.remotePort === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  peerCertificate(): PeerCertificate | undefined {
    return this.socket instanceof TLSSocket ? certificateOf(this.socket) : undefined;
  }

  protected startReading(): void {
    this.socket.on('data', (chunk: Buffer) => this.events!.onData(chunk));
  }

  protected send(bytes: Buffer): Sent {
    const copy = this.encrypted && bytes.length <= tlsCopyMax;
    this.issued++;
    this.socket.write(copy ? Buffer.from(bytes) : bytes, this.onWritten);
    if (this.socket.writableLength === 0) return Sent.done;
    return copy ? Sent.copied : Sent.held;
  }

  protected sendAll(list: readonly Buffer[]): Sent {
    const last = list.length - 1;
    this.socket.cork();
    for (let i = 0; i < last; i++) this.socket.write(list[i]!);
    this.issued++;
    this.socket.write(list[last]!, this.onWritten);
    this.socket.uncork();
    return this.socket.writableLength === 0 ? Sent.done : Sent.held;
  }

  protected sendShutdown(): void {
    this.socket.end();
  }

  /** Comes for every write, also for one that was done at once; only the latest one matters. */
  private readonly onWritten = (error?: Error | null): void => {
    this.issued--;
    if (this.issued === 0 && this.inFlight > 0 && !error) this.sent();
  };
}

/** A socket whose reads land in the shared read buffer. */
export class OnreadStream extends SocketStream {
  /** Chunks go on to it: Node has one buffer for a socket's life, so this tier pays with a copy. */
  private own: Buffer | null = null;

  /**
   * Makes a socket whose reads land in the shared buffer, by `open`, which is given the option for it.
   * @returns what makes a stream of the socket, once it is connected. Nothing is read before `attach`.
   */
  static open<S extends Socket>(
    open: (onread: OnReadOpts) => S,
  ): { readonly socket: S; stream(path: string): OnreadStream } {
    let stream: OnreadStream | null = null;
    const callback = (length: number): boolean => {
      stream!.arrived(viewOf(length));
      return true;
    };
    const socket = open({ buffer: readBuffer, callback });
    return {
      socket,
      stream(path) {
        stream = new OnreadStream(socket, path);
        return stream;
      },
    };
  }

  /** Of an accepted connection. */
  static wrap(handle: object, path: string): OnreadStream {
    // `handle` is taken by the constructor but missing in its documentation; the probe at start
    // proves that it works before this tier is chosen.
    const options: object = { handle, allowHalfOpen: true, pauseOnCreate: true };
    return OnreadStream.open((onread) => new Socket({ ...options, onread })).stream(path);
  }

  override get chunksStay(): boolean {
    return this.own !== null;
  }

  override useReadBuffer(buffer: Buffer | null): void {
    this.own = buffer;
  }

  protected override startReading(): void {
    this.socket.resume();
  }

  private arrived(chunk: Buffer): void {
    const { own } = this;
    if (own === null) this.events!.onData(chunk);
    else if (own.length < chunk.length) this.events!.onData(Buffer.from(chunk));
    else {
      chunk.copy(own);
      this.events!.onData(own.subarray(0, chunk.length));
    }
  }
}
