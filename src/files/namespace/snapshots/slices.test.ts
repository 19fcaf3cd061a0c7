/** Snapshots of more than one slice of the reclaimer holds, and of a file of many extents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extentsInEntryMax, reclaimSlice, snapshotsMax } from '../../limits.ts';
import { rangeOf, Space, savedByRange, spaceRange } from '../keys.ts';
import { MAKE, NamespaceWorld, putArgs } from '../namespace-world.ts';
import { Reclaimer } from '../reclaimer.ts';
import { checkReferences } from './testing.ts';
import { readSnapshots, SnapshotView } from './view.ts';

const FILES = reclaimSlice * 2 + 100;
const ROOT = ['b', 'd'];

async function open(): Promise<NamespaceWorld> {
  const world = new NamespaceWorld(1);
  await world.start();
  await world.run('makeDirectory', { path: ROOT, make: { ...MAKE, implicit: false } });
  await world.run('allowSnapshots', { path: ROOT });
  return world;
}

const path = (nth: number): string[] => [...ROOT, 'in', `f${nth}`];

function putAll(world: NamespaceWorld, block: number): Promise<unknown> {
  const puts = Array.from({ length: FILES }, (_, nth) =>
    world.namespace.run('put', putArgs(path(nth), { block: block + nth, size: block })),
  );
  return world.settle(Promise.all(puts));
}

async function viewOf(world: NamespaceWorld, name: string): Promise<SnapshotView> {
  const { reader } = world.namespace;
  const root = (await world.settle(reader.directory(ROOT)))!;
  const snapshots = await world.settle(readSnapshots(reader, root.id));
  return new SnapshotView(reader, root.id, snapshots!.list.find((each) => each.name === name)!);
}

/** Sizes of the files that a snapshot shows. */
async function sizes(world: NamespaceWorld, name: string): Promise<Set<number>> {
  const view = await viewOf(world, name);
  const inside = (await world.settle(view.directory(view.root, 'in')))!;
  const tables = world.namespace.reader.snapshot();
  const found = new Set<number>();
  let count = 0;
  const all = async (): Promise<void> => {
    const { from } = rangeOf(Space.entry, inside.id);
    for await (const { inode } of view.entries(inside.id, from, tables)) {
      count++;
      if (inode.kind === 'file') found.add(inode.size);
    }
  };
  await world.settle(all());
  tables.release();
  assert.equal(count, FILES);
  return found;
}

async function reclaim(world: NamespaceWorld): Promise<number> {
  let freed = 0;
  const reclaimer = new Reclaimer({
    namespace: world.namespace,
    clock: world.clock,
    onFreed: (blocks) => {
      freed += blocks.length;
    },
    onError: (error) => assert.fail(String(error)),
  });
  reclaimer.kick();
  await world.settle(reclaimer.idle());
  return freed;
}

async function count(world: NamespaceWorld, space: number): Promise<number> {
  let found = 0;
  await world.settle(world.namespace.reader.each(spaceRange(space), () => ++found > 0));
  return found;
}

test('a snapshot that is handed over in slices is whole between them, across a crash', async () => {
  const world = await open();
  await putAll(world, 1000);
  await world.run('createSnapshot', { path: ROOT, snapshot: 'one' });
  await world.run('createSnapshot', { path: ROOT, snapshot: 'two' });
  await putAll(world, 5000);
  assert.deepEqual(await sizes(world, 'one'), new Set([1000]));
  await world.run('deleteSnapshot', { path: ROOT, snapshot: 'two' });
  const { reader } = world.namespace;
  const [note] = await world.settle(reader.reclaims(1));
  assert.ok(note?.what.kind === 'snapshot');
  const keys: Buffer[] = [];
  const range = savedByRange(note.what.root, note.what.number);
  await world.settle(reader.each(range, (key) => keys.push(key) < reclaimSlice));
  await world.run('reclaimSlice', { nth: note.nth, keys, isLast: false });
  await world.crash('power');
  assert.deepEqual(await sizes(world, 'one'), new Set([1000]));
  await putAll(world, 9000);
  assert.deepEqual(await sizes(world, 'one'), new Set([1000]));
  assert.equal(await reclaim(world), FILES, 'what no snapshot saw is free');
  assert.deepEqual(await sizes(world, 'one'), new Set([1000]));
  await checkReferences(world);
});

test('of a deleted directory stays what a snapshot sees, and nothing else', async () => {
  const world = await open();
  await putAll(world, 1000);
  await world.run('createSnapshot', { path: ROOT, snapshot: 'one' });
  for (let nth = 0; nth < FILES; nth++) {
    await world.run(
      'put',
      putArgs([...ROOT, 'in', `late${nth}`], { block: 50_000 + nth, size: 1 }),
    );
  }
  await world.run('removeDirectory', { path: [...ROOT, 'in'], recursive: true });
  assert.equal(await reclaim(world), FILES);
  assert.deepEqual(await sizes(world, 'one'), new Set([1000]));
  await checkReferences(world);
  await world.run('deleteSnapshot', { path: ROOT, snapshot: 'one' });
  assert.equal(await reclaim(world), FILES);
  for (const space of [Space.saved, Space.savedBy, Space.owners, Space.reclaim, Space.block]) {
    assert.equal(await count(world, space), 0);
  }
});

test('what a deleted directory held for one snapshot goes with that one', async () => {
  const world = await open();
  await world.run('makeDirectory', { path: [...ROOT, 'in'], make: { ...MAKE, implicit: false } });
  await world.run('createSnapshot', { path: ROOT, snapshot: 'early' });
  await world.run('put', putArgs(path(1), { block: 77, size: 1 }));
  await world.run('createSnapshot', { path: ROOT, snapshot: 'late' });
  await world.run('removeDirectory', { path: [...ROOT, 'in'], recursive: true });
  assert.equal(await reclaim(world), 0);
  await world.run('deleteSnapshot', { path: ROOT, snapshot: 'late' });
  assert.equal(await reclaim(world), 1);
  const view = await viewOf(world, 'early');
  const inside = await world.settle(view.directory(view.root, 'in'));
  assert.equal((await world.settle(view.tally(inside!.id))).children, 0);
});

test('a file of many extents is shown as it was, and its extents go with the last who has them', async () => {
  const world = await open();
  const many = extentsInEntryMax * 30;
  const blocks = Array.from({ length: many }, (_, nth) => 1000 + nth);
  const args = putArgs([...ROOT, 'many'], { block: 0, size: 0 });
  await world.run('put', {
    ...args,
    file: { ...args.file, size: many },
    content: {
      extents: blocks.map((block) => ({ block, stamp: 1, offset: 0, length: 1 })),
      newBlocks: blocks.map((block) => ({ block, stamp: 1, length: 1 })),
    },
  });
  await world.run('createSnapshot', { path: ROOT, snapshot: 'one' });
  const target = { directory: ROOT, name: 'many' };
  await world.run('truncate', { ...target, size: 10, etag: 't' });
  await world.run('remove', target);
  const view = await viewOf(world, 'one');
  const file = (await world.settle(view.file(view.root, 'many')))!;
  assert.equal(file.size, many);
  const shown = async (): Promise<number[]> =>
    (await world.settle(world.namespace.reader.extents(file))).map(({ block }) => block);
  assert.equal(await reclaim(world), 0);
  assert.deepEqual(await shown(), blocks);
  await checkReferences(world);
  await world.run('deleteSnapshot', { path: ROOT, snapshot: 'one' });
  assert.equal(await reclaim(world), many);
  assert.deepEqual(await shown(), []);
  assert.equal(await count(world, Space.extents), 0);
});

test('there are so many snapshots of a directory and no more', async () => {
  const world = await open();
  for (let nth = 0; nth < snapshotsMax; nth++) {
    await world.run('createSnapshot', { path: ROOT, snapshot: `s${nth}` });
  }
  const more = world.run('createSnapshot', { path: ROOT, snapshot: 'more' });
  await assert.rejects(more, { code: 'snapshot' });
  await world.run('deleteSnapshot', { path: ROOT, snapshot: 's0' });
  await reclaim(world);
  await world.run('createSnapshot', { path: ROOT, snapshot: 'more' });
});
