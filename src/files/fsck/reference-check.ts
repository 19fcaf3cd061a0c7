/**
 * Counts how often each block is named, and holds it against what the records of the blocks say.
 *
 * Whatever names a block stands in some record of the namespace, reachable or not, so all of them are looked through
 * as they lie, once for each window of blocks: the memory does not grow with the blocks.
 */
import type { Snapshot } from '../../core/store/index.ts';
import { decodeInode, type Extent } from '../namespace/inode.ts';
import { ownerOf, readSavedKey, Space, spaceRange } from '../namespace/keys.ts';
import type { NamespaceReader } from '../namespace/reader.ts';
import { decodeBlock, decodeExtents, decodePart, decodeReclaim } from '../namespace/records.ts';
import { decodeSaved } from '../namespace/snapshots/save.ts';
import type { FsckRun } from './fsck-run.ts';

/** Blocks that are counted at once, 16 bytes each. */
const WINDOW = 1_048_576;

/** The records that name blocks, by their space. */
const HOLDERS: readonly (readonly [number, (value: Buffer, key: Buffer) => readonly Extent[]])[] = [
  [Space.entry, extentsOfInode],
  [Space.version, extentsOfInode],
  [Space.extents, decodeExtents],
  [Space.part, (value) => decodePart(value).extents],
  [Space.reclaim, extentsOfNote],
  [Space.saved, extentsOfSaved],
];

function extentsOfInode(value: Buffer): readonly Extent[] {
  const inode = decodeInode(value);
  return inode.kind === 'directory' ? [] : inode.extents;
}

function extentsOfNote(value: Buffer): readonly Extent[] {
  const note = decodeReclaim(value);
  return note.kind === 'extents' ? note.extents : [];
}

function extentsOfSaved(value: Buffer, key: Buffer): readonly Extent[] {
  const inode = readSavedKey(key) === null ? null : decodeSaved(value);
  return inode === null || inode.kind === 'directory' ? [] : inode.extents;
}

/** Blocks in the order of their numbers. */
class Window {
  count = 0;
  readonly blocks: Float64Array;
  readonly expected: Uint32Array;
  readonly named: Uint32Array;

  constructor(size: number) {
    this.blocks = new Float64Array(size);
    this.expected = new Uint32Array(size);
    this.named = new Uint32Array(size);
  }

  add(block: number, references: number): boolean {
    this.blocks[this.count] = block;
    this.expected[this.count] = references;
    this.named[this.count] = 0;
    return ++this.count < this.blocks.length;
  }

  note(block: number): void {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const there = this.blocks[middle]!;
      if (there === block) {
        this.named[middle]!++;
        return;
      }
      if (there < block) low = middle + 1;
      else high = middle - 1;
    }
  }
}

/** @returns false: nobody listens any more. */
export async function checkReferences(
  run: FsckRun,
  reader: NamespaceReader,
  snapshot: Snapshot,
  windowSize = WINDOW,
): Promise<boolean> {
  const window = new Window(windowSize);
  const all = spaceRange(Space.block);
  for (let from = all.from; ; ) {
    window.count = 0;
    let last: Buffer | undefined;
    const goes = await scan(run, reader, { from, to: all.to, snapshot }, (key, value) => {
      last = key;
      return window.add(ownerOf(key), decodeBlock(value).references);
    });
    if (!goes) return false;
    if (last === undefined) return true;
    from = Buffer.concat([last, Buffer.from([0])]);
    for (const [space, extentsOf] of HOLDERS) {
      const range = { ...spaceRange(space), snapshot };
      const goesOn = await scan(run, reader, range, (key, value) => {
        for (const { block } of extentsOf(value, key)) window.note(block);
        return true;
      });
      if (!goesOn) return false;
    }
    await tell(run, window);
  }
}

async function tell(run: FsckRun, { count, blocks, expected, named }: Window): Promise<void> {
  for (let nth = 0; nth < count; nth++) {
    if (expected[nth] === named[nth]) continue;
    await run.problem({
      ...{ kind: 'references', block: blocks[nth]! },
      detail: `${named[nth]} pieces name it, ${expected[nth]} are counted`,
    });
  }
}

/** Records of a range until `visit` gives false. @returns false: nobody listens any more. */
async function scan(
  run: FsckRun,
  reader: NamespaceReader,
  range: { readonly from: Buffer; readonly to: Buffer; readonly snapshot: Snapshot },
  visit: (key: Buffer, value: Buffer) => boolean,
): Promise<boolean> {
  const records = reader.scan(range);
  try {
    while (await records.fill()) {
      for (let nth = 0; nth < records.count; nth++) {
        if (!visit(records.key(nth), records.value(nth))) return true;
      }
      if (!(await run.go())) return false;
    }
    return true;
  } finally {
    records.close();
  }
}
