/** Our side as the client, Node's own server (nghttp2) as the peer. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setImmediate as setTurn } from 'node:timers/promises';
import type { Http2Stream } from '../../../src/core/wire/index.ts';
import { type Exchange, Http2Recorder, requestHead } from '../../support/http2-recorder.ts';
import { attach } from './wire-peer.ts';

const BIG = Buffer.alloc(3_000_000, 'The quick brown fox. ');

class Client {
  readonly recorder = new Http2Recorder('client');
  private flush: () => void = () => {};
  private readonly waiting = new Map<number, (exchange: Exchange) => void>();
  private readonly bodies = new Map<Http2Stream<Exchange>, { body: Buffer; at: number }>();
  private stop: () => void = () => {};

  async open(port: number): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    this.stop = () => socket.destroy();
    const { recorder } = this;
    recorder.onEndDo = (stream, exchange) => this.waiting.get(stream.id)?.(exchange);
    recorder.onWritableDo = (stream) => this.send(stream);
    this.flush = attach(recorder, socket);
  }

  ask(
    method: string,
    path: string,
    body?: Buffer,
    fields: [string, string][] = [],
  ): Promise<Exchange> {
    const { recorder } = this;
    const head = requestHead(method, path, 'example.com', fields);
    const context = {} as Exchange;
    const stream = recorder.connection.sendRequest(head, body === undefined, false, context);
    if (stream === null) return Promise.reject(new Error('no stream'));
    const { id } = stream;
    if (body !== undefined) {
      this.bodies.set(stream, { body, at: 0 });
      this.send(stream);
    }
    setImmediate(this.flush);
    return new Promise((resolve) => this.waiting.set(id, resolve));
  }

  close(): void {
    this.stop();
  }

  private send(stream: Http2Stream<Exchange>): void {
    const state = this.bodies.get(stream);
    if (state === undefined) return;
    const left = state.body.length - state.at;
    const { connection } = this.recorder;
    state.at += connection.sendData(stream, state.body, state.at, left, true);
    if (state.at === state.body.length) this.bodies.delete(stream);
  }
}

describe("our client with Node's server", () => {
  let server: Http2Server;
  let port: number;
  let client: Client;
  let session: ServerHttp2Session;
  before(async () => {
    server = createServer({ settings: { maxConcurrentStreams: 100 } });
    server.on('session', (each) => {
      session = each;
    });
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      const path = headers[':path'];
      if (path === '/informational') stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.on('error', () => {});
      if (path === '/reset') {
        stream.close(2);
        return;
      }
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const received = Buffer.concat(chunks);
        const hash = createHash('sha256').update(received).digest('hex');
        const body = path === '/big' ? BIG : path === '/echo' ? received : Buffer.from(hash);
        const trailers = path === '/echo';
        stream.respond(
          {
            ':status': 200,
            'content-length': body.length,
            'x-seen': `${headers[':method']} ${headers[':scheme']} ${headers[':authority']} ${path}`,
            'x-fields': String(headers['x-one'] ?? ''),
          },
          { waitForTrailers: trailers },
        );
        if (trailers) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-done': 'yes' }));
        stream.end(body);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    client = new Client();
    await client.open(port);
  });
  after(() => {
    client.close();
    session.destroy();
    server.close();
  });

  test('requests come through, also those that the tables remember', async () => {
    for (let i = 0; i < 5; i++) {
      const path = i % 2 === 0 ? '/' : `/some?q=${i}`;
      const exchange = await client.ask('GET', path, undefined, [['X-One', 'same']]);
      assert.equal(exchange.head, '200');
      assert.ok(exchange.fields.includes(`x-seen: GET http example.com ${path}`));
      assert.ok(exchange.fields.includes('x-fields: same'));
      assert.equal(exchange.closed, true);
    }
  });

  test('other methods, HEAD among them', async () => {
    for (const method of ['DELETE', 'PURGE', 'HEAD', 'OPTIONS']) {
      const exchange = await client.ask(method, '/');
      assert.ok(exchange.fields.includes(`x-seen: ${method} http example.com /`));
    }
  });

  test('fifty requests at once with bodies and trailers', async () => {
    const all = Array.from({ length: 50 }, (_, i) =>
      client.ask('POST', '/echo', Buffer.alloc(i * 1000, `${i} `)),
    );
    for (const [i, exchange] of (await Promise.all(all)).entries()) {
      assert.deepEqual(Buffer.concat(exchange.body), Buffer.alloc(i * 1000, `${i} `));
      assert.deepEqual(exchange.trailers, ['x-done: yes']);
    }
  });

  test('large bodies in both directions, several at once', async () => {
    const hash = createHash('sha256').update(BIG).digest('hex');
    const up = [1, 2, 3].map(() => client.ask('POST', '/hash', BIG));
    const down = [1, 2, 3].map(() => client.ask('GET', '/big'));
    for (const { body } of await Promise.all(up))
      assert.equal(Buffer.concat(body).toString(), hash);
    for (const { body } of await Promise.all(down)) assert.ok(Buffer.concat(body).equals(BIG));
  });

  test('interim responses, resets and pings', async () => {
    const exchange = await client.ask('GET', '/informational');
    assert.deepEqual(exchange.informational, [103]);
    void client.ask('GET', '/reset');
    await client.ask('GET', '/');
    assert.ok(client.recorder.events.some((event) => /^reset \d+ 2$/.test(event)));
    client.recorder.connection.ping();
    await client.ask('GET', '/');
    assert.equal(client.recorder.pongs, 1);
  });

  test('after GOAWAY no more is opened', async () => {
    session.goaway(0);
    while (client.recorder.goaway === undefined) await setTurn();
    assert.equal(client.recorder.connection.canOpen, false);
    await assert.rejects(client.ask('GET', '/'));
    assert.deepEqual(client.recorder.problems, []);
  });
});
