/**
 * Writes the body of one HTTP/1 message into an output: as it is, or in chunks. RFC 9112 section 7.1.
 *
 * Small pieces are copied behind what waits already, long ones that stay go to the kernel as they are.
 */
import {
  BodyKind,
  CHUNK_END,
  CHUNK_SIZE_LINE_BYTES_MAX,
  encodeLastChunk,
  type Fields,
  fieldsBytesMax,
  LAST_CHUNK,
  putChunkSize,
} from '../wire/index.ts';
import type { Output } from './output.ts';

/** Copying fewer bytes costs less than another piece in a write. */
const COPY_BYTES_MAX = 16_384;

export class BodyWriter {
  /** Bytes still to be written of a body whose length the head has said; negative: it was longer. */
  left = 0;
  private kind: BodyKind = BodyKind.none;

  begin(kind: BodyKind, length: number): void {
    this.kind = kind;
    this.left = kind === BodyKind.length ? length : 0;
  }

  /** The body may not end here: its length was promised. */
  get isShort(): boolean {
    return this.kind === BodyKind.length && this.left > 0;
  }

  /** True: the memory is free; false: it is in use until the target's drain. */
  data(output: Output, bytes: Buffer, stays: boolean): boolean {
    const { length } = bytes;
    if (length === 0) return true;
    const chunked = this.kind === BodyKind.chunked;
    if (chunked) {
      output.room(CHUNK_SIZE_LINE_BYTES_MAX);
      output.end = putChunkSize(output.buf, output.end, length);
    } else if (this.kind === BodyKind.length) {
      this.left -= length;
      // The peer would take what is too much for the next message.
      if (this.left < 0) return true;
    }
    if (stays && length > COPY_BYTES_MAX) {
      return output.flushWith(bytes, chunked ? CHUNK_END : null);
    }
    output.append(bytes);
    if (chunked) output.append(CHUNK_END);
    return true;
  }

  end(output: Output, trailers: Fields | null): void {
    if (this.kind !== BodyKind.chunked) return;
    output.room(LAST_CHUNK.length + (trailers === null ? 0 : fieldsBytesMax(trailers, null)));
    output.end = encodeLastChunk(output.buf, output.end, trailers);
  }
}
