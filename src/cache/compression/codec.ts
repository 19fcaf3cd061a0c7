/**
 * Coding and decoding of whole bodies, at once: what the threads run. brotli RFC 7932, zstd RFC 8878, gzip RFC 1952.
 */
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { MadeCoding } from './settings.ts';

/** What came of it. */
export type Coded =
  | { readonly kind: 'done'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** More than was allowed: it does not gain, or would be a bomb. */
  | { readonly kind: 'too-long' }
  /** It is not what its coding says. */
  | { readonly kind: 'broken' };

/** Output comes in such pieces, joined at the end. */
const CHUNK_BYTES = 256 * 1024;

/** @param bytesMax of the result. */
export function encode(
  bytes: Uint8Array,
  coding: MadeCoding,
  level: number,
  bytesMax: number,
): Coded {
  const options = { chunkSize: chunkFor(bytesMax), maxOutputLength: Math.max(1, bytesMax) };
  return attempt(() => {
    if (coding === 'gzip') return gzipSync(bytes, { ...options, level });
    if (coding === 'zstd') {
      const params = { [constants.ZSTD_c_compressionLevel]: level };
      return zstdCompressSync(bytes, { ...options, params, pledgedSrcSize: bytes.length });
    }
    const params = {
      [constants.BROTLI_PARAM_QUALITY]: level,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    };
    return brotliCompressSync(bytes, { ...options, params });
  });
}

/** @param bytesMax of the result: a short body may stand for a very long one. */
export function decode(bytes: Uint8Array, coding: MadeCoding, bytesMax: number): Coded {
  const options = { chunkSize: chunkFor(bytesMax), maxOutputLength: Math.max(1, bytesMax) };
  return attempt(() => {
    if (coding === 'gzip') return gunzipSync(bytes, options);
    if (coding === 'br') return brotliDecompressSync(bytes, options);
    // RFC 9659 section 3: no client has to take a window of more than 8 MiB, and neither do we.
    const params = { [constants.ZSTD_d_windowLogMax]: 23 };
    return zstdDecompressSync(bytes, { ...options, params });
  });
}

function chunkFor(bytesMax: number): number {
  return Math.min(CHUNK_BYTES, Math.max(1024, bytesMax));
}

function attempt(run: () => Buffer): Coded {
  try {
    const made = run();
    // Memory of its own, that can be given to another thread.
    const alone = made.buffer.byteLength === made.length && made.buffer instanceof ArrayBuffer;
    const bytes = alone ? new Uint8Array(made.buffer as ArrayBuffer) : new Uint8Array(made);
    return { kind: 'done', bytes };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_BUFFER_TOO_LARGE') return { kind: 'too-long' };
    if (typeof code === 'string' && WORLD.test(code)) return { kind: 'broken' };
    throw error;
  }
}

/** Codes of what data may be wrong with, of zlib and of its kin; anything else is a mistake of ours. */
const WORLD = /^(?:Z_(?:DATA|BUF|NEED_DICT)\w*|ERR_BROTLI\w*|ERR__ERROR\w*|ZSTD_\w*|ERR_ZSTD\w*)$/;
