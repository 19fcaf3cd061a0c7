/**
 * Two of our connections talk to each other through a wire that delivers what it likes when it likes. What
 * one side sends the other has in the end, octet by octet, and neither ever breaks a rule of the other.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Exchange,
  Http2Recorder,
  requestHead,
  responseHead,
} from '../../../../tests/support/http2-recorder.ts';
import type { Http2Limits, Http2Stream } from './index.ts';

interface Sending {
  readonly stream: Http2Stream<Exchange>;
  readonly id: number;
  readonly body: Buffer;
  at: number;
  readonly trailers: boolean;
}

function bodyOf(id: number, length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 7 + id * 31) & 0xff));
}

/** One side with bodies under way. */
class Side {
  readonly recorder: Http2Recorder;
  readonly sending = new Map<number, Sending>();
  /** Octets that wait on the wire to the other side. */
  wire = Buffer.alloc(0);
  /** Octets given to this side that it has not taken, by stream. */
  readonly untaken = new Map<number, { stream: Http2Stream<Exchange>; bytes: number }>();

  constructor(role: 'server' | 'client', limits: Partial<Http2Limits>) {
    this.recorder = new Http2Recorder(role, limits);
    this.recorder.taking = false;
    this.recorder.onWritableDo = (stream) => this.send(stream.id);
    const { recorder } = this;
    const onData = recorder.onData.bind(recorder);
    recorder.onData = (stream, buf, start, length, end) => {
      const before = this.untaken.get(stream.id)?.bytes ?? 0;
      this.untaken.set(stream.id, { stream, bytes: before + length });
      onData(stream, buf, start, length, end);
    };
    const onClosed = recorder.onClosed.bind(recorder);
    recorder.onClosed = (stream) => {
      this.untaken.delete(stream.id);
      this.sending.delete(stream.id);
      onClosed(stream);
    };
    recorder.connection.start(0);
    this.flush();
  }

  flush(): void {
    this.wire = Buffer.concat([this.wire, this.recorder.take()]);
    this.recorder.connection.pump();
    if (this.recorder.connection.output.length > 0) {
      this.wire = Buffer.concat([this.wire, this.recorder.take()]);
    }
  }

  begin(stream: Http2Stream<Exchange>, body: Buffer, trailers: boolean): void {
    this.sending.set(stream.id, { stream, id: stream.id, body, at: 0, trailers });
    this.send(stream.id);
  }

  send(id: number): void {
    const state = this.sending.get(id);
    if (state === undefined) return;
    const { connection } = this.recorder;
    const { stream, body, trailers } = state;
    const before = stream.sendWindow;
    const left = body.length - state.at;
    const taken = connection.sendData(stream, body, state.at, left, !trailers);
    assert.ok(taken <= Math.max(before, 0), 'no window goes below zero');
    state.at += taken;
    if (taken < left) return;
    this.sending.delete(id);
    if (trailers) connection.sendTrailers(stream, responseHead(0, [['x-end', `${id}`]]).fields);
  }

  take(share: number): void {
    for (const [id, entry] of this.untaken) {
      const bytes = Math.ceil(entry.bytes * share);
      entry.bytes -= bytes;
      if (entry.bytes === 0) this.untaken.delete(id);
      this.recorder.connection.consumed(entry.stream, bytes);
    }
  }
}

type Action =
  | {
      readonly do: 'request';
      readonly up: number;
      readonly down: number;
      readonly trailers: boolean;
    }
  | { readonly do: 'deliver'; readonly to: 'server' | 'client'; readonly share: number }
  | { readonly do: 'take'; readonly side: 'server' | 'client'; readonly share: number }
  | { readonly do: 'reset'; readonly side: 'server' | 'client'; readonly pick: number };

const size = fc.oneof(
  fc.constant(0),
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 0, max: 120_000 }),
);
const side = fc.constantFrom('server' as const, 'client' as const);
const share = fc.double({ min: 0.001, max: 1, noNaN: true });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('request' as const), up: size, down: size, trailers: fc.boolean() }),
  fc.record({ do: fc.constant('deliver' as const), to: side, share }),
  fc.record({ do: fc.constant('deliver' as const), to: side, share }),
  fc.record({ do: fc.constant('take' as const), side, share }),
  fc.record({ do: fc.constant('reset' as const), side, pick: fc.nat(20) }),
);
const limits = fc.record({
  streamWindowBytes: fc.integer({ min: 300, max: 200_000 }),
  connectionWindowBytes: fc.integer({ min: 65_535, max: 300_000 }),
  frameBytesMax: fc.constantFrom(16_384, 20_000, 100_000),
  tableBytesMax: fc.constantFrom(0, 100, 4096, 8192),
  sendTableBytesMax: fc.constantFrom(0, 200, 4096),
  outputBytesMax: fc.constantFrom(1000, 20_000, 262_144),
});

test('all octets arrive, and nobody breaks a rule', () => {
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60, size: 'max' }),
      limits,
      limits,
      (actions, ofServer, ofClient) => {
        const server = new Side('server', ofServer);
        const client = new Side('client', ofClient);
        const wanted = new Map<number, { up: number; down: number; trailers: boolean }>();
        const reset = new Set<number>();
        server.recorder.onEndDo = (stream) => {
          const want = wanted.get(stream.id)!;
          const head = responseHead(200, [
            ['content-length', String(want.down)],
            ['x-id', `${stream.id % 6}`],
          ]);
          server.recorder.connection.sendResponse(stream, head, false);
          server.begin(stream, bodyOf(stream.id + 1, want.down), want.trailers);
        };
        const deliver = (to: Side, from: Side, part: number): void => {
          from.flush();
          const length = Math.ceil(from.wire.length * part);
          to.recorder.receive(from.wire.subarray(0, length));
          from.wire = from.wire.subarray(length);
          to.flush();
        };
        const run = (each: Action): void => {
          switch (each.do) {
            case 'request': {
              const { connection } = client.recorder;
              const fields: [string, string][] = [
                ['content-length', String(each.up)],
                ['x-shared', `value ${each.up % 3}`],
              ];
              const head = requestHead('POST', `/${each.up}`, 'a.example', fields);
              const stream = connection.sendRequest(head, false, true, {} as Exchange);
              if (stream === null) return;
              wanted.set(stream.id, each);
              client.begin(stream, bodyOf(stream.id, each.up), each.trailers);
              return;
            }
            case 'deliver':
              if (each.to === 'server') deliver(server, client, each.share);
              else deliver(client, server, each.share);
              return;
            case 'take':
              (each.side === 'server' ? server : client).take(each.share);
              return;
            case 'reset': {
              const { connection } = (each.side === 'server' ? server : client).recorder;
              const streams = connection.liveStreams();
              const stream = streams[each.pick % Math.max(streams.length, 1)];
              if (stream === undefined) return;
              reset.add(stream.id);
              connection.reset(stream, 8);
            }
          }
        };
        for (const each of actions) run(each);
        for (let i = 0; i < 5000; i++) {
          deliver(server, client, 1);
          deliver(client, server, 1);
          server.take(1);
          client.take(1);
          client.flush();
          server.flush();
          const quiet = client.wire.length + server.wire.length === 0;
          if (quiet && server.recorder.connection.streamCount === 0) break;
        }
        assert.deepEqual(server.recorder.problems, []);
        assert.deepEqual(client.recorder.problems, []);
        assert.equal(client.recorder.connection.streamCount, 0);
        assert.equal(server.recorder.connection.streamCount, 0);
        for (const [id, { up, down, trailers }] of wanted) {
          if (reset.has(id)) continue;
          assert.ok(server.recorder.bodyOf(id).equals(bodyOf(id, up)), `up ${id}`);
          assert.ok(client.recorder.bodyOf(id).equals(bodyOf(id + 1, down)), `down ${id}`);
          const end = trailers ? [`x-end: ${id}`] : undefined;
          assert.deepEqual(server.recorder.exchange(id).trailers, end);
          assert.deepEqual(client.recorder.exchange(id).trailers, end);
        }
      },
    ),
    { numRuns: 40 },
  );
});

function settle(server: Side, client: Side): void {
  for (let i = 0; i < 1000; i++) {
    client.flush();
    server.flush();
    if (client.wire.length + server.wire.length === 0) return;
    const toServer = client.wire;
    const toClient = server.wire;
    client.wire = Buffer.alloc(0);
    server.wire = Buffer.alloc(0);
    server.recorder.receive(toServer);
    client.recorder.receive(toClient);
    server.take(1);
    client.take(1);
  }
  throw new Error('they never stop talking');
}

test('streams that wait to send take turns of one frame', () => {
  const server = new Side('server', {});
  const client = new Side('client', {
    streamWindowBytes: 1_000_000,
    connectionWindowBytes: 65_535,
  });
  const order: number[] = [];
  server.recorder.onEndDo = (stream) => {
    server.recorder.connection.sendResponse(stream, responseHead(200), false);
    server.begin(stream, Buffer.alloc(200_000), false);
  };
  const onData = client.recorder.onData;
  client.recorder.onData = (stream, buf, start, length, end) => {
    order.push(stream.id);
    onData(stream, buf, start, length, end);
  };
  settle(server, client);
  for (let i = 0; i < 3; i++) {
    client.recorder.connection.sendRequest(
      requestHead('GET', '/', 'a'),
      true,
      true,
      {} as Exchange,
    );
  }
  settle(server, client);
  const second = order.slice(8, 32);
  for (const id of [1, 3, 5]) {
    const frames = second.filter((each) => each === id).length;
    assert.ok(frames >= 6 && frames <= 10, `${id}: ${frames} of ${second.length}`);
  }
  assert.equal(client.recorder.connection.streamCount, 0);
});

test('a drain lets streams under way finish, takes what the peer sent before it knew, and ends', () => {
  const server = new Side('server', {});
  const client = new Side('client', {});
  settle(server, client);
  const ask = () =>
    client.recorder.connection.sendRequest(
      requestHead('GET', '/', 'a'),
      true,
      true,
      {} as Exchange,
    );
  ask();
  settle(server, client);
  const { connection } = server.recorder;
  connection.drain();
  assert.equal(connection.drained, false);
  ask();
  client.flush();
  settle(server, client);
  assert.deepEqual(server.recorder.events, ['request 1', 'request 3']);
  assert.deepEqual(client.recorder.goaway, [3, 0]);
  assert.equal(ask(), null);
  assert.equal(connection.drained, false);
  for (const stream of connection.liveStreams()) {
    connection.sendResponse(stream, responseHead(204), true);
  }
  settle(server, client);
  assert.equal(connection.drained, true);
  assert.deepEqual(client.recorder.problems, []);
});

test('requests behind the last stream of GOAWAY are told of as not worked on', () => {
  const server = new Side('server', {});
  const client = new Side('client', {});
  settle(server, client);
  const ask = () =>
    client.recorder.connection.sendRequest(
      requestHead('GET', '/', 'a'),
      true,
      true,
      {} as Exchange,
    );
  ask();
  settle(server, client);
  server.recorder.connection.drain();
  server.recorder.connection.finishDrain();
  ask();
  settle(server, client);
  assert.deepEqual(client.recorder.events, ['unprocessed 3', 'closed 3']);
  assert.deepEqual(server.recorder.events, ['request 1']);
  assert.deepEqual(server.recorder.problems, []);
});

test('a head above the frame size of the peer is sent in several frames', () => {
  const server = new Side('server', { headBytesMax: 200_000, blockBytesMax: 200_000 });
  const client = new Side('client', {});
  settle(server, client);
  const fields = Array.from(
    { length: 50 },
    (_, i) => [`x-${i}`, `${i}`.repeat(700)] as [string, string],
  );
  client.recorder.connection.sendRequest(
    requestHead('GET', '/', 'a', fields),
    true,
    true,
    {} as Exchange,
  );
  settle(server, client);
  assert.deepEqual(
    server.recorder.exchange(1).fields,
    fields.map((field) => field.join(': ')),
  );
  assert.deepEqual(server.recorder.problems, []);
});
