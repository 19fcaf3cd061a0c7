import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Connection } from '../../core/downstream/index.ts';
import { createNodeClock, createNodeRandom } from '../../core/runtime/node/index.ts';
import { commandSpecs } from '../commands/index.ts';
import { Engine } from '../engine/engine.ts';
import { Client } from './client.ts';
import { KvServer } from './server.ts';

class Wire implements Connection {
  readonly id = 1;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 2;
  readonly encrypted = false;
  readonly alpn = '';
  readonly serverName = '';
  readonly chunksStay = false;
  useReadBuffer(): void {}
  readonly bufferedBytes = 0;
  readonly closing = false;
  readonly sent: Buffer[] = [];
  peerCertificate(): undefined {
    return undefined;
  }
  write(bytes: Buffer): boolean {
    this.sent.push(Buffer.from(bytes));
    return true;
  }
  writev(list: readonly Buffer[]): boolean {
    for (const bytes of list) this.write(bytes);
    return true;
  }
  pause(): void {}
  resume(): void {}
  close(): void {}
  destroy(): void {}
  shutdown(): void {}
  reset(): void {}
  setIdleTimeout(): void {}
}

/** Gives the chunks to a client of a new store, each in the one buffer that is read into. */
function replies(chunks: readonly Buffer[]): string {
  const turns: (() => void)[] = [];
  const engine = new Engine({
    commands: commandSpecs,
    clock: { ...createNodeClock(), nextTurn: (run) => void turns.push(run) },
    random: createNodeRandom(),
    databases: 1,
  });
  const server = new KvServer(engine, {
    argsMax: 1000,
    bulkBytesMax: 1_000_000,
    lineBytesMax: 65_536,
  });
  const wire = new Wire();
  const client = new Client(server, wire);
  const readBuffer = Buffer.alloc(1_000_000);
  for (const chunk of chunks) {
    chunk.copy(readBuffer);
    client.onData(readBuffer.subarray(0, chunk.length));
    readBuffer.fill(255);
    for (let run = turns.shift(); run !== undefined; run = turns.shift()) run();
  }
  return Buffer.concat(wire.sent).toString('latin1');
}

function encode(args: readonly string[]): Buffer {
  const parts = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`);
  return Buffer.from(`*${args.length}\r\n${parts.join('')}`, 'latin1');
}

const key = fc.constantFrom('a', 'b', 'c');
const value = fc.oneof(
  fc.string({ maxLength: 12, unit: 'binary-ascii' }),
  fc.nat(9000).map((length) => 'v'.repeat(length)),
);
const request = fc.oneof(
  fc.tuple(fc.constant('SET'), key, value).map(encode),
  fc.tuple(fc.constant('GET'), key).map(encode),
  fc.tuple(fc.constant('ECHO'), value).map(encode),
  fc.array(value, { minLength: 1, maxLength: 30 }).map((list) => encode(['DEL', ...list])),
  fc
    .constantFrom('PING inline\r\n', '\r\n', '*0\r\n', 'SET c inline\r\n')
    .map((t) => Buffer.from(t)),
);

test('a stream of requests is answered alike, wherever it is cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (requests, cuts) => {
        const stream = Buffer.concat(requests);
        const points = cuts.map((cut) => cut % stream.length).sort((a, b) => a - b);
        const chunks: Buffer[] = [];
        let from = 0;
        for (const point of [...new Set(points), stream.length]) {
          if (point > from) chunks.push(stream.subarray(from, point));
          from = Math.max(from, point);
        }
        assert.equal(replies(chunks), replies([stream]));
      },
    ),
    { numRuns: 150 },
  );
});

test('a request that comes byte by byte is answered once it is whole, and what follows it too', () => {
  const bytes = Buffer.concat([encode(['SET', 'a', 'value']), encode(['GET', 'a'])]);
  const single = Array.from({ length: bytes.length }, (_, i) => bytes.subarray(i, i + 1));
  assert.equal(replies(single), '+OK\r\n$5\r\nvalue\r\n');
});

test('what follows an unfinished blocking command in one chunk waits with its client', () => {
  const bytes = Buffer.concat([encode(['BLPOP', 'list', '0']), encode(['PING'])]);
  assert.equal(replies([bytes.subarray(0, 20), bytes.subarray(20)]), '');
});
