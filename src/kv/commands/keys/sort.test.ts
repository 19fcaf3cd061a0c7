import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

function check(kv: TestStore, steps: readonly (readonly [string, Reply])[]): void {
  for (const [command, reply] of steps) {
    assert.deepEqual(kv.run(...command.split(' ')), reply, command);
  }
}

const error = (text: string) => ({ error: text });

function store(): TestStore {
  const kv = createTestStore();
  kv.run('RPUSH', 'l', 3, 1, 2, 10);
  kv.run('ZADD', 'z', 3, 'a', 1, 'b', 2, 'c');
  kv.run('SADD', 's', 5, 3, 9, 1);
  kv.run('MSET', 'w1', 30, 'w2', 20, 'w3', 10, 'w10', 5);
  for (const [id, weight] of [
    [1, 5],
    [2, 4],
    [3, 3],
  ] as const) {
    kv.run('HSET', `o${id}`, 'f', weight, 'n', `name${id}`);
  }
  return kv;
}

test('SORT orders numbers, texts and outside weights', () => {
  check(store(), [
    ['SORT l', ['1', '2', '3', '10']],
    ['SORT l DESC LIMIT 1 2', ['3', '2']],
    ['SORT l ALPHA', ['1', '10', '2', '3']],
    ['SORT l LIMIT 10 2', []],
    ['SORT l BY w*', ['10', '3', '2', '1']],
    ['SORT l BY w* GET # GET w* LIMIT 0 2', ['10', '5', '3', '10']],
    ['SORT l BY o*->f GET o*->n', [null, 'name3', 'name2', 'name1']],
    ['SORT l BY o*->f DESC GET o*->nope LIMIT 0 1', [null]],
    ['SORT l BY nosort', ['3', '1', '2', '10']],
    ['SORT l BY nosort DESC LIMIT 1 2', ['2', '1']],
    ['SORT z BY nosort DESC LIMIT 0 2', ['a', 'c']],
    ['SORT z ALPHA DESC', ['c', 'b', 'a']],
    ['SORT s LIMIT 1 2', ['3', '5']],
    ['SORT_RO l DESC', ['10', '3', '2', '1']],
    ['SORT nosuch', []],
  ]);
});

test('SORT refuses what is no number, no collection or no syntax', () => {
  const kv = store();
  kv.run('RPUSH', 'words', 'a', 'b');
  const double = error("ERR One or more scores can't be converted into double");
  check(kv, [
    ['SORT words', double],
    ['SORT z', double],
    ['SORT z LIMIT 10 1', double],
    ['SORT w1', error('WRONGTYPE Operation against a key holding the wrong kind of value')],
    ['SORT l LIMIT 1', error('ERR syntax error')],
    ['SORT l LIMIT a 2', error('ERR value is not an integer or out of range')],
    ['SORT_RO l STORE dst', error('ERR syntax error')],
  ]);
});

test('SORT reads numbers as C does', () => {
  const kv = createTestStore();
  kv.run('RPUSH', 'l', ' 7', '0x10', '', '1e1', '\0rest', '-inf');
  assert.deepEqual(kv.run('SORT', 'l'), ['-inf', '', '\0rest', ' 7', '1e1', '0x10']);
  kv.run('RPUSH', 'blank', ' ');
  assert.deepEqual(
    kv.run('SORT', 'blank'),
    error("ERR One or more scores can't be converted into double"),
  );
});

test('SORT STORE replaces the destination, also the source itself', () => {
  const kv = store();
  kv.run('SET', 'dst', 'x', 'EX', 100);
  kv.effects();
  check(kv, [
    ['SORT l BY w* GET # GET nosuch_* STORE dst', 8],
    ['LRANGE dst 0 -1', ['10', '', '3', '', '2', '', '1', '']],
    ['TTL dst', -1],
    ['SORT l STORE l', 4],
    ['LRANGE l 0 -1', ['1', '2', '3', '10']],
    ['SORT s BY nosort STORE sorted', 4],
    ['LRANGE sorted 0 -1', ['1', '3', '5', '9']],
    ['SORT nosuch STORE dst', 0],
    ['EXISTS dst', 0],
    ['SORT nosuch STORE dst', 0],
  ]);
  const logged = kv.effects().map((effect) => effect.slice(0, 2).join(' '));
  assert.deepEqual(logged, ['SORT l', 'SORT l', 'SORT s', 'SORT nosuch']);
});

test('equal weights are ordered so that every replica finds the same', () => {
  const kv = store();
  kv.run('RPUSH', 'eq', 'c', 'a', 'b');
  assert.deepEqual(kv.run('SORT', 'eq', 'BY', 'none*'), ['a', 'b', 'c']);
  assert.deepEqual(kv.run('SORT', 'eq', 'BY', 'none*', 'ALPHA'), ['c', 'a', 'b']);
  kv.run('SADD', 'eqs', ...Array.from({ length: 300 }, (_, i) => `m${i}`));
  const sorted = kv.run('SORT', 'eqs', 'BY', 'none*', 'ALPHA') as string[];
  assert.deepEqual(sorted, sorted.toSorted());
});

test('patterns need a user who may read every key', () => {
  const kv = store();
  const client = kv.connect();
  kv.run('ACL', 'SETUSER', 'some', 'on', 'nopass', '+@all', '~l', '~w*');
  kv.run('ACL', 'SETUSER', 'every', 'on', 'nopass', '+@all', '%R~*');
  client.run('AUTH', 'some', 'x');
  const denied = (option: string) =>
    error(`ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
  assert.deepEqual(client.run('SORT', 'l', 'BY', 'w*'), denied('BY'));
  assert.deepEqual(client.run('SORT', 'l', 'GET', 'w*'), denied('GET'));
  assert.deepEqual(client.run('SORT', 'l', 'BY', 'nosort'), ['3', '1', '2', '10']);
  client.run('AUTH', 'every', 'x');
  assert.deepEqual(client.run('SORT_RO', 'l', 'BY', 'w*'), ['10', '3', '2', '1']);
});
