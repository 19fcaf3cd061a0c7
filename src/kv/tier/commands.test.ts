/** Commands on keys that are on the disk only do and answer what they do for keys in memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Reply } from '../testing/decode.ts';
import { TierStore } from '../testing/tier-store.ts';

type Words = (string | number)[];

/** Keys of all types in two databases, one of them about to leave, and large ones. */
const setup: Words[] = [
  ['SET', 'string', 'text'],
  ['SET', 'counter', '41'],
  ['SET', 'timed', 'text', 'PXAT', 4_000_000_000_000],
  ['RPUSH', 'list', 'c', 'a', 'b'],
  ['SADD', 'set', 'a', 'b', 'c'],
  ['SADD', 'other set', 'b', 'c', 'd'],
  ['ZADD', 'sorted', 1, 'a', 2, 'b', 3, 'c'],
  ['HSET', 'hash', 'field', 'value', 'number', 5],
  ['XADD', 'stream', '1-1', 'f', 'v'],
  ['SET', 'weight:a', 3],
  ['SET', 'weight:b', 1],
  ['SET', 'weight:c', 2],
  ['HSET', 'data:a', 'name', 'A'],
  ['HSET', 'data:b', 'name', 'B'],
  ['SADD', 'large set', ...Array.from({ length: 700 }, (_, n) => n * 3)],
  ['RPUSH', 'large list', ...Array.from({ length: 700 }, (_, n) => `item ${n}`)],
  ['SELECT', 1],
  ['SET', 'string', 'of database 1'],
  ['RPUSH', 'target', 'x'],
  ['SELECT', 0],
];

/** Each is run on a store with everything in memory and on one with everything on the disk. */
const cases: Words[][] = [
  [
    ['MOVE', 'string', 1],
    ['MOVE', 'list', 1],
    ['MOVE', 'large set', 2],
  ],
  [
    ['COPY', 'hash', 'hash2'],
    ['COPY', 'list', 'target', 'DB', 1],
    ['COPY', 'list', 'target', 'DB', 1, 'REPLACE'],
  ],
  [
    ['COPY', 'large list', 'string', 'REPLACE'],
    ['COPY', 'none', 'string', 'REPLACE'],
  ],
  [
    ['RENAME', 'string', 'set'],
    ['RENAMENX', 'hash', 'list'],
    ['RENAMENX', 'hash', 'new'],
  ],
  [
    ['RENAME', 'large set', 'large list'],
    ['RENAME', 'none', 'x'],
    ['RENAME', 'timed', 'timed'],
  ],
  [
    ['SWAPDB', 0, 1],
    ['GET', 'string'],
    ['SET', 'after', 1],
    ['SWAPDB', 1, 2],
  ],
  [['FLUSHDB'], ['SET', 'string', 'new'], ['SELECT', 1], ['GET', 'string'], ['FLUSHALL', 'ASYNC']],
  [['EXISTS', 'string', 'list', 'none', 'string'], ['TOUCH', 'set', 'hash', 'none'], ['DBSIZE']],
  [['UNLINK', 'large set', 'list', 'none'], ['DEL', 'large list', 'string'], ['DBSIZE']],
  [
    ['TYPE', 'list'],
    ['TYPE', 'large set'],
    ['TYPE', 'none'],
    ['OBJECT', 'ENCODING', 'large list'],
  ],
  [
    ['OBJECT', 'ENCODING', 'counter'],
    ['OBJECT', 'REFCOUNT', 'set'],
    ['OBJECT', 'FREQ', 'none'],
  ],
  [
    ['TTL', 'timed'],
    ['EXPIRETIME', 'timed'],
    ['PERSIST', 'timed'],
    ['EXPIRE', 'string', 1000, 'NX'],
  ],
  [
    ['EXPIRE', 'timed', 100, 'GT'],
    ['PEXPIREAT', 'list', 1],
    ['EXISTS', 'list'],
    ['GETEX', 'string', 'EX', 99],
  ],
  [
    ['SORT', 'list', 'BY', 'weight:*', 'GET', '#', 'GET', 'data:*->name'],
    ['SORT', 'set', 'ALPHA', 'DESC'],
  ],
  [
    ['SORT', 'list', 'BY', 'weight:*', 'STORE', 'string'],
    ['LRANGE', 'string', 0, -1],
  ],
  [
    ['SINTER', 'set', 'other set'],
    ['SUNIONSTORE', 'sorted', 'set', 'other set'],
    ['SDIFF', 'large set', 'set'],
  ],
  [
    ['ZUNIONSTORE', 'list', 2, 'sorted', 'set'],
    ['ZRANGE', 'list', 0, -1, 'WITHSCORES'],
  ],
  [
    ['SMOVE', 'set', 'other set', 'a'],
    ['LMOVE', 'list', 'large list', 'LEFT', 'RIGHT'],
    ['RPOPLPUSH', 'list', 'list'],
  ],
  [
    ['INCR', 'counter'],
    ['APPEND', 'string', '!'],
    ['SETRANGE', 'none', 3, 'x'],
    ['GETSET', 'timed', 'y'],
  ],
  [
    ['MSETNX', 'new', 1, 'string', 2],
    ['MSET', 'string', 1, 'new', 2],
    ['MGET', 'string', 'list', 'new', 'none'],
  ],
  [
    ['SET', 'list', 'x', 'NX'],
    ['SET', 'list', 'x', 'GET'],
    ['SET', 'timed', 'x', 'KEEPTTL'],
    ['SETNX', 'hash', 1],
  ],
  [
    ['INCR', 'list'],
    ['LPUSH', 'string', 'x'],
    ['HGET', 'set', 'f'],
    ['XADD', 'hash', '*', 'f', 'v'],
  ],
  [
    ['BLPOP', 'none', 'list', 0],
    ['BRPOPLPUSH', 'list', 'large list', 0],
    ['BZPOPMIN', 'sorted', 0],
  ],
  [
    ['XREAD', 'STREAMS', 'stream', 0],
    ['XGROUP', 'CREATE', 'stream', 'g', 0],
    ['XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 'stream', '>'],
  ],
  [
    [
      'EVAL',
      "return {redis.call('GET', 'string'), redis.call('LPOP', 'list'), redis.call('DBSIZE')}",
      0,
    ],
  ],
  [['EVAL', "redis.call('SELECT', 1) return redis.call('GET', KEYS[1])", 1, 'string']],
  [
    [
      'EVAL',
      "local all = redis.call('KEYS', '*') table.sort(all) return redis.call('DEL', unpack(all))",
      0,
    ],
  ],
  [['MULTI'], ['INCR', 'counter'], ['SELECT', 1], ['GET', 'string'], ['EXEC']],
  [['MULTI'], ['FLUSHALL'], ['GET', 'string'], ['SET', 'string', 1], ['EXEC'], ['DBSIZE']],
  [['MULTI'], ['SWAPDB', 0, 1], ['GET', 'string'], ['SMEMBERS', 'set'], ['EXEC']],
  [
    ['LCS', 'string', 'counter'],
    ['BITOP', 'OR', 'dest', 'string', 'counter'],
    ['PFCOUNT', 'none'],
  ],
  [
    ['SPOP', 'large set', 700],
    ['EXISTS', 'large set'],
    ['SADD', 'large set', 'new'],
    ['SCARD', 'large set'],
  ],
  [
    ['DEL', 'string'],
    ['GET', 'string'],
    ['SET', 'string', 'again'],
    ['DEL', 'string'],
    ['EXISTS', 'string'],
  ],
  [
    ['DEBUG', 'DIGEST'],
    ['DEBUG', 'DIGEST-VALUE', 'string', 'none', 'large set'],
  ],
  [
    ['MEMORY', 'USAGE', 'none'],
    ['OBJECT', 'HELP'],
    ['LOLWUT', 'none'],
    ['HSTRLEN', 'hash', 'field'],
  ],
  [
    ['RESTORE', 'string', 0, 'bad'],
    ['DUMP', 'none'],
    ['GETDEL', 'string'],
    ['GETDEL', 'list'],
  ],
];

async function begin(cold: boolean): Promise<TierStore> {
  const store = await TierStore.open({ databases: 3 });
  for (const words of setup) await store.ask(...words);
  if (!cold) return store;
  await store.freeze();
  assert.equal(store.engine.keyspace.cold, store.engine.keyspace.keys);
  return store;
}

/** Members of sets come in no order. */
function plain(reply: Reply): unknown {
  const text = JSON.stringify(reply);
  return Array.isArray(reply) ? [...text].sort().join('') : text;
}

async function outcome(store: TierStore, commands: Words[], drops: boolean): Promise<unknown[]> {
  const seen: unknown[] = [];
  for (const words of commands) {
    seen.push(plain(await store.ask(...words)));
    if (drops) {
      await store.flush();
      store.drop();
    }
  }
  if (commands[0]?.[0] === 'MULTI') seen.push('in a transaction');
  seen.push(await store.ask('DEBUG', 'DIGEST'));
  for (let index = 0; index < 3; index++) {
    await store.ask('SELECT', index);
    seen.push(await store.ask('DBSIZE'), ((await store.ask('KEYS', '*')) as string[]).sort());
  }
  return seen;
}

describe('commands on keys that are on the disk only', () => {
  for (const commands of cases) {
    test(commands.map((words) => words.slice(0, 2).join(' ')).join(', '), async () => {
      const expected = await outcome(await begin(false), commands, false);
      assert.deepEqual(await outcome(await begin(true), commands, false), expected);
      const again = await begin(true);
      assert.deepEqual(await outcome(again, commands, true), expected);
      // And a start comes to the same.
      await again.settle();
      await again.crash(true);
      assert.deepEqual(await outcome(again, [], false), expected.slice(-7));
    });
  }

  test('loading and leaving is no event, no change and no use that anybody is told of', async () => {
    const store = await begin(true);
    await store.ask('CONFIG', 'SET', 'notify-keyspace-events', 'KEAmn');
    const [watching, listening, tracking] = [store.connect(), store.connect(), store.connect()];
    store.runAs(listening, 'PSUBSCRIBE', '__key*');
    store.runAs(tracking, 'HELLO', 3);
    store.runAs(tracking, 'CLIENT', 'TRACKING', 'ON', 'BCAST');
    store.runAs(watching, 'WATCH', 'string', 'list', 'none', 'large set');
    for (const session of [listening, tracking]) store.taken(session);
    const { lastIndex } = store.engine.effects;
    for (const words of [
      ['GET', 'string'],
      ['LRANGE', 'list', 0, -1],
      ['SCARD', 'large set'],
      ['RANDOMKEY'],
      ['SCAN', 0],
      ['DEBUG', 'RELOAD'],
    ]) {
      await store.ask(...words);
      await store.flush();
      store.drop();
    }
    assert.deepEqual(store.taken(listening), []);
    assert.deepEqual(store.taken(tracking), []);
    assert.equal(store.engine.effects.lastIndex, lastIndex);
    for (const words of [['MULTI'], ['PING'], ['EXEC']]) {
      const reply = store.runAs(watching, ...words);
      if (words[0] === 'EXEC') assert.deepEqual(reply, ['PONG']);
    }
  });

  test('a change of a key that was on the disk is told to all who watch it', async () => {
    const store = await begin(true);
    const [watching, tracking] = [store.connect(), store.connect()];
    store.runAs(tracking, 'HELLO', 3);
    store.runAs(tracking, 'CLIENT', 'TRACKING', 'ON');
    assert.equal(store.runAs(tracking, 'GET', 'string'), 'text');
    store.runAs(watching, 'WATCH', 'counter');
    store.taken(tracking);
    store.drop();
    await store.ask('APPEND', 'string', '!');
    await store.ask('INCR', 'counter');
    assert.deepEqual(store.taken(tracking), [{ push: ['invalidate', ['string']] }]);
    store.runAs(watching, 'MULTI');
    assert.equal(store.runAs(watching, 'EXEC'), null);
  });
});
