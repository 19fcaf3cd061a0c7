/**
 * The system's generator, drawn in blocks because a call for four bytes costs as much as one for 4 KiB.
 */
import { randomBytes, randomFillSync } from 'node:crypto';
import type { Random } from '../random.ts';

const blockWords = 1024;

export function createNodeRandom(): Random {
  const block = new Uint32Array(blockWords);
  let at = blockWords;
  const u32 = (): number => {
    if (at === blockWords) {
      randomFillSync(block);
      at = 0;
    }
    const value = block[at]!;
    // A value once drawn must not be found in memory later.
    block[at++] = 0;
    return value;
  };
  return {
    u32,
    float: () => ((u32() >>> 5) * 0x4000000 + (u32() >>> 6)) / 0x20000000000000,
    bytes: (count) => randomBytes(count),
  };
}
