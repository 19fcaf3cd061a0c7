import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilesError, type FilesErrorCode } from '../errors.ts';
import { extentsInEntryMax } from '../limits.ts';
import type { Extent } from './inode.ts';
import { Space, spaceRange } from './keys.ts';
import { MAKE, NamespaceWorld, putArgs } from './namespace-world.ts';
import type { OperationArgs, OperationName } from './operations/table.ts';
import { Caller } from './permission.ts';
import { Reclaimer } from './reclaimer.ts';

const explicit = { ...MAKE, implicit: false };

class World extends NamespaceWorld {
  static async open(): Promise<World> {
    const world = new World(1);
    await world.start();
    await world.run('makeDirectory', { path: ['b'], make: explicit });
    return world;
  }

  put(path: readonly string[], block: number, size = 100): Promise<unknown> {
    return this.run('put', putArgs(path, { block, size }));
  }

  async refused<N extends OperationName>(
    name: N,
    args: OperationArgs<N>,
    code: FilesErrorCode,
  ): Promise<void> {
    await assert.rejects(
      this.run(name, args),
      (error: unknown) => error instanceof FilesError && error.code === code,
      `${name} is refused as ${code}`,
    );
  }

  async sizeOf(...path: string[]): Promise<number | undefined> {
    const file = await this.settle(
      this.namespace.reader.head(path.slice(0, -1), path[path.length - 1]!),
    );
    return file?.size;
  }

  async tallyAt(...path: string[]): Promise<{ files: number; bytes: number; space: number }> {
    const inode = await this.settle(this.namespace.reader.directory(path));
    const { files, bytes, space } = await this.settle(this.namespace.reader.tally(inode!.id));
    return { files, bytes, space };
  }

  /** Blocks that are free once everything is reclaimed. */
  async freed(): Promise<number[]> {
    const freed: number[] = [];
    const reclaimer = new Reclaimer({
      namespace: this.namespace,
      clock: this.clock,
      onFreed: (blocks) => freed.push(...blocks.map(({ block }) => block)),
      onError: (error) => assert.fail(String(error)),
    });
    reclaimer.kick();
    await this.settle(reclaimer.idle());
    return freed.sort((a, b) => a - b);
  }

  async count(space: number): Promise<number> {
    let count = 0;
    await this.settle(this.namespace.reader.each(spaceRange(space), () => ++count > 0));
    return count;
  }
}

const extent = (block: number, length: number, offset = 0): Extent => ({
  block,
  stamp: 1,
  offset,
  length,
});
const newBlock = (block: number, length: number) => ({ block, stamp: 1, length });
const target = { directory: ['b'], name: 'f' };

test('quotas of names and space hold at any depth, for puts and for what is moved in', async () => {
  const world = await World.open();
  await world.run('makeDirectory', { path: ['b', 'q', 'in'], make: explicit });
  await world.run('setQuota', { path: ['b', 'q'], namesMax: 4, spaceMax: 1000 });
  await world.put(['b', 'q', 'in', 'one'], 1, 100);
  await world.put(['b', 'q', 'two'], 2, 100);
  await world.refused('put', putArgs(['b', 'q', 'in', 'x'], { block: 3, size: 1 }), 'names-quota');
  await world.refused('put', putArgs(['b', 'q', 'two'], { block: 4, size: 401 }), 'space-quota');
  await world.put(['b', 'outside'], 5, 10);
  const move = { from: ['b', 'outside'], to: ['b', 'q', 'x'], kind: 'file' as const };
  await world.refused('rename', move, 'names-quota');
  assert.deepEqual(await world.tallyAt('b', 'q'), { files: 2, bytes: 200, space: 400 });
  await world.run('setQuota', { path: ['b', 'q'], namesMax: null });
  await world.run('rename', move);
  assert.deepEqual(await world.tallyAt('b', 'q'), { files: 3, bytes: 210, space: 420 });
  assert.deepEqual(await world.tallyAt('b'), { files: 3, bytes: 210, space: 420 });
});

test('one reclaimer goes on where it was: nothing noted meanwhile is left, and it is told when there is none', async () => {
  const world = await World.open();
  await world.run('makeDirectory', { path: ['b'], make: explicit });
  const freed: number[] = [];
  const reclaimer = new Reclaimer({
    namespace: world.namespace,
    clock: world.clock,
    onFreed: (blocks) => freed.push(...blocks.map(({ block }) => block)),
    onError: (error) => assert.fail(String(error)),
  });
  for (let round = 0; round < 5; round++) {
    await world.put(['b', 'f'], round * 2 + 1, 10);
    await world.put(['b', `g${round}`], round * 2 + 2, 10);
    assert.equal(world.namespace.takeReclaims(), round > 0, `round ${round}`);
    assert.equal(world.namespace.takeReclaims(), false);
    reclaimer.kick();
    await world.settle(reclaimer.idle());
    assert.deepEqual(
      freed,
      Array.from({ length: round }, (_, nth) => nth * 2 + 1),
    );
    assert.equal(await world.count(Space.reclaim), 0);
  }
});

test('a lease keeps others from a file until it is given back or ends', async () => {
  const world = await World.open();
  await world.run('lease', { ...target, holder: 'one', forMs: 1000 });
  await world.refused('lease', { ...target, holder: 'two', forMs: 1000 }, 'lease-held');
  await world.refused('put', putArgs(['b', 'f'], { block: 1, size: 1 }), 'lease-held');
  await world.run('put', { ...putArgs(['b', 'f'], { block: 1, size: 1 }), holder: 'one' });
  await world.run('release', { ...target, holder: 'two' });
  await world.refused('lease', { ...target, holder: 'two', forMs: 1000 }, 'lease-held');
  await world.run('release', { ...target, holder: 'one' });
  await world.run('lease', { ...target, holder: 'two', forMs: 1000 });
  await world.crash('power');
  await world.refused('lease', { ...target, holder: 'one', forMs: 1000 }, 'lease-held');
  await world.clock.advance(1001);
  await world.run('lease', { ...target, holder: 'one', forMs: 1000 });
});

test('append, truncate and concat move extents, and free what nothing names', async () => {
  const world = await World.open();
  await world.put(['b', 'f'], 1, 100);
  const content = { extents: [extent(2, 50)], newBlocks: [newBlock(2, 50)] };
  const more = { ...target, content, bytes: 50, etag: 'x', sizeBefore: 100 };
  await world.run('append', more);
  await world.refused('append', more, 'source-changed');
  assert.equal(await world.sizeOf('b', 'f'), 150);
  await world.run('truncate', { ...target, size: 120, etag: 'y' });
  assert.deepEqual(await world.freed(), [], 'a part of the block is in use');
  await world.run('truncate', { ...target, size: 100, etag: 'z' });
  assert.deepEqual(await world.freed(), [2]);
  await world.refused('truncate', { ...target, size: 101, etag: 'z' }, 'condition-failed');
  await world.put(['b', 'g'], 3, 30);
  await world.put(['b', 'h'], 4, 40);
  await world.refused('concat', { ...target, sources: ['g', 'g'], etag: 'c' }, 'bad-name');
  await world.refused('concat', { ...target, sources: ['g', 'none'], etag: 'c' }, 'not-found');
  await world.run('concat', { ...target, sources: ['h', 'g'], etag: 'c' });
  const file = await world.settle(world.namespace.reader.head(['b'], 'f'));
  assert.deepEqual(file?.extents, [extent(1, 100), extent(4, 40), extent(3, 30)]);
  assert.deepEqual(await world.tallyAt('b'), { files: 1, bytes: 170, space: 340 });
  assert.deepEqual(await world.freed(), []);
  await world.run('remove', { ...target });
  assert.deepEqual(await world.freed(), [1, 3, 4]);
});

test('a file of many extents has them apart, and they go with it', async () => {
  const world = await World.open();
  const count = extentsInEntryMax * 30;
  const blocks = Array.from({ length: count }, (_, nth) => 1000 + nth);
  const args = putArgs(['b', 'many'], { block: 0, size: 0 });
  await world.run('put', {
    ...args,
    file: { ...args.file, size: count },
    content: {
      extents: blocks.map((block) => extent(block, 1)),
      newBlocks: blocks.map((block) => newBlock(block, 1)),
    },
  });
  const file = await world.settle(world.namespace.reader.head(['b'], 'many'));
  assert.equal(file?.extentsApart, true);
  const extents = await world.settle(world.namespace.reader.extents(file!));
  assert.deepEqual(
    extents.map(({ block }) => block),
    blocks,
  );
  await world.run('removeDirectory', { path: ['b'], recursive: true });
  assert.deepEqual(await world.freed(), blocks);
  assert.equal(await world.count(Space.extents), 0);
  assert.equal(await world.count(Space.reclaim), 0);
});

test('a block that two files share is free when both have gone', async () => {
  const world = await World.open();
  await world.put(['b', 'f'], 1, 100);
  const copy = putArgs(['b', 'copy'], { block: 0, size: 0 });
  const content = { extents: [extent(1, 60, 40)], newBlocks: [] };
  await world.run('put', { ...copy, content, file: { ...copy.file, size: 60 } });
  await world.run('remove', { ...target });
  assert.deepEqual(await world.freed(), []);
  await world.run('remove', { directory: ['b'], name: 'copy' });
  assert.deepEqual(await world.freed(), [1]);
  await world.refused('put', { ...copy, content }, 'source-changed');
});

test('permissions are those of POSIX, with the sticky bit and a superuser', async () => {
  const world = await World.open();
  const ann = new Caller('ann', ['staff'], false);
  const bob = new Caller('bob', ['staff'], false);
  const eve = new Caller('eve', [], false);
  const root = new Caller('root', [], true);
  const make = { owner: 'ann', group: 'staff', permission: 0o770, implicit: false };
  await world.refused(
    'makeDirectory',
    { path: ['b', 'd'], make, caller: ann },
    'permission-denied',
  );
  await world.run('makeDirectory', { path: ['b', 'd'], make, caller: root });
  const put = (name: string, caller: Caller): OperationArgs<'put'> => {
    const args = putArgs(['b', 'd', name], { block: 0, size: 0 });
    return { ...args, file: { ...args.file, owner: caller.user, group: 'staff' }, caller };
  };
  await world.run('put', put('of-ann', ann));
  await world.run('put', put('of-bob', bob));
  await world.refused('put', put('of-eve', eve), 'permission-denied');
  await world.refused('put', put('of-ann', bob), 'permission-denied');
  const setFile = { directory: ['b', 'd'], name: 'of-ann', caller: bob };
  await world.refused(
    'setFile',
    { ...setFile, change: { permission: 0o777 } },
    'permission-denied',
  );
  await world.run('setFile', { ...setFile, caller: ann, change: { permission: 0o600 } });
  await world.refused(
    'setFile',
    { ...setFile, caller: ann, change: { owner: 'bob' } },
    'permission-denied',
  );
  await world.run('setDirectory', {
    path: ['b', 'd'],
    change: { permission: 0o1770 },
    caller: ann,
  });
  const remove = { directory: ['b', 'd'], name: 'of-ann' };
  await world.refused('remove', { ...remove, caller: bob }, 'permission-denied');
  await assert.rejects(world.settle(world.namespace.reader.head(['b', 'd'], 'of-ann', eve)), {
    code: 'permission-denied',
  });
  await world.run('remove', { ...remove, name: 'of-bob', caller: ann });
  await world.run('remove', { ...remove, caller: ann });
});

test('names and paths beyond the limits, and attributes beyond theirs, are refused', async () => {
  const world = await World.open();
  const long = 'x'.repeat(1025);
  await world.refused('put', putArgs(['b', long], { block: 0, size: 0 }), 'name-too-long');
  await world.refused('makeDirectory', { path: ['b', 'a/b'], make: explicit }, 'bad-name');
  const deep = Array.from({ length: 1100 }, () => 'd');
  await world.refused('makeDirectory', { path: ['b', ...deep], make: explicit }, 'too-deep');
  await world.put(['b', 'f'], 1);
  const attributes = new Map([['user.a', Buffer.alloc(70_000)]]);
  await world.refused('setFile', { ...target, change: { attributes } }, 'name-too-long');
  const small = new Map([['user.a', Buffer.from('1')]]);
  await world.run('setFile', { ...target, change: { attributes: small } });
  await world.crash('kill');
  const file = await world.settle(world.namespace.reader.head(['b'], 'f'));
  assert.equal(file?.attributes.get('user.a')?.toString(), '1');
});

test('operations under way at once are decided in their order and answered with what they did', async () => {
  const world = await World.open();
  const condition = { exists: false };
  const race = Array.from({ length: 20 }, (_, nth) =>
    world.namespace
      .run('put', { ...putArgs(['b', 'f'], { block: 50 + nth, size: 10 }), condition })
      .then(
        () => nth,
        (error: unknown) => {
          assert.equal((error as FilesError).code, 'condition-failed');
          return undefined;
        },
      ),
  );
  const winners = (await world.settle(Promise.all(race))).filter((nth) => nth !== undefined);
  assert.deepEqual(winners, [0]);
  assert.equal(await world.count(Space.block), 1);
});
