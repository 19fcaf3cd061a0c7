/**
 * A piece of a block as a door collects it: chunks with room for their checksums, as they stand on the disk. It
 * is kept until all replicas have it, and may be sent anew as a part of another block.
 *
 * Benchmark: bench/files.
 */
import { invariant } from '../../core/base/index.ts';
import { bodyBytes, chunkChecksum, STORED_CHUNK_BYTES } from '../blocks/format.ts';
import { givePieceMemory, takePieceMemory } from '../blocks/piece-memory.ts';
import { chunkBytes } from '../limits.ts';
import { DATA_BYTES_MAX } from './frames.ts';

export class Piece {
  /** Where it begins in its block; a whole number of chunks. */
  offset = 0;
  /** Data in it. */
  length = 0;
  private memory: Buffer | undefined = takePieceMemory();

  private get buffer(): Buffer {
    invariant(this.memory !== undefined, 'a piece was let go');
    return this.memory;
  }

  get isFull(): boolean {
    return this.length === DATA_BYTES_MAX;
  }

  /** Copies what it has room for. @returns where it stopped. */
  fill(bytes: Buffer, from: number): number {
    const { buffer } = this;
    let at = from;
    while (at < bytes.length && this.length < DATA_BYTES_MAX) {
      const chunk = Math.floor(this.length / chunkBytes);
      const inside = this.length - chunk * chunkBytes;
      const count = Math.min(bytes.length - at, chunkBytes - inside);
      bytes.copy(buffer, chunk * STORED_CHUNK_BYTES + inside, at, at + count);
      this.length += count;
      at += count;
    }
    return at;
  }

  /** Makes it a part of a block. @returns its body, good until it is sealed again. */
  seal(block: number, offset: number): Buffer {
    this.offset = offset;
    const { buffer } = this;
    const bytes = bodyBytes(this.length);
    let chunk = offset / chunkBytes;
    for (let at = 0; at < bytes; at += STORED_CHUNK_BYTES, chunk++) {
      const end = Math.min(at + STORED_CHUNK_BYTES, bytes) - 4;
      buffer.writeUInt32LE(chunkChecksum(block, chunk, buffer, at, end), end);
    }
    return buffer.subarray(0, bytes);
  }

  /** Nobody refers to it or to its body any more; twice does nothing. */
  free(): void {
    if (this.memory !== undefined) givePieceMemory(this.memory);
    this.memory = undefined;
  }
}
