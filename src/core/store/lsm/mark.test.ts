import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LsmStore } from './lsm-store.ts';
import { LsmWorld } from './lsm-world.ts';
import { cutOwnerEverywhere } from './mark-run.ts';
import { collect, type Operation, put, remove, removeRange } from './ordered-store.ts';

// Every operation is cut at in tests/soak/lsm.
const places = { seed: Number(process.env.PLINTH_LSM_SEED ?? 1), first: 1, stride: 7 };

for (const [nth, how] of (['power', 'kill'] as const).entries()) {
  test(`${how}: cut anywhere, the state at the durable mark is exactly that of the owner, seed ${places.seed}`, async () => {
    const { partial } = await cutOwnerEverywhere(how, { ...places, first: 1 + nth * 3 });
    assert.ok(partial > 0, 'at times part of the next group was in tables');
  });
}

async function openOwned(): Promise<{
  world: LsmWorld;
  store: LsmStore;
  write: (operations: readonly Operation[], mark?: number) => void;
  atMark: () => Promise<string[]>;
}> {
  const world = new LsmWorld(1, { log: 'owner' });
  const store = await LsmStore.open(world);
  return {
    world,
    store,
    write: (operations, mark) =>
      store.post(operations, mark === undefined ? {} : { mark }, () => {}),
    atMark: async () => {
      const view = store.lsm.atMark();
      const seen = (await collect(store, { view })).map(String);
      view.release();
      return seen;
    },
  };
}

test('batches behind the last mark do not show at it, nor what their deletes hide, through flush, compaction and start', async () => {
  const { store, write, atMark } = await openOwned();
  write([put('a', '1'), put('b', '1')]);
  assert.deepEqual(await atMark(), []);
  write([put('c', '1')], 1);
  write([removeRange('a', 'c'), put('d', '2')]);
  await store.flush();
  assert.equal(store.lsm.durableMark, 1);
  assert.equal(store.lsm.stats.snapshots, 0);
  const state = ['a,1', 'b,1', 'c,1'];
  for (const next of [() => store.compact(), () => store.reopen(), () => store.compact()]) {
    assert.deepEqual(await atMark(), state);
    await next();
  }
  assert.deepEqual(await atMark(), state);
  assert.deepEqual((await collect(store)).map(String), ['c,1', 'd,2']);
  // The group ends with a mark alone; nothing is left of what only the mark before saw.
  write([remove('c'), remove('d')]);
  write([], 2);
  await store.compact();
  await store.compact();
  assert.equal(store.lsm.durableMark, 2);
  assert.deepEqual(await atMark(), []);
  assert.equal(store.lsm.stats.tables, 0);
  await store.close();
});

test('before the first mark nothing shows at it, though all is in tables and compacted', async () => {
  const { store, write, atMark } = await openOwned();
  for (let nth = 0; nth < 300; nth++) write([put(`k${nth % 50}`, `v${nth}`)]);
  await store.compact();
  await store.reopen();
  await store.compact();
  assert.equal(store.lsm.durableMark, 0);
  assert.deepEqual(await atMark(), []);
  assert.equal((await collect(store)).length, 50);
  await store.close();
});

test('a state at a mark that is held stays while later marks become durable', async () => {
  const { store, write } = await openOwned();
  write([put('a', '1')], 1);
  await store.flush();
  const view = store.lsm.atMark();
  write([put('a', '2')], 2);
  await store.compact();
  assert.deepEqual((await collect(store, { view })).map(String), ['a,1']);
  view.release();
  await store.close();
});

test('a checkpoint has the state at the mark too, and goes on from there', async () => {
  const { world, store, write } = await openOwned();
  write([put('a', '1'), put('b', '1')], 1);
  write([removeRange('a', 'c'), put('c', '2')]);
  const report = await world.settle(store.lsm.checkpoint('/data/copy'));
  assert.equal(report.mark, 1);
  const copy = await world.open({ folder: '/data/copy' });
  await world.settle(copy.compact());
  assert.equal(copy.durableMark, 1);
  const scan = copy.scan({ snapshot: copy.atMark() });
  assert.ok(scan.fillNow());
  assert.deepEqual([scan.key(0), scan.key(1), scan.count].map(String), ['a', 'b', '2']);
  await world.settle(copy.close());
  await store.close();
});

test('an engine with a log of its own has no state at a mark', async () => {
  const store = await LsmStore.open(new LsmWorld(1));
  assert.throws(() => store.lsm.atMark(), /log of its own/);
  await store.close();
});
