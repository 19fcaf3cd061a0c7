/** What a client may leave half said holds its own bytes, and not the block of memory those were copied into. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinnedBytes } from '../../../../tests/support/pinned-bytes.ts';
import type { ClientFacts, Exchange } from '../../http/index.ts';
import type { Connection, ConnectionHandler } from '../connection.ts';
import { Http1Connection } from './http1-connection.ts';
import { HTTP_LIMITS } from './limits.ts';
import type { HttpServer } from './server.ts';
import { SniffedConnection } from './sniffed-connection.ts';

const connection = {
  closing: false,
  chunksStay: false,
  bufferedBytes: 0,
  pause() {},
  resume() {},
} as Connection;

const unused = (): ConnectionHandler => assert.fail('nothing is known yet');
const left: Record<string, (i: number) => ConnectionHandler> = {
  'a preface that is not whole': () => {
    const options = { headMs: 1000, nowMs: 0, http1: unused, http2: unused };
    const handler = new SniffedConnection(connection, options);
    handler.onData(Buffer.from('PRI * '));
    handler.onData(Buffer.from('HTTP'));
    return handler;
  },
  'a request that waits for the one before it': (i) => {
    const served: Exchange[] = [];
    const server = {
      clock: { monotonicMs: () => 0 },
      limits: HTTP_LIMITS,
      handler: (exchange: Exchange) => void served.push(exchange),
      trusts: () => false,
    } as unknown as HttpServer;
    const handler = new Http1Connection(connection, server, {} as ClientFacts);
    handler.onData(Buffer.from(`GET /${i} HTTP/1.1\r\nHost: a\r\n\r\nGET /behind HTTP/1.1\r\n`));
    assert.equal(served.length, 1);
    return handler;
  },
};

for (const [what, leave] of Object.entries(left)) {
  test(`${what}: no block of memory is held`, () => {
    const handlers: ConnectionHandler[] = [];
    const pinned = pinnedBytes(200, (i) => handlers.push(leave(i)));
    assert.equal(handlers.length, 200);
    // A sixth of the blocks that would be: what serves a connection is counted too.
    assert.ok(pinned < 200 * 10_000, `${pinned} bytes are held`);
  });
}
