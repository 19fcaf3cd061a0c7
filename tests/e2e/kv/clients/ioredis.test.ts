/**
 * ioredis as its users use it: pipelines, transactions, scripts, subscriptions, streams.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { waitUntil } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

onEachTarget('ioredis', {}, (server) => {
  let redis: Redis;
  const more: Redis[] = [];
  const connect = (options: object = {}) => {
    const client = new Redis({ host: server().host, port: server().port, ...options });
    more.push(client);
    return client;
  };
  before(() => {
    redis = connect();
  });
  beforeEach(async () => {
    await redis.flushall();
  });
  after(() => {
    for (const client of more) client.disconnect();
  });

  test('keeps and gives values of every type', async () => {
    await redis.set('s', 'v', 'EX', 100, 'NX');
    assert.equal(await redis.set('s', 'w', 'NX'), null);
    assert.equal(await redis.get('s'), 'v');
    assert.deepEqual(await redis.getBuffer('s'), Buffer.from('v'));
    await redis.mset({ a: '1', b: '2' });
    assert.deepEqual(await redis.mget('a', 'b', 'c'), ['1', '2', null]);
    await redis.hset('h', { f: 'x', g: 2 });
    assert.deepEqual(await redis.hgetall('h'), { f: 'x', g: '2' });
    await redis.rpush('l', 'a', 'b', 'c');
    assert.deepEqual(await redis.lrange('l', 0, -1), ['a', 'b', 'c']);
    await redis.sadd('t', 'x', 'y');
    assert.deepEqual((await redis.smembers('t')).sort(), ['x', 'y']);
    await redis.zadd('z', 1, 'one', 2.5, 'two');
    assert.deepEqual(await redis.zrange('z', '0', '-1', 'WITHSCORES'), ['one', '1', 'two', '2.5']);
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    await redis.set('bytes', bytes);
    assert.deepEqual(await redis.getBuffer('bytes'), bytes);
  });

  test('runs pipelines and gives each command its own error', async () => {
    const results = await redis.pipeline().set('p', 'x').incr('p').get('p').exec();
    assert.equal(results?.length, 3);
    assert.match(String(results?.[1]?.[0]), /ERR value is not an integer or out of range/);
    assert.deepEqual(results?.[2], [null, 'x']);
    const many = redis.pipeline();
    for (let index = 0; index < 5000; index += 1) many.set(`many:${index}`, index);
    assert.equal((await many.exec())?.length, 5000);
    assert.equal(await redis.dbsize(), 5001);
  });

  test('joins commands of one turn with automatic pipelining', async () => {
    const auto = connect({ enableAutoPipelining: true });
    await Promise.all(Array.from({ length: 200 }, (_, index) => auto.set(`k${index}`, index)));
    const values = await Promise.all(
      Array.from({ length: 200 }, (_, index) => auto.get(`k${index}`)),
    );
    assert.equal(values[199], '199');
  });

  test('commits, discards and aborts transactions', async () => {
    assert.deepEqual(await redis.multi().set('a', 1).incr('a').exec(), [
      [null, 'OK'],
      [null, 2],
    ]);
    const watcher = connect();
    await watcher.watch('a');
    await redis.set('a', 'changed');
    assert.equal(await watcher.multi().set('a', 'mine').exec(), null);
    assert.equal(await redis.get('a'), 'changed');
    await redis.multi({ pipeline: false });
    await redis.set('a', 'queued');
    assert.equal(await redis.discard(), 'OK');
    assert.equal(await redis.get('a'), 'changed');
    await assert.rejects(
      redis.multi().call('set', 'only-a-key').exec() as Promise<unknown>,
      /EXECABORT/,
    );
  });

  test('loads defined commands by their hash and again after SCRIPT FLUSH', async () => {
    redis.defineCommand('addAll', {
      numberOfKeys: 1,
      lua: 'local n = 0 for i, v in ipairs(ARGV) do n = redis.call("INCRBY", KEYS[1], v) end return {n, KEYS[1], #ARGV}',
    });
    const addAll = Reflect.get(redis, 'addAll').bind(redis) as (
      ...args: readonly (string | number)[]
    ) => Promise<unknown>;
    assert.deepEqual(await addAll('sum', 1, 2, 3), [6, 'sum', 3]);
    await redis.script('FLUSH');
    assert.deepEqual(await addAll('sum', 4), [10, 'sum', 1]);
    const [result] = (await redis.pipeline().evalsha('f'.repeat(40), 0).exec()) ?? [];
    assert.match(String(result?.[0]), /NOSCRIPT No matching script/);
  });

  test('delivers messages to channels, patterns and shard channels', async () => {
    const subscriber = connect();
    const got: string[] = [];
    subscriber.on('message', (channel, message) => got.push(`${channel}=${message}`));
    subscriber.on('pmessage', (pattern, channel, message) =>
      got.push(`${pattern}>${channel}=${message}`),
    );
    subscriber.on('smessage', (channel, message) => got.push(`s:${channel}=${message}`));
    await subscriber.subscribe('news', 'sport');
    await subscriber.psubscribe('n?ws');
    await subscriber.ssubscribe('shard');
    assert.equal(await redis.publish('news', 'hello'), 2);
    assert.equal(await redis.publish('sport', 'goal'), 1);
    assert.equal(await redis.spublish('shard', 'x'), 1);
    await waitUntil('four messages', () => got.length === 4);
    assert.deepEqual(got.sort(), ['n?ws>news=hello', 'news=hello', 's:shard=x', 'sport=goal']);
    assert.equal(await subscriber.unsubscribe('news'), 2);
    assert.deepEqual(await redis.pubsub('NUMSUB', 'news', 'sport'), ['news', 0, 'sport', 1]);
  });

  test('reads streams in groups and claims what was left', async () => {
    await redis.xgroup('CREATE', 'stream', 'workers', '0', 'MKSTREAM');
    const ids: (string | null)[] = [];
    for (let index = 0; index < 5; index += 1)
      ids.push(await redis.xadd('stream', '*', 'n', index));
    const read = (await redis.xreadgroup(
      'GROUP',
      'workers',
      'one',
      'COUNT',
      3,
      'STREAMS',
      'stream',
      '>',
    )) as [string, [string, string[]][]][];
    assert.deepEqual(
      read[0]?.[1].map(([, fields]) => fields),
      [
        ['n', '0'],
        ['n', '1'],
        ['n', '2'],
      ],
    );
    assert.equal(await redis.xack('stream', 'workers', String(ids[0])), 1);
    const claimed = (await redis.xautoclaim('stream', 'workers', 'two', 0, '0')) as [
      string,
      unknown[],
    ];
    assert.equal(claimed[1].length, 2);
    const pending = (await redis.xpending('stream', 'workers')) as [
      number,
      string,
      string,
      string[][],
    ];
    assert.deepEqual(pending, [2, ids[1], ids[2], [['two', '2']]]);
  });

  test('wakes a blocked reader when an entry is added', async () => {
    const blocked = connect();
    const waiting = blocked.xread('BLOCK', 10_000, 'STREAMS', 'later', '$');
    await waitUntil('a blocked client', async () =>
      /blocked_clients:1/.test(await redis.info('clients')),
    );
    await redis.xadd('later', '7-1', 'a', 'b');
    assert.deepEqual(await waiting, [['later', [['7-1', ['a', 'b']]]]]);
    const popping = blocked.blpop('queue', 10);
    await waitUntil('a blocked client', async () =>
      /blocked_clients:1/.test(await redis.info('clients')),
    );
    await redis.rpush('queue', 'x', 'y');
    assert.deepEqual(await popping, ['queue', 'x']);
  });

  test('scans everything with streams of each kind', async () => {
    const fill = redis.pipeline();
    for (let index = 0; index < 1000; index += 1) {
      fill
        .set(`scan:${index}`, index)
        .hset('h', `f${index}`, index)
        .sadd('t', index)
        .zadd('z', index, index);
    }
    await fill.exec();
    const count = async (stream: AsyncIterable<string[]>) => {
      const seen = new Set<string>();
      for await (const items of stream) for (const item of items) seen.add(item);
      return seen;
    };
    assert.equal((await count(redis.scanStream({ match: 'scan:*', count: 50 }))).size, 1000);
    assert.equal((await count(redis.scanStream({ match: 'scan:99*' }))).size, 11);
    assert.deepEqual(await count(redis.scanStream({ type: 'hash' })), new Set(['h']));
    assert.equal((await count(redis.sscanStream('t'))).size, 1000);
    assert.equal((await count(redis.hscanStream('h', { match: 'f1*' }))).size, 111 * 2);
    assert.equal((await count(redis.zscanStream('z'))).size, 1000);
  });

  test('honours key prefix, database and name of a connection', async () => {
    const other = connect({ keyPrefix: 'app:', db: 3, connectionName: 'tester' });
    await other.set('k', 'v');
    assert.deepEqual(await other.keys('*'), ['app:k']);
    assert.equal(await redis.exists('app:k'), 0);
    assert.equal(await other.client('GETNAME'), 'tester');
    await redis.select(3);
    assert.equal(await redis.get('app:k'), 'v');
    await redis.select(0);
  });

  test('is told the errors that Redis tells', async () => {
    await redis.set('s', 'text');
    await assert.rejects(redis.lpush('s', 'x'), {
      message: 'WRONGTYPE Operation against a key holding the wrong kind of value',
    });
    await assert.rejects(redis.call('NOSUCH', 'a'), {
      message: "ERR unknown command 'NOSUCH', with args beginning with: 'a' ",
    });
    await assert.rejects(redis.call('GET'), {
      message: "ERR wrong number of arguments for 'get' command",
    });
    await assert.rejects(
      redis.eval('return redis.call("INCR", KEYS[1])', 1, 's'),
      /ERR value is not an integer or out of range/,
    );
  });

  test('comes back after its connection was killed', async () => {
    const victim = connect({ retryStrategy: () => 10 });
    await victim.set('before', 1);
    const id = await victim.client('ID');
    await redis.client('KILL', 'ID', id);
    await waitUntil('a new connection', async () => {
      const now = await victim.client('ID').catch(() => id);
      return now !== id;
    });
    assert.equal(await victim.get('before'), '1');
  });

  test('gives what MONITOR sees', async () => {
    const monitor = await connect().monitor();
    more.push(monitor as Redis);
    const seen: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => seen.push(args));
    await redis.set('watched', 'yes');
    await waitUntil('the command', () => seen.some((args) => args.join(' ') === 'set watched yes'));
  });
});
