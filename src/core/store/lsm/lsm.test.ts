import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WriteBatch } from './batch.ts';
import { CrashWorld } from './crash-world.ts';
import { LsmError } from './errors.ts';
import { LsmStore } from './lsm-store.ts';
import { FOLDER, LsmWorld } from './lsm-world.ts';
import { collect, put, remove } from './ordered-store.ts';
import { tableNumber, tablePath } from './table-path.ts';
import type { Lookup, LsmState, LsmWorker } from './types.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const padded = (nth: number): string => String(nth).padStart(5, '0');

async function openStore(world: LsmWorld): Promise<LsmStore> {
  return LsmStore.open(world);
}

function tablesOf(world: LsmWorld): number[] {
  const numbers = world.disk.listSync(FOLDER).map(tableNumber);
  return numbers.filter((number) => number !== null);
}

test('a value that has expired is gone, and what it had replaced never comes back', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  await store.write([put('a', 'old'), put('b', 'old'), put('c', 'old')]);
  await store.flush();
  const view = store.view();
  const until = world.wallMs + 1000;
  await store.write([put('a', 'new', until), put('b', 'new', until + 5000)]);
  await store.flush();
  const seen = async (): Promise<string[]> => (await collect(store)).map(String);
  assert.deepEqual(await seen(), ['a,new', 'b,new', 'c,old']);
  world.wallMs = until - 1;
  assert.equal(String(await store.get(bytes('a'))), 'new');
  world.wallMs = until;
  for (let nth = 0; nth < 3; nth++) {
    assert.equal(await store.get(bytes('a')), null);
    assert.deepEqual(await seen(), ['b,new', 'c,old']);
    assert.deepEqual((await collect(store, { reverse: true })).map(String), ['c,old', 'b,new']);
    assert.equal(String(await store.get(bytes('a'), view)), 'old');
    if (nth === 0) await store.compact();
    if (nth === 1) await store.reopen();
  }
  const into: Lookup = { value: bytes(''), start: 0, length: 0, expiresAtMs: 0 };
  await store.get(bytes('b'));
  store.lsm.lookup(bytes('b'), 0, 1, into);
  assert.equal(into.expiresAtMs, until + 5000);
  await store.close();
});

test('what has expired leaves the tables', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  for (let nth = 0; nth < 300; nth++) await store.write([put(padded(nth), 'v', world.wallMs + 10)]);
  world.wallMs += 100;
  await store.compact();
  await store.breathe();
  assert.equal(store.lsm.stats.tables, 0);
  await store.close();
});

test('with the log of its owner the mark tells what is in tables, whatever happens', async () => {
  for (let seed = 1; seed <= 6; seed++) {
    const world = new CrashWorld(seed, { log: 'owner' });
    await world.start();
    for (let round = 0; round < 8; round++) {
      for (let nth = world.random.below(60); nth >= 0; nth--) world.write(true);
      await world.clock.advance(world.random.below(60));
      const mark = world.lsm.durableMark;
      await world.crash(world.random.chance(0.5) ? 'power' : 'kill');
      assert.ok(world.lsm.durableMark >= mark, 'the mark never falls');
      assert.equal(world.lsm.durableMark, world.batches.length);
    }
    world.write(false);
    await world.flush();
    assert.equal(world.lsm.durableMark, world.batches.length);
    assert.equal(world.disk.statSync(`${FOLDER}/wal`), null);
    await world.close();
  }
});

test('a mark alone is made durable by a flush', async () => {
  const world = new LsmWorld(1, { log: 'owner' });
  const store = await openStore(world);
  store.post([], { mark: 7 }, () => {});
  assert.equal(store.lsm.durableMark, 0);
  await store.flush();
  assert.equal(store.lsm.durableMark, 7);
  await store.reopen();
  assert.equal(store.lsm.durableMark, 7);
  await store.close();
});

test('a checkpoint is an engine with the content of its moment, while the original goes on', async () => {
  const world = new LsmWorld(3);
  const store = await openStore(world);
  for (let nth = 0; nth < 1000; nth++) await store.write([put(padded(nth), `old ${nth}`)]);
  const before = (await collect(store)).map(String);
  const report = await world.settle(store.lsm.checkpoint('/data/copy'));
  for (let nth = 0; nth < 1000; nth++)
    await store.write([nth % 2 ? put(padded(nth), 'new') : remove(padded(nth))]);
  await store.compact();
  const copy = await LsmStore.open({
    open: () => world.open({ folder: '/data/copy' }),
    settle: (promise) => world.settle(promise),
    breathe: () => world.breathe(),
  });
  assert.equal(copy.lsm.stats.tables, report.tables);
  assert.deepEqual((await collect(copy)).map(String), before);
  await copy.write([put('more', '1')]);
  await copy.compact();
  await copy.reopen();
  assert.equal((await collect(copy)).length, before.length + 1);
  assert.equal((await collect(store)).length, 500);
  for (const { lsm } of [copy, store]) {
    const verified = await world.settle(lsm.verify());
    assert.deepEqual(verified.damage, []);
    assert.equal(verified.tables, lsm.stats.tables);
  }
  await assert.rejects(world.settle(store.lsm.checkpoint('/data/copy')), { code: 'io' });
  await copy.close();
  await store.close();
});

test('a batch above 64 MiB is refused whole, and the next one is taken', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  const large = Buffer.alloc(64 * 1024 * 1024);
  const batch = new WriteBatch().put(bytes('a'), large);
  const errors: (LsmError | null)[] = [];
  store.lsm.write(batch, {}, (error) => errors.push(error));
  assert.deepEqual(
    errors.map((error) => error?.code),
    ['too-large'],
  );
  assert.equal(await store.get(bytes('a')), null);
  await store.write([put('a', 'small')]);
  await store.reopen();
  assert.equal(String(await store.get(bytes('a'))), 'small');
  await store.close();
});

test('an engine takes writes when it opens, however much of its log was not in tables', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  const codes: (string | undefined)[] = [];
  const write = (nth: number): void =>
    store.post([put(padded(nth), 'v'.repeat(500))], {}, (error) =>
      codes.push((error as LsmError | null)?.code),
    );
  for (let life = 0; life < 3; life++) {
    // No time passes: nothing is flushed.
    for (let nth = 0; nth < 145; nth++) write(nth);
    assert.equal(codes.includes('busy'), false, `life ${life}`);
    await world.settle(new Promise((done) => store.post([], { sync: true }, done)));
    await world.disk.killProcess();
    world.clock.forgetAll();
    store.lsm = await world.open();
  }
  await store.close();
});

test('a read under way when the engine closes is refused, never answered with nothing', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  for (let nth = 0; nth < 500; nth++) await store.write([put(padded(nth), 'v'.repeat(50))]);
  await store.flush();
  // Reads on the loop pass for slow: all go to threads.
  world.slowness = 1;
  store.get(bytes(padded(1)));
  const { lsm } = store;
  const reads = [100, 200, 300].map((nth) => lsm.get(bytes(padded(nth))));
  const outcomes = Promise.allSettled(reads);
  await store.close();
  for (const outcome of await world.settle(outcomes)) {
    const value = outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code;
    assert.ok(value === 'closed' || String(value) === 'v'.repeat(50), String(value));
  }
  for (const work of [
    () => lsm.flush(),
    () => lsm.compact(),
    () => lsm.get(bytes('a')),
    () => lsm.verify(),
  ]) {
    await assert.rejects(work(), { code: 'closed' });
  }
  assert.throws(() => lsm.scan(), { code: 'closed' });
  assert.equal(lsm.state, 'closed');
});

test('a scan that is closed while it reads lets go of what it holds when the read ends', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  for (let nth = 0; nth < 500; nth++) await store.write([put(padded(nth), 'v'.repeat(50))]);
  await store.compact();
  world.slowness = 1;
  for (let nth = 0; nth < 200; nth++) {
    const scan = store.lsm.scan({ from: bytes(padded((nth * 37) % 500)) });
    world.disk.hang('read', true);
    const filled = scan.fill();
    await world.clock.advance(1);
    scan.close();
    world.disk.hang('read', false);
    await world.settle(filled);
  }
  // No block is still held for one of them: the cache has few.
  assert.equal((await collect(store)).length, 500);
  const before = tablesOf(world);
  for (let nth = 0; nth < 500; nth++) await store.write([remove(padded(nth))]);
  await store.compact();
  await world.clock.advance(500);
  assert.deepEqual(
    tablesOf(world).filter((number) => before.includes(number)),
    [],
  );
  await store.close();
});

/** A worker whose compactions fail as long as they are told to. */
function workerOf(world: LsmWorld): LsmWorker & { broken: boolean } {
  const { worker } = world.engineOptions();
  return {
    broken: true,
    flush: (job) => worker.flush(job),
    async compact(job) {
      if (this.broken) throw new LsmError('io', { detail: 'the disk is broken' });
      return worker.compact(job);
    },
    verify: (job, onProgress) => worker.verify(job, onProgress),
    close: () => worker.close(),
  };
}

test('while compactions fail writers are slowed down, never stopped', async () => {
  const world = new LsmWorld(1);
  const worker = workerOf(world);
  const lsm = await world.open({ worker });
  let late = 0;
  for (let nth = 0; nth < 60; nth++) {
    const { promise, resolve } = Promise.withResolvers<LsmError | null>();
    const { stalls } = lsm.stats;
    lsm.write(new WriteBatch().put(bytes(padded(nth % 7)), Buffer.alloc(50)), {}, resolve);
    late += lsm.stats.stalls - stalls;
    assert.equal(await world.settle(promise), null);
    await world.settle(lsm.flush());
  }
  assert.equal(lsm.state, 'failed');
  assert.ok(lsm.stats.tables >= 59, 'far more than writers stop at');
  assert.ok(late > 30);
  worker.broken = false;
  await world.clock.advance(3000);
  assert.equal(lsm.state, 'open');
  assert.ok(lsm.stats.tables < 12);
  await world.settle(lsm.close());
});

test('while compactions fail flushes go on, and what failed is done later', async () => {
  const states: LsmState[] = [];
  const world = new LsmWorld(1, { onStateChange: (state) => states.push(state) });
  const failing = workerOf(world);
  const lsm = await world.open({ worker: failing });
  for (let nth = 0; nth < 600; nth++) {
    lsm.write(new WriteBatch().put(bytes(padded(nth % 90)), Buffer.alloc(50)), {}, () => {});
    if (nth % 100 === 0) await world.settle(lsm.flush());
  }
  assert.deepEqual(states, ['failed']);
  assert.equal(lsm.failure?.detail, 'the disk is broken');
  await assert.rejects(world.settle(lsm.compact()), { code: 'io' });
  failing.broken = false;
  await world.clock.advance(3000);
  assert.deepEqual(states, ['failed', 'open']);
  assert.ok(lsm.stats.compactions > 0);
  await world.settle(lsm.compact());
  await world.settle(lsm.close());
});

test('tables that could not be deleted are deleted later', async () => {
  const world = new LsmWorld(1);
  const store = await openStore(world);
  world.disk.failAll('unlink', 'EIO');
  for (let nth = 0; nth < 2000; nth++) await store.write([put(padded(nth % 300), 'v'.repeat(50))]);
  await store.compact();
  assert.ok(tablesOf(world).length > store.lsm.stats.tables);
  world.disk.heal();
  await store.write([put('a', 'b')]);
  await store.flush();
  await world.clock.advance(500);
  assert.equal(tablesOf(world).length, store.lsm.stats.tables);
  await store.close();
});

test('damage met by a compaction is told with its file, and everything else goes on', async () => {
  const told: [LsmState, string | undefined][] = [];
  const world = new LsmWorld(1, {
    onStateChange: (state, failure) => told.push([state, failure?.file]),
  });
  const store = await openStore(world);
  for (let nth = 0; nth < 100; nth++) await store.write([put(padded(nth), 'v'.repeat(50))]);
  await store.flush();
  const path = tablePath(FOLDER, tablesOf(world)[0]!);
  world.disk.flipBit(path, 700, 1);
  for (let nth = 0; nth < 100; nth++) await store.write([put(padded(nth), 'w')]);
  for (let nth = 0; nth < 1500; nth++) await store.write([put(`b${padded(nth)}`, 'v'.repeat(50))]);
  await store.compact();
  assert.deepEqual(told, [['open', path]]);
  assert.equal(store.lsm.state, 'open');
  // Level 0 grows above what it cannot be merged with, and writers still go on.
  for (let nth = 0; nth < 30; nth++) {
    await store.write([put(padded(nth), 'x')]);
    await store.flush();
  }
  assert.equal((await collect(store, { from: bytes('b') })).length, 1500);
  assert.equal(String(await store.get(bytes(padded(7)))), 'x');
  await assert.rejects(collect(store), { code: 'corrupt', file: path });
  const { damage } = await world.settle(store.lsm.verify());
  assert.deepEqual(
    damage.map(({ file }) => file),
    [path],
  );
  await store.close();
});
