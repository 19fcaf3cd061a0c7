/**
 * Streams over `net.Socket`: the tiers 'streams' and 'onread', TLS, and dialled sockets.
 *
 * The owner of this object must keep it reachable until `onClosed`: a TLS wrap that is collected
 * while its socket still reads aborts the process.
 */
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { errorCode } from '../index.ts';
import type { PeerCertificate, StreamEvents } from '../transport.ts';
import { QueuedStream, Sent } from './transport-output.ts';
import { readBuffer, viewOf } from './transport-read-buffer.ts';

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
    if (!(this.socket instanceof TLSSocket)) return undefined;
    const certificate = this.socket.getPeerCertificate();
    if (certificate?.fingerprint256 === undefined) return undefined;
    return {
      subjectCommonName: single(certificate.subject?.CN),
      issuerCommonName: single(certificate.issuer?.CN),
      fingerprint256: certificate.fingerprint256,
      authorized: this.socket.authorized,
    };
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

/** A socket whose reads land in the shared read buffer; made by `wrapForOnread`. */
export class OnreadStream extends SocketStream {
  static wrap(handle: object, path: string): OnreadStream {
    let stream: OnreadStream | null = null;
    // `handle` is taken by the constructor but missing in its documentation; the probe at start
    // proves that it works before this tier is chosen.
    const options: object = {
      handle,
      allowHalfOpen: true,
      pauseOnCreate: true,
      onread: {
        buffer: readBuffer,
        callback: (length: number): boolean => {
          stream!.events!.onData(viewOf(length));
          return true;
        },
      },
    };
    stream = new OnreadStream(new Socket(options), path);
    return stream;
  }

  protected override startReading(): void {
    this.socket.resume();
  }
}

function single(name: string | string[] | undefined): string | undefined {
  return Array.isArray(name) ? name[0] : name;
}
