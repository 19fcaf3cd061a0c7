import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import { BlockWorld, DISKS } from './block-world.ts';
import { HEAD_BYTES, STORED_CHUNK_BYTES } from './format.ts';

const lengths = fc.constantFrom(0, 1, 1000, 65_535, 65_536, 65_537, 150_000);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('small' as const), length: lengths }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('large' as const),
      length: fc.constantFrom(1, 65_536, 600_000, 1_100_001),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), nth: fc.nat(30) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      nth: fc.nat(30),
      from: fc.nat(70_000),
      length: fc.nat(140_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'compact' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'power' as const }) },
);

test('blocks are what was written, packed or not, moved or not, across crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(), async (steps, seed) => {
      const world = new BlockWorld(seed);
      await world.start();
      for (const each of steps) {
        const blocks = [...world.promised.keys()];
        switch (each.kind) {
          case 'small':
            assert.equal(await world.settle(world.putSmall(each.length)), undefined);
            break;
          case 'large':
            assert.equal(await world.settle(world.putLarge(each.length)), undefined);
            break;
          case 'delete': {
            const block = blocks[each.nth];
            if (block !== undefined) await world.settle(world.delete(block));
            break;
          }
          case 'read': {
            const block = blocks[each.nth];
            const bytes = block === undefined ? undefined : world.promised.get(block);
            if (block === undefined || bytes === undefined) break;
            const to = Math.min(bytes.length, each.from + each.length);
            const met = await world.settle(world.read(block, each.from, to));
            assert.ok(met.equals(bytes.subarray(each.from, to)));
            break;
          }
          case 'compact':
            await world.settle(world.store.compact());
            break;
          default:
            await world.crash(each.kind);
        }
      }
      await world.check();
    }),
    { numRuns: Number(process.env.PLINTH_FILES_RUNS ?? 25) },
  );
});

/** The file of a block, or the container that has it. */
function fileWith(world: BlockWorld, ending: string): string {
  for (const disk of DISKS) {
    for (const folder of [`${disk}/packs`, ...foldersOf(world, disk)]) {
      const name = world.disk.listSync(folder).find((each) => each.endsWith(ending));
      if (name !== undefined) return `${folder}/${name}`;
    }
  }
  return assert.fail(`there is no file ${ending}`);
}

function foldersOf(world: BlockWorld, disk: string): string[] {
  return world.disk.listSync(`${disk}/blocks`).map((inner) => `${disk}/blocks/${inner}`);
}

test('a flipped bit is never given out, and what stands before its chunk is', async () => {
  for (const large of [true, false]) {
    const world = new BlockWorld(7);
    await world.start();
    const length = large ? 700_000 : 200_000;
    await world.settle(large ? world.putLarge(length) : world.putSmall(length));
    const path = fileWith(world, large ? '.blk' : '.pack');
    const base = HEAD_BYTES + (large ? 0 : 32);
    world.disk.flipBit(path, base + STORED_CHUNK_BYTES + 5, 3);
    const [block] = [...world.promised.keys()];
    const bytes = world.promised.get(block!)!;
    const whole = await world.settle(world.read(block!, 0, chunkBytes));
    assert.ok(whole.equals(bytes.subarray(0, chunkBytes)));
    const behind = await world.settle(world.read(block!, 2 * chunkBytes, length));
    assert.ok(behind.equals(bytes.subarray(2 * chunkBytes)));
    await assert.rejects(
      world.settle(world.read(block!, 0, length)),
      (error: unknown) => error instanceof FilesError && error.code === 'corrupt',
    );
    await assert.rejects(world.settle(world.read(block!, chunkBytes + 9, chunkBytes + 10)), {
      code: 'corrupt',
    });
  }
});

test('a stale or missing block is told, not given out', async () => {
  const world = new BlockWorld(8);
  await world.start();
  await world.settle(world.putSmall(10));
  const read = async (block: number, stamp: number): Promise<void> => {
    for await (const _ of world.store.read({ block, stamp }, 0, 1));
  };
  await assert.rejects(world.settle(read(1, 2)), { code: 'missing' });
  await assert.rejects(world.settle(read(99, 1)), { code: 'missing' });
  await world.settle(world.store.delete([{ block: 1, stamp: 2 }]));
  assert.equal((await world.settle(world.read(1, 0, 10))).length, 10, 'another generation stays');
});

test('deleted blocks give their room back when their containers are compacted', async () => {
  const world = new BlockWorld(9);
  await world.start();
  for (let nth = 0; nth < 30; nth++) await world.settle(world.putSmall(60_000));
  const before = world.disk.freeBytesSync('/');
  assert.equal(before, Number.POSITIVE_INFINITY);
  const used = (): number =>
    DISKS.flatMap((disk) =>
      world.disk.listSync(`${disk}/packs`).map((name) => `${disk}/packs/${name}`),
    )
      .map((path) => world.disk.statSync(path)!.sizeBytes)
      .reduce((sum, bytes) => sum + bytes, 0);
  const full = used();
  for (let block = 1; block <= 25; block++) await world.settle(world.delete(block));
  await world.settle(world.store.compact());
  assert.ok(used() < full / 2, `${used()} of ${full} bytes are left`);
  await world.check();
});

test('a compaction that finds no room is given up, and done when there is some', async () => {
  const world = new BlockWorld(9);
  await world.start();
  for (let nth = 0; nth < 30; nth++) await world.settle(world.putSmall(60_000));
  const free = world.disk.freeBytesSync.bind(world.disk);
  world.disk.freeBytesSync = () => 0;
  await world.clock.advance(3000);
  // A disk that is full is found to be so by whoever writes to it.
  assert.equal(await world.settle(world.putSmall(1000)), 'disk-full');
  for (let block = 1; block <= 25; block++) {
    if (block % 5 !== 1) await world.settle(world.delete(block));
  }
  await world.settle(world.store.compact());
  await world.check();
  world.disk.freeBytesSync = free;
  await world.clock.advance(3000);
  await world.settle(world.store.compact());
  await world.check();
});

test('an index that is lost is made anew from the disks', async () => {
  const world = new BlockWorld(10);
  await world.start();
  for (let nth = 0; nth < 5; nth++) {
    await world.settle(world.putSmall(70_000));
    await world.settle(world.putLarge(200_000));
  }
  await world.settle(world.store.close());
  world.disk.removeFolderSync('/data/blocks');
  await world.start();
  await world.check();
  assert.equal(world.promised.size, 10);
});

test('a full disk is left out in mid-block, and all full is told', async () => {
  const world = new BlockWorld(11);
  await world.start();
  const full = { on: DISKS[0] as string };
  const open = world.disk.open.bind(world.disk);
  const free = world.disk.freeBytesSync.bind(world.disk);
  // The first disk has room until it is written to.
  world.disk.open = async (path, options) => {
    const file = await open(path, options);
    const write = file.write.bind(file);
    file.write = (from, at, length, position, done) => {
      if (path.startsWith(full.on) && position > 100) {
        world.disk.clock.setTimer(0, () =>
          done(Object.assign(new Error('no room'), { code: 'ENOSPC' }), 0),
        );
      } else write(from, at, length, position, done);
    };
    return file;
  };
  world.disk.freeBytesSync = (path) => (full.on === '/' ? 0 : free(path) > 0 ? 1e9 : 0);
  for (let nth = 0; nth < 6; nth++) {
    assert.equal(await world.settle(world.putLarge(1_300_000)), undefined);
    assert.equal(await world.settle(world.putSmall(1000)), undefined);
  }
  await world.check();
  full.on = '/';
  await world.clock.advance(3000);
  assert.equal(await world.settle(world.putLarge(1_300_000)), 'disk-full');
  assert.equal(await world.settle(world.putSmall(1000)), 'disk-full');
  await world.check();
  full.on = '/nowhere';
  await world.clock.advance(3000);
  assert.equal(await world.settle(world.putSmall(1000)), undefined, 'room again');
});

test('a disk without room is told full though nobody has written to it, and open with room', async () => {
  const world = new BlockWorld(13);
  await world.start();
  const states = (): string[] => world.store.status.map(({ state }) => state);
  const free = world.disk.freeBytesSync.bind(world.disk);
  const [first = ''] = DISKS;
  world.disk.freeBytesSync = (path) => (path.startsWith(first) ? 0 : free(path));
  await world.clock.advance(3000);
  assert.deepEqual(states(), ['full', ...DISKS.slice(1).map(() => 'open')]);
  world.disk.freeBytesSync = free;
  await world.clock.advance(3000);
  assert.deepEqual(new Set(states()), new Set(['open']));
});

test('disks of another file system, and those in use, are left alone', async () => {
  const world = new BlockWorld(12);
  await world.start();
  await world.settle(world.putSmall(1000));
  await assert.rejects(world.start(), { code: 'in-use' });
  await world.settle(world.store.close());
  world.owner = '00000000000000bb';
  world.disk.removeFolderSync('/data/blocks');
  await assert.rejects(world.start(), { code: 'foreign' });
  world.owner = '00000000000000aa';
  await world.start();
  await world.check();
});
