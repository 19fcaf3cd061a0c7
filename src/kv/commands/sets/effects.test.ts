import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type TestStore } from '../../testing/harness.ts';

/** Collects the keyspace events of a store as `event key`. */
function eventsOf(kv: TestStore): () => string[] {
  const events: string[] = [];
  kv.engine.settings.notifyKeyspaceEvents = 0x7fff;
  kv.engine.notify = (_db, buf, start, length, _class, event) => {
    events.push(`${event} ${buf.toString('latin1', start, start + length)}`);
  };
  return () => events.splice(0);
}

test('commands on sets and hashes tell of what they did, in order', () => {
  const kv = createTestStore();
  const events = eventsOf(kv);
  const cases: [string, string[]][] = [
    ['SADD s a b', ['new s', 'sadd s']],
    ['SADD s a', []],
    ['SREM s x', []],
    ['SMOVE s t a', ['srem s', 'new t', 'sadd t']],
    ['SMOVE s t b', ['srem s', 'del s', 'sadd t']],
    ['SUNIONSTORE u t', ['new u', 'sunionstore u']],
    ['SINTERSTORE u t', ['sinterstore u']],
    ['SDIFFSTORE u t t', ['del u']],
    ['SPOP t 1', ['spop t']],
    ['SPOP t', ['spop t', 'del t']],
    ['HSET h a 1 b 2 c 3', ['new h', 'hset h']],
    ['HINCRBY h a 1', ['hincrby h']],
    ['HINCRBYFLOAT h a 1', ['hincrbyfloat h']],
    ['HEXPIRE h 100 FIELDS 1 a', ['hexpire h']],
    ['HPERSIST h FIELDS 1 a', ['hpersist h']],
    ['HSETEX h EX 9 FIELDS 1 a 1', ['hset h', 'hexpire h']],
    ['HGETDEL h FIELDS 1 a', ['hdel h']],
    ['HEXPIRE h 0 FIELDS 1 b', ['hdel h']],
    ['HDEL h c', ['hdel h', 'del h']],
  ];
  for (const [line, wanted] of cases) {
    kv.run(...line.split(' '));
    const seen = events().filter((event) => !event.startsWith('keymiss'));
    assert.deepEqual(seen, wanted, line);
  }
});

test('forms change at the default thresholds of Redis', () => {
  const kv = createTestStore();
  const range = (count: number, text = '') =>
    Array.from({ length: count }, (_, i) => `${text}${i}`);
  const encoding = (key: string) => kv.run('OBJECT', 'ENCODING', key);
  kv.run('SADD', 'ints', ...range(512));
  assert.equal(encoding('ints'), 'intset');
  kv.run('SADD', 'ints', '1000');
  assert.equal(encoding('ints'), 'hashtable');
  kv.run('SADD', 'small', ...range(128, 'm'));
  assert.equal(encoding('small'), 'listpack');
  kv.run('SADD', 'small', 'x');
  assert.equal(encoding('small'), 'hashtable');
  kv.run('SADD', 'mixed', ...range(127));
  kv.run('SADD', 'mixed', 'x');
  assert.equal(encoding('mixed'), 'listpack');
  kv.run('SADD', 'long', 'x'.repeat(64));
  assert.equal(encoding('long'), 'listpack');
  kv.run('SADD', 'long', 'x'.repeat(65));
  assert.equal(encoding('long'), 'hashtable');
  kv.run('SINTERSTORE', 'inter', 'ints', 'ints');
  assert.equal(encoding('inter'), 'hashtable');
  kv.run('SREM', 'ints', '1000');
  kv.run('SINTERSTORE', 'inter', 'ints', 'ints');
  assert.equal(encoding('inter'), 'intset');
  for (let i = 0; i < 512; i++) kv.run('HSET', 'hash', `f${i}`, 'v');
  assert.equal(encoding('hash'), 'listpack');
  kv.run('HEXPIRE', 'hash', '100', 'FIELDS', '1', 'f0');
  assert.equal(encoding('hash'), 'listpackex');
  kv.run('HSET', 'hash', 'x', 'v');
  assert.equal(encoding('hash'), 'hashtable');
  assert.deepEqual(kv.run('HTTL', 'hash', 'FIELDS', '2', 'f0', 'f1'), [100, -1]);
});

test('a replay of the effects gives the same sets and hashes', () => {
  const kv = createTestStore({ settings: { hashMaxListpackEntries: 4, setMaxListpackEntries: 4 } });
  const commands = [
    'SADD s a b c d e f 1 2 3',
    'SPOP s',
    'SPOP s 3',
    'SADD i 1 2 3',
    'SPOP i',
    'SMOVE i s 2',
    'SUNIONSTORE u s i',
    'SDIFFSTORE i i i',
    'HSET h a 1 b 2 c 3 d 4 e 5 f 6',
    'HINCRBYFLOAT h a 0.1',
    'HEXPIRE h 100 FIELDS 3 a b c',
    'HINCRBYFLOAT h a 0.1',
    'HINCRBY h b 5',
    'HSETEX h EX 50 FIELDS 1 d 7',
    'HGETEX h PERSIST FIELDS 1 c',
    'HGETDEL h FIELDS 1 e',
    'HEXPIRE h 0 FIELDS 1 f',
  ];
  for (const line of commands) kv.run(...line.split(' '));
  const replay = createTestStore();
  replay.engine.keyspace.expiresOnLookup = false;
  for (const effect of kv.effects()) replay.run(...effect);
  const sorted = (store: TestStore, ...line: string[]) =>
    (store.run(...line) as string[]).toSorted();
  for (const line of [
    ['SMEMBERS', 's'],
    ['SMEMBERS', 'i'],
    ['SMEMBERS', 'u'],
    ['HGETALL', 'h'],
  ]) {
    assert.deepEqual(sorted(replay, ...line), sorted(kv, ...line), line.join(' '));
  }
  const times = ['HPEXPIRETIME', 'h', 'FIELDS', '4', 'a', 'b', 'c', 'd'];
  assert.deepEqual(replay.run(...times), kv.run(...times));
});
