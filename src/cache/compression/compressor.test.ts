import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import type { Thread, ThreadEvents, Threads } from '../../core/runtime/index.ts';
import { createNodeClock, createNodeThreads } from '../../core/runtime/node/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  SimDisk,
} from '../../core/runtime/sim/index.ts';
import { decode, encode } from './codec.ts';
import { type Compressed, Compressor } from './compressor.ts';

const text = Buffer.from('All happy bodies are alike; each unhappy body is unhappy. '.repeat(5000));
const noise = createSimRandom(3).bytes(50_000);
const settings = { threads: 2, queueMax: 4, waitingMaxBytes: 1024 * 1024 };
const decoders = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
const codings = ['gzip', 'br', 'zstd'] as const;

const compressor = new Compressor(
  { threads: createNodeThreads(), clock: createNodeClock() },
  { ...settings, queueMax: 100, waitingMaxBytes: 100 * 1024 * 1024 },
);
after(() => compressor.stop());

/** What came of a job that must have been taken. */
async function resultOf(taken: Promise<Compressed> | 'busy'): Promise<Compressed> {
  if (taken === 'busy') throw new Error('it was not taken');
  return await taken;
}

async function bytesOf(taken: Promise<Compressed> | 'busy'): Promise<Buffer> {
  const result = await resultOf(taken);
  assert.equal(result.kind, 'done');
  return Buffer.from((result as { bytes: Uint8Array }).bytes);
}

test('what is compressed in threads is what it was, in pieces of any size', async () => {
  const pieces = [
    text.subarray(0, 1),
    text.subarray(1, 1),
    text.subarray(1, 7000),
    text.subarray(7000),
  ];
  const jobs = codings.flatMap((coding) => [1, 5].map((level) => ({ coding, level })));
  await Promise.all(
    jobs.map(async ({ coding, level }) => {
      const coded = await bytesOf(compressor.compress(pieces, coding, level));
      assert.ok(coded.length < text.length / 10);
      assert.deepEqual(decoders[coding](coded), text);
      const cut = [coded.subarray(0, 10), coded.subarray(10)];
      assert.deepEqual(await bytesOf(compressor.decompress(cut, coding, text.length)), text);
    }),
  );
});

test('what does not get shorter by a tenth is said not to gain', async () => {
  for (const coding of codings) {
    const result = await resultOf(compressor.compress([noise], coding, 1));
    assert.deepEqual(result, { kind: 'no-gain' });
  }
});

test('a bomb is stopped at the bound, and what is broken or cut off is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  assert.deepEqual(await resultOf(compressor.decompress([bomb], 'gzip', 9_999_999)), {
    kind: 'too-long',
  });
  assert.equal(
    (await bytesOf(compressor.decompress([bomb], 'gzip', 10_000_000))).length,
    10_000_000,
  );
  for (const coding of codings) {
    const { bytes } = encode(text, coding, 3, text.length) as { bytes: Uint8Array };
    for (const broken of [noise, bytes.subarray(0, bytes.length - 5), bytes.subarray(0, 3)]) {
      assert.deepEqual(await resultOf(compressor.decompress([broken], coding, 1e6)), {
        kind: 'broken',
      });
    }
  }
});

test('whatever bytes are decoded, the result is within the bound', () => {
  const start = fc.constantFrom(
    ...codings.map(
      (coding) => (encode(text, coding, 1, text.length) as { bytes: Uint8Array }).bytes,
    ),
  );
  const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 });
  fc.assert(
    fc.property(
      start,
      damage,
      fc.constantFrom(...codings),
      fc.nat(5000),
      (good, spots, coding, bytesMax) => {
        const bytes = Uint8Array.from(good);
        for (const [at, value] of spots) bytes[at % bytes.length] = value;
        const coded = decode(bytes, coding, bytesMax);
        if (coded.kind === 'done') assert.ok(coded.bytes.length <= Math.max(1, bytesMax));
      },
    ),
  );
});

/** Threads that answer when they are told to. */
class HeldThreads implements Threads {
  readonly started: { events: ThreadEvents; posted: unknown[]; stopped: boolean }[] = [];
  refuses = false;

  start(_module: URL, events: ThreadEvents): Thread {
    if (this.refuses) throw new Error('no thread');
    const held = { events, posted: [] as unknown[], stopped: false };
    this.started.push(held);
    return {
      post: (message) => void held.posted.push(message),
      keepAlive: () => {},
      stop: async () => {
        held.stopped = true;
        events.onEnd(null);
      },
    };
  }
}

function held() {
  const clock = createSimClock();
  const threads = new HeldThreads();
  const busy = new Compressor({ threads, clock }, settings);
  const small = Buffer.alloc(1000);
  const begin = (bytes: Uint8Array = small) => busy.compress([bytes], 'br', 1);
  const answer = (nth: number) =>
    threads.started[nth]?.events.onMessage({ kind: 'done', bytes: new Uint8Array([nth]) });
  return { clock, threads, busy, begin, answer };
}

test('no more threads than allowed, no more waits than the queue holds', async () => {
  const { busy, begin, threads, answer } = held();
  const jobs = Array.from({ length: 6 }, () => begin());
  assert.ok(!jobs.includes('busy'));
  assert.equal(threads.started.length, 2);
  assert.deepEqual([busy.working, busy.queued], [2, 4]);
  assert.equal(begin(), 'busy');
  answer(0);
  assert.deepEqual([busy.working, busy.queued], [2, 3]);
  assert.notEqual(begin(), 'busy');
  assert.deepEqual(await jobs[0], { kind: 'done', bytes: new Uint8Array([0]) });
  for (let nth = 0; nth < 6; nth++) answer(nth % 2);
  for (const job of jobs) assert.equal(((await job) as Compressed).kind, 'done');
  assert.deepEqual([busy.working, busy.queued, threads.started.length], [0, 0, 2]);
});

test('bytes that wait are bounded; what finds a free thread is taken whatever its length', () => {
  const { busy, begin } = held();
  const large = Buffer.alloc(900_000);
  assert.notEqual(begin(Buffer.alloc(5_000_000)), 'busy');
  assert.notEqual(begin(large), 'busy');
  assert.notEqual(begin(large), 'busy');
  assert.equal(begin(large), 'busy');
  assert.notEqual(begin(), 'busy');
  assert.equal(busy.queued, 2);
});

test('a long body is copied over several turns, whole and in order', async () => {
  const { begin, threads, clock } = held();
  const body = createSimRandom(5).bytes(1_000_000);
  void begin(body);
  const posted = threads.started[0]?.posted as unknown[];
  const copied = () => Buffer.concat(posted.slice(1) as Uint8Array[]);
  assert.ok(copied().length < 300_000);
  await clock.advance(1);
  assert.deepEqual(copied(), body);
});

test('a thread that dies fails its job alone, and is replaced', async () => {
  const { begin, threads, answer } = held();
  const jobs = [begin(), begin(), begin()];
  threads.started[0]?.events.onEnd(new Error('gone'));
  assert.deepEqual(await jobs[0], { kind: 'failed' });
  assert.equal(threads.started.length, 3);
  answer(2);
  assert.equal(((await jobs[2]) as Compressed).kind, 'done');
  answer(1);
  assert.equal(((await jobs[1]) as Compressed).kind, 'done');
  threads.refuses = true;
  threads.started[1]?.events.onEnd(new Error('gone'));
  threads.started[2]?.events.onEnd(new Error('gone'));
  assert.deepEqual(await begin(), { kind: 'failed' });
});

test('threads that have nothing to do are ended after a while, and started again', async () => {
  const { begin, threads, answer, clock } = held();
  const first = begin();
  answer(0);
  await first;
  await clock.advance(60_000);
  assert.equal(threads.started[0]?.stopped, true);
  const second = begin();
  answer(1);
  assert.equal(((await second) as Compressed).kind, 'done');
});

test('stopped, it takes nothing and has left nobody waiting', async () => {
  const { busy, begin, threads } = held();
  const jobs = [begin(), begin(), begin()];
  await busy.stop();
  assert.deepEqual(await Promise.all(jobs), Array(3).fill({ kind: 'failed' }));
  assert.ok(threads.started.every(({ stopped }) => stopped));
  assert.equal(begin(), 'busy');
  assert.equal(threads.started.length, 2);
});

test('it runs in the simulation too', async () => {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(1));
  const threads = createSimThreads({ disk, clock, random: createSimRandom(2) });
  const simulated = new Compressor({ threads, clock }, settings);
  const coded = await clock.settle(bytesOf(simulated.compress([text], 'zstd', 3)));
  assert.deepEqual(zstdDecompressSync(coded), text);
  await clock.settle(simulated.stop());
});
