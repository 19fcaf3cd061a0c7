/**
 * What nghttp2, in Node's own client and server, says in sessions with us: the seed of all mutations.
 *
 * A session is made from a number alone: what is asked, how often, with which bodies and fields.
 */
import { once } from 'node:events';
import { type ClientHttp2Session, connect, createServer, type ServerHttp2Stream } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Exchange,
  Http2Recorder,
  requestHead,
  responseHead,
} from '../../support/http2-recorder.ts';
import { Chance } from '../kv/random.ts';

export interface Recording {
  readonly role: 'server' | 'client';
  readonly seed: number;
  /** What the peer sent us. */
  readonly octets: Buffer;
}

/** Our server as the fuzzer knows it: it echoes bodies. */
export function echoServer(): Http2Recorder {
  const recorder = new Http2Recorder('server');
  const { connection } = recorder;
  const bodies = new Map<number, { body: Buffer; at: number }>();
  recorder.onWritableDo = (stream) => {
    const state = bodies.get(stream.id);
    if (state === undefined) return;
    const left = state.body.length - state.at;
    state.at += connection.sendData(stream, state.body, state.at, left, true);
  };
  recorder.onEndDo = (stream, exchange) => {
    const body = recorder.bodyOf(exchange.id);
    connection.sendResponse(stream, responseHead(200, [['server', 'plinth']]), false);
    bodies.set(stream.id, { body, at: 0 });
    recorder.onWritableDo(stream);
  };
  recorder.onTooLargeDo = (stream) => connection.sendResponse(stream, responseHead(431), true);
  connection.start(0);
  return recorder;
}

/** Our client as the fuzzer knows it: it asks all at once. */
export function askingClient(seed: number): Http2Recorder {
  const chance = new Chance(seed);
  const recorder = new Http2Recorder('client');
  const { connection } = recorder;
  connection.start(0);
  const requests = chance.between(1, 6);
  for (let i = 0; i < requests; i++) {
    const method = chance.pick(['GET', 'POST', 'HEAD', 'DELETE']);
    const head = requestHead(method, `/${chance.between(0, 3000)}`, 'a.example', [
      ['x-number', `${i % 3}`],
    ]);
    const end = method !== 'POST';
    const stream = connection.sendRequest(head, end, false, {} as Exchange);
    if (stream !== null && !end) connection.sendData(stream, Buffer.alloc(100), 0, 100, true);
  }
  return recorder;
}

/** Joins one of ours with a stream, writing down what comes. */
function join(recorder: Http2Recorder, stream: Duplex): Buffer[] {
  const chunks: Buffer[] = [];
  const flush = (): void => {
    const octets = recorder.take();
    if (octets.length > 0) stream.write(octets);
    recorder.connection.pump();
    if (recorder.connection.output.length > 0) stream.write(recorder.take());
  };
  stream.on('error', () => {});
  stream.on('data', (chunk: Buffer) => {
    chunks.push(Buffer.from(chunk));
    recorder.receive(chunk);
    flush();
  });
  flush();
  return chunks;
}

export async function record(role: 'server' | 'client', seed: number): Promise<Recording> {
  const octets = role === 'server' ? await recordClient(seed) : await recordServer(seed);
  return { role, seed, octets };
}

async function recordClient(seed: number): Promise<Buffer> {
  const chance = new Chance(seed);
  const [near, far] = duplexPair();
  const recorder = echoServer();
  const chunks = join(recorder, far);
  const session = connect('http://a.example', {
    createConnection: () => near,
    settings: chance.likely(0.5)
      ? {
          initialWindowSize: chance.between(1000, 100_000),
          headerTableSize: chance.between(0, 5000),
        }
      : {},
  });
  session.on('error', () => {});
  const requests = chance.between(1, 8);
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < requests; i++) {
    all.push(requestOf(session, chance, i));
    if (chance.likely(0.2)) session.ping(() => {});
    if (chance.likely(0.1)) session.settings({ headerTableSize: chance.between(0, 5000) });
    if (chance.likely(0.5)) await turn();
  }
  await Promise.all(all);
  if (recorder.problems.length > 0) throw new Error(`seed ${seed}: ${recorder.problems}`);
  session.destroy();
  far.destroy();
  return Buffer.concat(chunks);
}

async function requestOf(session: ClientHttp2Session, chance: Chance, i: number): Promise<void> {
  const method = chance.pick(['GET', 'POST', 'PUT', 'HEAD']);
  const bodied = method === 'POST' || method === 'PUT';
  const headers: Record<string, string | string[]> = {
    ':method': method,
    ':path': `/${'a'.repeat(chance.between(0, 40))}?n=${i}`,
    'user-agent': 'fuzz/1.0',
    cookie: chance.likely(0.5) ? ['a=b', 'c=d'] : 'a=b',
    'x-long': 'x'.repeat(chance.pick([0, 10, 300, 17_000])),
  };
  const trailers = bodied && chance.likely(0.3);
  const stream = session.request(headers, { endStream: !bodied, waitForTrailers: trailers });
  stream.on('error', () => {});
  if (trailers) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
  if (bodied) stream.end(Buffer.alloc(chance.pick([0, 1, 100, 20_000, 90_000])));
  stream.resume();
  if (chance.likely(0.15)) stream.close(8);
  if (!stream.closed) await once(stream, 'close');
}

async function recordServer(seed: number): Promise<Buffer> {
  const [near, far] = duplexPair();
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    const chance = new Chance(seed + stream.id!);
    stream.on('error', () => {});
    stream.resume();
    if (chance.likely(0.1)) {
      stream.close(2);
      return;
    }
    if (chance.likely(0.2)) stream.additionalHeaders({ ':status': 103, link: '</a>' });
    const trailers = chance.likely(0.3) && headers[':method'] !== 'HEAD';
    const status = chance.pick([200, 200, 204, 404]);
    const fields = {
      ':status': status,
      server: 'node',
      'x-long': 'y'.repeat(chance.between(0, 600)),
    };
    stream.respond(fields, { waitForTrailers: trailers });
    if (trailers) stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    stream.end(status === 204 ? '' : Buffer.alloc(chance.pick([0, 10, 5000, 80_000])));
  });
  const recorder = askingClient(seed);
  const chunks = join(recorder, far);
  server.emit('connection', near);
  const wanted = recorder.connection.streamCount;
  for (let i = 0; i < 2000; i++) {
    const closed = [...recorder.exchanges.values()].filter((exchange) => exchange.closed).length;
    if (closed >= wanted && recorder.connection.streamCount === 0) break;
    await turn();
  }
  if (recorder.problems.length > 0) throw new Error(`seed ${seed}: ${recorder.problems}`);
  near.destroy();
  far.destroy();
  return Buffer.concat(chunks);
}
