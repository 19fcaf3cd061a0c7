/**
 * Bodies on the wire: data cut into chunks where the block is, each with its checksum behind it, pure. What was cut
 * at the beginning of a chunk is what stands on the disk.
 */
import { chunkChecksum, STORED_CHUNK_BYTES } from '../blocks/format.ts';
import { chunkBytes } from '../limits.ts';
import { FrameProblem } from './frames.ts';

/** A piece of a block as it travels. */
export interface PieceName {
  readonly block: number;
  /** Of the block's data. */
  readonly offset: number;
}

/** Bytes of the body of so much data. */
export function wireBytes(offset: number, length: number): number {
  const inside = offset % chunkBytes;
  return (
    length + 4 * Math.ceil((inside + length) / chunkBytes) - (length === 0 && inside > 0 ? 4 : 0)
  );
}

/** Data as a list of buffers to be written: views of it, and checksums. */
export function bodyOf({ block, offset }: PieceName, data: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  const sums = Buffer.allocUnsafe(wireBytes(offset, data.length) - data.length);
  for (let at = 0, sum = 0; at < data.length; sum += 4) {
    const place = offset + at;
    const end = Math.min(data.length, at + chunkBytes - (place % chunkBytes));
    sums.writeUInt32LE(chunkChecksum(block, Math.floor(place / chunkBytes), data, at, end), sum);
    parts.push(data.subarray(at, end), sums.subarray(sum, sum + 4));
    at = end;
  }
  return parts;
}

/** Checks the chunks of a body that stands in `bytes` from `start` on. @returns its data in bytes. */
export function checkBody({ block, offset }: PieceName, bytes: Buffer, start: number): number {
  let at = start;
  let place = offset;
  while (at < bytes.length) {
    const end = chunkEnd(bytes, at, place);
    const sum = chunkChecksum(block, Math.floor(place / chunkBytes), bytes, at, end);
    if (sum !== bytes.readUInt32LE(end)) {
      throw new FrameProblem(`block ${block} has another checksum at ${place}`);
    }
    place += end - at;
    at = end + 4;
  }
  return place - offset;
}

/** As `checkBody`, and closes the gaps where checksums stood. @returns the data, in the memory of `bytes`. */
export function openBody({ block, offset }: PieceName, bytes: Buffer, start: number): Buffer {
  const length = checkBody({ block, offset }, bytes, start);
  let to = start;
  for (let at = start, place = offset; at < bytes.length; ) {
    const end = chunkEnd(bytes, at, place);
    if (to !== at) bytes.copyWithin(to, at, end);
    place += end - at;
    to += end - at;
    at = end + 4;
  }
  return bytes.subarray(start, start + length);
}

function chunkEnd(bytes: Buffer, at: number, place: number): number {
  const room = chunkBytes - (place % chunkBytes);
  const end = Math.min(bytes.length, at + room + 4) - 4;
  if (end <= at) throw new FrameProblem('a chunk has no data');
  return end;
}

/** Bytes that data takes which begins with a chunk; see `STORED_CHUNK_BYTES`. */
export function storedBytes(length: number): number {
  return length + (STORED_CHUNK_BYTES - chunkBytes) * Math.ceil(length / chunkBytes);
}
