/** Keys of every type and form are what they were when they have been on the disk. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Reply } from '../testing/decode.ts';
import { TierStore } from '../testing/tier-store.ts';

type Words = (string | number | Buffer)[];

const many = (count: number, item: (n: number) => (string | number)[]): (string | number)[] =>
  Array.from({ length: count }, (_, n) => item(n)).flat();

/** By what is special about a key: the commands that make it, `k` its name. */
const makers: Readonly<Record<string, Words[]>> = {
  'an empty string': [['SET', 'k', '']],
  'an integer': [['SET', 'k', '-9223372036854775808']],
  'a short string': [['SET', 'k', 'short']],
  'a string that grew': [
    ['SET', 'k', 'ab'],
    ['APPEND', 'k', 'cd'],
  ],
  'binary bytes': [['SET', 'k', Buffer.from([0, 255, 13, 10, 128, 0])]],
  'a string of a megabyte': [['SET', 'k', Buffer.alloc(1024 * 1024, 'abc')]],
  'a small list': [['RPUSH', 'k', 'a', '', '3']],
  'a list of large items': [['RPUSH', 'k', 'x'.repeat(20_000), 'y'.repeat(9000)]],
  'a long list': [['RPUSH', 'k', ...many(3000, (n) => [`item ${n}`])]],
  'a set of integers': [['SADD', 'k', '1', '-5', '70000', '9007199254740993']],
  'a set of integers that was one of words': [
    ['SADD', 'k', 'word', '1', '2'],
    ['SREM', 'k', 'word'],
  ],
  'a small set': [['SADD', 'k', 'a', '', 'b']],
  'a large set': [['SADD', 'k', ...many(2000, (n) => [`member ${n}`])]],
  'a large set that shrank': [
    ['SADD', 'k', ...many(2000, (n) => [`member ${n}`])],
    ['SREM', 'k', ...many(1995, (n) => [`member ${n}`])],
  ],
  'a small hash': [['HSET', 'k', 'f', 'v', '', '']],
  'a large hash': [['HSET', 'k', ...many(2000, (n) => [`field ${n}`, `value ${n}`])]],
  'a hash with a long value': [['HSET', 'k', 'f', 'v'.repeat(100_000)]],
  'a small sorted set': [['ZADD', 'k', '1.5', 'a', '-inf', 'b', '0', '']],
  'a large sorted set': [['ZADD', 'k', ...many(2000, (n) => [n % 7, `member ${n}`])]],
  'a stream with groups': [
    ['XADD', 'k', '1-1', 'f', 'v'],
    ['XADD', 'k', '2-1', 'f', 'v', 'g', ''],
    ['XGROUP', 'CREATE', 'k', 'group', '0'],
    ['XREADGROUP', 'GROUP', 'group', 'consumer', 'COUNT', '1', 'STREAMS', 'k', '>'],
    ['XDEL', 'k', '2-1'],
  ],
  'an empty stream': [
    ['XADD', 'k', '5-1', 'f', 'v'],
    ['XDEL', 'k', '5-1'],
  ],
  'a long stream': [
    ...Array.from({ length: 1500 }, (_, n) => ['XADD', 'k', `${n + 1}-0`, 'f', `value ${n}`]),
    ['XGROUP', 'CREATE', 'k', 'group', '700-0'],
  ],
  'a counter of distinct words': [['PFADD', 'k', ...many(500, (n) => [`word ${n}`])]],
};

/** What a client can see of a key without using it. */
async function seen(store: TierStore): Promise<Reply[]> {
  const dumped = String(await store.ask('DUMP', 'k'));
  const encoding = await store.ask('OBJECT', 'ENCODING', 'k');
  return [
    // The order in a table is nobody's business.
    encoding === 'hashtable'
      ? dumped.length
      : createHash('sha256').update(dumped, 'latin1').digest('hex'),
    encoding,
    await store.ask('PEXPIRETIME', 'k'),
    await store.ask('DEBUG', 'DIGEST-VALUE', 'k'),
    await store.ask('TYPE', 'k'),
  ];
}

describe('a key that has been on the disk is what it was', () => {
  for (const [what, commands] of Object.entries(makers)) {
    for (const timed of [false, true]) {
      test(`${what}${timed ? ' that expires' : ''}`, async () => {
        const store = await TierStore.open({ databases: 1 });
        for (const words of commands) {
          const reply = await store.ask(...words);
          assert.ok(!isError(reply), JSON.stringify(reply));
        }
        if (timed) await store.ask('PEXPIREAT', 'k', 4_000_000_000_001);
        const before = await seen(store);
        await store.freeze();
        assert.equal(store.database().hot, 0);
        assert.equal(await store.ask('DBSIZE'), 1);
        assert.deepEqual(await seen(store), before);
        // Once more, as what was loaded is stored; then by a start.
        await store.ask('PERSIST', 'k');
        await store.ask('PEXPIREAT', 'k', 4_000_000_000_002);
        if (timed) await store.ask('PEXPIREAT', 'k', 4_000_000_000_001);
        else await store.ask('PERSIST', 'k');
        await store.freeze();
        assert.deepEqual(await seen(store), before);
        await store.crash(true);
        assert.equal(store.database().hot, 0);
        assert.deepEqual(await seen(store), before);
      });
    }
  }

  test('fields that expire keep their times', async () => {
    const store = await TierStore.open({ databases: 1 });
    await store.ask('HSET', 'k', 'a', '1', 'b', '2', 'c', '3');
    await store.ask('HPEXPIRE', 'k', '100000', 'FIELDS', '1', 'a');
    await store.ask('HSET', 'large', ...many(1500, (n) => [`field ${n}`, n]));
    await store.ask('HPEXPIRE', 'large', '50000', 'FIELDS', '2', 'field 7', 'field 9');
    await store.freeze();
    await store.ask('DEBUG', 'RELOAD');
    await store.crash();
    assert.deepEqual(await store.ask('HPTTL', 'large', 'FIELDS', '2', 'field 7', 'field 8'), [
      Number(((await store.ask('HPTTL', 'large', 'FIELDS', '1', 'field 7')) as Reply[])[0]),
      -1,
    ]);
    await store.clock.advance(60_000);
    assert.equal(await store.ask('HEXISTS', 'large', 'field 9'), 0);
    assert.equal(await store.ask('HLEN', 'k'), 3);
    await store.clock.advance(60_000);
    assert.deepEqual(await store.ask('HMGET', 'k', 'a', 'b'), [null, '2']);
  });

  test('a key of 100 KiB and a value of 20 MiB', async () => {
    const store = await TierStore.open({ databases: 1 });
    const key = Buffer.alloc(100 * 1024, 'key\0\xff');
    const value = Buffer.alloc(20 * 1024 * 1024, 'value of many bytes ');
    await store.ask('SET', key, value, 'PXAT', 4_000_000_000_001);
    await store.ask('SADD', Buffer.concat([key, key]), 'member');
    await store.freeze();
    assert.equal(store.database().hot, 0);
    assert.equal(await store.ask('STRLEN', key), value.length);
    assert.equal(await store.ask('PEXPIRETIME', key), 4_000_000_000_001);
    assert.equal(await store.ask('GETRANGE', key, '-20', '-1'), value.subarray(-20).toString());
    store.drop();
    await store.crash(true);
    assert.deepEqual(await store.ask('SMEMBERS', Buffer.concat([key, key])), ['member']);
    assert.equal(await store.ask('GET', key), value.toString('latin1'));
    assert.equal(await store.ask('DEL', key), 1);
    await store.freeze();
    assert.equal(await store.ask('EXISTS', key), 0);
    assert.equal(await store.ask('DBSIZE'), 1);
  });

  test('any bytes as a key, beginnings of each other among them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.uint8Array({ maxLength: 12 }), {
          selector: (bytes) => Buffer.from(bytes).toString('latin1'),
          maxLength: 30,
        }),
        async (keys) => {
          const store = await TierStore.open({ databases: 1 });
          for (const key of keys) {
            await store.ask(
              'SET',
              Buffer.from(key),
              Buffer.concat([Buffer.from('of '), Buffer.from(key)]),
            );
          }
          await store.freeze();
          assert.equal(store.database().cold, keys.length);
          for (const key of keys) {
            const text = Buffer.from(key).toString('latin1');
            assert.equal(await store.ask('GET', Buffer.from(key)), `of ${text}`);
          }
          assert.equal(await store.ask('DBSIZE'), keys.length);
        },
      ),
      { numRuns: 20 },
    );
  });

  test('when it was last used is not forgotten, and looking at a key is no use of it', async () => {
    const store = await TierStore.open({ databases: 1 });
    await store.ask('SET', 'k', 'v');
    await store.clock.advance(1000_000);
    await store.freeze();
    const idle = Number(await store.ask('OBJECT', 'IDLETIME', 'k'));
    assert.ok(idle >= 1000 && idle < 1010, `${idle} s`);
    store.drop();
    for (const words of [
      ['TYPE', 'k'],
      ['TTL', 'k'],
      ['OBJECT', 'ENCODING', 'k'],
    ]) {
      await store.ask(...words);
    }
    assert.ok(Number(await store.ask('OBJECT', 'IDLETIME', 'k')) >= 1000);
    store.drop();
    assert.equal(await store.ask('TOUCH', 'k'), 1);
    assert.equal(await store.ask('OBJECT', 'IDLETIME', 'k'), 0);
  });
});

function isError(reply: Reply): boolean {
  return typeof reply === 'object' && reply !== null && 'error' in reply;
}
