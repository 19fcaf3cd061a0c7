/** Ready responses on streams: what the peer reads of them, first or often sent, and when they are not sent at all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SETTINGS, setting } from '../../../../tests/support/http2-frames.ts';
import {
  Http2Recorder,
  requestHead,
  responseHead,
} from '../../../../tests/support/http2-recorder.ts';
import { readyOf } from '../../../../tests/support/ready-response.ts';
import {
  AddedFields,
  FieldId,
  HTTP2_PREFACE,
  type Http2Stream,
  type ReadyResponse,
} from '../index.ts';

/** A client and a server that answers its requests. */
class Pair {
  readonly client = new Http2Recorder('client');
  readonly server = new Http2Recorder('server');
  private nextId = 1;
  private asked: Http2Stream<never> | undefined;

  constructor(settings: Buffer = SETTINGS) {
    const { client, server } = this;
    client.connection.start(0);
    server.connection.start(0);
    server.onRequestDo = (stream) => {
      this.asked = stream as Http2Stream<never>;
    };
    client.take();
    server.receive(Buffer.concat([HTTP2_PREFACE, settings]));
    client.receive(server.take());
  }

  /** The server's stream of a new request, and its id. */
  ask(): [stream: Http2Stream<never>, id: number] {
    const { client, server, nextId: id } = this;
    this.nextId += 2;
    client.connection.sendRequest(requestHead('GET', '/', 'a'), true, true, client.exchange(id));
    server.receive(client.take());
    return [this.asked as Http2Stream<never>, id];
  }

  deliver(): void {
    this.client.receive(this.server.take());
  }
}

function addedOf(age: string): AddedFields {
  const added = new AddedFields();
  added.set([
    [FieldId.age, age],
    [FieldId.cacheStatus, `plinth; hit; ttl=${age}`],
  ]);
  return added;
}

test('what is sent often reads as what is sent first, on every connection, whatever its table holds', () => {
  const added = [addedOf('1'), addedOf('22')];
  const bodies = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(i + 1));
  const readies: [ReadyResponse, string[]][] = bodies.map((body, i) => {
    // The last is longer than what a block may have.
    const lines = [`ETag: "${i}"`, 'Vary: x', `X-Some: ${'long '.repeat(i === 7 ? 300 : 3)}end`];
    return [readyOf(lines, body), [...lines, `Content-Length: ${body.length}`]];
  });
  for (const table of [SETTINGS, setting(1, 0), setting(1, 100)]) {
    const pair = new Pair(table);
    for (let i = 0; i < 60; i++) {
      const [ready, lines] = readies[(i * 5 + (i >> 3)) % 8] as [ReadyResponse, string[]];
      const [stream, id] = pair.ask();
      const fields = added[i & 1] as AddedFields;
      assert.equal(pair.server.connection.sendReady(stream, ready, fields), true);
      if (i % 7 === 0) {
        // Others go through the table meanwhile.
        const [other] = pair.ask();
        pair.server.connection.sendResponse(other, responseHead(200, [['vary', 'x']]), true);
      }
      pair.deliver();
      const { head, fields: texts, ended, closed } = pair.client.exchange(id);
      const age = i % 2 === 0 ? '1' : '22';
      assert.deepEqual(
        texts.toSorted(),
        [...lines, `Age: ${age}`, `Cache-Status: plinth; hit; ttl=${age}`]
          .map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))
          .toSorted(),
      );
      assert.deepEqual([head, ended, closed], ['200', true, true]);
      assert.equal(
        pair.client.bodyOf(id).toString(),
        bodies[readies.findIndex(([at]) => at === ready)],
      );
    }
  }
});

test('nothing is sent of what the windows have no room for', () => {
  const pair = new Pair(setting(4, 3));
  const [stream, id] = pair.ask();
  const { connection } = pair.server;
  assert.equal(connection.sendReady(stream, readyOf([], 'four'), addedOf('1')), false);
  assert.equal(pair.server.take().length, 0);
  assert.equal(connection.sendReady(stream, readyOf([], 'two'), addedOf('1')), true);
  pair.deliver();
  assert.equal(pair.client.bodyOf(id).toString(), 'two');
});
