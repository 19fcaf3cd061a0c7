import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply, type TestClient } from '../../testing/harness.ts';
import { check, replayOf, SYNTAX, WRONGTYPE, words } from '../../testing/lines.ts';
import { startTestServer } from '../../testing/server.ts';

const run = (client: TestClient, line: string): Reply => client.run(...words(line));

/** A store and so many clients, each with a line that has to wait. */
function waiting(...lines: string[]) {
  const kv = createTestStore();
  const clients = lines.map((line) => {
    const client = kv.connect();
    assert.equal(run(client, line), undefined, `${line} does not wait`);
    return client;
  });
  return { kv, clients };
}

test('a pop takes what is there, from the first key that has something', () => {
  check([
    ['RPUSH b 1 2 3 4', 4],
    ['BLPOP a b 0', ['b', '1']],
    ['BRPOP a b 0', ['b', '4']],
    ['RPUSH a x', 1],
    ['BLPOP a b 0', ['a', 'x']],
    ['BLMPOP 0 2 a b RIGHT COUNT 5', ['b', ['3', '2']]],
    ['RPUSH a 1 2', 2],
    ['BLMOVE a b LEFT RIGHT 0', '1'],
    ['BRPOPLPUSH a b 0', '2'],
    ['LRANGE b 0 -1', ['2', '1']],
  ]);
});

test('timeouts are seconds, and broken ones are refused', () => {
  const negative = { error: 'ERR timeout is negative' };
  const bad = { error: 'ERR timeout is not a float or out of range' };
  check([
    ['RPUSH l a', 1],
    ['BLPOP l -1', negative],
    ['BLPOP l x', bad],
    ['BLPOP l nan', bad],
    ['BRPOP none -0.5', negative],
    ['BLMOVE l m LEFT LEFT -1', negative],
    ['BLMOVE l m LEFT UP -1', SYNTAX],
    ['BRPOPLPUSH l m x', bad],
    ['BLMPOP -1 1 l LEFT', negative],
    ['BLMPOP x 1 l LEFT', bad],
    ['BLMPOP x 0 l LEFT', { error: 'ERR numkeys should be greater than 0' }],
    ['BLMPOP x 1 l LEFT COUNT 0', { error: 'ERR count should be greater than 0' }],
    ['BLMPOP 0 0 l LEFT', { error: 'ERR numkeys should be greater than 0' }],
    ['BLMPOP 0 2 l LEFT', SYNTAX],
    ['BLPOP l', { error: "ERR wrong number of arguments for 'blpop' command" }],
    ['LRANGE l 0 -1', ['a']],
  ]);
});

test('a waiting client answers null when its time is over, and no sooner', () => {
  const { kv, clients } = waiting(
    'BLPOP a b 1',
    'BRPOP a 0.25',
    'BLMOVE a b LEFT LEFT 1',
    'BLMPOP 2 1 a LEFT',
    'BLPOP a 0',
  );
  const [blpop, brpop, blmove, blmpop, forever] = clients;
  kv.advance(200);
  for (const client of clients) assert.deepEqual(client.pushed(), []);
  kv.advance(100);
  assert.deepEqual(brpop!.pushed(), [null]);
  assert.deepEqual(blpop!.pushed(), []);
  kv.advance(1000);
  assert.deepEqual(blpop!.pushed(), [null]);
  assert.deepEqual(blmove!.pushed(), [null]);
  assert.deepEqual(blmpop!.pushed(), []);
  kv.advance(86_400_000);
  assert.deepEqual(blmpop!.pushed(), [null]);
  assert.deepEqual(forever!.pushed(), []);
  kv.run('RPUSH', 'a', 'x');
  assert.deepEqual(forever!.pushed(), [['a', 'x']]);
  assert.equal(kv.engine.blocking.count, 0);
});

for (const [how, lines] of Object.entries({
  LPUSH: ['LPUSH key x'],
  RPUSH: ['RPUSH key x'],
  LMOVE: ['RPUSH other x', 'LMOVE other key LEFT LEFT'],
  RPOPLPUSH: ['RPUSH other x', 'RPOPLPUSH other key'],
  RENAME: ['RPUSH other x', 'RENAME other key'],
  RENAMENX: ['RPUSH other x', 'RENAMENX other key'],
  COPY: ['RPUSH other x', 'COPY other key'],
  'SORT STORE': ['SADD other x', 'SORT other ALPHA STORE key'],
  EXEC: ['MULTI', 'SET foo bar', 'RPUSH key x', 'EXEC'],
  'RPUSH in another database': ['SELECT 1', 'RPUSH key x', 'MOVE key 0'],
})) {
  test(`a waiting client is woken by ${how}`, () => {
    const { kv, clients } = waiting('BLPOP none key 0');
    for (const line of lines) kv.run(...words(line));
    assert.deepEqual(clients[0]!.pushed(), [['key', 'x']]);
    assert.equal(clients[0]!.run('EXISTS', 'key'), 0);
  });
}

test('clients are served in the order in which they came, each one element', () => {
  const { kv, clients } = waiting('BLPOP k 0', 'BRPOP x k 0', 'BLPOP k 0', 'BLPOP k 0');
  assert.equal(kv.run('RPUSH', 'k', '1', '2', '3'), 3);
  assert.deepEqual(
    clients.map((client) => client.pushed()),
    [[['k', '1']], [['k', '3']], [['k', '2']], []],
  );
  assert.equal(kv.run('RPUSH', 'k', '4'), 1);
  assert.deepEqual(clients[3]!.pushed(), [['k', '4']]);
  assert.equal(kv.run('EXISTS', 'k'), 0);
});

test('the pushing command is complete before anybody is served', () => {
  const { kv, clients } = waiting('BLPOP k 0');
  assert.equal(kv.run('LPUSH', 'k', 'a', 'b', 'c'), 3);
  assert.deepEqual(clients[0]!.pushed(), [['k', 'c']]);
  const second = kv.connect();
  run(second, 'DEL k');
  assert.equal(run(second, 'BLPOP k 0'), undefined);
  check(
    [
      ['MULTI', 'OK'],
      ['RPUSH k x', 'QUEUED'],
      ['DEL k', 'QUEUED'],
      ['EXEC', [1, 1]],
    ],
    kv,
  );
  assert.deepEqual(second.pushed(), []);
});

test('a client that waits for several keys takes from the first of them that has something', () => {
  const { kv, clients } = waiting('BLPOP a b 0');
  check(
    [
      ['MULTI', 'OK'],
      ['RPUSH b 1', 'QUEUED'],
      ['RPUSH a 2', 'QUEUED'],
      ['EXEC', [1, 1]],
    ],
    kv,
  );
  assert.deepEqual(clients[0]!.pushed(), [['a', '2']]);
  assert.deepEqual(kv.run('LRANGE', 'b', '0', '-1'), ['1']);
});

test('what a moving client puts down wakes the next', () => {
  const { kv, clients } = waiting('BLMOVE a b LEFT RIGHT 0', 'BRPOPLPUSH b c 0', 'BLPOP c 0');
  kv.run('RPUSH', 'a', 'x');
  assert.deepEqual(
    clients.map((client) => client.pushed()),
    [['x'], ['x'], [['c', 'x']]],
  );
  assert.equal(kv.run('DBSIZE'), 0);
});

test('a key of another type does not disturb those who wait; a target of another type does', () => {
  const { kv, clients } = waiting('BLPOP k 0', 'BLMOVE from to LEFT LEFT 0');
  kv.run('SET', 'k', 'text');
  kv.run('SET', 'from', 'text');
  for (const client of clients) assert.deepEqual(client.pushed(), []);
  kv.run('DEL', 'k', 'from');
  kv.run('RPUSH', 'k', 'x');
  assert.deepEqual(clients[0]!.pushed(), [['k', 'x']]);
  kv.run('SET', 'to', 'text');
  kv.run('RPUSH', 'from', 'x');
  assert.deepEqual(clients[1]!.pushed(), [WRONGTYPE]);
  assert.deepEqual(kv.run('LRANGE', 'from', '0', '-1'), ['x']);
});

test('inside of a transaction nobody waits', () => {
  check([
    ['MULTI', 'OK'],
    ['BLPOP k 0', 'QUEUED'],
    ['BLMOVE k l LEFT LEFT 0', 'QUEUED'],
    ['BLMPOP 0 1 k LEFT', 'QUEUED'],
    ['RPUSH k x', 'QUEUED'],
    ['BRPOP k 0', 'QUEUED'],
    ['EXEC', [null, null, null, 1, ['k', 'x']]],
  ]);
});

test('a waiting client keeps its database and its protocol', () => {
  const kv = createTestStore();
  const client = kv.connect();
  run(client, 'SELECT 3');
  client.session.protocol = 3;
  assert.equal(run(client, 'BLMPOP 0 1 k LEFT COUNT 2'), undefined);
  kv.run('RPUSH', 'k', 'elsewhere');
  assert.deepEqual(client.pushed(), []);
  kv.run('SELECT', '3');
  kv.run('RPUSH', 'k', '1', '2', '3');
  assert.deepEqual(client.pushed(), [['k', ['1', '2']]]);
  assert.deepEqual(kv.run('LRANGE', 'k', '0', '-1'), ['3']);
});

test('what waiting clients took is logged behind what woke them', () => {
  const { kv } = waiting('BLPOP a 0', 'BLMOVE a b LEFT RIGHT 0', 'BLMPOP 0 1 b LEFT COUNT 9');
  kv.run('RPUSH', 'a', '1', '2', '3');
  const logged = kv.effects();
  assert.deepEqual(
    logged.map((effect) => effect.join(' ')),
    ['RPUSH a 1 2 3', 'LPOP a', 'LMOVE a b LEFT RIGHT', 'LPOP b 1'],
  );
  kv.run('RPUSH', 'a', '4');
  const replay = createTestStore();
  for (const effect of [...logged, ...kv.effects()]) replay.run(...effect);
  assert.deepEqual(replay.run('LRANGE', 'a', '0', '-1'), ['3', '4']);
  assert.equal(replay.run('EXISTS', 'b'), 0);
  kv.run('DEL', 'a');
  assert.equal(replayOf(kv).run('DBSIZE'), 0);
});

test('a passed timeout of BLMOVE is a null array, a null bulk where it can not wait', async () => {
  const server = await startTestServer();
  try {
    const client = await server.connect();
    client.raw('BLMOVE no x LEFT LEFT 0.01\r\nMULTI\r\nBRPOPLPUSH no x 1\r\nEXEC\r\nQUIT\r\n');
    assert.equal(await client.end(), '*-1\r\n+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n+OK\r\n');
  } finally {
    await server.stop();
  }
});
