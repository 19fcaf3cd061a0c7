/**
 * BullMQ: its Lua scripts, streams of events and blocking reads are the hardest test that a
 * widely used library makes. Outcomes are asserted, never how long something took.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  DelayedError,
  FlowProducer,
  type Job,
  Queue,
  QueueEvents,
  UnrecoverableError,
  Worker,
} from 'bullmq';
import { Redis } from 'ioredis';
import { waitUntil } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

type Closable = { close(): Promise<void> };

onEachTarget('BullMQ', {}, (server) => {
  const open: Closable[] = [];
  const keep = <T extends Closable>(item: T): T => {
    open.unshift(item);
    return item;
  };
  const options = () => ({
    connection: { host: server().host, port: server().port, maxRetriesPerRequest: null },
  });
  const queueOf = (name: string) => keep(new Queue(name, options()));
  const work = (name: string, run: (job: Job) => Promise<unknown>, more: object = {}) =>
    keep(new Worker(name, run, { ...options(), drainDelay: 1, ...more }));
  const eventsOf = async (name: string) => {
    const events = keep(new QueueEvents(name, options()));
    await events.waitUntilReady();
    return events;
  };
  let redis: Redis;
  before(() => {
    redis = new Redis({ host: server().host, port: server().port });
  });
  after(async () => {
    for (const item of open) await item.close();
    redis.disconnect();
  });

  test('runs jobs and tells their results through events', async () => {
    const queue = queueOf('plain');
    const events = await eventsOf('plain');
    work('plain', async (job) => ({ doubled: (job.data as { n: number }).n * 2 }));
    const job = await queue.add('double', { n: 21 });
    assert.deepEqual(await job.waitUntilFinished(events, 20_000), { doubled: 42 });
    assert.equal(await job.getState(), 'completed');
    assert.deepEqual(await queue.getJobCounts('completed', 'failed', 'waiting'), {
      completed: 1,
      failed: 0,
      waiting: 0,
    });
  });

  test('adds many at once and loses or doubles none', async () => {
    const queue = queueOf('bulk');
    const seen = new Map<number, number>();
    await queue.addBulk(Array.from({ length: 500 }, (_, n) => ({ name: 'n', data: { n } })));
    for (let worker = 0; worker < 3; worker += 1) {
      work(
        'bulk',
        async (job) => {
          const { n } = job.data as { n: number };
          seen.set(n, (seen.get(n) ?? 0) + 1);
        },
        { concurrency: 10 },
      );
    }
    await waitUntil('500 jobs', async () => (await queue.getCompletedCount()) === 500, 30_000);
    assert.equal(seen.size, 500);
    assert.ok([...seen.values()].every((times) => times === 1));
  });

  test('takes jobs by priority, and the last in first where asked', async () => {
    const queue = queueOf('priority');
    const order: string[] = [];
    for (const [name, priority] of [
      ['low', 10],
      ['high', 1],
      ['middle', 5],
      ['high2', 1],
    ] as const) {
      await queue.add(name, {}, { priority });
    }
    await queue.add('first', {});
    await queue.add('before-first', {}, { lifo: true });
    assert.deepEqual(await queue.getCountsPerPriority([0, 1, 5, 10]), { 0: 2, 1: 2, 5: 1, 10: 1 });
    const changed = (await queue.getPrioritized()).find((job) => job.name === 'low');
    await changed?.changePriority({ priority: 2 });
    work('priority', async (job) => order.push(job.name));
    await waitUntil('all jobs', () => order.length === 6);
    assert.deepEqual(order, ['before-first', 'first', 'high', 'high2', 'low', 'middle']);
  });

  test('holds delayed jobs back, and promotes them', async () => {
    const queue = queueOf('delay');
    const started = Date.now();
    const ran = new Map<string, number>();
    work('delay', async (job) => ran.set(job.name, Date.now()));
    await queue.add('later', {}, { delay: 400 });
    const never = await queue.add('promoted', {}, { delay: 3_600_000 });
    const moved = await queue.add('changed', {}, { delay: 3_600_000 });
    assert.equal(await never.getState(), 'delayed');
    await never.promote();
    await moved.changeDelay(50);
    await waitUntil('three jobs', () => ran.size === 3);
    assert.ok((ran.get('later') ?? 0) - started >= 390, 'a delayed job ran too early');
  });

  test('tries again with backoff, then fails for good', async () => {
    const queue = queueOf('retry');
    const events = await eventsOf('retry');
    const attempts = new Map<string, number>();
    work('retry', async (job) => {
      const count = (attempts.get(job.name) ?? 0) + 1;
      attempts.set(job.name, count);
      if (job.name === 'hopeless') throw new UnrecoverableError('no use');
      if (job.name === 'never' || count < 3) throw new Error(`attempt ${count}`);
      return count;
    });
    const backoff = { type: 'exponential', delay: 20 };
    const third = await queue.add('third', {}, { attempts: 5, backoff });
    assert.equal(await third.waitUntilFinished(events, 20_000), 3);
    const never = await queue.add('never', {}, { attempts: 2, backoff: 10 });
    await assert.rejects(never.waitUntilFinished(events, 20_000), /attempt 2/);
    const hopeless = await queue.add('hopeless', {}, { attempts: 5 });
    await assert.rejects(hopeless.waitUntilFinished(events, 20_000), /no use/);
    assert.equal(attempts.get('hopeless'), 1);
    const failed = await queue.getFailed();
    assert.deepEqual(failed.map((job) => job.name).sort(), ['hopeless', 'never']);
    assert.ok((failed[0]?.stacktrace?.length ?? 0) > 0);
    await (await queue.getJob(String(never.id)))?.retry();
    await waitUntil('a third try', () => attempts.get('never') === 3);
  });

  test('repeats jobs by scheduler and by pattern', async () => {
    const queue = queueOf('repeat');
    let ticks = 0;
    work('repeat', async () => {
      ticks += 1;
    });
    await queue.upsertJobScheduler('tick', { every: 100 }, { name: 'tick', data: { a: 1 } });
    await queue.upsertJobScheduler('cron', { pattern: '0 0 3 1 1 *' }, { name: 'yearly' });
    await waitUntil('three ticks', () => ticks >= 3);
    assert.equal(await queue.getJobSchedulersCount(), 2);
    const [scheduler] = (await queue.getJobSchedulers()).filter((item) => item.key === 'tick');
    assert.equal(scheduler?.every, 100);
    await queue.upsertJobScheduler('tick', { every: 200 }, { name: 'tick' });
    assert.equal((await queue.getJobScheduler('tick'))?.every, 200);
    assert.equal(await queue.removeJobScheduler('tick'), true);
    assert.equal(await queue.removeJobScheduler('tick'), false);
    assert.equal(await queue.getJobSchedulersCount(), 1);
  });

  test('runs children before their parents in flows', async () => {
    const order: string[] = [];
    const flow = keep(new FlowProducer(options()));
    work('flow-leaf', async (job) => {
      order.push(job.name);
      return `${job.name}!`;
    });
    work('flow-root', async (job) => {
      order.push(job.name);
      return Object.values(await job.getChildrenValues()).sort();
    });
    const events = await eventsOf('flow-root');
    const tree = await flow.add({
      name: 'root',
      queueName: 'flow-root',
      children: [
        { name: 'a', queueName: 'flow-leaf' },
        {
          name: 'middle',
          queueName: 'flow-root',
          children: [{ name: 'b', queueName: 'flow-leaf' }],
        },
      ],
    });
    assert.deepEqual(await tree.job.waitUntilFinished(events, 20_000), ['a!', ['b!']]);
    assert.equal(order.at(-1), 'root');
    assert.ok(order.indexOf('b') < order.indexOf('middle'));
    assert.equal(
      (await flow.getFlow({ id: String(tree.job.id), queueName: 'flow-root' })).children?.length,
      2,
    );
  });

  test('fails a parent when a child fails that it depends on', async () => {
    const flow = keep(new FlowProducer(options()));
    work('flow-bad', async () => {
      throw new Error('child fails');
    });
    work('flow-parent', async () => 'never');
    const tree = await flow.add({
      name: 'parent',
      queueName: 'flow-parent',
      children: [{ name: 'child', queueName: 'flow-bad', opts: { failParentOnFailure: true } }],
    });
    await waitUntil('a failed parent', async () => (await tree.job.getState()) === 'failed');
  });

  test('keeps to a rate limit', async () => {
    const queue = queueOf('rate');
    const at: number[] = [];
    work('rate', async () => at.push(Date.now()), { limiter: { max: 2, duration: 300 } });
    await queue.addBulk(Array.from({ length: 6 }, () => ({ name: 'x', data: {} })));
    await waitUntil('six jobs', () => at.length === 6);
    // Any three jobs in a row lie in more than one window of two.
    for (let index = 2; index < at.length; index += 1) {
      assert.ok((at[index] ?? 0) - (at[index - 2] ?? 0) >= 150, `job ${index} came too soon`);
    }
  });

  test('pauses, resumes, drains and obliterates', async () => {
    const queue = queueOf('pause');
    let ran = 0;
    work('pause', async () => {
      ran += 1;
    });
    await queue.pause();
    assert.equal(await queue.isPaused(), true);
    await queue.addBulk(Array.from({ length: 5 }, () => ({ name: 'x', data: {} })));
    assert.equal(await queue.getWaitingCount(), 5);
    await queue.resume();
    await waitUntil('five jobs', () => ran === 5);
    await waitUntil('five done', async () => (await queue.getCompletedCount()) === 5);
    assert.equal((await queue.clean(0, 3, 'completed')).length, 3);
    await queue.pause();
    await queue.add('left', {});
    await queue.drain();
    assert.equal(await queue.getWaitingCount(), 0);
    await queue.obliterate({ force: true });
    // What remains are the event stream and marks that only a worker's start writes.
    const left = (await redis.keys('bull:pause:*')).filter((key) => /:\d+$/.test(key));
    assert.deepEqual(left, []);
  });

  test('drops duplicates, keeps logs, progress and custom ids', async () => {
    const queue = queueOf('details');
    const events = await eventsOf('details');
    const progress: unknown[] = [];
    events.on('progress', ({ data }) => progress.push(data));
    const duplicated: string[] = [];
    events.on('deduplicated', ({ jobId }) => duplicated.push(jobId));
    const first = await queue.add('x', { a: 1 }, { jobId: 'mine' });
    assert.equal((await queue.add('x', { a: 2 }, { jobId: 'mine' })).id, first.id);
    assert.equal(await queue.getWaitingCount(), 1);
    const once = { deduplication: { id: 'only', ttl: 60_000 } };
    const kept = await queue.add('d', {}, once);
    await queue.add('d', {}, once);
    await waitUntil('the duplicate', () => duplicated.length === 1);
    assert.equal(await queue.getDeduplicationJobId('only'), kept.id);
    work('details', async (job) => {
      await job.log('line one');
      await job.updateProgress(50);
      await job.updateData({ changed: true });
    });
    await first.waitUntilFinished(events, 20_000);
    assert.deepEqual((await queue.getJobLogs('mine')).logs, ['line one']);
    assert.deepEqual((await queue.getJob('mine'))?.data, { changed: true });
    await waitUntil('progress', () => progress.includes(50));
  });

  test('takes stalled jobs from a worker that died, and moves active ones to later', async () => {
    const queue = queueOf('stalled');
    await queue.add('orphan', {});
    let held = 0;
    const dead = new Worker(
      'stalled',
      async () =>
        new Promise(() => {
          held += 1;
        }),
      {
        ...options(),
        lockDuration: 200,
        skipLockRenewal: true,
        skipStalledCheck: true,
      },
    );
    await waitUntil('a held job', () => held === 1);
    let rescued = 0;
    work(
      'stalled',
      async () => {
        rescued += 1;
      },
      { stalledInterval: 200 },
    );
    await waitUntil('the rescue', () => rescued === 1);
    await dead.close(true);

    const later = queueOf('postpone');
    let tries = 0;
    work('postpone', async (job, ...rest: readonly unknown[]) => {
      tries += 1;
      if (tries === 1) {
        await job.moveToDelayed(Date.now() + 50, String(rest[0] ?? job.token));
        throw new DelayedError();
      }
    });
    await later.add('x', {});
    await waitUntil('a second try', () => tries === 2);
  });

  test('lists workers and measures', async () => {
    const queue = queueOf('workers');
    const worker = work('workers', async () => {}, { metrics: { maxDataPoints: 10 } });
    await worker.waitUntilReady();
    await waitUntil('the worker in the list', async () => (await queue.getWorkers()).length === 1);
    await queue.add('x', {});
    await waitUntil('one done', async () => (await queue.getCompletedCount()) === 1);
    await queue.setGlobalConcurrency(4);
    assert.equal(await queue.getGlobalConcurrency(), 4);
    assert.equal((await queue.getMetrics('completed')).meta.count, 1);
    assert.ok((await queue.exportPrometheusMetrics()).includes('bullmq_job_count'));
    await queue.trimEvents(0);
  });
});
