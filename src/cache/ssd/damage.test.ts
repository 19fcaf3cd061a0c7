import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf, TierWorld } from './tier-world.ts';

const seed = Number(process.env.PLINTH_CACHE_SEED ?? 1);
const RECORDS = 60;
const FLIPS = 60;
/** Every so many records one has several blocks. */
const LARGE = 25;

function bytesOf(key: number): number {
  return key % LARGE === 0 ? 100_000 : key * 20;
}

/** Segments with a footer, one without, and a purge. */
async function writtenWorld(at: number): Promise<TierWorld> {
  const world = new TierWorld(at, { bytesMax: 4 << 20, segmentBytes: 416 * 1024, recordsMax: 640 });
  await world.open();
  for (let key = 0; key < RECORDS; key++) {
    const bytes = bytesOf(key);
    world.put(key, 0, contentOf(`record ${key}`, bytes));
    if (key % 10 === 9) await world.flush();
  }
  await world.settle(world.tier.appendPurge(2, Buffer.from('one')));
  await world.settle(world.tier.appendPurge(3, Buffer.from('two')));
  await world.disk.killProcess();
  world.clock.forgetAll();
  return world;
}

/** Records that were given at once. */
let given = 0;

/** What is found is right; what is not is counted. @returns how many are missing. */
async function missing(world: TierWorld): Promise<number> {
  let count = 0;
  for (let key = 0; key < RECORDS; key++) {
    const bytes = bytesOf(key);
    const wanted = contentOf(`record ${key}`, bytes);
    const now = world.readNow(key);
    if (now !== null) {
      assert.ok(now.meta.equals(wanted.meta));
      assert.ok(now.body.equals(wanted.body), 'what is given at once is right');
      given++;
    }
    const record = await world.find(key);
    if (record === null) {
      count++;
      continue;
    }
    const body = await world.body(record);
    if (body === 'damaged') {
      count++;
      assert.equal(await world.find(key), null, 'what was damaged is not found again');
      continue;
    }
    assert.ok(record.meta.equals(wanted.meta));
    assert.ok(Buffer.isBuffer(body) && body.equals(wanted.body), 'the body is right');
  }
  return count;
}

function flip(world: TierWorld, path: string, at?: number): string {
  const size = world.disk.statSync(path)?.sizeBytes ?? 0;
  const offset = at ?? world.random.below(size);
  const bit = world.random.below(8);
  world.disk.flipBit(path, offset, bit);
  return `seed ${seed}, ${path} byte ${offset} bit ${bit}`;
}

test(`a flipped bit in a segment loses something or nothing, and nothing wrong is given, seed ${seed}`, async (t) => {
  let lost = 0;
  for (let nth = 0; nth < FLIPS; nth++) {
    const world = await writtenWorld(seed * 1000 + nth);
    const files = world.files('.seg');
    // Mostly while it is closed; now and then under an open tier.
    const isOpen = nth % 4 === 0;
    if (isOpen) await world.open();
    // The small ones at the beginning of files are few bytes and many meanings.
    const path = files[world.random.below(files.length)]!;
    const where = flip(world, path, nth % 3 === 0 ? world.random.below(8192) : undefined);
    try {
      if (!isOpen) await world.open();
      lost += await missing(world);
      assert.equal(world.tier.purges().length, 2);
      await world.reopen();
      await missing(world);
      await world.close();
    } catch (cause) {
      throw new Error(where, { cause });
    }
  }
  t.diagnostic(`${lost} records lost by ${FLIPS} flips`);
  assert.ok(given > 0);
  assert.ok(lost > FLIPS / 10, 'flips are seen');
});

test(`a flipped bit in the log of purges loses no purge, or all records, seed ${seed}`, async (t) => {
  let emptied = 0;
  for (let nth = 0; nth < FLIPS / 2; nth++) {
    const world = await writtenWorld(seed * 1000 + nth);
    // What stands behind the last witness was never answered, and means nothing.
    const where = flip(
      world,
      world.files('.prg')[0]!,
      nth < 20 ? world.random.below(64) : undefined,
    );
    try {
      await world.open();
      const purges = world.tier.purges().length;
      const gone = await missing(world);
      if (purges < 2) assert.equal(gone, RECORDS, 'without its purges no record stays');
      else assert.equal(gone, 0);
      if (gone > 0) {
        emptied++;
        // The flipped bit may be one of the version.
        assert.match(world.damage[0]?.what ?? '', /^(purges|version)$/);
      }
      const content = contentOf('new', 100);
      world.put(1, 0, content);
      await world.flush();
      await world.reopen();
      assert.deepEqual(await world.read(1), content, 'it goes on');
    } catch (cause) {
      throw new Error(where, { cause });
    }
  }
  t.diagnostic(`emptied ${emptied} times`);
  assert.ok(emptied > 0);
});

test('without its log of purges a tier has no records', async () => {
  const world = await writtenWorld(seed);
  world.disk.unlinkSync(world.files('.prg')[0]!);
  await world.open();
  assert.equal(await missing(world), RECORDS);
  assert.deepEqual(world.files('.seg'), []);
});

test('what another version has left is removed, and said to be that', async () => {
  const world = await writtenWorld(seed);
  for (const path of world.files()) world.disk.flipBit(path, 8, 0);
  await world.open();
  assert.deepEqual(
    world.damage.map(({ what }) => what),
    ['version'],
  );
  assert.deepEqual(world.files('.seg'), []);
  assert.deepEqual(world.tier.purges(), []);
  const content = contentOf('new', 100);
  world.put(1, 0, content);
  await world.flush();
  await world.reopen();
  assert.deepEqual(await world.read(1), content);
});

test('files of another version are removed, files of others are left alone', async () => {
  const world = await writtenWorld(seed);
  const [path] = world.files('.seg');
  world.disk.flipBit(path!, 8, 1);
  for (const name of ['notes.txt', '12.seg', '0000000000000001.seg.bak']) {
    world.disk.openSync(`/data/cache/${name}`, { mode: 'create' }).closeSync();
  }
  await world.open();
  assert.equal(world.disk.statSync(path!), null);
  for (const name of ['notes.txt', '12.seg', '0000000000000001.seg.bak']) {
    assert.notEqual(world.disk.statSync(`/data/cache/${name}`), null);
  }
});
