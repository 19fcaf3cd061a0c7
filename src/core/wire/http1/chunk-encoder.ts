/**
 * The chunked coding, outgoing. RFC 9112 section 7.1: size in hexadecimal, CRLF, data, CRLF; the last chunk,
 * the trailer section, an empty line.
 */
import type { Fields } from '../http/fields.ts';
import { CR, LF } from '../http/grammar.ts';
import { encodeFields } from './head-encoder.ts';

/** Most bytes of a size line: digits of 2^53 - 1 and CRLF. */
export const CHUNK_SIZE_LINE_BYTES_MAX = 16;

/** The end of a chunk's data. */
export const CHUNK_END: Buffer = Buffer.from('\r\n', 'latin1');
/** The last chunk and an empty trailer section. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n', 'latin1');

/**
 * Writes the line before a chunk of `size` bytes (not 0: that would be the last one). There must be room for
 * `CHUNK_SIZE_LINE_BYTES_MAX`. Returns the position behind it.
 */
export function putChunkSize(out: Buffer, at: number, size: number): number {
  let digits = 1;
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 16)) digits++;
  let rest = size;
  for (let i = at + digits - 1; i >= at; i--) {
    const digit = rest % 16;
    out[i] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = Math.floor(rest / 16);
  }
  out[at + digits] = CR;
  out[at + digits + 1] = LF;
  return at + digits + 2;
}

/**
 * Writes the last chunk and the trailer section. Returns the position behind it, -1 when there may be no
 * room (`fieldsBytesMax` and 5).
 */
export function encodeLastChunk(out: Buffer, at: number, trailers: Fields | null): number {
  if (at + LAST_CHUNK.length > out.length) return -1;
  out[at] = 0x30;
  out[at + 1] = CR;
  out[at + 2] = LF;
  if (trailers !== null) return encodeFields(out, at + 3, trailers);
  out[at + 3] = CR;
  out[at + 4] = LF;
  return at + LAST_CHUNK.length;
}
