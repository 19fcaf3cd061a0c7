/**
 * Listens for HTTP: what a listener accepts becomes connections of HTTP, what they bring becomes exchanges.
 *
 *     accepted ─▶ PROXY header, from those who are believed ─▶ limit per address ─▶ protocol
 */
import type { Handler } from '../../http/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { ProxyEndpoints } from '../../wire/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import { listen } from '../listen.ts';
import type { Listener, ListenOptions } from '../listener.ts';
import { AcceptedClient } from './accepted-client.ts';
import { AddressTable } from './address-table.ts';
import type { HttpLimits } from './limits.ts';
import { ProxiedConnection, ProxyHeaderReader } from './proxy-header.ts';
import type { HttpServer, HttpServerEvents, RefusalAnswer } from './server.ts';
import { speakHttp } from './speak.ts';

export interface HttpListenOptions
  extends Omit<ListenOptions, 'onConnection' | 'onClosed' | 'preface'> {
  readonly limits: HttpLimits;
  readonly handler: Handler;
  /** What requests are answered with that do not come to the handler; default a line of text. */
  readonly refusalAnswer?: RefusalAnswer;
  readonly events: HttpServerEvents;
  /** Whether what a client at this address says of other clients is believed. */
  trusts(address: string): boolean;
  /** Those in `trusts` begin with a PROXY protocol header. Default false. */
  readonly proxyProtocol?: boolean;
  /** For WebSockets in HTTP/2 (RFC 8441); without it none are offered there. */
  readonly random?: Random;
  /** CONNECT goes to the handler. Default false. */
  readonly allowConnect?: boolean;
  /** Clients without TLS may begin with the preface of HTTP/2. Default true. */
  readonly http2Cleartext?: boolean;
}

export interface HttpListener {
  readonly listener: Listener;
  /** Limits, flags and handler; what begins from now on follows what is set here. */
  readonly server: HttpServer;
}

/** @throws ListenError as `listen` does. */
export async function listenHttp(options: HttpListenOptions): Promise<HttpListener> {
  const server = serverOf(options);
  const door = new HttpDoorway(server);
  const listener = await listen({
    ...options,
    preface: (address) => (door.expectsHeader(address) ? new ProxyHeaderReader() : null),
    onConnection: (connection, preface) => door.enter(connection, preface),
    onClosed: (connection) => door.leave(connection),
  });
  return { listener, server };
}

function serverOf(options: HttpListenOptions): HttpServer {
  const { limits, handler, events, clock } = options;
  return {
    ...{ limits, handler, events, clock },
    refusalAnswer: options.refusalAnswer ?? null,
    random: options.random ?? null,
    allowConnect: options.allowConnect ?? false,
    http2Cleartext: options.http2Cleartext ?? true,
    proxyProtocol: options.proxyProtocol ?? false,
    trusts: (address) => options.trusts(address),
  };
}

/** The way of an accepted connection to its protocol. */
class HttpDoorway {
  private readonly server: HttpServer;
  private readonly addresses = new AddressTable();

  constructor(server: HttpServer) {
    this.server = server;
  }

  /** Whether a connection from there begins with a PROXY protocol header. */
  expectsHeader(address: string): boolean {
    return this.server.proxyProtocol && this.server.trusts(address);
  }

  enter(connection: Connection, preface: unknown): ConnectionHandler {
    if (preface instanceof ProxyHeaderReader) return this.open(connection, preface.endpoints);
    if (connection.encrypted || !this.expectsHeader(connection.remoteAddress)) {
      return this.open(connection, null);
    }
    return new ProxiedConnection(connection, {
      headerMs: this.server.limits.headMs,
      nowMs: this.server.clock.monotonicMs(),
      open: (endpoints) => this.open(connection, endpoints),
    });
  }

  leave(connection: Connection): void {
    this.addresses.leave(connection.id);
  }

  private open(connection: Connection, endpoints: ProxyEndpoints | null): ConnectionHandler {
    const { server } = this;
    const client = new AcceptedClient(connection, endpoints, server.trusts);
    const { connectionsPerAddress } = server.limits;
    if (server.events.admits?.(client.remoteAddress) === false) {
      connection.close('not-admitted');
    } else if (!this.addresses.enter(connection.id, client.remoteAddress, connectionsPerAddress)) {
      if (connection.alpn !== 'h2') connection.write(TOO_MANY);
      connection.close('connections-limit');
    }
    return speakHttp(connection, server, client);
  }
}

const TOO_MANY = Buffer.from(
  'HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nContent-Type: text/plain\r\n' +
    'Content-Length: 37\r\n\r\nToo many connections from one client\n',
  'latin1',
);
