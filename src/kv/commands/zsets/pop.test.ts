import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

const SYNTAX = { error: 'ERR syntax error' };
const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };

function check(lines: [string, Reply][], kv = createTestStore()) {
  for (const [line, reply] of lines) assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  return kv;
}

test('pops take from either end', () => {
  const kv = check([
    ['ZADD z 1 a 2 b 3 c 4 d 5 e', 5],
    ['ZPOPMIN z', ['a', '1']],
    ['ZPOPMAX z 2', ['e', '5', 'd', '4']],
    ['ZPOPMIN z 0', []],
    ['ZPOPMIN none', []],
    ['ZPOPMIN none 3', []],
    ['ZPOPMIN z -1', { error: 'ERR value is out of range, must be positive' }],
    ['ZPOPMIN z 1 2', SYNTAX],
    ['SET str x', 'OK'],
    ['ZPOPMIN str', WRONGTYPE],
    ['ZPOPMIN z 9', ['b', '2', 'c', '3']],
  ]);
  assert.equal(kv.session.db.size, 1);
});

test('ZMPOP takes from the first set that has members, and logs a plain pop', () => {
  const kv = check([
    ['ZADD z 1 a 2 b 3 c', 3],
    ['ZMPOP 2 none z MIN', ['z', [['a', '1']]]],
    [
      'ZMPOP 1 z MAX COUNT 5',
      [
        'z',
        [
          ['c', '3'],
          ['b', '2'],
        ],
      ],
    ],
    ['ZMPOP 1 z MAX', null],
    ['ZMPOP 0 z MAX', { error: 'ERR numkeys should be greater than 0' }],
    ['ZMPOP x z MAX', { error: 'ERR numkeys should be greater than 0' }],
    ['ZMPOP 2 z MAX', SYNTAX],
    ['ZMPOP 1 z UP', SYNTAX],
    ['ZMPOP 1 z MIN COUNT', SYNTAX],
    ['ZMPOP 1 z MIN COUNT 0', { error: 'ERR count should be greater than 0' }],
    ['ZMPOP 1 z MIN COUNT 1 COUNT 1', SYNTAX],
    ['SET str x', 'OK'],
    ['ZMPOP 2 none str MIN', WRONGTYPE],
  ]);
  assert.deepEqual(kv.effects().slice(1, 3), [
    ['ZPOPMIN', 'z', '1'],
    ['ZPOPMAX', 'z', '2'],
  ]);
});

test('blocking pops serve at once what is there', () => {
  const kv = check([
    ['ZADD z 1 a 2 b 3 c 4 d', 4],
    ['BZPOPMIN none z 0', ['z', 'a', '1']],
    ['BZPOPMAX z none 0', ['z', 'd', '4']],
    [
      'BZMPOP 0 2 none z MIN COUNT 9',
      [
        'z',
        [
          ['b', '2'],
          ['c', '3'],
        ],
      ],
    ],
    ['BZPOPMIN z x', { error: 'ERR timeout is not a float or out of range' }],
    ['BZPOPMIN z -1', { error: 'ERR timeout is negative' }],
    ['BZPOPMIN z 1e30', { error: 'ERR timeout is out of range' }],
    ['BZMPOP x 0 z MIN', { error: 'ERR numkeys should be greater than 0' }],
    ['BZMPOP x 1 z MIN', { error: 'ERR timeout is not a float or out of range' }],
    ['SET str x', 'OK'],
    ['BZPOPMIN none str 0', WRONGTYPE],
  ]);
  assert.deepEqual(kv.effects().slice(1, 4), [
    ['ZPOPMIN', 'z', '1'],
    ['ZPOPMAX', 'z', '1'],
    ['ZPOPMIN', 'z', '2'],
  ]);
});

test('a waiting pop is served by the command that adds, in the order of waiting', () => {
  const kv = createTestStore();
  const first = kv.connect();
  const second = kv.connect();
  assert.equal(first.run('BZPOPMIN', 'other', 'z', 0), undefined);
  assert.equal(second.run('BZMPOP', 0, 1, 'z', 'MAX', 'COUNT', 2), undefined);
  kv.run('SET', 'other', 'not a sorted set');
  assert.deepEqual(first.pushed(), []);
  assert.equal(kv.run('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c', 4, 'd'), 4);
  assert.deepEqual(first.pushed(), [['z', 'a', '1']]);
  assert.deepEqual(second.pushed(), [
    [
      'z',
      [
        ['d', '4'],
        ['c', '3'],
      ],
    ],
  ]);
  assert.deepEqual(kv.run('ZRANGE', 'z', 0, -1), ['b']);
  assert.deepEqual(kv.effects().slice(-2), [
    ['ZPOPMIN', 'z', '1'],
    ['ZPOPMAX', 'z', '2'],
  ]);
});

test('a wait that ends without a member is answered with null', () => {
  const kv = createTestStore();
  const client = kv.connect();
  assert.equal(client.run('BZPOPMAX', 'z', 0.5), undefined);
  kv.advance(400);
  assert.deepEqual(client.pushed(), []);
  kv.advance(200);
  assert.deepEqual(client.pushed(), [null]);
});
