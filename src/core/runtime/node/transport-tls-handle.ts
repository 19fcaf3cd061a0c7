/**
 * TLS over the TLS wrap that stands behind a `TLSSocket`, read into the shared buffer and written to without
 * the stream between.
 *
 * The socket stays: it owns the wrap, closes it, and tells of TLS errors. Only reading, writing and the
 * shutdown go past it. The wrap is called as a TCP handle is, but
 *  - it takes the bytes of a write at once (encrypts them or copies them), and is done with it in a later turn:
 *    so memory is free at once, and the rule of one write in flight (`QueuedStream`) is what keeps it from
 *    aborting the process;
 *  - what it has decrypted still comes after readStop: it is kept here until the stream is resumed.
 *
 * `transport-probe-tls.ts` finds out whether it is so. The socket's 'close' listener refers to this stream and the TCP handle to the socket, so that nothing of it
 * is collected while the kernel still reads, even when the owner forgets the stream.
 */
import type { TLSSocket } from 'node:tls';
import { ownCopy } from '../../base/index.ts';
import { errorCode } from '../disk.ts';
import type { PeerCertificate } from '../tls.ts';
import type { ByteStream, StreamEvents } from '../transport.ts';
import {
  endOfFile,
  HandleStream,
  type KernelHandle,
  type PeerName,
  type StreamBinding,
} from './transport-handle.ts';
import { Sent } from './transport-output.ts';
import { readBuffer } from './transport-read-buffer.ts';
import { SocketStream } from './transport-socket.ts';
import { alpnOf, certificateOf, serverNameOf } from './transport-tls-facts.ts';

interface TlsSocketInside {
  readonly _handle: KernelHandle | null;
}

/** The wrap of a socket, unless it is gone. */
export function tlsHandleOf(socket: TLSSocket): KernelHandle | null {
  return (socket as unknown as TlsSocketInside)._handle;
}

/**
 * The stream of a socket whose handshake is done.
 *
 * @param native missing: over the socket's own stream.
 * @param localPort the listener's, which spares asking the kernel for each connection; 0: not known.
 */
export function tlsStreamOf(
  socket: TLSSocket,
  native: StreamBinding | undefined,
  localPort = 0,
): ByteStream {
  const handle = tlsHandleOf(socket);
  if (native === undefined || handle === null) return new SocketStream(socket);
  return new TlsHandleStream(socket, handle, native, localPort);
}

export class TlsHandleStream extends HandleStream {
  private readonly socket: TLSSocket;
  private paused = false;
  /** What came while paused, in memory of its own. */
  private held: Buffer[] | null = null;
  private heldEnd = 0;
  private releasing = false;

  constructor(socket: TLSSocket, handle: KernelHandle, native: StreamBinding, localPort: number) {
    // The socket has asked for its peer and remembers.
    super(handle, native, localPort > 0 ? localPort : (socket.localPort ?? 0), peerOf(socket));
    this.socket = socket;
    socket.on('error', (error) => {
      this.error ??= errorCode(error);
    });
    socket.once('close', () => {
      this.closing = true;
      this.abandon();
      this.closed();
    });
  }

  override get encrypted(): boolean {
    return true;
  }

  override get alpn(): string {
    return alpnOf(this.socket);
  }

  override get serverName(): string {
    return serverNameOf(this.socket);
  }

  override peerCertificate(): PeerCertificate | undefined {
    return certificateOf(this.socket);
  }

  override attach(events: StreamEvents): void {
    // What the socket has read for itself until now.
    for (;;) {
      const chunk = this.socket.read() as Buffer | null;
      if (chunk === null) break;
      this.held ??= [];
      this.held.push(chunk);
    }
    this.socket.once('end', () => this.received(endOfFile));
    super.attach(events);
  }

  override pause(): void {
    this.paused = true;
    super.pause();
  }

  override resume(): void {
    this.paused = false;
    if (this.held === null && this.heldEnd === 0) super.resume();
    else if (!this.releasing) {
      this.releasing = true;
      process.nextTick(() => this.release());
    }
  }

  override destroy(): void {
    if (this.closing) return;
    this.closing = true;
    this.held = null;
    this.abandon();
    this.socket.destroy();
  }

  override reset(): void {
    this.destroy();
  }

  override received(result: number): Buffer | undefined {
    if (this.closing) return undefined;
    if (!this.paused && this.held === null && this.heldEnd === 0) {
      const next = super.received(result);
      // What comes although we have paused may not land where the chunk lies that is to stay.
      // `next` is told when the shared buffer was asked for anyhow.
      return this.paused ? (this.landAt(readBuffer) ?? next) : next;
    }
    if (result > 0) {
      this.held ??= [];
      this.held.push(ownCopy(this.landing.subarray(0, result)));
    } else if (result < 0) this.heldEnd = result;
    return undefined;
  }

  protected override send(bytes: Buffer): Sent {
    if (this.socket.destroyed) return Sent.failed;
    const sent = super.send(bytes);
    return sent === Sent.held ? Sent.copied : sent;
  }

  protected override sendAll(list: readonly Buffer[]): Sent {
    if (this.socket.destroyed) return Sent.failed;
    const sent = super.sendAll(list);
    return sent === Sent.held ? Sent.copied : sent;
  }

  /** The wrap does not tell. */
  protected override inFlightLeft(): number {
    return this.inFlight;
  }

  /** Tells what was held, until paused again. */
  private release(): void {
    this.releasing = false;
    while (!this.closing && !this.paused && this.held !== null) {
      const chunk = this.held.shift()!;
      if (this.held.length === 0) this.held = null;
      this.events!.onData(chunk);
    }
    if (this.closing || this.paused) return;
    if (this.heldEnd !== 0) {
      const end = this.heldEnd;
      this.heldEnd = 0;
      super.received(end);
    } else super.resume();
  }
}

function peerOf({ remoteAddress, remotePort }: TLSSocket): PeerName {
  if (remoteAddress === undefined || remotePort === undefined) return {};
  return { address: remoteAddress, port: remotePort };
}
