/**
 * The client's side of TLS, over a connected socket.
 *
 * Invariant: a session is kept only of a server whose certificate and name were accepted, under that name and
 * address and by one `TlsClient`. Node does not look at the name again when a session is resumed, so whatever
 * a session was kept under is what it vouches for.
 */
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { DialError, type DialErrorCode } from '../dial-error.ts';
import type { TlsClient, TlsClientOptions } from '../tls.ts';
import type { ListenAddress } from '../transport.ts';
import { detailOf, handshakeErrorCode } from './dial-errors.ts';
import { addressName } from './transport-bind.ts';

/** Servers whose session one client keeps; a session is some 2 KiB. */
const sessionsMax = 256;

class NodeTlsClient implements TlsClient {
  readonly options: TlsClientOptions;
  readonly context: SecureContext;
  /** By name and address, the least recently given first. */
  private readonly sessions = new Map<string, Buffer>();

  constructor(options: TlsClientOptions) {
    const { certificate, ca } = options;
    this.options = options;
    this.context = createSecureContext({
      cert: certificate?.cert,
      key: certificate?.key,
      passphrase: certificate?.passphrase,
      ca: ca === undefined ? undefined : ([ca].flat() as (string | Buffer)[]),
      ciphers: options.ciphers,
      minVersion: options.minVersion ?? 'TLSv1.2',
      maxVersion: options.maxVersion,
    });
  }

  /**
   * Used again until the server gives a new one: not every server gives one with each resumption, and that an
   * observer can tell two connections of ours apart (RFC 8446 appendix C.4) does not matter to a balancer.
   */
  sessionOf(key: string): Buffer | undefined {
    return this.sessions.get(key);
  }

  forgetSession(key: string): void {
    this.sessions.delete(key);
  }

  keepSession(key: string, session: Buffer): void {
    if (this.options.sessionReuse === false) return;
    this.sessions.delete(key);
    this.sessions.set(key, session);
    if (this.sessions.size <= sessionsMax) return;
    for (const oldest of this.sessions.keys()) {
      this.sessions.delete(oldest);
      break;
    }
  }
}

/** @throws DialError 'tls-settings' */
export function createTlsClient(options: TlsClientOptions): TlsClient {
  try {
    return new NodeTlsClient(options);
  } catch (error) {
    const name = { path: options.serverName ?? 'TLS server' };
    throw new DialError('tls-settings', name, detailOf(error), error);
  }
}

export interface TlsStartEvents {
  onSecure(socket: TLSSocket): void;
  onFailed(code: DialErrorCode, detail: string): void;
}

/**
 * Shakes hands over `raw`. One of the events comes, once, unless it is ended before.
 * @returns ends it
 */
export function startTls(
  raw: Socket,
  client: TlsClient,
  address: ListenAddress,
  events: TlsStartEvents,
): () => void {
  const tlsClient = client as NodeTlsClient;
  const { options, context } = tlsClient;
  const name = options.serverName ?? ('path' in address ? '' : address.host);
  const key = `${name} ${addressName(address)}`;
  const session = tlsClient.sessionOf(key);
  let secure = false;
  let latest: Buffer | undefined;
  const socket = connect({
    socket: raw,
    secureContext: context,
    host: name,
    // RFC 6066 section 3: an address is no server name.
    servername: isIP(name) === 0 ? name : '',
    rejectUnauthorized: options.verify ?? true,
    ...(options.alpn === undefined ? {} : { ALPNProtocols: [...options.alpn] }),
    ...(session === undefined ? {} : { session }),
  });
  const end = (): void => {
    socket.off('error', failed);
    socket.on('error', () => {});
    socket.destroy();
    raw.destroy();
  };
  const failed = (error: Error): void => {
    end();
    tlsClient.forgetSession(key); // it may be what the server could not bear
    events.onFailed(handshakeErrorCode(error), detailOf(error));
  };
  raw.on('error', () => {}); // told by the TLS socket
  socket.once('error', failed);
  socket.on('session', (given: Buffer) => {
    if (secure) tlsClient.keepSession(key, given);
    else latest = given;
  });
  socket.once('secureConnect', () => {
    secure = true;
    if (latest !== undefined) tlsClient.keepSession(key, latest);
    socket.off('error', failed);
    events.onSecure(socket);
  });
  return end;
}
