/** Test support: a snapshot read whole, and all references of blocks and directories counted from the records. */
import assert from 'node:assert/strict';
import { RecordReader } from '../../codec.ts';
import { decodeInode, type Extent, type Inode } from '../inode.ts';
import {
  directoryOfPart,
  entryName,
  isDirectoryKey,
  isTallyPart,
  rangeOf,
  Space,
  spaceRange,
} from '../keys.ts';
import type { NamespaceWorld } from '../namespace-world.ts';
import type { TwinFile, TwinSnapshot } from '../path-twin.ts';
import { decodeBlock, decodeExtents, decodePart, decodeReclaim } from '../records.ts';
import { decodeSaved } from './save.ts';
import { readSnapshots, SnapshotView } from './view.ts';

/** By path: what is shown of a file or directory. */
type Shown = Record<string, string>;

const MODE = { file: 0o644, directory: 0o755 };

export function shownSnapshot({ files, directories }: TwinSnapshot): Shown {
  const shown: Shown = {};
  for (const [path, { mode = MODE.directory }] of directories) {
    const inside = [...files].filter(([file]) => file.startsWith(path));
    const below = [...directories.keys()].filter((each) => each.startsWith(path) && each !== path);
    const bytes = inside.reduce((sum, [, { size }]) => sum + size, 0);
    shown[path] = directoryText(mode, inside.length, below.length, bytes);
  }
  for (const [path, file] of files) shown[path] = fileText(file);
  return sorted(shown);
}

const directoryText = (mode: number, files: number, directories: number, bytes: number): string =>
  `${mode.toString(8)}, ${files} files, ${directories} directories, ${bytes} bytes`;

function fileText({ size, block, more = [], mode = MODE.file }: TwinFile): string {
  const blocks = [block, ...more].filter((each) => each > 0);
  return `${mode.toString(8)}, ${size} bytes in ${blocks.join(', ')}`;
}

const sorted = (shown: Shown): Shown =>
  Object.fromEntries(Object.entries(shown).sort(([a], [b]) => (a < b ? -1 : 1)));

/** All that a snapshot shows, by lists and again by look-ups. */
export async function readSnapshot(
  world: NamespaceWorld,
  path: readonly string[],
  name: string,
): Promise<Shown> {
  const { reader } = world.namespace;
  const root = (await world.settle(reader.directory(path)))!;
  const snapshots = await world.settle(readSnapshots(reader, root.id));
  const info = snapshots?.list.find((each) => each.lives && each.name === name);
  assert.ok(info !== undefined, `there is a snapshot ${name}`);
  const view = new SnapshotView(reader, root.id, info);
  const inode = await world.settle(view.rootInode());
  const shown: Shown = {};
  await world.settle(walk(view, world, inode!, '', shown));
  return sorted(shown);
}

async function walk(
  view: SnapshotView,
  world: NamespaceWorld,
  inode: Inode,
  at: string,
  shown: Shown,
): Promise<void> {
  const { reader } = world.namespace;
  const { files, directories, bytes, children } = await view.tally(inode.id);
  shown[at] = directoryText(inode.permission, files, directories, bytes);
  const tables = reader.snapshot();
  const found: { path: string; inode: Inode }[] = [];
  for await (const entry of view.entries(inode.id, rangeOf(Space.entry, inode.id).from, tables)) {
    const name = entryName(entry.key);
    const isDirectory = isDirectoryKey(entry.key);
    const again = isDirectory
      ? await view.directory(inode.id, name)
      : await view.file(inode.id, name);
    assert.deepEqual(again, entry.inode);
    found.push({ path: `${at}${name}${isDirectory ? '/' : ''}`, inode: entry.inode });
  }
  tables.release();
  if (children !== found.length) shown[`children of ${at}`] = `${children}`;
  for (const { path, inode: each } of found) {
    if (each.kind === 'directory') await walk(view, world, each, path, shown);
    else {
      const extents = await reader.extents(each);
      const [first = 0, ...more] = extents.map(({ block }) => block);
      shown[path] = fileText({ size: each.size, block: first, more, mode: each.permission });
    }
  }
}

/** Blocks have the references that records have to them, and directories the owners. */
export async function checkReferences(world: NamespaceWorld): Promise<void> {
  const { reader } = world.namespace;
  const named = new Map<number, number>();
  const owners = new Map<number, number>();
  const count = (map: Map<number, number>, key: number): void => {
    map.set(key, (map.get(key) ?? 0) + 1);
  };
  const extents = (all: readonly Extent[]): void => {
    for (const { block } of all) count(named, block);
  };
  const inode = (each: Inode | null): void => {
    if (each?.kind === 'directory') count(owners, each.id);
    else if (each !== null) extents(each.extents);
  };
  const each = async (space: number, visit: (key: Buffer, value: Buffer) => void): Promise<void> =>
    world.settle(
      reader.each(spaceRange(space), (key, value) => {
        visit(key, value);
        return true;
      }),
    );
  let saved = 0;
  await each(Space.entry, (_key, value) => inode(decodeInode(value)));
  await each(Space.version, (_key, value) => inode(decodeInode(value)));
  await each(Space.extents, (_key, value) => extents(decodeExtents(value)));
  await each(Space.part, (_key, value) => extents(decodePart(value).extents));
  await each(Space.reclaim, (_key, value) => {
    const what = decodeReclaim(value);
    if (what.kind === 'extents') extents(what.extents);
  });
  await each(Space.saved, (key, value) => {
    saved++;
    if (!isTallyPart(key.subarray(9, -8))) inode(decodeSaved(value));
  });
  await each(Space.savedBy, (key) => {
    saved--;
    assert.ok(directoryOfPart(key.subarray(17)) > 0);
  });
  assert.equal(saved, 0, 'each saved record is known by its snapshot');
  const references = new Map<number, number>();
  await each(Space.block, (key, value) => {
    references.set(Number(key.readBigUInt64BE(1)), decodeBlock(value).references);
  });
  assert.deepEqual([...references].sort(), [...named].sort(), 'references of blocks');
  const several = [...owners].filter(([, records]) => records > 1);
  const stored: [number, number][] = [];
  await each(Space.owners, (key, value) => {
    stored.push([Number(key.readBigUInt64BE(1)), new RecordReader(value).varint()]);
  });
  assert.deepEqual(stored.sort(), several.sort(), 'owners of directories');
}
