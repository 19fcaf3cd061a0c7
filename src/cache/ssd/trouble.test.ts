import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodeDisk } from '../../core/runtime/node/index.ts';
import type { SimOperation } from '../../core/runtime/sim/index.ts';
import { contentOf, TierWorld } from './tier-world.ts';
import { stateAfter } from './trouble.ts';

test('a state follows from the one before and what happened', () => {
  assert.equal(stateAfter('open', 'disk-full'), 'full');
  assert.equal(stateAfter('full', 'disk-refused'), 'failed');
  assert.equal(stateAfter('failed', 'disk-full'), 'full');
  assert.equal(stateAfter('full', 'disk-takes'), 'open');
  assert.equal(stateAfter('failed', 'close'), 'closed');
  assert.equal(stateAfter('closed', 'disk-takes'), 'closed');
});

async function filledWorld(records: number): Promise<TierWorld> {
  const world = new TierWorld(7);
  await world.open();
  for (let key = 0; key < records; key++) {
    world.put(key, 0, contentOf(`${key}`, 1500));
    if (key % 8 === 7) await world.flush();
  }
  await world.flush();
  return world;
}

/** Keys that are found, each with what was put. */
async function found(world: TierWorld, records: number): Promise<number[]> {
  const keys: number[] = [];
  for (let key = 0; key < records; key++) {
    const content = await world.read(key);
    if (content === null) continue;
    assert.deepEqual(content, contentOf(`${key}`, 1500));
    keys.push(key);
  }
  return keys;
}

test('on a full disk puts are refused, reads go on, nothing leaves unasked, and room lets it go on', async () => {
  const world = await filledWorld(60);
  world.disk.capacityBytes = world.usedBytes();
  const results = Array.from({ length: 6 }, (_, nth) =>
    world.put(100 + nth, 0, contentOf('late', 1500)),
  );
  await world.flush();
  assert.equal(world.tier.state, 'full');
  for (const { answer, stored } of results) assert.deepEqual([answer, stored], ['queued', false]);
  await world.clock.advance(10_000);
  assert.equal((await found(world, 60)).length, 60);
  assert.equal(world.put(200, 0, contentOf('refused', 10)).answer, 'full');
  world.disk.heal();
  await world.clock.advance(3000);
  assert.equal(world.tier.state, 'open');
  const result = world.put(201, 0, contentOf('again', 10));
  await world.flush();
  assert.equal(result.stored, true);
  assert.deepEqual(world.states, ['full', 'open']);
  const { counts } = world.tier.stats();
  assert.equal(counts.lost, 6);
  assert.equal(counts.refusedFull, 1);
  await world.reopen();
  assert.deepEqual(world.damage, []);
  assert.deepEqual(await world.read(201), contentOf('again', 10));
});

test('on a disk that stays full the oldest segments make room for what is put', async () => {
  const world = await filledWorld(60);
  world.disk.capacityBytes = world.usedBytes();
  let stored = 0;
  for (let key = 100; key < 200; key++) {
    const result = world.put(key, 0, contentOf(`${key}`, 1500));
    await world.clock.advance(300);
    if (result.stored === true) stored++;
  }
  assert.ok(stored > 30, `${stored} are stored`);
  const keys = await found(world, 200);
  assert.ok(keys.length > 20);
  assert.equal(keys.includes(0), false, 'the oldest are gone');
});

test('a purge is durable on a full disk: the oldest segments make room for it', async () => {
  const world = await filledWorld(60);
  world.disk.capacityBytes = world.usedBytes();
  for (let sequence = 2; sequence < 9; sequence++) {
    await world.settle(world.tier.appendPurge(sequence, Buffer.alloc(700)));
  }
  assert.equal(world.tier.purges().length, 7);
  await world.disk.reboot();
  world.clock.forgetAll();
  await world.open();
  if (world.tier.stats().records > 0) assert.equal(world.tier.purges().length, 7);
});

for (const kind of ['open', 'write', 'datasync', 'unlink', 'syncDirectory'] as SimOperation[]) {
  test(`while every ${kind} fails reads go on, and afterwards writes do`, async () => {
    const world = await filledWorld(40);
    const before = await found(world, 40);
    assert.ok(before.length > 30);
    world.disk.failAll(kind, 'EIO');
    for (let nth = 0; nth < 300; nth++) {
      world.put(1000 + nth, 0, contentOf('x', 1500));
      if (nth % 10 === 0) world.tier.appendPurge(nth + 2, Buffer.from('p')).catch(() => {});
      await world.clock.advance(20);
    }
    const during = await found(world, 40);
    if (kind === 'open' || kind === 'write') assert.deepEqual(during, before);
    world.disk.heal();
    await world.clock.advance(5000);
    assert.equal(world.tier.state, 'open');
    const result = world.put(1, 0, contentOf('1', 1500));
    await world.flush();
    assert.equal(result.stored, true);
    await world.settle(world.tier.appendPurge(1000, Buffer.from('p')));
    await world.reopen();
    assert.deepEqual(await world.read(1), contentOf('1', 1500));
    assert.ok(world.tier.purges().some(({ sequence }) => sequence === 1000));
  });
}

test('a disk that hangs refuses what is too much, and reads what was written before go on', async () => {
  const world = await filledWorld(20);
  world.disk.hang('write', true);
  let busy = 0;
  for (let nth = 0; nth < 9000; nth++) {
    if (world.put(1000 + nth, 0, contentOf('x', 100)).answer === 'busy') busy++;
  }
  assert.ok(busy > 0);
  assert.equal((await found(world, 20)).length, 20);
  world.disk.hang('write', false);
  await world.flush();
  assert.equal(world.tier.state, 'open');
});

test('what cannot be read at the start is dropped for good', async () => {
  const world = await filledWorld(30);
  await world.close();
  world.disk.failAt(world.disk.operations + 6, 'EIO');
  await world.open();
  const left = (await found(world, 30)).length;
  assert.ok(left < 30 && left > 10, `${left} are left`);
  await world.reopen();
  assert.equal((await found(world, 30)).length, left);
});

test('a folder that cannot be used is told by an error of ours', async () => {
  const world = new TierWorld(7);
  const opening = world.open({ disk: createNodeDisk(), folder: '/dev/null/below' });
  await assert.rejects(opening, { name: 'DiskTierError', code: 'io' });
});
