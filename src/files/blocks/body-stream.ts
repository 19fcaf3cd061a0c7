/**
 * Reading a range of a body: every chunk that is touched is read whole and its checksum looked at before a
 * byte of it is given out. The next piece is read while the one before is used.
 *
 * Benchmark: bench/files, bench/files-blocks.ts.
 */
import type { DiskFile } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import { readWhole } from './file-work.ts';
import { bodyBytes, chunkChecksum, STORED_CHUNK_BYTES } from './format.ts';
import { givePieceMemory, PIECE_CHUNKS, takePieceMemory } from './piece-memory.ts';

export interface BodyRange {
  readonly file: DiskFile;
  readonly block: number;
  /** Where the body begins in the file. */
  readonly base: number;
  /** Data of the whole body. */
  readonly length: number;
  readonly from: number;
  readonly to: number;
  /** The pieces are as they stand on the disk, checksums with them: `from` and `to` are at the edges of chunks. */
  readonly isStored?: boolean;
}

/**
 * Data `[from, to)` in pieces of up to 512 KiB; each is good until the next is asked for.
 * @throws FilesError 'corrupt', 'io'.
 */
export async function* readBody(range: BodyRange): AsyncGenerator<Buffer, void, undefined> {
  if (range.to <= range.from) return;
  const first = Math.floor(range.from / chunkBytes);
  const end = Math.ceil(range.to / chunkBytes);
  const memory: Buffer[] = [];
  let turn = 0;
  const begin = (chunk: number): Promise<Buffer> => {
    const count = Math.min(PIECE_CHUNKS, end - chunk);
    // Two take turns: one is filled while the other is used.
    memory[turn] ??= memoryOf(storedBytes(range, chunk, count));
    const piece = readPiece(range, chunk, count, memory[turn]!);
    turn = 1 - turn;
    // It is awaited later, or never when the reader leaves.
    piece.catch(() => {});
    return piece;
  };
  let next: Promise<Buffer> | undefined = begin(first);
  try {
    for (let chunk = first; next !== undefined; chunk += PIECE_CHUNKS) {
      const piece: Buffer = await next;
      next = chunk + PIECE_CHUNKS < end ? begin(chunk + PIECE_CHUNKS) : undefined;
      if (range.isStored === true) {
        yield piece;
        continue;
      }
      const start = Math.max(0, range.from - chunk * chunkBytes);
      const stop = Math.min(piece.length, range.to - chunk * chunkBytes);
      yield piece.subarray(start, stop);
    }
  } finally {
    // A read that is under way still writes to its memory.
    void Promise.allSettled([next]).then(() => memory.forEach(givePieceMemory));
  }
}

function memoryOf(bytes: number): Buffer {
  return bytes > chunkBytes ? takePieceMemory() : Buffer.allocUnsafe(bytes);
}

/** Bytes in the file of `count` chunks from one on. */
function storedBytes({ length }: BodyRange, chunk: number, count: number): number {
  return bodyBytes(Math.min(length - chunk * chunkBytes, count * chunkBytes));
}

/** Reads chunks, checks them, and closes the gaps where their checksums stood unless they are to stay. */
async function readPiece(
  range: BodyRange,
  chunk: number,
  count: number,
  buffer: Buffer,
): Promise<Buffer> {
  const { file, block, base } = range;
  const bytes = storedBytes(range, chunk, count);
  let read: number;
  try {
    read = await readWhole(file, buffer, 0, bytes, base + chunk * STORED_CHUNK_BYTES);
  } catch (error) {
    throw new FilesError('io', `block ${block} in ${file.path}`, error);
  }
  if (read < bytes) throw damaged(range, chunk, 'it is cut short');
  let data = 0;
  for (let nth = 0, at = 0; at < bytes; nth++, at += STORED_CHUNK_BYTES) {
    const end = Math.min(at + STORED_CHUNK_BYTES, bytes) - 4;
    if (chunkChecksum(block, chunk + nth, buffer, at, end) !== buffer.readUInt32LE(end)) {
      throw damaged(range, chunk + nth, 'its checksum is another');
    }
    if (nth > 0 && range.isStored !== true) buffer.copyWithin(data, at, end);
    data += end - at;
  }
  return buffer.subarray(0, range.isStored === true ? bytes : data);
}

function damaged({ block, file }: BodyRange, chunk: number, why: string): FilesError {
  return new FilesError('corrupt', `block ${block}, chunk ${chunk} in ${file.path}: ${why}`);
}
