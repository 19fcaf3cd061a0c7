import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestStore } from '../../testing/harness.ts';
import {
  check,
  checkEffects,
  NOT_INTEGER,
  replayOf,
  SYNTAX,
  WRONGTYPE,
} from '../../testing/lines.ts';

const OVERFLOW = { error: 'ERR increment or decrement would overflow' };
const NOT_FLOAT = { error: 'ERR value is not a valid float' };
const NOT_FINITE = { error: 'ERR increment would produce NaN or Infinity' };
const TOO_LONG = { error: 'ERR string exceeds maximum allowed size (proto-max-bulk-len)' };

test('integers are exact over all 64 bits', () => {
  check([
    ['INCR n', 1],
    ['INCRBY n 41', 42],
    ['DECR n', 41],
    ['DECRBY n 50', -9],
    ['SET n 9223372036854775806', 'OK'],
    ['INCR n', 9223372036854775807n],
    ['INCR n', OVERFLOW],
    ['GET n', '9223372036854775807'],
    ['DECRBY n 9223372036854775807', 0],
    ['SET n -9223372036854775807', 'OK'],
    ['DECR n', -9223372036854775808n],
    ['DECR n', OVERFLOW],
    ['INCRBY n 9223372036854775807', -1],
    ['DECRBY n -9223372036854775808', { error: 'ERR decrement would overflow' }],
    ['INCRBY n -9223372036854775808', OVERFLOW],
    ['INCRBY n 9223372036854775808', NOT_INTEGER],
    ['SET n 9007199254740991', 'OK'],
    ['INCR n', 9007199254740992n],
    ['INCR n', 9007199254740993n],
    ['OBJECT ENCODING n', 'int'],
  ]);
});

test('what is no integer is refused, in the value and in the argument', () => {
  for (const bad of ['1.0', '01', '+1', '-0', '1e3', '0x10', 'x', '""', '9223372036854775808']) {
    check([
      [`SET n ${bad}`, 'OK'],
      ['INCR n', NOT_INTEGER],
      ['DEL n', 1],
      [`INCRBY n ${bad}`, NOT_INTEGER],
      [`DECRBY n ${bad}`, NOT_INTEGER],
      ['EXISTS n', 0],
    ]);
  }
  const kv = createTestStore();
  for (const bad of [' 1', '1 ', '1\n']) {
    kv.run('SET', 'n', bad);
    assert.deepEqual(kv.run('INCR', 'n'), NOT_INTEGER);
  }
  check([
    ['RPUSH l a', 1],
    ['INCR l', WRONGTYPE],
    ['INCRBY l x', NOT_INTEGER],
    ['INCRBYFLOAT l x', WRONGTYPE],
    ['APPEND l x', WRONGTYPE],
    ['STRLEN l', WRONGTYPE],
    ['GETRANGE l 0 1', WRONGTYPE],
    ['GETRANGE l 0 x', NOT_INTEGER],
    ['SETRANGE l 0 x', WRONGTYPE],
    ['SETRANGE l -1 x', { error: 'ERR offset is out of range' }],
    ['LCS l none', { error: 'ERR The specified keys must contain string values' }],
  ]);
});

test('floats have the digits of Redis, and keep the time to live', () => {
  check([
    ['INCRBYFLOAT f 10.50', '10.5'],
    ['INCRBYFLOAT f 0.1', '10.6'],
    ['INCRBYFLOAT f -5', '5.6'],
    ['SET f 5.0e3', 'OK'],
    ['EXPIRE f 100', 1],
    ['INCRBYFLOAT f 2.0e2', '5200'],
    ['TTL f', 100],
    ['INCRBYFLOAT f x', NOT_FLOAT],
    ['INCRBYFLOAT f nan', NOT_FLOAT],
    ['INCRBYFLOAT f inf', NOT_FINITE],
    ['INCRBYFLOAT f -inf', NOT_FINITE],
    ['SET f abc', 'OK'],
    ['INCRBYFLOAT f 1', NOT_FLOAT],
    ['SET f 3', 'OK'],
    ['INCRBYFLOAT f 1.1', '4.1'],
    ['SET f 0.1', 'OK'],
    ['INCRBYFLOAT f 0.2', '0.3'],
  ]);
  checkEffects([['INCRBYFLOAT f 0.5', ['SET f 0.5 KEEPTTL']]]);
});

test('strings grow by APPEND and SETRANGE and are read in parts', () => {
  check([
    ['APPEND s Hello', 5],
    ['APPEND s _World', 11],
    ['GET s', 'Hello_World'],
    ['STRLEN s', 11],
    ['STRLEN none', 0],
    ['GETRANGE s 0 4', 'Hello'],
    ['GETRANGE s -5 -1', 'World'],
    ['GETRANGE s -5 -7', ''],
    ['GETRANGE s 5 3', ''],
    ['GETRANGE s -100 1', 'He'],
    ['GETRANGE s 9 100', 'ld'],
    ['GETRANGE s 11 100', ''],
    ['GETRANGE none 0 -1', ''],
    ['SUBSTR s 0 1', 'He'],
    ['SETRANGE s 6 Redis', 11],
    ['GET s', 'Hello_Redis'],
    ['SETRANGE s 13 !', 14],
    ['GET s', 'Hello_Redis\0\0!'],
    ['SETRANGE none 0 ""', 0],
    ['EXISTS none', 0],
    ['SETRANGE s 100 ""', 14],
    ['SETRANGE fresh 2 ab', 4],
    ['GET fresh', '\0\0ab'],
    ['SETRANGE s 536870911 ab', TOO_LONG],
    ['SETRANGE s 9223372036854775807 ab', TOO_LONG],
    ['SETRANGE s x ab', NOT_INTEGER],
  ]);
  const kv = createTestStore({ settings: { protoMaxBulkLen: 8 } });
  check(
    [
      ['APPEND s 12345', 5],
      ['APPEND s 6789', TOO_LONG],
      ['GET s', '12345'],
      ['SET s 123456789', TOO_LONG],
    ],
    kv,
  );
});

test('encodings are int, embstr up to 44 bytes, raw beyond and after a change in place', () => {
  check([
    ['SET s 12345', 'OK'],
    ['OBJECT ENCODING s', 'int'],
    ['APPEND s 6', 6],
    ['OBJECT ENCODING s', 'raw'],
    ['SET s 0012', 'OK'],
    ['OBJECT ENCODING s', 'embstr'],
    [`SET s ${'x'.repeat(44)}`, 'OK'],
    ['OBJECT ENCODING s', 'embstr'],
    [`SET s ${'x'.repeat(45)}`, 'OK'],
    ['OBJECT ENCODING s', 'raw'],
    ['SETRANGE new 0 1', 1],
    ['OBJECT ENCODING new', 'raw'],
    ['SET new 9223372036854775808', 'OK'],
    ['OBJECT ENCODING new', 'embstr'],
  ]);
});

test('LCS answers a string, its length or where it stands', () => {
  const matches = [
    [
      [4, 7],
      [5, 8],
    ],
    [
      [2, 3],
      [0, 1],
    ],
  ];
  check([
    ['MSET a ohmytext b mynewtext', 'OK'],
    ['LCS a b', 'mytext'],
    ['LCS a b LEN', 6],
    ['LCS a b IDX', ['matches', matches, 'len', 6]],
    ['LCS a b IDX MINMATCHLEN 3', ['matches', matches.slice(0, 1), 'len', 6]],
    ['LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN', ['matches', [[...matches[0]!, 4]], 'len', 6]],
    ['LCS a none', ''],
    ['LCS a none IDX', ['matches', [], 'len', 0]],
    [
      'LCS a b IDX LEN',
      { error: 'ERR If you want both the length and indexes, please just use IDX.' },
    ],
    ['LCS a b FOO', SYNTAX],
    ['LCS a b IDX MINMATCHLEN', SYNTAX],
    ['LCS a b IDX MINMATCHLEN x', NOT_INTEGER],
  ]);
  const kv = createTestStore({ settings: { protoMaxBulkLen: 1000 } });
  kv.run('MSET', 'a', 'x'.repeat(100), 'b', 'y'.repeat(100));
  assert.deepEqual(kv.run('LCS', 'a', 'b', 'LEN'), {
    error: 'ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len',
  });
  kv.resp3 = true;
  kv.run('MSET', 'a', 'x', 'b', 'x');
  assert.deepEqual(kv.run('LCS', 'a', 'b', 'IDX'), {
    map: [
      [
        'matches',
        [
          [
            [0, 0],
            [0, 0],
          ],
        ],
      ],
      ['len', 1],
    ],
  });
});

const value = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.string({ maxLength: 60, unit: 'binary-ascii' }),
);
const step = fc.tuple(
  fc.constantFrom('set', 'append', 'setrange', 'incrby', 'getrange', 'getset', 'del'),
  fc.constantFrom('a', 'b'),
  value,
  fc.integer({ min: -20, max: 80 }),
  fc.integer({ min: -20, max: 80 }),
);

test('strings agree with a map of texts, replays do too, and no memory is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const kv = createTestStore();
      const before = kv.engine.keyspace.arena.usedBytes;
      const model = new Map<string, string>();
      for (const [what, key, text, i, j] of steps) {
        const old = model.get(key) ?? '';
        if (what === 'set') {
          kv.run('SET', key, text);
          model.set(key, text);
        } else if (what === 'append') {
          assert.equal(kv.run('APPEND', key, text), old.length + text.length);
          model.set(key, old + text);
        } else if (what === 'setrange' && text !== '') {
          const at = Math.abs(i);
          const next = old.padEnd(at, '\0').slice(0, at) + text + old.slice(at + text.length);
          assert.equal(kv.run('SETRANGE', key, at, text), next.length);
          model.set(key, next);
        } else if (what === 'getrange') {
          const from = i < 0 ? Math.max(0, old.length + i) : i;
          const to = j < 0 ? Math.max(0, old.length + j) : j;
          const wanted = i < 0 && j < 0 && i > j ? '' : old.slice(from, to + 1);
          assert.equal(kv.run('GETRANGE', key, i, j), wanted);
        } else if (what === 'getset') {
          assert.equal(kv.run('GETSET', key, text), model.get(key) ?? null);
          model.set(key, text);
        } else if (what === 'incrby') {
          const integer = /^(?:0|-?[1-9][0-9]*)$/.test(old) || !model.has(key);
          const sum = integer ? BigInt(old) + BigInt(i) : 2n ** 64n;
          const fits =
            BigInt.asIntN(64, sum) === sum &&
            BigInt.asIntN(64, BigInt(integer ? old : 0)) === BigInt(integer ? old : 0);
          const reply = kv.run('INCRBY', key, i);
          if (fits) {
            assert.equal(BigInt(reply as number), sum);
            model.set(key, String(sum));
          } else assert.ok(typeof reply === 'object' && reply !== null && 'error' in reply);
        } else if (what === 'del') {
          kv.run('DEL', key);
          model.delete(key);
        }
        assert.equal(kv.run('GET', key), model.get(key) ?? null);
      }
      const replay = replayOf(kv);
      for (const key of ['a', 'b']) assert.equal(replay.run('GET', key), model.get(key) ?? null);
      kv.run('DEL', 'a', 'b');
      assert.equal(kv.engine.keyspace.arena.usedBytes, before);
    }),
    { numRuns: 60 },
  );
});
