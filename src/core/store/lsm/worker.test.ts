import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InvariantError } from '../../base/index.ts';
import type { Threads } from '../../runtime/index.ts';
import { createNodeThreads } from '../../runtime/node/index.ts';
import type { LsmError } from './errors.ts';
import { readLsmFolder } from './folder.ts';
import { NodePlace } from './node-place.ts';
import { checkFilled, fill, SharedWorld, sharedOptions, WatchedThreads } from './shared-world.ts';
import { createLsmWorker, createLsmWorkers } from './worker.ts';

const A = '/data/a';
const B = '/data/b';
const C = '/data/c';

test('engines that share a thread each do their own work, and it ends with the last of them', async () => {
  const world = new SharedWorld(1, 0);
  const { threads } = world;
  const a = await world.filled(A);
  const b = await world.filled(B);
  await world.settle(Promise.all([fill(a, 2), a.compact(), fill(b, 3), b.compact()]));
  await world.settle(checkFilled(a, 2));
  await world.settle(checkFilled(b, 3));
  await world.settle(a.close());
  assert.deepEqual([threads.started, threads.running], [1, 1]);
  await world.settle(fill(b, 4));
  await world.settle(b.compact());
  await world.settle(checkFilled(b, 4));
  await world.settle(b.close());
  assert.deepEqual([threads.started, threads.running], [1, 0]);
  const again = await world.openShared(A);
  await world.settle(again.compact());
  await world.settle(fill(again, 5));
  assert.deepEqual([threads.started, threads.running], [2, 1]);
  await world.settle(again.close());
  assert.equal(threads.running, 0);
});

test('an engine closed in mid-compaction leaves no file of it, and the compaction of another goes on', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const world = new SharedWorld(seed);
    const a = await world.filled(A);
    const b = await world.filled(B);
    const before = world.tables(A);
    const ended = assert.rejects(a.compact(), { code: 'closed' });
    const compacted = b.compact();
    await world.clock.runUntil(() => world.tables(A).length > before.length);
    await world.settle(a.close());
    await ended;
    assert.deepEqual(world.tables(A), before);
    const again = await world.openShared(A);
    const both = Promise.all([again.compact(), compacted]);
    await world.settle(checkFilled(again));
    await world.settle(both);
    await world.settle(checkFilled(again));
    await world.settle(checkFilled(b));
    assert.equal(b.stats.compactions, 1);
    await world.settle(Promise.all([again.close(), b.close()]));
    assert.deepEqual([world.threads.started, world.threads.running], [1, 0]);
  }
});

test('an engine closes without waiting for the compaction of another, and its own is not begun', async () => {
  const world = new SharedWorld(1);
  const a = await world.filled(A);
  const b = await world.filled(B);
  const before = world.tables(A);
  let isCompacted = false;
  const compacted = b.compact().then(() => {
    isCompacted = true;
  });
  await world.clock.runUntil(() => b.stats.tables < world.tables(B).length);
  const dropped = assert.rejects(a.compact(), { code: 'closed' });
  await world.clock.advance(50);
  await world.settle(a.close());
  await dropped;
  assert.equal(isCompacted, false);
  await world.settle(compacted);
  assert.deepEqual(world.tables(A), before);
  await world.settle(b.close());
});

test('a flush goes on between the steps of a compaction of another engine', async () => {
  const world = new SharedWorld(1);
  const a = await world.filled(A);
  const b = await world.filled(B);
  const compacted = a.compact();
  await world.clock.runUntil(() => a.stats.tables < world.tables(A).length);
  await world.settle(fill(b, 2));
  assert.equal(a.stats.compactions, 0);
  await world.settle(compacted);
  await world.settle(checkFilled(a));
  await world.settle(checkFilled(b, 2));
  await world.settle(Promise.all([a.close(), b.close()]));
});

test('a closed worker ends what it verifies, is told nothing more, and is refused', async () => {
  const world = new SharedWorld(1);
  const a = await world.filled(A);
  const b = await world.filled(B);
  const worker = world.workers.worker();
  const folder = readLsmFolder(world.disk, A);
  let steps = 0;
  const ended = assert.rejects(
    folder.verify(worker, () => steps++),
    { code: 'closed' },
  );
  await world.clock.runUntil(() => steps === 1);
  await world.settle(Promise.all([worker.close(), worker.close()]));
  await ended;
  await assert.rejects(folder.verify(worker), { code: 'closed' });
  assert.equal(world.threads.running, 1);
  const report = await world.settle(b.verify());
  assert.deepEqual(report.damage, []);
  assert.equal(steps, 1);
  await world.settle(Promise.all([a.close(), b.close()]));
});

test('a thread that dies fails the jobs of all, lets go who closes, and all others go on', async () => {
  const world = new SharedWorld(1);
  const { threads } = world;
  const [a, b, c] = [await world.filled(A), await world.filled(B), await world.filled(C)];
  const compacting = assert.rejects(a.compact(), { code: 'closed' });
  await world.clock.runUntil(() => a.stats.tables < world.tables(A).length);
  const failed = Promise.all([
    assert.rejects(b.compact(), { code: 'io' }),
    assert.rejects(c.verify(), { code: 'io' }),
  ]);
  await world.clock.advance(50);
  threads.kill();
  await world.settle(a.close());
  await compacting;
  await world.settle(failed);
  assert.equal(threads.running, 0);
  // Nothing has started another one yet.
  await world.settle(c.close());
  await world.clock.advance(2000);
  assert.equal(b.state, 'open');
  const again = [await world.openShared(A), await world.openShared(C)];
  await world.settle(Promise.all([b, ...again].map((lsm) => lsm.compact())));
  for (const lsm of [b, ...again]) {
    await world.settle(checkFilled(lsm));
    await world.settle(lsm.close());
  }
  assert.deepEqual([threads.started, threads.running], [2, 0]);
});

test('a worker that never asked for anything closes at once, and holds no thread', async () => {
  const world = new SharedWorld(1);
  const idle = world.workers.worker();
  const a = await world.filled(A);
  await world.settle(a.close());
  assert.equal(world.threads.running, 0);
  await idle.close();
});

test('a broken invariant in a real thread is not taken for a failure of the disk', async () => {
  const real = createNodeThreads();
  const { promise: thrown, resolve } = Promise.withResolvers<unknown>();
  const threads: Threads = {
    start: (_module, events) =>
      real.start(new URL('./broken-thread-fixture.ts', import.meta.url), {
        onMessage: (message) => events.onMessage(message),
        onEnd(error) {
          try {
            events.onEnd(error);
          } catch (broken) {
            resolve(broken);
          }
        },
      }),
  };
  const worker = createLsmWorker(threads);
  const options = { folder: '/nowhere', blockBytes: 512, tableBytes: 512 };
  void worker.verify({ options, tables: [] }, () => {});
  const broken = await thrown;
  assert.ok(broken instanceof InvariantError);
  assert.equal(broken.message, 'broken on purpose');
});

test('on real threads one engine closes in mid-compaction, and both go on', async () => {
  const root = mkdtempSync(join(tmpdir(), 'plinth-lsm-'));
  const threads = new WatchedThreads(createNodeThreads());
  const workers = createLsmWorkers(threads);
  const open = (name: string) =>
    new NodePlace(join(root, name), sharedOptions).open({ worker: workers.worker() });
  try {
    const [a, b] = [await open('a'), await open('b')];
    await Promise.all([fill(a), fill(b)]);
    const before = readdirSync(join(root, 'a')).length;
    // It may be done before the engine closes.
    const ended = a.compact().catch((error: LsmError) => assert.equal(error.code, 'closed'));
    const compacted = b.compact();
    while (readdirSync(join(root, 'a')).length <= before) await nextTurn();
    await Promise.all([a.close(), ended]);
    assert.deepEqual([threads.started, threads.running], [1, 1]);
    const again = await open('a');
    await Promise.all([again.compact(), compacted]);
    await checkFilled(again);
    await checkFilled(b);
    await Promise.all([again.close(), b.close()]);
    assert.deepEqual([threads.started, threads.running], [1, 0]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
