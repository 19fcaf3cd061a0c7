/** What the records of a process that is killed hold: each follows from its key and version. */
import { createHash } from 'node:crypto';
import { DiskTier } from '../../../src/cache/ssd/index.ts';
import {
  createNodeClock,
  createNodeDisk,
  createNodeRandom,
} from '../../../src/core/runtime/node/index.ts';

export const KEYS = 400;

/** Small, so that segments fill and leave while the process lives. */
export function openTier(folder: string): Promise<DiskTier> {
  return DiskTier.open({
    disk: createNodeDisk(),
    clock: createNodeClock(),
    random: createNodeRandom(),
    folder,
    bytesMax: 16 << 20,
    segmentBytes: 1 << 20,
  });
}

export function hashOf(key: number): { hashLow: number; hashHigh: number } {
  return { hashLow: (key * 7919) >>> 0, hashHigh: key };
}

export function metaOf(key: number, version: number): Buffer {
  return Buffer.from(`${key}/${version}/`.padEnd(20 + (key % 90), 'm'));
}

/** From nothing to some blocks. */
export function bodyOf(key: number, version: number): Buffer {
  const seed = createHash('sha256').update(`${key}/${version}`).digest();
  const bytes = version % 17 === 0 ? 150_000 + key : (key * 131 + version * 17) % 9000;
  return Buffer.alloc(bytes, seed);
}
