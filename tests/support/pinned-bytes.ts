/**
 * What small things keep from being freed. `Buffer.from` and `allocUnsafe` cut them out of blocks of 64 KiB, and one
 * that lives among thousands that do not keeps a whole block.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** Twice: what one finds free is given back beside the program, and the next waits for that. */
const collect = (): void => {
  gc();
  gc();
};

/**
 * Calls `keep` so many times, each time with a block used up in between.
 * @returns bytes of array buffers behind a collection that were not held before, beside the last block
 */
export function pinnedBytes(times: number, keep: (i: number) => void): number {
  collect();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < times; i++) {
    keep(i);
    for (let used = 0; used < Buffer.poolSize; used += PIECE_BYTES) Buffer.allocUnsafe(PIECE_BYTES);
  }
  collect();
  return process.memoryUsage().arrayBuffers - before - Buffer.poolSize;
}

const PIECE_BYTES = 1024;
