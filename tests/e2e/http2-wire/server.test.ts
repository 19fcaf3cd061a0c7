/** Our side as the server, Node's own client (nghttp2) as the peer. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import type { Http2Stream } from '../../../src/core/wire/index.ts';
import { type Exchange, Http2Recorder, responseHead } from '../../support/http2-recorder.ts';
import { serve } from './wire-peer.ts';

const BIG = Buffer.alloc(3_000_000, 'The quick brown fox. ');

interface Sending {
  body: Buffer;
  at: number;
  trailers: boolean;
}

/** Answers by path: /echo, /big, /hash, /reset, /informational, anything else in short. */
function makeServer(flush: () => void): Http2Recorder {
  const recorder = new Http2Recorder('server');
  const { connection } = recorder;
  const sending = new Map<Http2Stream<Exchange>, Sending>();
  const send = (stream: Http2Stream<Exchange>): void => {
    const state = sending.get(stream);
    if (state === undefined) return;
    const left = state.body.length - state.at;
    const taken = connection.sendData(stream, state.body, state.at, left, !state.trailers);
    state.at += taken;
    if (taken < left) return;
    sending.delete(stream);
    if (!state.trailers) return;
    const trailers = responseHead(0, [
      ['grpc-status', '0'],
      ['x-done', 'yes'],
    ]);
    connection.sendTrailers(stream, trailers.fields);
  };
  recorder.onWritableDo = send;
  recorder.onRequestDo = (stream, exchange) => {
    const path = exchange.head.split(' ')[3];
    if (path === '/informational') {
      connection.sendInformational(stream, responseHead(103, [['link', '</a.css>']]));
    }
    if (path === '/reset') connection.reset(stream, 8);
  };
  recorder.onEndDo = (stream, exchange) => {
    const path = exchange.head.split(' ')[3];
    const received = recorder.bodyOf(exchange.id);
    const hash = createHash('sha256').update(received).digest('hex');
    const body = path === '/big' ? BIG : path === '/echo' ? received : Buffer.from(hash);
    const head = responseHead(200, [
      ['content-length', String(body.length)],
      ['X-Fields', exchange.fields.join('; ')],
      ['server', 'plinth'],
    ]);
    connection.sendResponse(stream, head, false);
    sending.set(stream, { body, at: 0, trailers: path === '/echo' });
    send(stream);
    setImmediate(flush);
  };
  return recorder;
}

async function ask(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<{
  headers: Record<string, unknown>;
  trailers: unknown;
  body: Buffer;
  stream: ClientHttp2Stream;
}> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const chunks: Buffer[] = [];
  let trailers: unknown;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (fields) => {
    trailers = Object.fromEntries(Object.entries(fields));
  });
  const [response] = await once(stream, 'response');
  await once(stream, 'close');
  return {
    headers: response as Record<string, unknown>,
    trailers,
    body: Buffer.concat(chunks),
    stream,
  };
}

describe("our server with Node's client", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  let session: ClientHttp2Session;
  before(async () => {
    server = await serve(makeServer);
    session = connect(`http://127.0.0.1:${server.port}`);
  });
  after(async () => {
    session.destroy();
    await server.close();
  });

  test('fields come through, also those that the tables remember', async () => {
    for (let i = 0; i < 5; i++) {
      const { headers } = await ask(session, {
        ':path': '/fields',
        'x-one': 'same',
        'x-two': `${i}`,
      });
      assert.equal(headers[':status'], 200);
      assert.match(String(headers['x-fields']), new RegExp(`x-one: same; x-two: ${i}$`));
      assert.equal(headers.server, 'plinth');
    }
  });

  test('a hundred requests at once', async () => {
    const all = Array.from({ length: 100 }, (_, i) =>
      ask(session, { ':path': '/echo', ':method': 'POST' }, Buffer.alloc(i * 100, `${i} `)),
    );
    for (const [i, { body, trailers }] of (await Promise.all(all)).entries()) {
      assert.deepEqual(body, Buffer.alloc(i * 100, `${i} `));
      assert.deepEqual(trailers, { 'grpc-status': '0', 'x-done': 'yes' });
    }
  });

  test('large bodies in both directions, several at once', async () => {
    const hash = createHash('sha256').update(BIG).digest('hex');
    const up = [1, 2, 3].map(() => ask(session, { ':path': '/hash', ':method': 'POST' }, BIG));
    const down = [1, 2, 3].map(() => ask(session, { ':path': '/big' }));
    for (const { body } of await Promise.all(up)) assert.equal(body.toString(), hash);
    for (const { body } of await Promise.all(down)) assert.ok(body.equals(BIG));
  });

  test('an interim response comes before the final one', async () => {
    const stream = session.request({ ':path': '/informational' });
    const seen: number[] = [];
    stream.on('headers', (headers) => seen.push(Number(headers[':status'])));
    const [response] = await once(stream, 'response');
    stream.resume();
    await once(stream, 'close');
    assert.deepEqual(seen, [103]);
    assert.equal(response[':status'], 200);
  });

  test('a stream that we reset, and one that the client resets, leave the others alone', async () => {
    const stream = session.request({ ':path': '/reset' });
    await once(stream, 'close');
    assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
    const cancelled = session.request({ ':path': '/big' });
    await once(cancelled, 'response');
    cancelled.close(constants.NGHTTP2_CANCEL);
    await once(cancelled, 'close');
    const { headers } = await ask(session, { ':path': '/' });
    assert.equal(headers[':status'], 200);
  });

  test('ping and changed settings', async () => {
    await new Promise<void>((resolve, reject) => {
      session.ping((error) => (error === null ? resolve() : reject(error)));
    });
    session.settings({ initialWindowSize: 1000, headerTableSize: 100 });
    await once(session, 'localSettings');
    const { body } = await ask(session, { ':path': '/big' });
    assert.ok(body.equals(BIG));
    session.settings({ initialWindowSize: 200_000, headerTableSize: 4096 });
    await once(session, 'localSettings');
    const answers = await Promise.all([1, 2, 3].map(() => ask(session, { ':path': '/big' })));
    for (const answer of answers) assert.ok(answer.body.equals(BIG));
  });
});
