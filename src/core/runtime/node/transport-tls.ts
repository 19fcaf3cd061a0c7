/**
 * TLS on accepted sockets: the documented `tls.Server`, fed by a plain listener.
 *
 * The TLS server itself never listens; connections are injected, so that a connection above the
 * limit is dropped before its handshake is paid for, open handshakes can be ended at stop, and an
 * update is a new server swapped in whole. Every injected connection ends in exactly one of
 * 'secureConnection' and 'tlsClientError'.
 */
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { ListenError, type TlsOptions, type TransportListenOptions } from '../transport.ts';
import { SocketStream } from './transport-socket.ts';

export interface TlsAcceptor {
  readonly handshaking: number;
  accept(socket: Socket): void;
  /** @throws ListenError 'tls-invalid'; the old settings stay then. */
  update(tls: TlsOptions): void;
  /** Ends every handshake that is under way. */
  close(): void;
}

interface Handshake {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
  late: boolean;
}

/** @throws ListenError 'tls-invalid' */
export function tlsAcceptor(
  tls: TlsOptions,
  name: string,
  options: TransportListenOptions,
): TlsAcceptor {
  /** By peer address, which is unique among open TCP connections to one port. */
  const handshakes = new Map<string, Handshake>();
  let server = build(tls);

  function build(next: TlsOptions): Server {
    const built = tlsServer(next, name, options.handshakeTimeoutMs);
    built.on('secureConnection', (socket: TLSSocket) => {
      leave(peerOf(socket));
      options.onAccept(new SocketStream(socket));
    });
    built.on('tlsClientError', (_error: Error, socket: TLSSocket) => {
      socket.on('error', () => {}); // the reset that often follows a failed handshake
      socket.destroy();
    });
    return built;
  }

  function leave(peer: string): Handshake | undefined {
    const handshake = handshakes.get(peer);
    if (handshake !== undefined) clearTimeout(handshake.timer);
    handshakes.delete(peer);
    return handshake;
  }

  return {
    get handshaking() {
      return handshakes.size;
    },
    accept(socket) {
      const peer = peerOf(socket);
      if (socket.remotePort === undefined) {
        socket.destroy(); // already gone
        options.onHandshakeEnd('handshake-failed');
        return;
      }
      if (!options.admit()) {
        socket.destroy();
        return;
      }
      // Not the timeout of `tls`: that one starts anew with every byte, so a byte now and then
      // would hold a handshake open for ever.
      const timer = setTimeout(() => {
        handshake.late = true;
        socket.destroy();
      }, options.handshakeTimeoutMs);
      const handshake: Handshake = { socket, timer, late: false };
      handshakes.set(peer, handshake);
      socket.once('close', () => {
        const failed = leave(peer);
        if (failed === undefined) return;
        options.onHandshakeEnd(failed.late ? 'handshake-timeout' : 'handshake-failed');
      });
      server.emit('connection', socket);
    },
    update(next) {
      server = build(next);
    },
    close() {
      for (const { socket } of handshakes.values()) socket.destroy();
    },
  };
}

function tlsServer(tls: TlsOptions, name: string, handshakeTimeoutMs: number): Server {
  try {
    return createServer({
      cert: tls.cert,
      key: tls.key,
      passphrase: tls.passphrase,
      ca: tls.ca === undefined ? undefined : ([tls.ca].flat() as (string | Buffer)[]),
      ciphers: tls.ciphers,
      minVersion: tls.minVersion ?? 'TLSv1.2',
      requestCert: tls.requestCert ?? false,
      rejectUnauthorized: tls.rejectUnauthorized ?? true,
      handshakeTimeout: handshakeTimeoutMs,
      allowHalfOpen: true,
    });
  } catch (error) {
    throw new ListenError('tls-invalid', name, error);
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
