/**
 * Listens for HTTP: what a listener accepts becomes connections of HTTP, what they bring becomes exchanges.
 */
import type { ClientFacts, Handler } from '../../http/index.ts';
import type { PeerCertificate } from '../../runtime/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import { listen } from '../listen.ts';
import type { Listener, ListenOptions } from '../listener.ts';
import { Http1Connection } from './http1-connection.ts';
import type { HttpLimits } from './limits.ts';
import type { HttpServer, HttpServerEvents } from './server.ts';

export interface HttpListenOptions extends Omit<ListenOptions, 'onConnection'> {
  readonly limits: HttpLimits;
  readonly handler: Handler;
  readonly events: HttpServerEvents;
  /** Whether what a client at this address says of other clients is believed. */
  trusts(address: string): boolean;
}

export interface HttpListener {
  readonly listener: Listener;
  /** Limits and handler; requests that begin from now on follow what is set here. */
  readonly server: HttpServer;
}

/** @throws ListenError as `listen` does. */
export async function listenHttp(options: HttpListenOptions): Promise<HttpListener> {
  const { limits, handler, events, clock } = options;
  const server: HttpServer = { clock, limits, handler, events };
  const onConnection = (connection: Connection): ConnectionHandler =>
    new Http1Connection(connection, server, new AcceptedClient(connection, options));
  return { listener: await listen({ ...options, onConnection }), server };
}

/** The client at the other end of a connection. */
class AcceptedClient implements ClientFacts {
  readonly isTrusted: boolean;
  private readonly connection: Connection;
  private address: Buffer | undefined = undefined;

  constructor(connection: Connection, { trusts }: HttpListenOptions) {
    this.connection = connection;
    this.isTrusted = trusts(connection.remoteAddress);
  }

  get remoteAddress(): string {
    return this.connection.remoteAddress;
  }
  get remotePort(): number {
    return this.connection.remotePort;
  }
  get localAddress(): string {
    return this.connection.localAddress;
  }
  get localPort(): number {
    return this.connection.localPort;
  }
  get encrypted(): boolean {
    return this.connection.encrypted;
  }
  get serverName(): string {
    return this.connection.serverName;
  }

  get addressBytes(): Buffer {
    this.address ??= Buffer.from(this.remoteAddress, 'latin1');
    return this.address;
  }

  peerCertificate(): PeerCertificate | undefined {
    return this.connection.peerCertificate();
  }
}
