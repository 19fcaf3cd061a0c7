/**
 * What a start makes sure of: the index knows all that the containers hold, and files that were being written
 * when the process ended are gone.
 */
import { join } from 'node:path';
import type { Logger } from '../../core/observe/index.ts';
import type { BlockDisk } from './block-disk.ts';
import { type BlockIndex, IndexChange } from './block-index.ts';
import { readWhole } from './file-work.ts';
import { checkBlockHead, checkPackHead, dataBytes, HEAD_BYTES, recordBytes } from './format.ts';
import { scanPack } from './pack-scan.ts';

const BLOCK_NAME = /^([0-9]{1,16})-([0-9]{1,16})\.(blk|tmp)$/;
const PACK_NAME = /^([0-9]{1,16})\.pack$/;

/** Gives each disk its number, a new one to a disk that the index does not know. @returns whether all are new. */
export async function numberDisks(
  disks: readonly BlockDisk[],
  index: BlockIndex,
): Promise<boolean> {
  const known = await index.disks();
  const isNew = known.size === 0;
  let next = Math.max(0, ...known.values()) + 1;
  const change = new IndexChange();
  for (const disk of disks) {
    const number = known.get(disk.id);
    disk.number = number ?? next++;
    if (number === undefined) change.putDisk(disk.number, disk.id);
  }
  await index.write(change, true);
  return isNew;
}

/** Tells the index of records that it has lost. @returns the highest number of a container. */
export async function recoverPacks(
  disk: BlockDisk,
  index: BlockIndex,
  logger: Logger,
): Promise<number> {
  const folder = join(disk.folder, 'packs');
  let highest = 0;
  for (const name of disk.files.listSync(folder)) {
    const match = PACK_NAME.exec(name);
    if (match === null) continue;
    const pack = Number(match[1]);
    highest = Math.max(highest, pack);
    const known = index.packNow(disk.number, pack)?.known ?? 0;
    const size = disk.files.statSync(join(folder, name))?.sizeBytes ?? 0;
    if (size > Math.max(known, HEAD_BYTES)) await recoverPack({ disk, index, logger, pack });
    else if (known === 0) await disk.files.unlink(join(folder, name));
  }
  return highest;
}

interface LostPack {
  readonly disk: BlockDisk;
  readonly index: BlockIndex;
  readonly logger: Logger;
  readonly pack: number;
}

async function recoverPack({ disk, index, logger, pack }: LostPack): Promise<void> {
  const path = disk.packPath(pack);
  const before = index.packNow(disk.number, pack);
  const known = before?.known ?? HEAD_BYTES;
  const file = await disk.files.open(path, { mode: 'read' });
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    await readWhole(file, head, 0, HEAD_BYTES, 0);
    checkPackHead(head, pack, path);
    const change = new IndexChange();
    let records = before?.records ?? 0;
    let dead = before?.dead ?? 0;
    let torn = Number.POSITIVE_INFINITY;
    const scanned = await scanPack(file, known, ({ block, stamp, length, offset, holds }) => {
      // Behind a record that was never finished nothing was ever answered.
      if (!holds) torn = Math.min(torn, offset);
      if (torn <= offset) return;
      records++;
      const there = index.findNow(block);
      if (there !== null && there.stamp >= stamp) dead += recordBytes(length);
      else {
        const location = { disk: disk.number, stamp, length, pack: { number: pack, offset } };
        change.putBlock(block, location);
      }
    });
    const end = Math.min(scanned, torn);
    change.putPack(disk.number, pack, { known: end, records, dead });
    await index.write(change, true);
    if (end < file.sizeSync()) await cut(disk, path, end);
  } catch (error) {
    // Its other records may well be read; what does not hold is told when it is asked for.
    logger.error('a container could not be looked through', { path, err: error });
  } finally {
    file.closeSync();
  }
}

/** Takes away what was never finished, so that the next start need not look at it. */
async function cut(disk: BlockDisk, path: string, bytes: number): Promise<void> {
  const file = await disk.files.open(path, { mode: 'write' });
  try {
    file.truncateSync(bytes);
  } finally {
    file.closeSync();
  }
}

/**
 * Looks through the files of blocks, a folder a step: what was being written goes, and what the index does not
 * know it is told of.
 * @param isLiving whether a writer of this life has the block. @returns files removed and files found.
 */
export async function sweepBlocks(
  disk: BlockDisk,
  index: BlockIndex,
  isLiving: (block: number) => boolean,
): Promise<{ readonly removed: number; readonly found: number }> {
  const root = join(disk.folder, 'blocks');
  let removed = 0;
  let found = 0;
  for (const inner of disk.files.listSync(root)) {
    const folder = join(root, inner);
    for (const name of disk.files.listSync(folder)) {
      const match = BLOCK_NAME.exec(name);
      if (match === null) continue;
      const [block, stamp] = [Number(match[1]), Number(match[2])];
      if (isLiving(block)) continue;
      if (match[3] === 'tmp') {
        await disk.files.unlink(join(folder, name)).catch(() => {});
        removed++;
        continue;
      }
      const there = await index.find(block);
      if (there !== null && there.stamp >= stamp) continue;
      const length = await readLength(disk, { block, stamp }, join(folder, name));
      if (length === undefined) continue;
      await index.write(
        new IndexChange().putBlock(block, { disk: disk.number, stamp, length }),
        true,
      );
      found++;
    }
  }
  return { removed, found };
}

async function readLength(
  disk: BlockDisk,
  name: { readonly block: number; readonly stamp: number },
  path: string,
): Promise<number | undefined> {
  const file = await disk.files.open(path, { mode: 'read' });
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    await readWhole(file, head, 0, HEAD_BYTES, 0);
    checkBlockHead(head, name, path);
    return dataBytes(file.sizeSync() - HEAD_BYTES);
  } catch {
    return undefined;
  } finally {
    file.closeSync();
  }
}
