/** What an owner may count on, beside what the other tests of the connection hold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  F,
  frame,
  framesOf,
  get,
  HELLO,
  post,
  SETTINGS,
  setting,
  T,
  windowUpdate,
} from '../../../../tests/support/http2-frames.ts';
import {
  fieldTexts,
  Http2Recorder,
  requestHead,
  responseHead,
} from '../../../../tests/support/http2-recorder.ts';
import {
  BlockPool,
  HpackEncoder,
  Http2Output,
  type Http2Stream,
  RequestHead,
  writeHttp2ResponseHead,
} from '../index.ts';
import { HpackDecoder, Step } from './hpack/decoder.ts';
import { Mark } from './hpack/marks.ts';
import { Scratch } from './hpack/scratch.ts';

function server(): Http2Recorder {
  const recorder = new Http2Recorder('server');
  recorder.connection.start(0);
  recorder.receive(HELLO);
  recorder.take();
  return recorder;
}

/** The stream that a request opens. */
function streamOf<T extends Http2Recorder>(recorder: T, octets: Buffer): Http2Stream<never> {
  let found: unknown;
  recorder.onRequestDo = (stream) => {
    found = stream;
  };
  recorder.receive(octets);
  return found as Http2Stream<never>;
}

test('a head that is kept outlives the next one', () => {
  const recorder = server();
  const { shared } = recorder;
  const kept: RequestHead[] = [];
  recorder.onRequestDo = () => {
    kept.push(shared.keepRequestHead(new RequestHead()));
  };
  const head = (id: number, value: string) =>
    requestBlock(id, [
      ['x-one', value],
      ['cookie', 'a=b'],
    ]);
  recorder.receive(Buffer.concat([head(1, 'first'), head(3, 'second, which is longer')]));
  const texts = kept.map((each) => [each.path(), ...fieldTexts(each.fields)]);
  assert.deepEqual(texts, [
    ['/1', 'x-one: first', 'cookie: a=b'],
    ['/3', 'x-one: second, which is longer', 'cookie: a=b'],
  ]);
});

/** HEADERS as a client of ours writes them. */
function requestBlock(id: number, fields: [string, string][]): Buffer {
  const client = new Http2Recorder('client', { sendTableBytesMax: 0 });
  client.connection.sendRequest(
    requestHead('GET', `/${id}`, 'a.example', fields),
    true,
    true,
    client.exchange(id),
  );
  const octets = client.take();
  octets.writeUInt32BE(id, 5);
  return octets;
}

test('a head encoded once is good for every connection, also behind a change of the table', () => {
  const output = new Http2Output(new BlockPool());
  const head = responseHead(200, [
    ['Server', 'plinth'],
    ['X-One', 'two'],
  ]);
  writeHttp2ResponseHead(new HpackEncoder(0, 4096), output, head);
  const block = Buffer.from(output.view());
  const recorder = server();
  const stream = streamOf(recorder, Buffer.concat([setting(1, 100), get(1)]));
  recorder.connection.sendBlock(stream, block, 0, block.length, true);
  const client = new Http2Recorder('client');
  client.connection.start(0);
  client.connection.sendRequest(requestHead('GET', '/', 'a'), true, true, client.exchange(1));
  client.receive(Buffer.concat([SETTINGS, recorder.take()]));
  assert.deepEqual(client.exchange(1).fields, ['server: plinth', 'x-one: two']);
  assert.equal(client.exchange(1).closed, true);
});

test('windows open again as the owner takes octets, not before, in steps of half their size', () => {
  const recorder = new Http2Recorder('server', {
    streamWindowBytes: 100_000,
    connectionWindowBytes: 100_000,
  });
  recorder.taking = false;
  recorder.connection.start(0);
  recorder.receive(HELLO);
  recorder.take();
  const stream = streamOf(recorder, post(1));
  for (let i = 0; i < 6; i++) recorder.receive(frame(T.data, 0, 1, 10_000));
  assert.equal(recorder.take().length, 0);
  recorder.connection.consumed(stream, 49_999);
  assert.equal(recorder.take().length, 0);
  recorder.connection.consumed(stream, 1);
  const updates = framesOf(recorder.take()).map(({ id, payload }) => [id, payload.readUInt32BE()]);
  assert.deepEqual(updates, [
    [0, 50_000],
    [1, 50_000],
  ]);
});

test('octets that nobody took are given back to the connection when their stream ends', () => {
  const recorder = new Http2Recorder('server', { connectionWindowBytes: 70_000 });
  recorder.taking = false;
  recorder.connection.start(0);
  recorder.receive(HELLO);
  for (let id = 1; id < 40; id += 2) {
    const stream = streamOf(recorder, post(id));
    for (let i = 0; i < 4; i++) recorder.receive(frame(T.data, 0, id, 15_000));
    recorder.connection.reset(stream, 8);
  }
  assert.deepEqual(recorder.problems, []);
});

test('a stream may be reset inside the event that told of it, and in the middle of a frame', () => {
  const recorder = server();
  recorder.onRequestDo = (stream) => recorder.connection.reset(stream, 7);
  recorder.receive(Buffer.concat([get(1), get(3)]));
  assert.deepEqual(recorder.events, ['request 1', 'closed 1', 'request 3', 'closed 3']);

  const other = server();
  const stream = streamOf(other, post(1));
  const data = frame(T.data, F.endStream, 1, 1000);
  other.receive(data.subarray(0, 500));
  other.connection.reset(stream, 8);
  other.onRequestDo = () => {};
  other.receive(Buffer.concat([data.subarray(500), get(3)]));
  assert.equal(other.bodyOf(1).length, 491);
  assert.deepEqual(other.events, ['request 1', 'closed 1', 'request 3']);
  assert.deepEqual(other.problems, []);
});

test('an answer before the end of the request, and NO_ERROR behind it (8.1)', () => {
  const recorder = server();
  const stream = streamOf(recorder, post(1));
  recorder.connection.sendResponse(stream, responseHead(413), true);
  assert.equal(recorder.connection.streamCount, 1);
  recorder.connection.reset(stream, 0);
  const kinds = framesOf(recorder.take()).map(({ type }) => type);
  assert.deepEqual(kinds, [T.headers, T.rst]);
  recorder.receive(frame(T.data, F.endStream, 1, 10));
  assert.deepEqual(recorder.problems, []);
});

test('nothing is sent on a stream that has ended', () => {
  const recorder = server();
  const stream = streamOf(recorder, post(1));
  const { connection } = recorder;
  connection.sendResponse(stream, responseHead(200), true);
  recorder.take();
  connection.sendResponse(stream, responseHead(200), true);
  assert.equal(connection.sendData(stream, Buffer.alloc(5), 0, 5, true), 0);
  connection.sendTrailers(stream, responseHead(0).fields);
  assert.equal(recorder.take().length, 0);
});

test('a lower initial window holds a stream back, below zero too, and a higher one lets it go (6.9.2)', () => {
  const recorder = server();
  const { connection } = recorder;
  const stream = streamOf(recorder, get(1));
  connection.sendResponse(stream, responseHead(200), false);
  const body = Buffer.alloc(20_000);
  assert.equal(connection.sendData(stream, body, 0, 10_000, false), 10_000);
  recorder.receive(setting(4, 1000));
  assert.equal(connection.sendData(stream, body, 0, 10_000, false), 0);
  let taken = 0;
  recorder.onWritableDo = (each) => {
    taken += connection.sendData(each, body, 0, 10_000 - taken, true);
  };
  recorder.receive(windowUpdate(1, 9000));
  assert.equal(taken, 0);
  recorder.receive(windowUpdate(1, 5));
  assert.equal(taken, 5);
  recorder.receive(setting(4, 30_000));
  assert.equal(taken, 10_000);
  assert.equal(connection.streamCount, 0);
});

test('close ends all streams once and says so', () => {
  const recorder = server();
  recorder.receive(Buffer.concat([get(1), get(3)]));
  recorder.take();
  recorder.connection.close(0);
  recorder.connection.close(0);
  assert.deepEqual(recorder.events.slice(2).toSorted(), [
    'closed 1',
    'closed 3',
    'reset 1 8',
    'reset 3 8',
  ]);
  const [goaway, ...more] = framesOf(recorder.take());
  assert.deepEqual([goaway?.type, goaway?.payload.readUInt32BE(), more.length], [T.goaway, 3, 0]);
  recorder.receive(get(5));
  assert.equal(recorder.exchanges.has(5), false);
});

test('midway says whether silence is worth a timeout', () => {
  const recorder = new Http2Recorder('server');
  const { connection } = recorder;
  connection.start(0);
  assert.equal(connection.midway, true);
  recorder.receive(HELLO);
  assert.equal(connection.midway, false);
  recorder.receive(get(1).subarray(0, 12));
  assert.equal(connection.midway, true);
  recorder.receive(get(1).subarray(12));
  assert.equal(connection.midway, false);
  recorder.receive(frame(T.headers, 0, 3, '82'));
  assert.equal(connection.midway, true);
});

test('a client opens as many streams as it is allowed, and more when it is allowed more', () => {
  const recorder = new Http2Recorder('client');
  const { connection } = recorder;
  connection.start(0);
  recorder.receive(setting(3, 2));
  const ask = () =>
    connection.sendRequest(requestHead('GET', '/', 'a'), true, true, recorder.exchange(0));
  assert.notEqual(ask(), null);
  assert.notEqual(ask(), null);
  assert.equal(ask(), null);
  recorder.receive(frame(T.headers, F.endHeaders | F.endStream, 1, '88'));
  assert.equal(ask()?.id, 5);
  recorder.receive(setting(3, 0));
  assert.equal(connection.canOpen, false);
});

test('padding is given back to both windows though nobody takes it (6.1)', () => {
  const recorder = new Http2Recorder('server', {
    streamWindowBytes: 66_000,
    connectionWindowBytes: 66_000,
  });
  recorder.connection.start(0);
  recorder.receive(Buffer.concat([HELLO, post(1)]));
  recorder.take();
  const padded = Buffer.alloc(257);
  padded[0] = 255;
  for (let i = 0; i < 1000; i++) recorder.receive(frame(T.data, F.padded, 1, padded));
  assert.deepEqual(recorder.problems, []);
  const updates = framesOf(recorder.take());
  for (const id of [0, 1]) {
    const told = updates
      .filter((update) => update.id === id)
      .reduce((sum, { payload }) => sum + payload.readUInt32BE(), 0);
    assert.ok(told >= 257_000 - 66_000 && told <= 257_000, `${id}: ${told}`);
  }
});

test('the lowest table bound of a frame of SETTINGS is confirmed, then the last (RFC 7541, 4.2)', () => {
  const recorder = server();
  const both = Buffer.concat([setting(1, 0).subarray(9), setting(1, 4096).subarray(9)]);
  const stream = streamOf(recorder, Buffer.concat([frame(T.settings, 0, 0, both), get(1)]));
  recorder.connection.sendResponse(stream, responseHead(200), true);
  const head = framesOf(recorder.take()).find(({ type }) => type === T.headers);
  assert.equal(head?.payload.toString('hex'), '203fe11f88');
});

test('what came as never to be indexed leaves as that (RFC 7541, 6.2.3)', () => {
  const literal = (name: string, value: string): string => `10${text(name)}${text(value)}`;
  const text = (word: string): string =>
    `${Buffer.from([word.length]).toString('hex')}${Buffer.from(word).toString('hex')}`;
  // :method, :scheme, then :path and :authority by the names of the static table.
  const request = `8287${`14${text('/secret')}`}${`11${text('a.example')}`}`;
  const fields = `${literal('x-token', 'abc')}${literal('accept', 'x/y')}0f00${text('plain')}`;
  const octets = frame(T.headers, F.endHeaders | F.endStream, 1, request + fields);

  const recorder = server();
  const { shared } = recorder;
  let head: RequestHead | undefined;
  recorder.onRequestDo = () => {
    head = shared.keepRequestHead(new RequestHead());
  };
  recorder.receive(octets);
  const client = new Http2Recorder('client');
  const marks = new Map<string, boolean>();
  for (let i = 0; i < 4; i++) {
    client.connection.sendRequest(
      head ?? assert.fail('no request'),
      true,
      true,
      client.exchange(i),
    );
    const frames = framesOf(client.take()).filter(({ type }) => type === T.headers);
    const scratch = new Scratch();
    const decoder = new HpackDecoder(4096, scratch);
    decoder.begin(frames[0]!.payload, 0, frames[0]!.payload.length);
    while (decoder.next() === Step.field) {
      const { nameStart, nameLength, mark } = decoder;
      const name = scratch.buf.toString('latin1', nameStart, nameStart + nameLength);
      marks.set(name, (mark & Mark.never) !== 0);
    }
    assert.deepEqual(
      [...marks].filter(([, never]) => never).map(([name]) => name),
      [':path', ':authority', 'x-token', 'accept'],
    );
  }
  assert.equal(marks.get('accept-charset'), false);
});
