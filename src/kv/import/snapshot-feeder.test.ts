/** What an RDB file holds is in the store afterwards, whole or in pieces: from one store to another. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Arg } from '../../core/wire/index.ts';
import { RdbFileParser, RdbFileWriter, readDump } from '../rdb/index.ts';
import { createTestStore, type TestStore } from '../testing/harness.ts';
import { type FeederOptions, SnapshotFeeder } from './snapshot-feeder.ts';
import { digestOf } from './value-digest.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const SAMPLES: Record<string, Arg[][]> = {
  string: [['SET', 'k', 'v'.repeat(500)]],
  'string of a number': [['SET', 'k', '12345']],
  list: [['RPUSH', 'k', ...numbers(300).map((i) => `${'item'.repeat(25)}${i}`)]],
  'set of numbers': [['SADD', 'k', ...numbers(600)]],
  set: [['SADD', 'k', ...numbers(300).map((i) => `m${i}`)]],
  hash: [['HSET', 'k', ...numbers(700).flatMap((i) => [`f${i}`, `v${i}`])]],
  'hash with fields that end': [
    ['HSET', 'k', ...numbers(40).flatMap((i) => [`f${i}`, `v${i}`])],
    ['HPEXPIREAT', 'k', 4_000_000_000_000, 'FIELDS', 2, 'f7', 'f33'],
  ],
  zset: [
    ['ZADD', 'k', ...numbers(300).flatMap((i) => [Math.sin(i), `m${i}`])],
    ['ZADD', 'k', 'inf', 'a', '-inf', 'b', '5e-324', 'c', '-0', 'd', '1e300', 'e'],
  ],
  'stream with groups': [
    ...numbers(350).map((i) => ['XADD', 'k', `${i + 1}-1`, 'n', i, 'other', 'x']),
    ['XDEL', 'k', '5-1', '350-1'],
    ['XGROUP', 'CREATE', 'k', 'g', '0'],
    ['XGROUP', 'CREATE', 'k', 'told', '10-1', 'ENTRIESREAD', 10],
    ['XREADGROUP', 'GROUP', 'g', 'one', 'COUNT', 9, 'STREAMS', 'k', '>'],
    ['XREADGROUP', 'GROUP', 'g', 'two', 'COUNT', 9, 'STREAMS', 'k', '>'],
    ['XGROUP', 'CREATECONSUMER', 'k', 'g', 'idle'],
    ['XACK', 'k', 'g', '3-1', '12-1'],
  ],
  'empty stream': [['XGROUP', 'CREATE', 'k', 'g', '$', 'MKSTREAM']],
};

const LATER_MS = 4_000_000_000_000;

function payloadOf(store: TestStore, key: string): Buffer {
  return Buffer.from(String(store.run('DUMP', key)), 'latin1');
}

/** Feeds a file to a store and returns the names of the commands used. */
function feed(file: Buffer, store: TestStore, options: FeederOptions = {}): string[] {
  const used: string[] = [];
  const feeder = new SnapshotFeeder((args) => {
    const reply = store.run(...args);
    assert.ok(typeof reply !== 'object' || reply === null || !('error' in reply), String(reply));
    used.push(String(args[0]));
  }, options);
  const parser = new RdbFileParser(feeder);
  let result = parser.push(file.subarray(0, 0));
  for (let at = 0; at < file.length; at += 997) result = parser.push(file.subarray(at, at + 997));
  assert.equal(result.status, 'ok', result.reason);
  return used;
}

function fileOf(make: (writer: RdbFileWriter) => void): Buffer {
  const chunks: Buffer[] = [];
  const writer = new RdbFileWriter((chunk) => chunks.push(chunk), { version: 12 });
  make(writer);
  writer.end();
  return Buffer.concat(chunks);
}

describe('snapshot feeder', () => {
  for (const [name, commands] of Object.entries(SAMPLES)) {
    for (const how of ['whole', 'in pieces'] as const) {
      test(`${name}, ${how}: the store holds the same, and its time to end`, () => {
        const source = createTestStore();
        for (const args of commands) source.run(...args);
        const payload = payloadOf(source, 'k');
        const file = fileOf((writer) => {
          writer.selectDb(3);
          const sink = writer.beginKey(Buffer.from('k'), { expireAtMs: LATER_MS });
          assert.equal(readDump(payload, sink), 'ok');
          writer.endKey();
        });
        const target = createTestStore();
        const limits = how === 'whole' ? {} : { valueBytesMax: 60, streamBytesMax: 200 };
        const used = feed(file, target, limits);
        target.run('SELECT', 3);
        assert.equal(digestOf(payloadOf(target, 'k')), digestOf(payload));
        assert.equal(target.run('PEXPIRETIME', 'k'), LATER_MS);
        if (name.startsWith('string')) assert.deepEqual(used, ['SELECT', 'SET']);
        else if (how === 'whole') assert.deepEqual(used, ['SELECT', 'RESTORE']);
        else if (!/number|empty/.test(name)) assert.ok(used.length > 2, used.join());
      });
    }
  }

  test('functions, scripts and the origin are taken from the head of the file', () => {
    const library = "#!lua name=lib\nredis.register_function('f', function() return 'yes' end)";
    const file = fileOf((writer) => {
      writer.aux('redis-ver', '7.0.15');
      writer.aux('repl-stream-db', '4');
      writer.aux('lua', 'return 5');
      writer.function(Buffer.from(library));
    });
    const target = createTestStore();
    const used: string[] = [];
    const feeder = new SnapshotFeeder((args) => {
      used.push(String(args[0]));
      target.run(...args);
    });
    assert.equal(new RdbFileParser(feeder).push(file).status, 'ok');
    assert.deepEqual(used, ['SCRIPT', 'FUNCTION']);
    assert.equal(target.run('FCALL', 'f', 0), 'yes');
    assert.deepEqual(
      [feeder.functions, feeder.keys, feeder.streamDb, feeder.origin.get('redis-ver')],
      [1, 0, 4, '7.0.15'],
    );
  });

  test('what the store held is removed for a file that is read, and for no other', () => {
    const file = fileOf(() => {});
    const newer = Buffer.concat([Buffer.from('REDIS0099'), file.subarray(9)]);
    for (const [bytes, left] of [
      [newer, 1],
      [Buffer.from('something else'), 1],
      [file, 0],
    ] as const) {
      const target = createTestStore();
      target.run('SET', 'old', '1');
      const feeder = new SnapshotFeeder((args) => target.run(...args), { replace: true });
      new RdbFileParser(feeder).push(bytes);
      assert.equal(target.run('DBSIZE'), left);
    }
  });

  test('a key whose time is over is no key, in whichever way it is sent', () => {
    const file = fileOf((writer) => {
      for (const [key, expireAtMs] of [
        ['before 1970', -5],
        ['once', 1000],
      ] as const) {
        writer.beginKey(Buffer.from(key), { expireAtMs }).onString(Buffer.from('v'.repeat(200)));
        writer.endKey();
      }
    });
    for (const limits of [{}, { valueBytesMax: 60 }]) {
      const target = createTestStore();
      feed(file, target, limits);
      assert.equal(target.run('DBSIZE'), 0);
    }
  });

  test('how often a key is used comes along where the file tells it', () => {
    const file = fileOf((writer) => {
      writer.beginKey(Buffer.from('k'), { idleSeconds: 500 }).onString(Buffer.from('v'));
      writer.endKey();
    });
    const target = createTestStore();
    feed(file, target);
    assert.equal(target.run('OBJECT', 'IDLETIME', 'k'), 500);
  });
});
