import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createTestStore,
  type Reply,
  type TestClient,
  type TestStore,
} from '../testing/harness.ts';

/** Clients that wait, each with a copy of the command. */
function waiting(kv: TestStore, count: number, ...words: (string | number)[]): TestClient[] {
  return Array.from({ length: count }, () => {
    const client = kv.connect();
    assert.equal(client.run(...words), undefined);
    return client;
  });
}

/** Runs that a command has had in this store, in vain or not. */
function countRuns(kv: TestStore, name: string): () => number {
  const command = kv.engine.commands.get(name)!;
  const { run } = command;
  let runs = 0;
  Object.defineProperty(command, 'run', {
    value: (call: never) => {
      runs++;
      run!(call);
    },
  });
  return () => runs;
}

const told = (client: TestClient): string => (client.pushed()[0] as { error: string }).error;

describe('a change of a key', () => {
  test('lets so many go on as it has elements for, and does not disturb the others', () => {
    const kv = createTestStore();
    const runs = countRuns(kv, 'blpop');
    const clients = waiting(kv, 200, 'BLPOP', 'k', 0);
    const before = runs();
    kv.run('RPUSH', 'k', '1', '2', '3');
    assert.equal(runs() - before, 3);
    const served = clients
      .map((client) => client.pushed()[0])
      .filter((reply) => reply !== undefined);
    assert.deepEqual(served, [
      ['k', '1'],
      ['k', '2'],
      ['k', '3'],
    ]);
    assert.equal(kv.engine.blocking.count, 197);
  });

  test('does not disturb those who wait for another type', () => {
    const kv = createTestStore();
    const runs = ['blpop', 'bzpopmin', 'xread'].map((name) => countRuns(kv, name));
    const [pop] = waiting(kv, 1, 'BLPOP', 'k', 0);
    const [zpop] = waiting(kv, 1, 'BZPOPMIN', 'k', 0);
    const [read] = waiting(kv, 1, 'XREAD', 'BLOCK', 0, 'STREAMS', 'k', '$');
    kv.run('SET', 'k', 'v');
    kv.run('DEL', 'k');
    kv.run('ZADD', 'k', 1, 'm');
    assert.deepEqual(zpop!.pushed(), [['k', 'm', '1']]);
    kv.run('XADD', 'k', '1-1', 'f', 'v');
    assert.deepEqual(read!.pushed(), [[['k', [['1-1', ['f', 'v']]]]]]);
    kv.run('DEL', 'k');
    kv.run('RPUSH', 'k', 'x');
    assert.deepEqual(pop!.pushed(), [['k', 'x']]);
    assert.deepEqual(
      runs.map((count) => count()),
      [2, 2, 2],
    );
  });

  test('of a stream is looked at by every reader for itself', () => {
    const kv = createTestStore();
    kv.run('XGROUP', 'CREATE', 'k', 'g', '$', 'MKSTREAM');
    const readers = waiting(kv, 3, 'XREAD', 'BLOCK', 0, 'STREAMS', 'k', '$');
    const late = waiting(kv, 1, 'XREAD', 'BLOCK', 0, 'STREAMS', 'k', '5-0')[0]!;
    const members = waiting(
      kv,
      2,
      'XREADGROUP',
      'GROUP',
      'g',
      'c',
      'BLOCK',
      0,
      'STREAMS',
      'k',
      '>',
    );
    kv.run('XADD', 'k', '1-1', 'f', 'v');
    const entry = [['k', [['1-1', ['f', 'v']]]]];
    for (const reader of [...readers, members[0]!]) assert.deepEqual(reader.pushed(), [entry]);
    assert.deepEqual([late.pushed(), members[1]!.pushed()], [[], []]);
    kv.run('XADD', 'k', '6-1', 'f', 'v');
    assert.equal(late.pushed().length + members[1]!.pushed().length, 2);
  });

  test('that takes the stream away tells members of groups, and no other reader', () => {
    for (const line of [
      ['DEL', 'k'],
      ['SET', 'k', 'v'],
    ]) {
      const kv = createTestStore();
      kv.run('XGROUP', 'CREATE', 'k', 'g', '$', 'MKSTREAM');
      const [reader] = waiting(kv, 1, 'XREAD', 'BLOCK', 0, 'STREAMS', 'k', '$');
      const words = ['XREADGROUP', 'GROUP', 'g', 'c', 'BLOCK', 0, 'STREAMS', 'k', '>'];
      const members = waiting(kv, 2, ...words);
      kv.run(...line);
      const error = line[0] === 'SET' ? /^WRONGTYPE / : /^NOGROUP /;
      for (const member of members) assert.match(told(member), error);
      assert.deepEqual(reader!.pushed(), []);
    }
  });

  test('that has expired by the time it is looked at serves nobody, and its removal is logged', () => {
    const kv = createTestStore();
    const [client] = waiting(kv, 1, 'BLPOP', 'k', 0);
    kv.run('MULTI');
    kv.run('RPUSH', 'k', 'x');
    kv.run('PEXPIREAT', 'k', 1);
    kv.run('EXEC');
    assert.deepEqual(client!.pushed(), []);
    assert.equal(kv.run('EXISTS', 'k'), 0);
    const effects = kv.effects().map((words) => words[0]);
    assert.equal(effects.at(-1), 'DEL');
  });
});

describe('a command that goes on is checked again', () => {
  test('for the rights of its user', () => {
    const kv = createTestStore();
    kv.run('ACL', 'SETUSER', 'al', 'on', 'nopass', '~*', '+@all');
    const client = kv.connect();
    client.run('AUTH', 'al', 'x');
    client.run('BLPOP', 'k', 0);
    const [other] = waiting(kv, 1, 'BLPOP', 'k', 0);
    kv.run('ACL', 'SETUSER', 'al', '-blpop');
    assert.deepEqual(client.pushed(), []);
    kv.run('RPUSH', 'k', 'x');
    assert.equal(told(client), "NOPERM User al has no permissions to run the 'blpop' command");
    assert.deepEqual(other!.pushed(), [['k', 'x']]);
    assert.equal(kv.engine.blocking.count, 0);
    assert.equal((kv.run('ACL', 'LOG') as Reply[]).length, 1);
  });

  test('for its keys', () => {
    const kv = createTestStore();
    kv.run('ACL', 'SETUSER', 'al', 'on', 'nopass', '~*', '+@all');
    const client = kv.connect();
    client.run('AUTH', 'al', 'x');
    client.run('BLMOVE', 'k', 'to', 'LEFT', 'LEFT', 0);
    kv.run('ACL', 'SETUSER', 'al', 'resetkeys', '~k');
    kv.run('RPUSH', 'k', 'x');
    assert.equal(told(client), 'NOPERM No permissions to access a key');
    assert.equal(kv.run('LLEN', 'k'), 1);
  });

  test('for room', () => {
    const kv = createTestStore();
    const [mover] = waiting(kv, 1, 'BLMOVE', 'k', 'to', 'LEFT', 'LEFT', 0);
    const [popper] = waiting(kv, 1, 'BLPOP', 'k', 0);
    kv.run('MULTI');
    kv.run('RPUSH', 'k', 'x');
    kv.run('CONFIG', 'SET', 'maxmemory', '1');
    kv.run('EXEC');
    assert.match(told(mover!), /^OOM /);
    assert.deepEqual(popper!.pushed(), [['k', 'x']]);
  });
});

describe('deadlines', () => {
  test('of many come in their order, and those who were served keep nothing', () => {
    const kv = createTestStore();
    const clients = Array.from({ length: 1000 }, (_, i) => {
      const client = kv.connect();
      client.run('BLPOP', `k${i}`, 1 + ((i * 7) % 1000));
      return client;
    });
    for (let i = 0; i < 1000; i += 2) kv.run('RPUSH', `k${i}`, 'x');
    kv.advance(500_500);
    for (const [i, client] of clients.entries()) {
      const timedOut = 1 + ((i * 7) % 1000) <= 500;
      assert.deepEqual(client.pushed(), i % 2 === 0 ? [[`k${i}`, 'x']] : timedOut ? [null] : []);
    }
    kv.advance(1_000_000);
    assert.equal(kv.engine.blocking.count, 0);
    assert.equal(kv.engine.blocking.nextDeadlineMs(), Number.POSITIVE_INFINITY);
  });
});
