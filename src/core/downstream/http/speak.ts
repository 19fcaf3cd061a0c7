/**
 * Which version of HTTP an accepted connection speaks: with TLS what ALPN has agreed on (RFC 9113 section 3.2),
 * without it what its first bytes say, where the listener allows that.
 */
import type { ClientFacts } from '../../http/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import { Http1Connection } from './http1-connection.ts';
import { Http2ServerConnection } from './http2-connection.ts';
import type { HttpServer } from './server.ts';
import { SniffedConnection } from './sniffed-connection.ts';

export function speakHttp(
  connection: Connection,
  server: HttpServer,
  client: ClientFacts,
): ConnectionHandler {
  if (connection.alpn === 'h2') return new Http2ServerConnection(connection, server, client);
  const http1 = (): ConnectionHandler => new Http1Connection(connection, server, client);
  if (connection.encrypted || !server.http2Cleartext) return http1();
  return new SniffedConnection(connection, {
    headMs: server.limits.headMs,
    nowMs: server.clock.monotonicMs(),
    http1,
    http2: () => new Http2ServerConnection(connection, server, client),
  });
}
