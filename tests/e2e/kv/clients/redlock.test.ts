/**
 * Redlock 5 over ioredis: locks that hold, end, are extended and are fought for.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import Redlock, { ExecutionError } from 'redlock';
import { waitUntil } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

onEachTarget('redlock', {}, (server) => {
  let redis: Redis;
  let redlock: Redlock;
  before(() => {
    redis = new Redis({ host: server().host, port: server().port });
    redlock = new Redlock([redis], { retryCount: 0 });
  });
  beforeEach(async () => {
    await redis.flushall();
  });
  after(() => redis.disconnect());

  test('holds a lock against others until it is released', async () => {
    const lock = await redlock.acquire(['a'], 60_000);
    assert.equal(await redis.get('a'), lock.value);
    await assert.rejects(redlock.acquire(['a'], 60_000), ExecutionError);
    await lock.release();
    assert.equal(await redis.exists('a'), 0);
    await (await redlock.acquire(['a'], 60_000)).release();
  });

  test('locks several resources or none', async () => {
    const one = await redlock.acquire(['a'], 60_000);
    await assert.rejects(redlock.acquire(['a', 'b'], 60_000), ExecutionError);
    assert.equal(await redis.exists('b'), 0);
    await one.release();
    const both = await redlock.acquire(['a', 'b'], 60_000);
    assert.equal(await redis.exists('a', 'b'), 2);
    await both.release();
  });

  test('extends a lock, and does not once another holds it', async () => {
    const lock = await redlock.acquire(['a'], 5000);
    const longer = await lock.extend(60_000);
    assert.ok((await redis.pttl('a')) > 50_000);
    await redis.set('a', 'stolen');
    await assert.rejects(longer.extend(60_000), ExecutionError);
    await assert.rejects(longer.release(), ExecutionError);
    assert.equal(await redis.get('a'), 'stolen');
  });

  test('lets a lock end by its time', async () => {
    await redlock.acquire(['a'], 50);
    await waitUntil('the end of the lock', async () => (await redis.exists('a')) === 0);
    await (await redlock.acquire(['a'], 5000)).release();
  });

  test('lets one in at a time when many fight', async () => {
    const patient = new Redlock([redis], { retryCount: 1000, retryDelay: 5, retryJitter: 5 });
    let inside = 0;
    let most = 0;
    let runs = 0;
    await Promise.all(
      Array.from({ length: 10 }, () =>
        patient.using(['critical'], 5000, {}, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await sleep(2);
          inside -= 1;
          runs += 1;
        }),
      ),
    );
    assert.deepEqual([most, runs], [1, 10]);
  });

  test('extends itself while a routine runs', async () => {
    await redlock.using(['long'], 600, { automaticExtensionThreshold: 400 }, async (signal) => {
      await sleep(1200);
      assert.equal(signal.aborted, false);
      assert.equal(await redis.exists('long'), 1);
    });
    assert.equal(await redis.exists('long'), 0);
  });
});
