/**
 * Reading a range of a body: every chunk that is touched is read whole and its checksum looked at before a
 * byte of it is given out. The next piece is read while the one before is used.
 *
 * Benchmark: bench/files-blocks.ts.
 */
import type { DiskFile } from '../../core/runtime/index.ts';
import { FilesError } from '../errors.ts';
import { chunkBytes } from '../limits.ts';
import { readWhole } from './file-work.ts';
import { chunkChecksum, STORED_CHUNK_BYTES } from './format.ts';

/** Chunks that are read at once. */
const PIECE_CHUNKS = 8;

export interface BodyRange {
  readonly file: DiskFile;
  readonly block: number;
  /** Where the body begins in the file. */
  readonly base: number;
  /** Data of the whole body. */
  readonly length: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Data `[from, to)` in pieces of up to 512 KiB; each is good until the next is asked for.
 * @throws FilesError 'corrupt', 'io'.
 */
export async function* readBody(range: BodyRange): AsyncGenerator<Buffer, void, undefined> {
  if (range.to <= range.from) return;
  const first = Math.floor(range.from / chunkBytes);
  const end = Math.ceil(range.to / chunkBytes);
  const buffers: Buffer[] = [];
  let turn = 0;
  const begin = (chunk: number): Promise<Buffer> => {
    const count = Math.min(PIECE_CHUNKS, end - chunk);
    // Two take turns: one is filled while the other is used.
    const buffer = buffers[turn] ?? Buffer.allocUnsafeSlow(storedBytes(range, chunk, count));
    buffers[turn] = buffer;
    turn = 1 - turn;
    const piece = readPiece(range, chunk, count, buffer);
    // It is awaited later, or never when the reader leaves.
    piece.catch(() => {});
    return piece;
  };
  let next: Promise<Buffer> | undefined = begin(first);
  for (let chunk = first; next !== undefined; chunk += PIECE_CHUNKS) {
    const piece: Buffer = await next;
    next = chunk + PIECE_CHUNKS < end ? begin(chunk + PIECE_CHUNKS) : undefined;
    const start = Math.max(0, range.from - chunk * chunkBytes);
    const stop = Math.min(piece.length, range.to - chunk * chunkBytes);
    yield piece.subarray(start, stop);
  }
}

/** Bytes in the file of `count` chunks from one on. */
function storedBytes({ length }: BodyRange, chunk: number, count: number): number {
  const data = Math.min(length - chunk * chunkBytes, count * chunkBytes);
  return data + 4 * Math.ceil(data / chunkBytes);
}

/** Reads chunks, checks them, and closes the gaps where their checksums stood. */
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
    if (nth > 0) buffer.copyWithin(data, at, end);
    data += end - at;
  }
  return buffer.subarray(0, data);
}

function damaged({ block, file }: BodyRange, chunk: number, why: string): FilesError {
  return new FilesError('corrupt', `block ${block}, chunk ${chunk} in ${file.path}: ${why}`);
}
