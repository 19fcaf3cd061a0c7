/** Digests in threads beside those of node:crypto, abandoned bodies, bodies that wait, threads that die or are not to be had. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { silentLogger } from '../../../core/observe/index.ts';
import type { Thread, ThreadEvents, Threads } from '../../../core/runtime/index.ts';
import { createNodeClock, createNodeThreads } from '../../../core/runtime/node/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  SimDisk,
} from '../../../core/runtime/sim/index.ts';
import { checksumTable } from '../checksums/algorithms.ts';
import { S3Error } from '../errors.ts';
import { SLOT_BYTES } from './digest-thread.ts';
import { DigestThreads, START_BYTES_MIN, THREADED_BYTES_MIN } from './digest-threads.ts';
import {
  type DigestName,
  type Digests,
  OwnDigests,
  type RunningDigests,
} from './running-digests.ts';

const SLOTS_PER_THREAD = 4;
const NAMES: readonly DigestName[] = ['MD5', ...checksumTable.map(({ name }) => name)];
/** Longer than all slots of two threads. */
const content = createSimRandom(5).bytes(2 * SLOTS_PER_THREAD * SLOT_BYTES + 12_345);

function world(seed: number) {
  const clock = createSimClock();
  const random = createSimRandom(seed);
  const disk = new SimDisk(clock, random);
  const threads = createSimThreads({ disk, clock, random });
  return { clock, threads, log: silentLogger() };
}

async function feed(
  running: RunningDigests,
  bytes: Buffer,
  cuts: readonly number[],
): Promise<void> {
  let at = 0;
  for (let nth = 0; at < bytes.length; nth++) {
    const piece = Buffer.from(bytes.subarray(at, at + (cuts[nth % cuts.length] ?? 1)));
    await running.update(piece);
    // Whoever gave them may use their memory again.
    piece.fill(0);
    at += piece.length;
  }
}

async function made(
  running: RunningDigests,
  bytes: Buffer,
  cuts: readonly number[] = [65_536],
): Promise<Digests> {
  await feed(running, bytes, cuts);
  return running.finish();
}

function atOnce(names: readonly DigestName[], bytes: Buffer): Digests {
  const own = new OwnDigests(names);
  own.update(bytes);
  return own.made();
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

const isInternalError = (error: unknown): boolean =>
  error instanceof S3Error && error.code === 'InternalError';

const EDGES = [0, 1, SLOT_BYTES, THREADED_BYTES_MIN, SLOTS_PER_THREAD * SLOT_BYTES];
const sizes = fc.oneof(
  fc.tuple(fc.constantFrom(...EDGES), fc.integer({ min: -2, max: 2 })).map(([a, b]) => a + b),
  fc.integer({ min: 0, max: content.length }),
);
const cutting = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 2 * SLOT_BYTES })),
  { minLength: 1, maxLength: 6 },
);
/** One of them is large, or bodies of the smallest pieces only would take long. */
const cuts = cutting.map((list) => [...list, SLOT_BYTES / 2 + 1]);

test('bodies of any size, cut anyhow, several at once, some abandoned: digests are those of node:crypto', async () => {
  interface Body {
    readonly size: number;
    readonly cuts: readonly number[];
    readonly names: readonly DigestName[];
    readonly isAbandoned: boolean;
    /** It is said to be as large as those that threads are started for. */
    readonly isLarge: boolean;
  }
  const body: fc.Arbitrary<Body> = fc.record({
    size: sizes.map((size) => Math.max(0, size)),
    cuts,
    names: fc.subarray([...NAMES], { minLength: 1 }),
    isAbandoned: fc.integer({ min: 0, max: 3 }).map((one) => one === 0),
    isLarge: fc.boolean(),
  });
  const property = async (
    seed: number,
    threadsMax: number,
    bodies: readonly Body[],
  ): Promise<void> => {
    const sim = world(seed);
    const pool = new DigestThreads(sim, threadsMax);
    const run = async ({ size, cuts, names, isAbandoned, isLarge }: Body) => {
      const bytes = content.subarray(0, size);
      const running = pool.begin(names, isLarge ? START_BYTES_MIN : size);
      if (!isAbandoned) {
        const expected = atOnce(names, bytes);
        const found = await made(running, bytes, cuts);
        for (const name of names) assert.deepEqual(found.get(name), expected.get(name), name);
        if (names.includes('MD5')) assert.equal(found.get('MD5')?.toString('hex'), md5(bytes));
      } else await feed(running, bytes.subarray(0, size >> 1), cuts);
      running.drop();
      running.drop();
    };
    await sim.clock.settle(Promise.all(bodies.map(run)));
    await sim.clock.advance(1000);
    const { slots, bodies: left, threads } = pool.held;
    assert.deepEqual([slots, left, threads <= threadsMax], [0, 0, true]);
    await sim.clock.settle(pool.stop());
  };
  await fc.assert(
    fc.asyncProperty(
      ...[fc.nat(), fc.integer({ min: 1, max: 3 })],
      fc.array(body, { minLength: 1, maxLength: 12 }),
      property,
    ),
    { numRuns: 40 },
  );
});

test('in real threads several bodies at once come out right', async () => {
  const real = { threads: createNodeThreads(), clock: createNodeClock(), log: silentLogger() };
  const pool = new DigestThreads(real, 2);
  await Promise.all(
    Array.from({ length: 6 }, async (_, nth) => {
      const bytes = content.subarray(nth * 1001);
      const found = await made(pool.begin(NAMES, START_BYTES_MIN), bytes, [nth * 50_000 + 1000]);
      assert.deepEqual(found, new Map(atOnce(NAMES, bytes)));
    }),
  );
  assert.deepEqual(pool.held, { slots: 0, bodies: 0, threads: 2 });
  await pool.stop();
  assert.equal(pool.held.threads, 0);
});

test('one digest starts one thread; those of one body go side by side', () => {
  const { pool } = held(3);
  pool.begin(['MD5'], START_BYTES_MIN).drop();
  assert.equal(pool.held.threads, 1);
  pool.begin(['MD5'], START_BYTES_MIN).drop();
  assert.equal(pool.held.threads, 1, 'the first is free again');
  pool.begin(['MD5', 'CRC64NVME'], START_BYTES_MIN);
  assert.equal(pool.held.threads, 2);
  for (let nth = 0; nth < 10; nth++) pool.begin(['MD5'], START_BYTES_MIN);
  assert.equal(pool.held.threads, 3);
});

test('bodies of some size start a thread when many have come, and do not wait until it is ready', async () => {
  const { pool, threads, clock } = held(2);
  const count = START_BYTES_MIN / THREADED_BYTES_MIN;
  for (let nth = 0; nth < count; nth++) {
    assert.equal(threads.started.length, 0);
    pool.begin(['MD5'], THREADED_BYTES_MIN);
    pool.begin(['MD5'], THREADED_BYTES_MIN - 1);
  }
  assert.equal(threads.started.length, 1);
  const own = await made(pool.begin(['MD5'], THREADED_BYTES_MIN), content);
  assert.equal(own.get('MD5')?.toString('hex'), md5(content));
  assert.equal(pool.held.bodies, 0);
  threads.started[0]?.events.onMessage({ kind: 'ready' });
  pool.begin(['MD5'], THREADED_BYTES_MIN).drop();
  const body = pool.begin(['MD5'], THREADED_BYTES_MIN);
  assert.equal(pool.held.bodies, 1);
  body.drop();
  await clock.advance(31_000);
  assert.equal(pool.held.threads, 0);
});

test('clients that stall with half a piece keep nobody from going on', async () => {
  const sim = world(2);
  const pool = new DigestThreads(sim, 1);
  const stalled = Array.from({ length: 3 * SLOTS_PER_THREAD }, () => pool.begin(['MD5'], 1e9));
  await sim.clock.settle(
    Promise.all(stalled.map((running, nth) => feed(running, content.subarray(0, nth + 1), [1]))),
  );
  const found = await sim.clock.settle(made(pool.begin(['MD5'], START_BYTES_MIN), content));
  assert.equal(found.get('MD5')?.toString('hex'), md5(content));
  assert.ok(pool.held.slots <= SLOTS_PER_THREAD);
  const rest = stalled.map(async (running, nth) => {
    const whole = await made(running, content.subarray(nth + 1, 500_000));
    assert.equal(whole.get('MD5')?.toString('hex'), md5(content.subarray(0, 500_000)));
  });
  await sim.clock.settle(Promise.all(rest));
  await sim.clock.advance(1000);
  assert.equal(pool.held.slots, 0);
});

/** Threads that do what they are told to by a test. */
class HeldThreads implements Threads {
  readonly started: { events: ThreadEvents; posted: unknown[] }[] = [];
  refuses = false;

  start(_module: URL, events: ThreadEvents): Thread {
    if (this.refuses) throw new Error('no thread');
    const posted: unknown[] = [];
    this.started.push({ events, posted });
    return {
      post: (message) => void posted.push(message),
      keepAlive: () => {},
      stop: async () => events.onEnd(null),
    };
  }
}

function held(threadsMax: number) {
  const clock = createSimClock();
  const threads = new HeldThreads();
  return {
    clock,
    threads,
    pool: new DigestThreads({ clock, threads, log: silentLogger() }, threadsMax),
  };
}

test('a body waits when its share is full, and takes no more memory', async () => {
  const { pool, threads } = held(1);
  const first = pool.begin(['MD5'], 1e9);
  assert.equal(first.update(content.subarray(0, SLOTS_PER_THREAD * SLOT_BYTES)), undefined);
  const waits = first.update(content.subarray(0, 10));
  assert.ok(waits instanceof Promise);
  assert.equal(pool.held.slots, SLOTS_PER_THREAD);
  threads.started[0]?.events.onMessage({ kind: 'free', slot: 0 });
  await waits;
  assert.equal(pool.held.slots, SLOTS_PER_THREAD);
});

test('a thread that dies fails the bodies in it, whatever they do, and another takes its place', async () => {
  const { pool, threads } = held(2);
  const [writes, waits, ends] = [0, 1, 2].map(() => pool.begin(['MD5', 'SHA1'], 1e9));
  assert.ok(writes !== undefined && waits !== undefined && ends !== undefined);
  assert.equal(writes.update(content.subarray(0, 10)), undefined);
  const pending = waits.update(content);
  assert.ok(pending instanceof Promise);
  const fail = [pending, ends.finish()].map((each) => assert.rejects(each, isInternalError));
  const [first, second] = threads.started;
  first?.events.onMessage({ kind: 'ready' });
  first?.events.onEnd(new Error('out of memory'));
  assert.throws(() => writes.update(content.subarray(0, 10)), isInternalError);
  await assert.rejects(writes.finish(), isInternalError);
  await Promise.all(fail);
  // The other thread has not given back what both had.
  for (let slot = 0; slot < 2 * SLOTS_PER_THREAD; slot++) {
    const has = second?.posted.some((message) => (message as { slot?: number }).slot === slot);
    if (has === true) second?.events.onMessage({ kind: 'free', slot });
  }
  assert.deepEqual(pool.held, { slots: 0, bodies: 0, threads: 1 });
  pool.begin(['MD5', 'SHA1'], 1e9);
  assert.deepEqual([threads.started.length, pool.held.threads], [3, 2]);
});

test('without threads digests are made here, and threads are tried again after a while', async () => {
  const { pool, threads, clock } = held(2);
  threads.refuses = true;
  const found = await made(pool.begin(['MD5'], START_BYTES_MIN), content);
  assert.equal(found.get('MD5')?.toString('hex'), md5(content));
  threads.refuses = false;
  pool.begin(['MD5'], 1e9);
  assert.equal(threads.started.length, 0);
  await clock.advance(61_000);
  const lost = pool.begin(['MD5'], 1e9);
  assert.equal(threads.started.length, 1);
  // One that dies at its birth would fail each body after the other.
  threads.started[0]?.events.onEnd(new Error('no such module'));
  await assert.rejects(lost.finish(), isInternalError);
  const here = await made(pool.begin(['MD5'], START_BYTES_MIN), content);
  assert.equal(here.get('MD5')?.toString('hex'), md5(content));
});

test('threads without work end after a while, and come again; stop fails what is under way', async () => {
  const sim = world(3);
  const pool = new DigestThreads(sim, 1);
  for (let round = 0; round < 2; round++) {
    const found = await sim.clock.settle(made(pool.begin(['MD5'], START_BYTES_MIN), content));
    assert.equal(found.get('MD5')?.toString('hex'), md5(content));
    assert.equal(pool.held.threads, 1);
    await sim.clock.advance(31_000);
    assert.equal(pool.held.threads, 0);
  }
  const running = pool.begin(['MD5'], START_BYTES_MIN);
  const fails = assert.rejects(Promise.resolve(running.update(content)), isInternalError);
  await sim.clock.settle(pool.stop());
  await fails;
  assert.deepEqual(pool.held, { slots: 0, bodies: 0, threads: 0 });
  const here = await made(pool.begin(['MD5'], START_BYTES_MIN), content);
  assert.equal(here.get('MD5')?.toString('hex'), md5(content));
});
