/** Reads that do not wait for threads, and scans that meet errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockCache, NO_FRAME } from './block-cache.ts';
import { LsmStore } from './lsm-store.ts';
import { LsmWorld } from './lsm-world.ts';
import { collect, put, remove } from './ordered-store.ts';
import { Found, type Lookup, type Scan } from './types.ts';

const KEYS = 600;
const padded = (nth: number): Buffer => Buffer.from(`k${String(nth).padStart(5, '0')}`);

/** Values in tables on several levels, every seventh key deleted. */
async function openFilled(world: LsmWorld): Promise<LsmStore> {
  const store = await LsmStore.open(world);
  for (let nth = 0; nth < KEYS; nth++) {
    await store.write([put(padded(nth), `${nth}:`.padEnd(60, 'v'))]);
    if (nth % 7 === 6) await store.write([remove(padded(nth - 6).toString())]);
  }
  await store.flush();
  return store;
}

const isThere = (nth: number): boolean => nth % 7 !== 0 || nth + 6 >= KEYS;
const there = (): string[] => {
  const numbers = Array.from({ length: KEYS }, (_, nth) => nth).filter(isThere);
  return numbers.map((nth) => padded(nth).toString());
};

test('lookupNow and fillNow read what is cold, whatever the reads of before took', async () => {
  const world = new LsmWorld(1);
  const store = await openFilled(world);
  const { lsm } = store;
  world.slowness = 1;
  const into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };
  let cold = 0;
  for (let nth = 0; nth < KEYS; nth += 5) {
    const key = padded(nth);
    if (lsm.lookup(key, 0, key.length, into) === Found.cold) cold++;
    assert.equal(lsm.lookupNow(key, 0, key.length, into), isThere(nth));
    const value = into.value.toString('latin1', into.start, into.start + into.length);
    if (isThere(nth)) assert.equal(value, `${nth}:`.padEnd(60, 'v'));
  }
  assert.ok(cold > 0);
  for (const reverse of [false, true]) {
    const scan = lsm.scan({ reverse, pageEntries: 50, reusePage: true });
    const keys: string[] = [];
    const { operations } = world.disk;
    while (scan.fillNow()) keys.push(...keysOf(scan));
    assert.ok(world.disk.operations > operations, 'blocks were read');
    assert.deepEqual(reverse ? keys.reverse() : keys, there());
  }
  await store.close();
});

function keysOf(scan: Scan): string[] {
  return Array.from({ length: scan.count }, (_, nth) => {
    const start = scan.keyStart(nth);
    return scan.bytes.toString('latin1', start, start + scan.keyLength(nth));
  });
}

test('a block that a thread is reading may be read on the loop meanwhile', async () => {
  const world = new LsmWorld(1);
  const store = await openFilled(world);
  const { lsm } = store;
  world.slowness = 1;
  const into: Lookup = { value: Buffer.alloc(0), start: 0, length: 0, expiresAtMs: 0 };
  for (let nth = 1; nth < KEYS; nth += 97) {
    const key = padded(nth);
    world.disk.hang('read', true);
    const got = lsm.get(key);
    assert.equal(lsm.lookupNow(key, 0, key.length, into), isThere(nth));
    world.disk.hang('read', false);
    assert.equal((await world.settle(got)) !== null, isThere(nth));
  }
  await store.close();
});

test('a scan that is closed before its first page has none', async () => {
  const store = await openFilled(new LsmWorld(1));
  const scan = store.lsm.scan();
  scan.close();
  assert.equal(scan.fillNow(), false);
  assert.equal(await scan.fill(), false);
  await store.close();
});

test('keysOnly leaves the values out, and pages then hold more keys', async () => {
  const store = await openFilled(new LsmWorld(1));
  const scan = store.lsm.scan({ keysOnly: true, pageBytes: 600 });
  assert.ok(scan.fillNow());
  assert.deepEqual(keysOf(scan), there().slice(0, 100));
  assert.equal(scan.value(7).length + scan.valueLength(7), 0);
  scan.close();
  await store.close();
});

test('a scan that met an error goes on where it was, without a gap', async () => {
  for (const reverse of [false, true]) {
    for (const slowness of [0, 0.5]) {
      const world = new LsmWorld(7);
      const store = await openFilled(world);
      world.slowness = slowness;
      const scan = store.lsm.scan({ reverse, pageEntries: 150 });
      const keys: string[] = [];
      let errors = 0;
      for (let nth = 0, more = true; more; nth++) {
        world.disk.failAt(world.disk.operations + 1 + world.random.below(4), 'EIO');
        try {
          more = nth % 2 === 0 ? scan.fillNow() : await world.settle(scan.fill());
          if (more) keys.push(...keysOf(scan));
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'io');
          errors++;
        }
      }
      world.disk.heal();
      assert.ok(errors > 5, `${errors} errors`);
      assert.deepEqual(reverse ? keys.reverse() : keys, there());
      await store.close();
    }
  }
});

test('readers that hold more blocks than the cache has frames take spare ones, given up later', async () => {
  const world = new LsmWorld(1, { cacheBytes: 1 });
  const store = await openFilled(world);
  const { lsm } = store;
  const bytesBefore = lsm.stats.cacheBytes;
  const scans: Scan[] = [];
  for (let nth = 0; nth < 60; nth++) {
    const scan = lsm.scan({ from: padded(nth * 10), pageEntries: 1 });
    assert.ok(scan.fillNow());
    scans.push(scan);
  }
  world.slowness = 1;
  const reads = Array.from({ length: 60 }, (_, nth) => lsm.get(padded(nth * 10 + 1)));
  for (const [nth, got] of (await world.settle(Promise.all(reads))).entries()) {
    assert.equal(got !== null, isThere(nth * 10 + 1));
  }
  assert.ok(lsm.stats.cacheBytes > bytesBefore);
  for (const scan of scans) scan.close();
  assert.equal((await collect(store)).length, there().length);
  assert.equal(lsm.stats.cacheBytes, 16 * 512);
  await store.close();
});

test('a spare frame is memory only while it is in use', () => {
  const cache = new BlockCache(1, 100);
  const tables = [{ frames: new Int32Array(40).fill(NO_FRAME) }];
  const frames = Array.from({ length: 20 }, (_, nth) => {
    const frame = cache.reserve(nth === 19 ? 500 : 80);
    cache.publish(frame, tables[0]!, nth);
    return frame;
  });
  assert.equal(new Set(frames).size, 20);
  assert.equal(cache.bytes, 20 * 100 + 500);
  for (const frame of frames) cache.unpin(frame);
  for (let nth = 20; nth < 40; nth++) {
    const frame = cache.reserve(80);
    cache.publish(frame, tables[0]!, nth);
    cache.unpin(frame);
  }
  assert.equal(cache.bytes, 16 * 100);
});
