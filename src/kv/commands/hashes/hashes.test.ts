import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };

/** Runs lines of words against their replies. */
function check(lines: [string, Reply][], kv = createTestStore()): void {
  for (const [line, reply] of lines) {
    assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  }
}

test('fields are set, read and removed', () => {
  check([
    ['HSET h a 1 b 2 a 3', 2],
    ['HSET h a 4 c 5', 1],
    ['HGET h a', '4'],
    ['HGET h z', null],
    ['HGET none a', null],
    ['HMGET h a z c', ['4', null, '5']],
    ['HMGET none a z', [null, null]],
    ['HGETALL h', ['a', '4', 'b', '2', 'c', '5']],
    ['HKEYS h', ['a', 'b', 'c']],
    ['HVALS h', ['4', '2', '5']],
    ['HGETALL none', []],
    ['HLEN h', 3],
    ['HLEN none', 0],
    ['HSTRLEN h a', 1],
    ['HSTRLEN h z', 0],
    ['HEXISTS h a', 1],
    ['HEXISTS h z', 0],
    ['HMSET h d 6', 'OK'],
    ['HSETNX h d 7', 0],
    ['HSETNX h e 7', 1],
    ['HDEL h a z a', 1],
    ['HDEL none a', 0],
    ['HDEL h b c d e', 4],
    ['GET h', null],
  ]);
});

test('other types and broken arguments are refused', () => {
  check([
    ['SET str x', 'OK'],
    ['HSET str a 1', WRONGTYPE],
    ['HGET str a', WRONGTYPE],
    ['HMGET str a', WRONGTYPE],
    ['HDEL str a', WRONGTYPE],
    ['HLEN str', WRONGTYPE],
    ['HSCAN str 0', WRONGTYPE],
    ['HRANDFIELD str', WRONGTYPE],
    ['HINCRBY str a 1', WRONGTYPE],
    ['HTTL str FIELDS 1 a', WRONGTYPE],
    ['HEXPIRE str 1 FIELDS 1 a', WRONGTYPE],
    ['HSET h a', { error: "ERR wrong number of arguments for 'hset' command" }],
    ['HSET h a 1 b', { error: "ERR wrong number of arguments for 'hset' command" }],
    ['HMSET h a 1 b', { error: "ERR wrong number of arguments for 'hmset' command" }],
    ['GET h', null],
    ['HSET h a 1', 1],
    ['HRANDFIELD h x', { error: 'ERR value is not an integer or out of range' }],
    ['HRANDFIELD h 1 x', { error: 'ERR syntax error' }],
    ['HRANDFIELD h 1 WITHVALUES x', { error: 'ERR syntax error' }],
    ['HRANDFIELD h 9223372036854775807 WITHVALUES', { error: 'ERR value is out of range' }],
    ['HSCAN h x', { error: 'ERR invalid cursor' }],
    ['HSCAN h 0 COUNT 0', { error: 'ERR syntax error' }],
    ['HSCAN none 0 FOO', ['0', []]],
  ]);
});

test('fields count, in integers of 64 bits and in floats', () => {
  const kv = createTestStore();
  check(
    [
      ['HINCRBY h n 5', 5],
      ['HINCRBY h n -7', -2],
      ['HINCRBY h n x', { error: 'ERR value is not an integer or out of range' }],
      ['HSET h s foo big 9223372036854775806 low -9223372036854775807', 3],
      ['HINCRBY h s 1', { error: 'ERR hash value is not an integer' }],
      ['HINCRBY h big 1', 9223372036854775807n],
      ['HINCRBY h big 1', { error: 'ERR increment or decrement would overflow' }],
      ['HGET h big', '9223372036854775807'],
      ['HINCRBY h low -1', -9223372036854775808n],
      ['HINCRBY h low -1', { error: 'ERR increment or decrement would overflow' }],
      ['HINCRBY h new 9007199254740993', 9007199254740993n],
      ['HGET h new', '9007199254740993'],
    ],
    kv,
  );
  kv.effects();
  check(
    [
      ['HINCRBYFLOAT h f 10.5', '10.5'],
      ['HINCRBYFLOAT h f 0.1', '10.6'],
      ['HINCRBYFLOAT h f -5.0e3', '-4989.39999999999999991'],
      ['HINCRBYFLOAT h f x', { error: 'ERR value is not a valid float' }],
      ['HINCRBYFLOAT h f inf', { error: 'ERR value is NaN or Infinity' }],
      ['HINCRBYFLOAT h s 1', { error: 'ERR hash value is not a float' }],
    ],
    kv,
  );
  assert.deepEqual(kv.effects(), [
    ['HSET', 'h', 'f', '10.5'],
    ['HSET', 'h', 'f', '10.6'],
    ['HSET', 'h', 'f', '-4989.39999999999999991'],
  ]);
});

test('a refused command leaves no key behind', () => {
  check([
    ['HINCRBY none f x', { error: 'ERR value is not an integer or out of range' }],
    ['HINCRBYFLOAT none f x', { error: 'ERR value is not a valid float' }],
    ['HSET none f', { error: "ERR wrong number of arguments for 'hset' command" }],
    ['GET none', null],
  ]);
});

test('RESP3 clients get maps, and random fields in pairs', () => {
  const kv = createTestStore();
  kv.resp3 = true;
  kv.run('HSET', 'h', 'a', '1');
  assert.deepEqual(kv.run('HGETALL', 'h'), { map: [['a', '1']] });
  assert.deepEqual(kv.run('HGETALL', 'none'), { map: [] });
  assert.deepEqual(kv.run('HRANDFIELD', 'h', '-2', 'WITHVALUES'), [
    ['a', '1'],
    ['a', '1'],
  ]);
  assert.deepEqual(kv.run('HRANDFIELD', 'h', '0', 'WITHVALUES'), []);
  assert.deepEqual(kv.run('HSCAN', 'h', '0'), ['0', ['a', '1']]);
  kv.resp3 = false;
  assert.deepEqual(kv.run('HRANDFIELD', 'h', '-2', 'WITHVALUES'), ['a', '1', 'a', '1']);
  assert.equal(kv.run('HRANDFIELD', 'h'), 'a');
  assert.equal(kv.run('HRANDFIELD', 'none'), null);
  assert.deepEqual(kv.run('HRANDFIELD', 'none', '2'), []);
});

test('HSCAN filters by field and may leave values out', () => {
  const kv = createTestStore();
  kv.run('HSET', 'h', 'a1', 'x', 'a2', 'y', 'b1', 'a9');
  assert.deepEqual(kv.run('HSCAN', 'h', '0', 'MATCH', 'a*'), ['0', ['a1', 'x', 'a2', 'y']]);
  assert.deepEqual(kv.run('HSCAN', 'h', '0', 'NOVALUES'), ['0', ['a1', 'a2', 'b1']]);
  const many = Array.from({ length: 600 }, (_, i) => [`f${i}`, `v${i}`]).flat();
  kv.run('HSET', 'large', ...many);
  const seen = new Map<Reply, Reply>();
  let cursor = '0';
  do {
    const [next, found] = kv.run('HSCAN', 'large', cursor, 'COUNT', '25') as [string, Reply[]];
    for (let i = 0; i < found.length; i += 2) seen.set(found[i], found[i + 1]);
    cursor = next;
  } while (cursor !== '0');
  assert.equal(seen.size, 600);
  assert.equal(seen.get('f77'), 'v77');
});

test('commands that change nothing are not logged', () => {
  const kv = createTestStore();
  kv.run('HSET', 'h', 'a', '1');
  kv.effects();
  for (const line of [
    'HDEL h b',
    'HSETNX h a 2',
    'HPERSIST h FIELDS 1 a',
    'HEXPIRE h 10 XX FIELDS 1 a',
    'HGETDEL h FIELDS 1 b',
    'HGETEX h FIELDS 1 a',
    'HSETEX h FXX FIELDS 1 b 1',
  ]) {
    kv.run(...line.split(' '));
    assert.deepEqual(kv.effects(), [], line);
  }
});
