import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };

function sorted(reply: Reply): Reply[] {
  assert.ok(Array.isArray(reply));
  return [...reply].sort();
}

/** Runs lines of words against their replies. */
function check(lines: [string, Reply][]): void {
  const kv = createTestStore();
  for (const [line, reply] of lines) {
    assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  }
}

test('members are added, asked for and removed', () => {
  check([
    ['SADD s 1 2 2 3', 3],
    ['SADD s 3 a', 1],
    ['SCARD s', 4],
    ['SMEMBERS s', ['1', '2', '3', 'a']],
    ['SISMEMBER s a', 1],
    ['SISMEMBER s b', 0],
    ['SISMEMBER none b', 0],
    ['SMISMEMBER s 1 x a', [1, 0, 1]],
    ['SMISMEMBER none 1 x', [0, 0]],
    ['SREM s 1 x 1', 1],
    ['SREM none 1', 0],
    ['SREM s 2 3 a a', 3],
    ['SCARD s', 0],
    ['SMEMBERS s', []],
  ]);
});

test('other types and broken arguments are refused', () => {
  check([
    ['SET str x', 'OK'],
    ['SADD str a', WRONGTYPE],
    ['SREM str a', WRONGTYPE],
    ['SCARD str', WRONGTYPE],
    ['SMEMBERS str', WRONGTYPE],
    ['SISMEMBER str a', WRONGTYPE],
    ['SPOP str', WRONGTYPE],
    ['SRANDMEMBER str', WRONGTYPE],
    ['SINTER none str', WRONGTYPE],
    ['SUNION none str', WRONGTYPE],
    ['SDIFF none str', WRONGTYPE],
    ['SSCAN str 0', WRONGTYPE],
    ['SADD s a', 1],
    ['SMOVE s str a', WRONGTYPE],
    ['SMOVE str s a', WRONGTYPE],
    ['SMOVE none str a', 0],
    ['SINTERSTORE str s', 1],
    ['SPOP s -1', { error: 'ERR value is out of range, must be positive' }],
    ['SPOP s x', { error: 'ERR value is out of range, must be positive' }],
    ['SPOP s 1 2', { error: 'ERR syntax error' }],
    ['SRANDMEMBER s 1 2', { error: 'ERR syntax error' }],
    [
      'SRANDMEMBER s -9223372036854775808',
      {
        error:
          'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
      },
    ],
    ['SRANDMEMBER s -9223372036854775807', { error: 'ERR value is out of range' }],
    ['SINTERCARD 0 s', { error: 'ERR numkeys should be greater than 0' }],
    ['SINTERCARD x s', { error: 'ERR numkeys should be greater than 0' }],
    ['SINTERCARD 2 s', { error: "ERR Number of keys can't be greater than number of args" }],
    ['SINTERCARD 1 s LIMIT', { error: 'ERR syntax error' }],
    ['SINTERCARD 1 s LIMIT -1', { error: "ERR LIMIT can't be negative" }],
    ['SINTERCARD 1 s LIMIT x', { error: "ERR LIMIT can't be negative" }],
    ['SSCAN s x', { error: 'ERR invalid cursor' }],
    ['SSCAN s 18446744073709551616', { error: 'ERR invalid cursor' }],
    ['SSCAN s 0 COUNT 0', { error: 'ERR syntax error' }],
    ['SSCAN s 0 COUNT x', { error: 'ERR value is not an integer or out of range' }],
    ['SSCAN s 0 MATCH', { error: 'ERR syntax error' }],
    ['SSCAN s 0 TYPE set', { error: 'ERR syntax error' }],
    ['SSCAN none 0 FOO', ['0', []]],
    ['SADD s', { error: "ERR wrong number of arguments for 'sadd' command" }],
  ]);
});

test('intersection, union and difference reply and store', () => {
  check([
    ['SADD a 1 2 3 4 5', 5],
    ['SADD b 2 3 4 x', 4],
    ['SADD c 3 4 y', 3],
    ['SINTER a b c', ['3', '4']],
    ['SINTER a none', []],
    ['SINTER a', ['1', '2', '3', '4', '5']],
    ['SINTERCARD 3 a b c', 2],
    ['SINTERCARD 3 a b c LIMIT 1', 1],
    ['SINTERCARD 2 a b LIMIT 0', 3],
    ['SINTERCARD 2 a none', 0],
    ['SDIFF a b c', ['1', '5']],
    ['SDIFF a a', []],
    ['SDIFF none a', []],
    ['SDIFF a none', ['1', '2', '3', '4', '5']],
    ['SUNION a b', ['1', '2', '3', '4', '5', 'x']],
    ['SUNION a b c none c', ['1', '2', '3', '4', '5', 'x', 'y']],
    ['SINTERSTORE d a b', 3],
    ['SMEMBERS d', ['2', '3', '4']],
    ['SUNIONSTORE d d c', 4],
    ['SDIFFSTORE d d a', 1],
    ['SMEMBERS d', ['y']],
    ['SDIFFSTORE d a a', 0],
    ['GET d', null],
    ['SINTERSTORE a a none', 0],
    ['GET a', null],
  ]);
});

test('a difference with many small sets is the same as with few', () => {
  const kv = createTestStore();
  kv.run('SADD', 'all', ...Array.from({ length: 200 }, (_, i) => `m${i}`));
  const keys = Array.from({ length: 20 }, (_, i) => `k${i}`);
  for (const [i, key] of keys.entries()) kv.run('SADD', key, `m${i}`, `n${i}`);
  const left = sorted(kv.run('SDIFF', 'all', ...keys));
  assert.deepEqual(left, Array.from({ length: 180 }, (_, i) => `m${i + 20}`).sort());
});

test('a destination is replaced with its type and its time to live', () => {
  const kv = createTestStore();
  kv.run('SET', 'dest', 'x', 'EX', '100');
  kv.run('SADD', 'a', '1');
  kv.effects();
  assert.equal(kv.run('SUNIONSTORE', 'dest', 'a'), 1);
  assert.deepEqual(kv.effects(), [['SUNIONSTORE', 'dest', 'a']]);
  assert.deepEqual(kv.run('SMEMBERS', 'dest'), ['1']);
  const { db } = kv.session;
  const key = Buffer.from('dest');
  assert.equal(db.expiryOf(db.peek(key, 0, key.length)), -1);
});

test('SMOVE moves, and both keys come and go', () => {
  check([
    ['SADD a 1 2', 2],
    ['SMOVE a b 1', 1],
    ['SMOVE a b 1', 0],
    ['SMOVE a b 2', 1],
    ['GET a', null],
    ['SMEMBERS b', ['1', '2']],
    ['SMOVE b b 1', 1],
    ['SMOVE b b 9', 0],
  ]);
});

test('what SPOP took is logged by name', () => {
  const kv = createTestStore();
  kv.run('SADD', 's', 'a', 'b', 'c');
  kv.effects();
  const one = kv.run('SPOP', 's');
  assert.deepEqual(kv.effects(), [['SREM', 's', one]]);
  const two = kv.run('SPOP', 's', '1') as Reply[];
  assert.deepEqual(kv.effects(), [['SREM', 's', two[0]]]);
  const rest = kv.run('SPOP', 's', '5') as Reply[];
  assert.deepEqual(kv.effects(), [['DEL', 's']]);
  assert.deepEqual([one, ...two, ...rest].sort(), ['a', 'b', 'c']);
  assert.equal(kv.run('GET', 's'), null);
  assert.equal(kv.run('SPOP', 's'), null);
  assert.deepEqual(kv.run('SPOP', 's', '3'), []);
  assert.deepEqual(kv.effects(), []);
});

test('commands that change nothing are not logged', () => {
  const kv = createTestStore();
  kv.run('SADD', 's', 'a');
  kv.effects();
  for (const line of ['SADD s a', 'SREM s b', 'SPOP s 0', 'SMOVE s s a', 'SINTERSTORE x none']) {
    kv.run(...line.split(' '));
    assert.deepEqual(kv.effects(), [], line);
  }
});

test('SRANDMEMBER gives distinct members or repeats them, and takes none', () => {
  const kv = createTestStore();
  kv.run('SADD', 's', ...'abcdefghij');
  assert.equal((kv.run('SRANDMEMBER', 's') as string).length, 1);
  assert.equal(new Set(kv.run('SRANDMEMBER', 's', '7') as Reply[]).size, 7);
  assert.equal((kv.run('SRANDMEMBER', 's', '70') as Reply[]).length, 10);
  assert.equal((kv.run('SRANDMEMBER', 's', '-70') as Reply[]).length, 70);
  assert.deepEqual(kv.run('SRANDMEMBER', 's', '0'), []);
  assert.deepEqual(kv.run('SRANDMEMBER', 'none', '3'), []);
  assert.equal(kv.run('SRANDMEMBER', 'none'), null);
  assert.equal(kv.run('SCARD', 's'), 10);
});

test('RESP3 clients get sets as sets', () => {
  const kv = createTestStore();
  kv.resp3 = true;
  kv.run('SADD', 's', '1');
  assert.deepEqual(kv.run('SMEMBERS', 's'), { set: ['1'] });
  assert.deepEqual(kv.run('SMEMBERS', 'none'), { set: [] });
  assert.deepEqual(kv.run('SINTER', 's'), { set: ['1'] });
  assert.deepEqual(kv.run('SUNION', 's', 'none'), { set: ['1'] });
  assert.deepEqual(kv.run('SDIFF', 'none'), { set: [] });
  assert.deepEqual(kv.run('SRANDMEMBER', 's', '1'), ['1']);
  assert.deepEqual(kv.run('SPOP', 's', '1'), { set: ['1'] });
  assert.deepEqual(kv.run('SPOP', 's', '1'), { set: [] });
});

test('SSCAN walks a large set with filters and gives a small one whole', () => {
  const kv = createTestStore();
  kv.run('SADD', 'small', 'a1', 'a2', 'b1');
  assert.deepEqual(kv.run('SSCAN', 'small', '0', 'MATCH', 'a*', 'COUNT', '1'), ['0', ['a1', 'a2']]);
  kv.run('SADD', 'large', ...Array.from({ length: 1000 }, (_, i) => `m${i}`));
  const seen = new Set<Reply>();
  let cursor = '0';
  let steps = 0;
  do {
    const [next, found] = kv.run('SSCAN', 'large', cursor, 'COUNT', '20') as [string, Reply[]];
    for (const member of found) seen.add(member);
    cursor = next;
    steps++;
  } while (cursor !== '0');
  assert.equal(seen.size, 1000);
  assert.ok(steps > 10);
});

test('a result larger than any buffer at hand is whole', () => {
  const kv = createTestStore();
  const members = Array.from({ length: 3000 }, (_, i) => `member-${i}`.padEnd(100, '.'));
  kv.run('SADD', 'big', ...members);
  kv.run('SADD', 'one', 'x');
  assert.deepEqual(sorted(kv.run('SUNION', 'big', 'one')), [...members, 'x'].sort());
});
