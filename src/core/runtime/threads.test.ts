import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Thread, Threads } from './index.ts';
import { createNodeThreads } from './node/index.ts';
import { createSimClock, createSimRandom, createSimThreads, SimDisk } from './sim/index.ts';
import { lastWords, type Order } from './threads-fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-threads-'));
after(() => rmSync(root, { recursive: true }));
const fixture = new URL('./threads-fixture.ts', import.meta.url);

interface Place {
  readonly name: string;
  readonly threads: Threads;
  readonly folder: string;
  readFile(path: string): string;
  settle<T>(promise: Promise<T>): Promise<T>;
}

function places(): Place[] {
  const clock = createSimClock();
  const disk = new SimDisk(clock, createSimRandom(7));
  disk.mkdirSync('/d');
  return [
    {
      name: 'node',
      threads: createNodeThreads(),
      folder: root,
      readFile: (path) => readFileSync(path, 'latin1'),
      settle: async (promise) => {
        // A thread alone does not keep the process from ending.
        const held = setInterval(() => {}, 1000);
        return await promise.finally(() => clearInterval(held));
      },
    },
    {
      name: 'sim',
      threads: createSimThreads({ disk, clock, random: createSimRandom(8) }),
      folder: '/d',
      readFile(path) {
        const file = disk.openSync(path, { mode: 'read' });
        const into = Buffer.alloc(file.sizeSync());
        file.readSync(into, 0, into.length, 0);
        return into.toString('latin1');
      },
      settle: (promise) => clock.settle(promise),
    },
  ];
}

/** A thread of the fixture with all that came of it: messages, then how it ended. */
interface Run {
  readonly thread: Thread;
  readonly messages: unknown[];
  readonly ends: (Error | null)[];
  order(order: Order, transfer?: readonly ArrayBuffer[]): void;
  /** The messages, once there are so many. */
  heard(count: number): Promise<unknown[]>;
  ended(): Promise<Error | null>;
}

function start({ threads, settle }: Place, module = fixture): Run {
  const messages: unknown[] = [];
  const ends: (Error | null)[] = [];
  let look = (): void => {};
  const until = (done: () => boolean): Promise<void> =>
    settle(
      new Promise<void>((resolve, reject) => {
        look = () => {
          if (done()) resolve();
          else if (ends.length > 0) reject(ends[0] ?? new Error('stopped'));
        };
        look();
      }),
    );
  const thread = threads.start(module, {
    onMessage(message) {
      messages.push(message);
      assert.deepEqual(ends, []);
      look();
    },
    onEnd(error) {
      ends.push(error);
      look();
    },
  });
  return {
    thread,
    messages,
    ends,
    order: (order, transfer) => thread.post(order, transfer),
    async heard(count) {
      await until(() => messages.length >= count);
      return messages;
    },
    async ended() {
      await until(() => ends.length > 0);
      return ends[0] as Error | null;
    },
  };
}

for (const place of places()) {
  test(`${place.name}: messages go both ways in order, also those posted before the start`, async () => {
    const run = start(place);
    const asked = Array.from({ length: 50 }, (_, nth) => nth);
    for (const nth of asked.slice(0, 25)) run.order({ do: 'echo', what: nth });
    await run.heard(10);
    for (const nth of asked.slice(25)) run.order({ do: 'echo', what: nth });
    assert.deepEqual(await run.heard(50), asked);
    assert.throws(() => run.thread.post(() => {}), /could not be cloned/);
    await place.settle(run.thread.stop());
    assert.deepEqual(run.ends, [null]);
  });

  test(`${place.name}: messages are clones, shared memory is one on both sides, what is transferred moves`, async () => {
    const run = start(place);
    const sent = { bytes: Buffer.from('ab'), at: new Map([[1, 'one']]) };
    run.order({ do: 'echo', what: sent });
    sent.bytes[0] = 0;
    const [clone] = (await run.heard(1)) as (typeof sent)[];
    assert.deepEqual(clone, { bytes: Uint8Array.of(97, 98), at: new Map([[1, 'one']]) });
    const memory = new SharedArrayBuffer(8);
    const numbers = new Int32Array(memory);
    numbers[0] = 41;
    run.order({ do: 'add', to: memory });
    assert.equal((await run.heard(2))[1], 41);
    assert.equal(numbers[0], 42);
    const moved = new ArrayBuffer(16);
    run.order({ do: 'echo', what: moved }, [moved]);
    assert.equal(moved.byteLength, 0);
    assert.equal(((await run.heard(3))[2] as ArrayBuffer).byteLength, 16);
    run.order({ do: 'give', bytes: 32 });
    assert.equal(((await run.heard(5))[3] as ArrayBuffer).byteLength, 32);
    assert.equal(run.messages[4], 0);
    await place.settle(run.thread.stop());
  });

  test(`${place.name}: a thread has the disk and the clock`, async () => {
    const run = start(place);
    const path = join(place.folder, 'file');
    run.order({ do: 'write', path, times: 3 });
    assert.deepEqual(await run.heard(3), [1, 2, 3]);
    assert.equal(place.readFile(path), 'www');
    run.order({ do: 'wait', delayMs: 2 });
    assert.equal((await run.heard(4))[3], 'waited');
    await place.settle(run.thread.stop());
  });

  test(`${place.name}: an error ends the thread behind its last words, and only the thread`, async () => {
    const run = start(place);
    run.order({ do: 'throw' });
    run.order({ do: 'echo', what: 'never' });
    const error = await run.ended();
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, 'thrown on order');
    assert.equal((error as Error & { code: string }).code, 'ORDERED');
    assert.deepEqual(run.messages, [lastWords]);
    run.order({ do: 'echo', what: 'into the void' });
    await place.settle(run.thread.stop());
    assert.deepEqual(run.ends, [error]);
    assert.deepEqual(run.messages, [lastWords]);
  });

  test(`${place.name}: errors of timers, of the promise of run and of posting end it too`, async () => {
    for (const [order, expected] of [
      [{ do: 'throw later' }, /thrown by a timer/],
      [{ do: 'reject' }, /rejected on order/],
      [{ do: 'post a function' }, /could not be cloned/],
    ] as const) {
      const run = start(place);
      run.order(order);
      assert.match(String(await run.ended()), expected);
    }
  });

  test(`${place.name}: a module that is missing or throws while it loads ends the thread`, async () => {
    const broken = join(root, `broken-${place.name}.ts`);
    writeFileSync(broken, 'throw new Error("broken module");\n');
    assert.match(String(await start(place, pathToFileURL(broken)).ended()), /broken module/);
    const missing = pathToFileURL(join(root, 'missing.ts'));
    assert.match(String(await start(place, missing).ended()), /missing\.ts/);
  });

  test(`${place.name}: a stopped thread says and does nothing any more, stopping twice is fine`, async () => {
    const early = start(place);
    await place.settle(early.thread.stop());
    assert.deepEqual(early.ends, [null]);
    const run = start(place);
    const path = join(place.folder, 'stopped');
    run.order({ do: 'write', path, times: 1e6 });
    await run.heard(2);
    const said = run.messages.length;
    for (let nth = 0; nth < 500; nth++) run.order({ do: 'echo', what: nth });
    await run.heard(said + 20);
    const stopped = run.thread.stop();
    const count = run.messages.length;
    await place.settle(Promise.all([stopped, run.thread.stop()]));
    assert.deepEqual(run.ends, [null]);
    assert.equal(run.messages.length, count);
    const written = place.readFile(path);
    const other = start(place);
    other.order({ do: 'wait', delayMs: 20 });
    await other.heard(1);
    assert.equal(place.readFile(path), written);
    await place.settle(other.thread.stop());
  });
}
