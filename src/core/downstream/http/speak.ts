/** Which version of HTTP an accepted connection speaks. */
import type { ClientFacts } from '../../http/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import { Http1Connection } from './http1-connection.ts';
import type { HttpServer } from './server.ts';

export function speakHttp(
  connection: Connection,
  server: HttpServer,
  client: ClientFacts,
): ConnectionHandler {
  return new Http1Connection(connection, server, client);
}
