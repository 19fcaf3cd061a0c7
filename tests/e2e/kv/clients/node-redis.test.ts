/**
 * node-redis (the package `redis`) over RESP2 and RESP3, with client-side caching.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { BasicClientSideCache, createClient, defineScript, WatchError } from 'redis';
import { waitUntil } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

const scripts = {
  addTo: defineScript({
    NUMBER_OF_KEYS: 1,
    SCRIPT: 'return redis.call("INCRBY", KEYS[1], ARGV[1])',
    parseCommand(parser, key: string, by: number) {
      parser.pushKey(key);
      parser.push(String(by));
    },
    transformReply: (reply: number) => reply,
  }),
};

for (const RESP of [2, 3] as const) {
  onEachTarget(`node-redis over RESP${RESP}`, {}, (server) => {
    const make = () =>
      createClient({ socket: { host: server().host, port: server().port }, RESP, scripts });
    let client: ReturnType<typeof make>;
    before(async () => {
      client = make();
      client.on('error', () => {});
      await client.connect();
    });
    beforeEach(async () => {
      await client.flushAll();
    });
    after(() => client.destroy());

    test('keeps and gives values of every type', async () => {
      await client.set('s', 'v', { EX: 100 });
      assert.equal(await client.get('s'), 'v');
      assert.equal(await client.ttl('s'), 100);
      await client.hSet('h', { a: '1', b: '2' });
      assert.deepEqual({ ...(await client.hGetAll('h')) }, { a: '1', b: '2' });
      await client.rPush('l', ['x', 'y', 'z']);
      assert.deepEqual(await client.lRange('l', 0, -1), ['x', 'y', 'z']);
      await client.sAdd('t', ['m', 'n']);
      assert.deepEqual((await client.sMembers('t')).sort(), ['m', 'n']);
      await client.zAdd('z', [
        { score: 1.5, value: 'a' },
        { score: Number.POSITIVE_INFINITY, value: 'b' },
      ]);
      assert.deepEqual(await client.zRangeWithScores('z', 0, -1), [
        { value: 'a', score: 1.5 },
        { value: 'b', score: Number.POSITIVE_INFINITY },
      ]);
      assert.equal(await client.zScore('z', 'a'), 1.5);
      assert.equal(await client.zScore('z', 'none'), null);
      assert.equal(await client.incrByFloat('f', 0.1), '0.1');
      assert.deepEqual(
        await client.geoAdd('g', { longitude: 13.361389, latitude: 38.115556, member: 'Palermo' }),
        1,
      );
      assert.equal((await client.geoPos('g', 'Palermo')).length, 1);
    });

    test('runs transactions and refuses them when a watched key changed', async () => {
      assert.deepEqual(await client.multi().set('a', '1').incr('a').get('a').exec(), [
        'OK',
        2,
        '2',
      ]);
      const other = await make().connect();
      await other.watch('a');
      await client.set('a', 'changed');
      await assert.rejects(other.multi().set('a', 'mine').exec(), WatchError);
      other.destroy();
    });

    test('runs scripts and functions', async () => {
      assert.equal(await client.addTo('n', 5), 5);
      assert.equal(await client.addTo('n', 6), 11);
      await client.functionLoad(
        '#!lua name=lib\nredis.register_function{function_name="hi", callback=function(keys, args) return "hi " .. args[1] end, flags={"no-writes"}}',
        { REPLACE: true },
      );
      assert.equal(await client.fCall('hi', { keys: [], arguments: ['you'] }), 'hi you');
      assert.equal(await client.fCallRo('hi', { keys: [], arguments: ['you'] }), 'hi you');
      const list = await client.functionList();
      assert.equal(list[0]?.library_name, 'lib');
      const dump = await client.functionDump();
      await client.functionFlush();
      assert.deepEqual(await client.functionList(), []);
      assert.ok(dump.length > 0);
    });

    test('waits for lists and sorted sets', async () => {
      const waiting = await make().connect();
      const popped = waiting.blPop(['one', 'two'], 10);
      const blocked = async () => /blocked_clients:1/.test(await client.info('clients'));
      await waitUntil('a blocked client', blocked);
      await client.rPush('two', 'x');
      assert.deepEqual({ ...(await popped) }, { key: 'two', element: 'x' });
      const least = waiting.bzPopMin('scores', 10);
      await waitUntil('a blocked client', blocked);
      await client.zAdd('scores', { score: 3, value: 'm' });
      assert.deepEqual({ ...(await least) }, { key: 'scores', value: 'm', score: 3 });
      const moved = waiting.blMove('from', 'to', 'LEFT', 'RIGHT', 10);
      await waitUntil('a blocked client', blocked);
      await client.rPush('from', 'y');
      assert.equal(await moved, 'y');
      waiting.destroy();
    });

    test('subscribes to channels and patterns', async () => {
      const subscriber = await make().connect();
      const got: string[] = [];
      await subscriber.subscribe('c', (message, channel) => got.push(`${channel}=${message}`));
      await subscriber.pSubscribe('c*', (message, channel) => got.push(`p ${channel}=${message}`));
      await client.publish('c', '1');
      await client.publish('cc', '2');
      await waitUntil('three messages', () => got.length === 3);
      assert.deepEqual(got.sort(), ['c=1', 'p c=1', 'p cc=2']);
      await subscriber.unsubscribe();
      await subscriber.pUnsubscribe();
      assert.equal(String(await subscriber.ping()), 'PONG');
      subscriber.destroy();
    });

    test('iterates over keys and fields', async () => {
      const many = client.multi();
      for (let index = 0; index < 300; index += 1)
        many.set(`k${index}`, 'v').hSet('h', `f${index}`, 'v');
      await many.exec();
      const keys = new Set<string>();
      for await (const batch of client.scanIterator({ MATCH: 'k*', COUNT: 20 })) {
        for (const key of batch) keys.add(key);
      }
      assert.equal(keys.size, 300);
      let fields = 0;
      for await (const batch of client.hScanIterator('h')) fields += batch.length;
      assert.equal(fields, 300);
    });

    test('reads streams', async () => {
      const id = await client.xAdd('x', '*', { name: 'a' });
      await client.xGroupCreate('x', 'g', '0');
      const read = await client.xReadGroup('g', 'me', { key: 'x', id: '>' }, { COUNT: 10 });
      assert.ok(JSON.stringify(read).includes(id));
      assert.equal((await client.xPending('x', 'g')).pending, 1);
      assert.equal(await client.xAck('x', 'g', id), 1);
      const info = await client.xInfoStream('x');
      assert.equal(info.length, 1);
      const consumers = await client.xInfoConsumers('x', 'g');
      assert.equal(consumers[0]?.name, 'me');
    });

    test('gets the documentation and description of commands', async () => {
      assert.ok((await client.commandCount()) > 200);
      const [get] = await client.commandInfo(['get']);
      assert.equal(get?.arity, 2);
      assert.deepEqual(await client.commandGetKeys(['MSET', 'a', '1', 'b', '2']), ['a', 'b']);
      assert.equal((await client.configGet('maxmemory-policy'))['maxmemory-policy'], 'noeviction');
      assert.equal((await client.clientInfo()).db, 0);
    });
  });
}

onEachTarget('node-redis client-side cache', {}, (server) => {
  test('serves repeated reads itself until another client writes', async () => {
    const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 100 });
    const socket = { host: server().host, port: server().port };
    const cached = await createClient({ socket, RESP: 3, clientSideCache: cache }).connect();
    const writer = await createClient({ socket }).connect();
    try {
      await writer.set('k', 'one');
      assert.equal(await cached.get('k'), 'one');
      assert.equal(await cached.get('k'), 'one');
      assert.equal(cache.stats().hitCount, 1);
      await writer.set('k', 'two');
      await waitUntil('the invalidation', async () => (await cached.get('k')) === 'two');
      await cached.get('k');
      await writer.flushAll();
      await waitUntil('the invalidation of all', async () => (await cached.get('k')) === null);
    } finally {
      cached.destroy();
      writer.destroy();
    }
  });
});
