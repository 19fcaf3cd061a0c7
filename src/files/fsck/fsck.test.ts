import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Lsm, WriteBatch } from '../../core/store/index.ts';
import {
  HEAD_BYTES,
  RECORD_HEAD_BYTES,
  recordBytes,
  STORED_CHUNK_BYTES,
} from '../blocks/format.ts';
import { chunkBytes } from '../limits.ts';
import { blockKey } from '../namespace/keys.ts';
import { decodeBlock, encodeBlock } from '../namespace/records.ts';
import { FsckRun } from './fsck-run.ts';
import { FsckWorld } from './fsck-world.ts';
import { checkReferences } from './reference-check.ts';

const MEBIBYTE = 1024 * 1024;
const LARGE = 2 * MEBIBYTE + 400_000;

async function opened(): Promise<FsckWorld> {
  const world = new FsckWorld(3);
  await world.begin();
  return world;
}

/** Numbers of all blocks that are stored. */
async function blocksOf(world: FsckWorld): Promise<number[]> {
  const blocks: number[] = [];
  await world.settle(world.files.blocks.each(0, ({ block }) => blocks.push(block) > 0));
  return blocks;
}

/** Changes the record of a block behind everybody's back. */
async function forge(
  world: FsckWorld,
  block: number,
  change: Partial<ReturnType<typeof decodeBlock>> | null,
): Promise<void> {
  const { namespace } = world.files;
  const { lsm } = namespace as unknown as { readonly lsm: Lsm };
  const key = blockKey(block);
  const before = decodeBlock((await world.settle(Promise.resolve(namespace.reader.get(key))))!);
  const batch = new WriteBatch();
  if (change === null) batch.delete(key);
  else batch.put(key, encodeBlock({ ...before, ...change }));
  await world.settle(new Promise<void>((resolve) => lsm.write(batch, {}, () => resolve())));
}

test('a file system that is well: files, versions and parts were read, and nothing is told', async () => {
  const world = await opened();
  const { store } = world;
  await world.put('d/large', LARGE);
  await world.put('d/small', 70_000);
  await world.put('empty', 0);
  await world.copy('d/large', 'copy');
  await world.settle(store.changeBucket('b', { versioning: 'enabled' }));
  await world.put('d/small', 80_000);
  await world.remove('d/small');
  const made = await world.settle(store.createUpload('b', { key: 'e/parts', attributes: {} }));
  assert.ok(made.done);
  const { uploadId } = made.value;
  const writer = await world.settle(store.write('b'));
  writer.write(Buffer.alloc(10));
  const part = { bucket: 'b', key: 'e/parts', uploadId, number: 3, etag: 'p', attributes: {} };
  assert.ok((await world.settle(writer.commitPart(part))).done);
  const { problems, summary } = await world.check();
  assert.deepEqual(problems, []);
  const { isWhole, files, directories, versions, parts } = summary!;
  assert.deepEqual(
    { isWhole, files, directories, versions, parts },
    { isWhole: true, files: 3, directories: 2, versions: 2, parts: 1 },
  );
  assert.equal(summary?.bytes, LARGE + 150_010, 'what a copy shares is read once');
});

test('flipped bytes are told with path, block and offset; other files are well', async () => {
  const world = await opened();
  await world.put('d/large', LARGE);
  await world.put('d/small', 200_000);
  await world.put('well', 50);
  const blocks = await blocksOf(world);
  const [, second] = world.blockFiles('.blk');
  const number = Number(/(\d+)-\d+\.blk$/.exec(second!)?.[1]);
  world.disk.flipBit(second!, HEAD_BYTES + STORED_CHUNK_BYTES + 100, 2);
  const [pack] = world.blockFiles('.pack');
  // The end of the large file is the first record of the container, the small file is the second.
  const record = HEAD_BYTES + recordBytes(LARGE - 2 * MEBIBYTE);
  world.disk.flipBit(pack!, record + RECORD_HEAD_BYTES + STORED_CHUNK_BYTES + 1, 2);
  const { problems, summary } = await world.check();
  const nth = blocks.filter((block) => block <= number).length - 1;
  assert.deepEqual(
    problems.map(({ kind, path, block, offset, blockOffset, bytes }) => {
      return { kind, path, block, offset, blockOffset, bytes };
    }),
    [
      {
        ...{ kind: 'damaged', path: '/b/d/large', block: number },
        offset: nth * MEBIBYTE + chunkBytes,
        ...{ blockOffset: chunkBytes, bytes: chunkBytes },
      },
      {
        ...{ kind: 'damaged', path: '/b/d/small', block: blocks.at(-2) },
        ...{ offset: chunkBytes, blockOffset: chunkBytes, bytes: chunkBytes },
      },
    ],
  );
  assert.deepEqual([summary?.problems, summary?.byKind], [2, { damaged: 2 }]);
  assert.ok(world.files.damaged.has(number), 'whoever repairs knows of it');
});

test('deleted block files and truncated containers', async () => {
  const world = await opened();
  await world.put('large', LARGE);
  await world.put('first', 100);
  await world.put('second', 200);
  const [gone] = world.blockFiles('.blk');
  world.disk.unlinkSync(gone!);
  const [pack] = world.blockFiles('.pack');
  world.truncate(pack!, world.disk.statSync(pack!)!.sizeBytes - 1);
  const { problems } = await world.check();
  const told = problems.map(({ kind, path, blockOffset, bytes }) => [
    kind,
    path,
    blockOffset,
    bytes,
  ]);
  assert.deepEqual(told, [
    ['missing', '/b/large', 0, MEBIBYTE],
    ['damaged', '/b/second', 0, 200],
  ]);
});

test('only what is below a path, or one file of several', async () => {
  const world = await opened();
  await world.put('a/x', 10);
  await world.put('a/b/y', 20);
  await world.put('c', 30);
  const [pack] = world.blockFiles('.pack');
  world.truncate(pack!, HEAD_BYTES);
  const paths = async (path: string) => (await world.check(path)).problems.map((each) => each.path);
  assert.deepEqual(await paths('/b/a'), ['/b/a/b/y', '/b/a/x']);
  assert.deepEqual(await paths('/b/c'), ['/b/c']);
  assert.deepEqual(await paths('/b'), ['/b/a/b/y', '/b/a/x', '/b/c']);
  assert.equal((await world.check('/b')).summary?.isWhole, false);
  await assert.rejects(world.check('/b/nothing'), { code: 'not-found' });
  await assert.rejects(world.check('/z'), { code: 'not-found' });
});

test('names that no path can have are told as WebHDFS has them', async () => {
  const world = await opened();
  await world.put('a', 10);
  await world.put('a/b', 20);
  await world.put('a//', 30);
  world.truncate(world.blockFiles('.pack')[0]!, HEAD_BYTES);
  const { problems } = await world.check();
  const told = problems.map(({ path }) => path).sort();
  assert.deepEqual(told, ['/b/%00f:a', '/b/a/%00e:/%00e:', '/b/a/b']);
  assert.equal((await world.check('/b/%00f:a')).problems.length, 1);
});

test('versions and parts are told by what S3 calls them', async () => {
  const world = await opened();
  await world.settle(world.store.changeBucket('b', { versioning: 'enabled' }));
  await world.put('v', 10);
  await world.put('v', 0);
  const made = await world.settle(world.store.createUpload('b', { key: 'u/u', attributes: {} }));
  assert.ok(made.done);
  const { uploadId } = made.value;
  const writer = await world.settle(world.store.write('b'));
  writer.write(Buffer.alloc(10));
  const part = { bucket: 'b', key: 'u/u', uploadId, number: 3, etag: 'p', attributes: {} };
  assert.ok((await world.settle(writer.commitPart(part))).done);
  world.truncate(world.blockFiles('.pack')[0]!, HEAD_BYTES);
  const query = { prefix: '', delimiter: '', max: 9 };
  const { rows } = await world.settle(world.store.listVersions('b', query));
  const { problems } = await world.check();
  assert.deepEqual(
    problems.map(({ path, version, upload, part: number }) => [path, version, upload, number]),
    [
      ['/b/v', rows[1]?.versionId, undefined, undefined],
      ['/b/u/u', undefined, uploadId, 3],
    ],
  );
  assert.equal((await world.check('/b')).problems.length, 2);
});

test('files that only a snapshot has are read, and counted as they name blocks', async () => {
  const world = await opened();
  const { namespace } = world.files;
  await world.put('d/kept', 100);
  await world.put('d/moved', 200);
  await world.put('d/gone', 300);
  await world.settle(namespace.run('allowSnapshots', { path: ['b', 'd'] }));
  await world.settle(namespace.run('createSnapshot', { path: ['b', 'd'], snapshot: 's1' }));
  await world.remove('d/gone');
  await world.put('d/moved', 400);
  await world.settle(world.files.idle());
  const well = await world.check();
  assert.deepEqual(well.problems, []);
  assert.equal(well.summary?.bytes, 1000);
  world.truncate(world.blockFiles('.pack')[0]!, HEAD_BYTES);
  const { problems } = await world.check();
  const told = problems.map(({ path, snapshot, name }) => [path, snapshot, name]);
  assert.deepEqual(told.sort(), [
    ['/b/d', 's1', 'gone'],
    ['/b/d', 's1', 'moved'],
    ['/b/d/kept', undefined, undefined],
    ['/b/d/moved', undefined, undefined],
  ]);
});

test('records of blocks that are wrong: lost, of another length or generation, miscounted', async () => {
  const world = await opened();
  for (const key of ['a', 'b', 'c', 'd']) await world.put(key, 1000);
  const [a, b, c, d] = (await blocksOf(world)) as [number, number, number, number];
  await forge(world, a, null);
  await forge(world, b, { length: 999 });
  await forge(world, c, { stamp: 7 });
  await forge(world, d, { references: 5 });
  const { problems } = await world.check();
  assert.deepEqual(
    problems.map(({ kind, path, block }) => [kind, path, block]),
    [
      ['unknown', '/b/a', a],
      ['beyond', '/b/b', b],
      ['length', '/b/b', b],
      ['unknown', '/b/c', c],
      ['references', undefined, d],
    ],
  );
});

test('blocks on the disks that nothing names', async () => {
  const world = await opened();
  await world.put('a', 1000);
  await world.put('b', 1000);
  const [a] = await blocksOf(world);
  await world.crash('kill');
  await world.settle(world.files.idle());
  await forge(world, a!, null);
  const { problems } = await world.check();
  assert.deepEqual(
    problems.map(({ kind, path, block }) => [kind, path, block]),
    [
      ['unknown', '/b/a', a],
      ['nameless', undefined, a],
    ],
  );
});

test('what is deleted while it is looked at, and what is written meanwhile, is no problem', async () => {
  const world = await opened();
  for (let nth = 0; nth < 20; nth++) await world.put(`f${nth}`, 2000 + nth);
  await world.put('large', LARGE);
  const checking = world.check();
  for (let nth = 0; nth < 20; nth += 2) await world.remove(`f${nth}`);
  await world.remove('large');
  await world.put('new', 3000);
  const { problems, summary } = await checking;
  assert.deepEqual(problems, []);
  assert.ok(summary !== undefined);
});

test('references are counted right when there are more blocks than a window has', async () => {
  const world = await opened();
  for (let nth = 0; nth < 10; nth++) await world.put(`f${nth}`, 100);
  for (let nth = 0; nth < 3; nth++) await world.copy('f4', `copy${nth}`);
  const blocks = await blocksOf(world);
  await forge(world, blocks[4]!, { references: 3 });
  const told: unknown[] = [];
  const run = new FsckRun({ write: async (line) => told.push(line) > 0 }, world.clock);
  const { reader } = world.files.namespace;
  const snapshot = reader.snapshot();
  assert.ok(await world.settle(checkReferences(run, reader, snapshot, 3)));
  snapshot.release();
  assert.equal(run.counts.problems, 1);
  assert.ok(JSON.stringify(told).includes('4 pieces name it, 3 are counted'));
});

test('whoever leaves ends it, and nothing stays open', async () => {
  const world = await opened();
  await world.put('a', LARGE);
  world.disk.unlinkSync(world.blockFiles('.blk')[0]!);
  world.disk.unlinkSync(world.blockFiles('.blk')[0]!);
  const { summary, failure, lines } = await world.check('/', 2);
  assert.deepEqual([summary, failure, lines.length], [undefined, undefined, 2]);
});

test('a file system that stops in the middle is told as the last line', async () => {
  const world = await opened();
  await world.put('a', LARGE);
  const checking = world.check();
  await world.settle(world.files.close());
  const { failure, problems } = await checking;
  assert.equal(failure?.code, 'closed');
  assert.deepEqual(problems, []);
});

test('what other nodes have though nothing names it is told, unless it has a name or is of this process', async () => {
  const world = new FsckWorld(5);
  await world.begin();
  await world.put('a', 1000);
  const file = await world.settle(world.files.namespace.reader.head(['b'], 'a'));
  const named = file!.extents[0]!.block;
  const replica = (node: string, block: number) => ({ node, block, stamp: 1, length: 7 });
  const all = () => [replica('n1', named), replica('local', 40), replica('n2', 0)];
  const verifier = () => ({ verify: async () => [], close: () => {} });
  const { problems } = await world.check('/', undefined, { verifier, nameless: { all } });
  assert.deepEqual(problems, [
    {
      ...{ kind: 'nameless', block: 0, stamp: 1, bytes: 7 },
      detail: 'node n2: 7 bytes that nothing names',
    },
  ]);
});
