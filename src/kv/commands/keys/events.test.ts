import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type TestStore } from '../../testing/harness.ts';

/** Collects keyspace events as `database:event key`, without those of misses. */
function eventsOf(kv: TestStore): () => string[] {
  const events: string[] = [];
  kv.engine.settings.notifyKeyspaceEvents = 0x7fff;
  kv.engine.notify = (db, buf, start, length, _class, event) => {
    if (event === 'keymiss') return;
    events.push(`${db.index}:${event} ${buf.toString('latin1', start, start + length)}`);
  };
  return () => events.splice(0);
}

test('commands on keys tell of what they did, in the order of Redis', () => {
  const kv = createTestStore();
  kv.run('SET', 'a', '1');
  kv.run('RPUSH', 'l', '2', '1');
  const payload = Buffer.from(kv.run('DUMP', 'a') as string, 'latin1');
  const events = eventsOf(kv);
  const cases: [(string | Buffer)[], string[]][] = [
    [['EXPIRE', 'a', '100'], ['0:expire a']],
    [['EXPIRE', 'a', '200', 'LT'], []],
    [['PERSIST', 'a'], ['0:persist a']],
    [['PERSIST', 'a'], []],
    [
      ['RENAME', 'a', 'b'],
      ['0:new b', '0:rename_from a', '0:rename_to b'],
    ],
    [['RENAME', 'b', 'b'], []],
    [
      ['COPY', 'b', 'c'],
      ['0:new c', '0:copy_to c'],
    ],
    [
      ['COPY', 'b', 'c', 'DB', '2'],
      ['2:new c', '2:copy_to c'],
    ],
    [
      ['MOVE', 'c', '1'],
      ['1:new c', '0:move_from c', '1:move_to c'],
    ],
    [
      ['RESTORE', 'r', '0', payload],
      ['0:new r', '0:restore r'],
    ],
    [
      ['SORT', 'l', 'STORE', 'dst'],
      ['0:new dst', '0:sortstore dst'],
    ],
    [['SORT', 'nosuch', 'STORE', 'dst'], ['0:del dst']],
    [['DEL', 'r', 'nosuch'], ['0:del r']],
    [['PEXPIREAT', 'b', '1'], ['0:del b']],
    [['FLUSHALL'], []],
  ];
  for (const [command, wanted] of cases) {
    kv.run(...command);
    assert.deepEqual(events(), wanted, command.join(' '));
  }
});

test('expiry and eviction tell of themselves', () => {
  const kv = createTestStore();
  kv.run('SET', 'a', '1', 'PX', 50_000);
  kv.run('SET', 'b', '1');
  const events = eventsOf(kv);
  kv.advance(50_001);
  kv.engine.background.tick();
  assert.deepEqual(events(), ['0:expired a']);
  kv.engine.settings.maxmemoryPolicy = 'allkeys-lru';
  kv.engine.settings.maxmemory = 1;
  kv.run('SET', 'c', '1');
  assert.deepEqual(events(), ['0:evicted b']);
});

test('a replay of the effects gives the same keys and values', () => {
  const kv = createTestStore();
  const commands = [
    'SET a 1',
    'EXPIRE a 1000',
    'SET b 2 PX 77777',
    'RENAME b c',
    'RPUSH l 3 1 2',
    'SORT l DESC STORE sorted',
    'SADD s x y z',
    'SORT s BY nosort STORE from-set',
    'COPY l l2',
    'COPY s s DB 1',
    'MOVE l2 1',
    'EXPIREAT l 1',
    'SWAPDB 0 1',
    'PEXPIRE s 5000000',
    'DEL nosuch',
  ];
  for (const command of commands) kv.run(...command.split(' '));
  const payload = Buffer.from(kv.run('DUMP', 's') as string, 'latin1');
  kv.run('RESTORE', 'restored', 900_000, payload);
  const replica = createTestStore();
  for (const effect of kv.effects()) {
    const inDatabase = /^db(\d+)$/.exec(effect[0]!);
    replica.run('SELECT', inDatabase === null ? '0' : inDatabase[1]!);
    const words = inDatabase === null ? effect : effect.slice(1);
    const reply = replica.run(...words.map((word) => Buffer.from(word, 'latin1')));
    assert.ok(!(reply instanceof Object && 'error' in reply), words.join(' '));
  }
  assert.equal(replica.run('DEBUG', 'DIGEST'), kv.run('DEBUG', 'DIGEST'));
  for (const key of kv.run('KEYS', '*') as string[]) {
    replica.run('SELECT', 0);
    assert.equal(replica.run('PEXPIRETIME', key), kv.run('PEXPIRETIME', key), key);
  }
});
