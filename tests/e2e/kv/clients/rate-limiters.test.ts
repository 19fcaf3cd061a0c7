/**
 * Limiters that count in the store: rate-limiter-flexible and rate-limit-redis.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Redis } from 'ioredis';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import {
  BurstyRateLimiter,
  RateLimiterQueue,
  RateLimiterRedis,
  RateLimiterRedisNonAtomic,
  RateLimiterRes,
  RateLimiterUnion,
} from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { onEachTarget } from '../../../support/targets.ts';

onEachTarget('rate limiters', {}, (server) => {
  let redis: Redis;
  let nodeRedis: ReturnType<typeof createClient>;
  before(async () => {
    redis = new Redis({ host: server().host, port: server().port });
    nodeRedis = createClient({ socket: { host: server().host, port: server().port } });
    await nodeRedis.connect();
  });
  beforeEach(async () => {
    await redis.flushall();
  });
  after(() => {
    redis.disconnect();
    nodeRedis.destroy();
  });

  const refused = (error: unknown) => error instanceof RateLimiterRes && error.msBeforeNext > 0;

  for (const driver of ['ioredis', 'node-redis'] as const) {
    const limiterOf = (options: object) =>
      new RateLimiterRedis({
        storeClient: driver === 'ioredis' ? redis : nodeRedis,
        useRedisPackage: driver === 'node-redis',
        points: 3,
        duration: 60,
        ...options,
      });

    test(`rate-limiter-flexible over ${driver}: counts, refuses, rewards, blocks`, async () => {
      const limiter = limiterOf({ keyPrefix: 'a' });
      const first = await limiter.consume('user');
      assert.deepEqual([first.consumedPoints, first.remainingPoints], [1, 2]);
      assert.equal(first.isFirstInDuration, true);
      assert.ok(first.msBeforeNext > 50_000);
      await limiter.consume('user', 2);
      await assert.rejects(limiter.consume('user'), refused);
      assert.equal((await limiter.get('user'))?.consumedPoints, 4);
      assert.equal((await limiter.reward('user', 2)).consumedPoints, 2);
      assert.equal((await limiter.penalty('user', 1)).consumedPoints, 3);
      await limiter.block('other', 100);
      await assert.rejects(limiter.consume('other'), refused);
      assert.equal(await limiter.delete('user'), true);
      assert.equal(await limiter.get('user'), null);
      await limiter.set('user', 2, 30);
      assert.equal((await limiter.get('user'))?.remainingPoints, 1);
    });

    test(`rate-limiter-flexible over ${driver}: blocks for a time once the points are spent`, async () => {
      const limiter = limiterOf({ keyPrefix: 'b', blockDuration: 1000 });
      await Promise.all([1, 2, 3].map(() => limiter.consume('user')));
      await assert.rejects(limiter.consume('user'), (error) => refused(error));
      assert.ok((await redis.pttl('b:user')) > 900_000);
    });
  }

  test('rate-limiter-flexible counts right under concurrency', async () => {
    const limiter = new RateLimiterRedis({
      storeClient: redis,
      points: 50,
      duration: 60,
      keyPrefix: 'c',
    });
    const results = await Promise.allSettled(
      Array.from({ length: 200 }, () => limiter.consume('k')),
    );
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 50);
  });

  test('rate-limiter-flexible: custom script, non-atomic, union, bursts and queue', async () => {
    const options = { storeClient: redis, points: 2, duration: 60 };
    const custom = new RateLimiterRedis({
      ...options,
      keyPrefix: 'd',
      customIncrTtlLuaScript:
        "local n = redis.call('incrby', KEYS[1], ARGV[1]) if n == tonumber(ARGV[1]) then redis.call('expire', KEYS[1], ARGV[2]) end return {n, redis.call('pttl', KEYS[1])}",
    });
    assert.equal((await custom.consume('k')).consumedPoints, 1);
    assert.ok((await redis.ttl('d:k')) > 50);
    const plain = new RateLimiterRedisNonAtomic({ ...options, keyPrefix: 'e' });
    assert.equal((await plain.consume('k')).remainingPoints, 1);
    const union = new RateLimiterUnion(
      new RateLimiterRedis({ ...options, keyPrefix: 'f' }),
      new RateLimiterRedis({ ...options, keyPrefix: 'g', points: 1 }),
    );
    await union.consume('k');
    await assert.rejects(union.consume('k'));
    const bursty = new BurstyRateLimiter(
      new RateLimiterRedis({ ...options, keyPrefix: 'h' }),
      new RateLimiterRedis({ ...options, keyPrefix: 'i', points: 1 }),
    );
    for (let count = 0; count < 3; count += 1) await bursty.consume('k');
    await assert.rejects(bursty.consume('k'));
    const queue = new RateLimiterQueue(
      new RateLimiterRedis({ ...options, keyPrefix: 'j', points: 1, duration: 1 }),
    );
    await queue.removeTokens(1);
    await queue.removeTokens(1);
  });

  for (const driver of ['ioredis', 'node-redis'] as const) {
    test(`rate-limit-redis over ${driver}: counts hits in a window`, async () => {
      const store = new RedisStore({
        prefix: `${driver}:`,
        sendCommand: async (...args: string[]) =>
          (driver === 'ioredis'
            ? await redis.call(...(args as [string, ...string[]]))
            : await nodeRedis.sendCommand(args)) as RedisReply,
      });
      await store.init({ windowMs: 60_000 } as Parameters<typeof store.init>[0]);
      const first = await store.increment('user');
      assert.equal(first.totalHits, 1);
      assert.ok(Number(first.resetTime) > Date.now());
      assert.equal((await store.increment('user')).totalHits, 2);
      await store.decrement('user');
      assert.equal((await store.get('user'))?.totalHits, 1);
      // A flushed script is loaded again without the caller's knowing.
      await redis.script('FLUSH');
      assert.equal((await store.increment('user')).totalHits, 2);
      await store.resetKey('user');
      assert.equal(await redis.exists(store.prefixKey('user')), 0);
      const many = await Promise.all(Array.from({ length: 100 }, () => store.increment('busy')));
      assert.equal(Math.max(...many.map((hit) => hit.totalHits)), 100);
    });
  }
});
