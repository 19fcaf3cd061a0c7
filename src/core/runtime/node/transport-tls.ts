/**
 * TLS on accepted sockets: the documented `tls.Server`, fed by a plain listener.
 *
 * The TLS server itself never listens; connections are injected, so that a connection above the
 * limit is dropped before its handshake is paid for, what comes before the handshake can be read, open
 * handshakes can be ended at stop, and an update is a new server swapped in whole. Every injected
 * connection ends in exactly one of 'secureConnection' and 'tlsClientError'.
 */
import { constants, randomBytes, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type Server,
  type TLSSocket,
} from 'node:tls';
import { MODERN_CIPHERS, type TlsCertificate, type TlsOptions } from '../tls.ts';
import {
  type ByteStream,
  ListenError,
  type Preface,
  type TransportListenOptions,
} from '../transport.ts';
import { CertificateNames } from './tls-names.ts';
import { type SessionRules, sessionRulesOf } from './transport-tls-tickets.ts';

/** The longest preface, bytes: a PROXY protocol header of version 2 is 16 bytes and up to 65,535 more. */
const prefaceBytesMax = 65_551;
const sessionSecretBytes = 32;
const sessionSecondsDefault = 7200;

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
  readonly preface: Preface | null;
  late: boolean;
}

/** @throws ListenError 'tls-invalid' */
export function tlsAcceptor(
  tls: TlsOptions,
  name: string,
  options: TransportListenOptions,
  wrap: (socket: TLSSocket) => ByteStream,
): TlsAcceptor {
  /** By peer address, which is unique among open TCP connections to one port. */
  const handshakes = new Map<string, Handshake>();
  const ownSecret = randomBytes(sessionSecretBytes);
  let server = build(tls);

  function build(next: TlsOptions): Server {
    const sessions = sessionRulesOf(next, ownSecret);
    const built = tlsServer(next, { name, sessions, timeoutMs: options.handshakeTimeoutMs });
    built.on('secureConnection', (socket: TLSSocket) => {
      const preface = leave(peerOf(socket))?.preface;
      const stream = wrap(socket);
      if (preface) options.onAccept(stream, preface);
      else options.onAccept(stream);
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
      const preface = options.preface?.(socket.remoteAddress ?? '') ?? null;
      const handshake: Handshake = { socket, timer, preface, late: false };
      handshakes.set(peer, handshake);
      socket.once('close', () => {
        const failed = leave(peer);
        if (failed === undefined) return;
        options.onHandshakeEnd(failed.late ? 'handshake-timeout' : 'handshake-failed');
      });
      if (preface === null) {
        server.emit('connection', socket);
        return;
      }
      readPreface(socket, preface, (whole) => {
        if (whole) server.emit('connection', socket);
        else socket.destroy();
      });
    },
    update(next) {
      server = build(next);
    },
    close() {
      for (const { socket } of handshakes.values()) socket.destroy();
    },
  };
}

type SniChosen = (error: Error | null, context?: SecureContext) => void;

interface ServerSettings {
  readonly name: string;
  readonly sessions: SessionRules;
  readonly timeoutMs: number;
}

function tlsServer(tls: TlsOptions, { name, sessions, timeoutMs }: ServerSettings): Server {
  const ca = tls.ca === undefined ? undefined : ([tls.ca].flat() as (string | Buffer)[]);
  const { sessionSeconds = sessionSecondsDefault } = tls;
  const shared = {
    ca,
    ciphers: tls.ciphers ?? MODERN_CIPHERS,
    minVersion: tls.minVersion ?? 'TLSv1.2',
    maxVersion: tls.maxVersion,
    sessionIdContext: sessions.sessionIdContext,
    sessionTimeout: sessionSeconds > 0 ? sessionSeconds : undefined,
    // RFC 9113 section 9.2.1 forbids renegotiation, and no other protocol here needs it. Without tickets there is
    // nothing to resume by: Node keeps no sessions itself.
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION | (sessionSeconds > 0 ? 0 : constants.SSL_OP_NO_TICKET),
  };
  try {
    const find = chooser(tls, (certificate) =>
      createSecureContext({ ...shared, ...pairOf(certificate) }),
    );
    const server = createServer({
      ...shared,
      ...pairOf(tls),
      ticketKeys: sessions.ticketKeys,
      requestCert: tls.requestCert ?? false,
      rejectUnauthorized: tls.rejectUnauthorized ?? true,
      handshakeTimeout: timeoutMs,
      allowHalfOpen: true,
      ...(tls.alpn === undefined ? {} : { ALPNProtocols: [...tls.alpn] }),
      ...(find === undefined
        ? {}
        : { SNICallback: (asked: string, done: SniChosen) => done(null, find(asked)) }),
    });
    staple(server, [tls, ...(tls.certificates ?? [])]);
    return server;
  } catch (error) {
    throw new ListenError('tls-invalid', name, error);
  }
}

type Stapled = (error: Error | null, response: Buffer | null) => void;

/** Sends what authorities say of certificates, where there is something: Node asks no authority by itself. */
function staple(server: Server, certificates: readonly TlsCertificate[]): void {
  const responses = new Map<string, Buffer>();
  for (const { cert, ocsp } of certificates) {
    if (ocsp !== undefined) responses.set(new X509Certificate(cert).raw.toString('base64'), ocsp);
  }
  if (responses.size === 0) return;
  server.on('OCSPRequest', (certificate: Buffer, _issuer: Buffer, done: Stapled) => {
    done(null, responses.get(certificate.toString('base64')) ?? null);
  });
}

function pairOf({ cert, key, passphrase }: TlsCertificate): TlsCertificate {
  return passphrase === undefined ? { cert, key } : { cert, key, passphrase };
}

/** Finds the certificate for a name, undefined meaning the server's own; undefined if it has no other. */
function chooser(
  tls: TlsOptions,
  contextOf: (certificate: TlsCertificate) => SecureContext,
): ((serverName: string) => SecureContext | undefined) | undefined {
  const { certificates = [] } = tls;
  if (certificates.length === 0) return undefined;
  const names = new CertificateNames<SecureContext>();
  for (const certificate of certificates) names.add(certificate.cert, contextOf(certificate));
  return (serverName) => names.find(serverName);
}

/** Reads from a socket until `preface` is whole, and puts back what came after it. */
function readPreface(socket: Socket, preface: Preface, done: (whole: boolean) => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const read = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const taken = preface.take(bytes);
    if (taken === 'more' && bytes.length < prefaceBytesMax) return;
    socket.off('readable', read);
    if (typeof taken === 'number' && taken < bytes.length) socket.unshift(bytes.subarray(taken));
    done(typeof taken === 'number');
  };
  socket.on('error', () => {}); // 'close' follows
  socket.once('end', () => socket.destroy());
  socket.on('readable', read);
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`;
}
