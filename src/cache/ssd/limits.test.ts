import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '../../core/base/index.ts';
import { itemBytes, KIND_RECORD } from './format.ts';
import {
  bytesMaxMin,
  metaBytesMax,
  purgesQueuedMax,
  queuedItemsMax,
  reinsertShare,
  segmentBytesDefault,
  segmentBytesMax,
  segmentBytesMin,
  segmentsMax,
} from './limits.ts';
import { segmentBytesFor } from './settings.ts';
import { contentOf, hashOf, TierWorld } from './tier-world.ts';

async function openWorld(options: ConstructorParameters<typeof TierWorld>[1] = {}) {
  const world = new TierWorld(5, options);
  await world.open();
  return world;
}

test('a tier of less than the least size, or of too large segments, does not open', async () => {
  for (const options of [
    { bytesMax: bytesMaxMin - 1 },
    { segmentBytes: segmentBytesMin - 8 },
    { bytesMax: 1 << 20, segmentBytes: 1 << 18 },
    { recordsMax: 1 },
  ]) {
    await assert.rejects(new TierWorld(1, options).open(), InvariantError);
  }
});

test('segments suit the size of the tier, and are never more than may be open', () => {
  const mib = 2 ** 20;
  assert.equal(segmentBytesFor(bytesMaxMin), segmentBytesMin);
  assert.equal(segmentBytesFor(256 * mib), 16 * mib);
  assert.equal(segmentBytesFor(2 ** 10 * mib), segmentBytesDefault);
  assert.equal(segmentBytesFor(2 ** 15 * mib), segmentBytesDefault);
  for (let bytes = bytesMaxMin; bytes <= (segmentBytesMax * segmentsMax) / 2; bytes *= 3) {
    assert.ok(bytes / segmentBytesFor(bytes) <= segmentsMax / 2);
  }
});

test('a record has a quarter of a segment, meta its own bound; beyond it is refused as too large', async () => {
  const world = await openWorld();
  const most = world.options.segmentBytes ?? 16 * 1024;
  const fits = contentOf('r', 0);
  let bodyBytes = most / 4;
  while (itemBytes(KIND_RECORD, fits.meta.length, bodyBytes) > most / 4) bodyBytes--;
  assert.equal(world.put(1, 0, contentOf('r', bodyBytes)).answer, 'queued');
  assert.equal(world.put(2, 0, contentOf('r', bodyBytes + 8)).answer, 'too-large');
  await world.flush();
  assert.deepEqual(await world.read(1), contentOf('r', bodyBytes));
  assert.equal(world.tier.stats().counts.refusedLarge, 1);
  const large = await openWorld({ bytesMax: 8 << 20, segmentBytes: 1 << 20 });
  const wide = { meta: Buffer.alloc(metaBytesMax, 'm'), body: Buffer.from('b'), sequence: 1 };
  assert.equal(large.put(1, 0, wide).answer, 'queued');
  assert.equal(
    large.put(2, 0, { ...wide, meta: Buffer.alloc(metaBytesMax + 1) }).answer,
    'too-large',
  );
  await large.flush();
  assert.deepEqual(await large.read(1), wide);
});

test('what waits to be written is bounded in bytes; more is busy until it is written', async () => {
  const world = await openWorld({ queuedBytesMax: 10_000 });
  const answers = Array.from({ length: 8 }, (_, key) => world.put(key, 0, contentOf('w', 2000)));
  const counts = answers.map(({ answer }) => answer);
  assert.deepEqual(counts, [...Array(4).fill('queued'), ...Array(4).fill('busy')]);
  assert.ok(world.tier.stats().queuedBytes <= 10_000);
  await world.flush();
  assert.equal(world.tier.stats().queuedBytes, 0);
  assert.equal(world.put(9, 0, contentOf('w', 2000)).answer, 'queued');
  assert.equal(world.tier.stats().counts.refusedBusy, 4);
});

test('one record larger than the bound of the queue is taken alone', async () => {
  const world = await openWorld({ queuedBytesMax: 1000 });
  assert.equal(world.put(1, 0, contentOf('w', 2000)).answer, 'queued');
  assert.equal(world.put(2, 0, contentOf('w', 20)).answer, 'busy');
});

test('what waits to be written is bounded in items', async () => {
  const world = await openWorld({ bytesMax: 64 << 20, segmentBytes: 8 << 20 });
  const content = contentOf('', 0);
  for (let key = 0; key < queuedItemsMax; key++) {
    assert.equal(world.put(key, 0, content).answer, 'queued');
  }
  assert.equal(world.put(queuedItemsMax, 0, content).answer, 'busy');
});

test('the index holds so many records; the oldest leave for new ones', async () => {
  const recordsMax = 640;
  const world = await openWorld({ recordsMax });
  let busy = 0;
  for (let key = 0; key < 3000; key++) {
    if (world.put(key, 0, contentOf(`${key}`, 10)).answer === 'busy') {
      busy++;
      await world.clock.advance(5);
    }
    assert.ok(world.tier.stats().records <= recordsMax);
  }
  await world.flush();
  assert.ok(busy > 0 && busy < 1500, `${busy} were busy`);
  const { records, counts } = world.tier.stats();
  assert.ok(records >= recordsMax * 0.75, `${records} records stay`);
  assert.ok(counts.evictedSegments > 0);
  assert.deepEqual(await world.read(0), null);
});

test('opened with tighter bounds than before it keeps them from the start', async () => {
  const world = await openWorld();
  for (let key = 0; key < 200; key++) {
    world.put(key, 0, contentOf(`${key}`, 1500));
    if (key % 8 === 7) await world.flush();
  }
  await world.close();
  const tier = await world.open({ bytesMax: 256 * 1024, recordsMax: 64 });
  assert.ok(tier.stats().bytes <= 256 * 1024);
  assert.ok(tier.stats().records <= 64);
  assert.ok(tier.stats().records > 0);
});

test('files never take more than bytesMax, whatever is put', async () => {
  const bytesMax = 300 * 1024;
  const world = await openWorld({ bytesMax });
  for (let key = 0; key < 600; key++) {
    world.put(key, 0, contentOf(`${key}`, world.random.below(3500)));
    if (key % 40 === 0) await world.settle(world.tier.appendPurge(key + 1, Buffer.alloc(60)));
    await world.clock.advance(5);
    assert.ok(world.usedBytes() <= bytesMax);
    assert.ok(world.usedBytes() <= world.tier.stats().bytes);
    assert.ok(world.tier.stats().bytes <= bytesMax);
  }
  assert.ok(world.tier.stats().counts.evictedSegments > 5);
});

test('what is used stays while others come and go, in the order in which it was put', async () => {
  const world = await openWorld();
  world.put(1, 0, contentOf('used', 200));
  world.put(1, 1, contentOf('used, newer', 200));
  world.put(2, 0, contentOf('unused', 200));
  await world.flush();
  for (let key = 100; key < 700; key++) {
    if (key % 5 === 0) {
      assert.equal((await world.read(1, 0))?.meta.toString(), 'used');
      assert.equal((await world.read(1))?.meta.toString(), 'used, newer', `at ${key}`);
    }
    world.put(key, 0, contentOf(`${key}`, 1500));
    await world.clock.advance(500);
  }
  const { counts } = world.tier.stats();
  assert.ok(counts.reinserted >= 2 && counts.evictedSegments > 20);
  assert.equal(await world.find(2), null);
  await world.reopen();
  assert.equal((await world.read(1))?.meta.toString(), 'used, newer');
});

test('of a segment that leaves no more than a quarter is written anew, and what the owner lets go is not', async () => {
  for (const isLetGo of [false, true]) {
    const asked: string[] = [];
    const world = await openWorld({
      keep: ({ meta, sequence }) => {
        asked.push(String(meta));
        return isLetGo ? null : { meta: Buffer.from(`${meta}!`), sequence: sequence + 1 };
      },
    });
    for (let key = 0; key < 14; key++) world.put(key, 0, contentOf(`${key}`, 900));
    await world.flush();
    for (let key = 0; key < 14; key++) assert.ok((await world.find(key)) !== null);
    for (let key = 100; world.tier.stats().counts.evictedSegments < 2; key++) {
      world.put(key, 0, contentOf(`${key}`, 1500));
      await world.clock.advance(500);
    }
    const { counts } = world.tier.stats();
    if (isLetGo) {
      assert.equal(counts.reinserted, 0);
      assert.ok(asked.length > 0);
      continue;
    }
    assert.ok(counts.reinserted > 0);
    assert.ok(counts.reinserted * 1000 <= (2 * 16 * 1024) / reinsertShare);
    const again = await world.find(0);
    assert.equal(String(again?.meta), '0!');
    assert.equal(again?.sequence, 2);
  }
});

test('purges beyond the bound of the queue are refused as busy, too long ones as too large', async () => {
  const world = await openWorld();
  await assert.rejects(world.settle(world.tier.appendPurge(1, Buffer.alloc(2100))), {
    code: 'too-large',
  });
  const outcomes = Array.from({ length: purgesQueuedMax + 3 }, (_, nth) =>
    world.tier.appendPurge(nth + 1, Buffer.from('p')).then(
      () => 'durable',
      (error: { code: string }) => error.code,
    ),
  );
  const all = await world.settle(Promise.all(outcomes));
  assert.equal(all.filter((one) => one === 'busy').length, 2);
  assert.equal(all.filter((one) => one === 'durable').length, purgesQueuedMax + 1);
});

test('when purges fill their log, the oldest records leave and let them be forgotten', async () => {
  const world = await openWorld();
  let sequence = 1;
  for (let key = 0; key < 60; key++) {
    world.put(key, 0, contentOf(`${key}`, 1000, sequence));
    await world.flush();
    sequence++;
    await world.settle(world.tier.appendPurge(sequence, Buffer.alloc(700, key)));
    assert.ok(world.tier.stats().purgeBytes <= 4096 + (512 * 1024) / 32);
    const oldest = Math.min(...world.tier.purges().map((purge) => purge.sequence));
    const first = await world.find(0);
    if (first !== null) assert.equal(oldest, 2, 'the first record keeps its purge');
  }
  const { counts, purges } = world.tier.stats();
  assert.ok(counts.evictedSegments > 0);
  assert.ok(purges > 0 && purges < 60);
  const known = world.tier.purges().map((purge) => purge.sequence);
  await world.reopen();
  assert.deepEqual(
    world.tier.purges().map((purge) => purge.sequence),
    known,
  );
  assert.equal(world.tier.sequenceMax, sequence);
});

test('the seeds of the hash are the folder’s own and stay', async () => {
  const world = await openWorld();
  const { hashSeeds } = world.tier;
  world.put(1, 0, contentOf('x', 10));
  await world.reopen();
  assert.deepEqual(world.tier.hashSeeds, hashSeeds);
  const other = new TierWorld(6);
  assert.notDeepEqual((await other.open()).hashSeeds, hashSeeds);
});

test('a closed tier finds nothing and takes nothing', async () => {
  const world = await openWorld();
  const { tier } = world;
  world.put(1, 0, contentOf('x', 10));
  await world.close();
  await tier.close();
  const { hashLow, hashHigh } = hashOf(1);
  assert.equal(await tier.find(hashLow, hashHigh, () => true), null);
  assert.equal(tier.put({ ...hashOf(2), tag: 0, ...contentOf('y', 1), body: [] }), 'full');
  tier.remove(hashLow, hashHigh);
  await assert.rejects(tier.appendPurge(1, Buffer.from('p')), { code: 'closed' });
  assert.equal(tier.state, 'closed');
  await tier.flush();
});
