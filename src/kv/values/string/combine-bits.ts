/**
 * Bitwise combinations of byte strings, the shorter ones continued with zeros.
 *
 * Works on pieces that stay in the processor's cache: each source's part is copied to the memory of the
 * kernel and combined there.
 *
 * Benchmark: bench/kv (BITOP).
 */
import { type BitKernel, bitKernel, PIECE_BYTES } from './bit-kernel.ts';

export type BitOperation = 'AND' | 'OR' | 'XOR' | 'NOT' | 'DIFF' | 'DIFF1' | 'ANDOR' | 'ONE';

/** A source: `length` bytes of `bytes` from `start` on. */
export interface BitSource {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

/** Results up to this long are made in the same memory each time: new memory costs more than they do. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;
let kept = Buffer.alloc(0);

/** Combines sources; the result is as long as the longest of them and good until the next call. */
export function combineBits(operation: BitOperation, sources: readonly BitSource[]): Buffer {
  let length = 0;
  for (const source of sources) length = Math.max(length, source.length);
  const combined = memoryFor(length);
  const kernel = bitKernel();
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const bytes = Math.min(PIECE_BYTES, length - at);
    combinePiece(kernel, operation, sources, { at, bytes });
    kernel.result.copy(combined, at, 0, bytes);
  }
  return combined;
}

function memoryFor(length: number): Buffer {
  if (length > KEPT_BYTES_MAX) return Buffer.allocUnsafeSlow(length);
  if (length > kept.length) {
    kept = Buffer.allocUnsafeSlow(Math.min(KEPT_BYTES_MAX, length * 2));
  }
  return kept.subarray(0, length);
}

/** Bytes of all sources that are combined at once. */
interface Piece {
  readonly at: number;
  readonly bytes: number;
}

function combinePiece(
  kernel: BitKernel,
  operation: BitOperation,
  sources: readonly BitSource[],
  piece: Piece,
): void {
  // The first source of these stands apart: all others are united before it is brought in.
  const apart = operation === 'DIFF' || operation === 'DIFF1' || operation === 'ANDOR';
  const first = apart ? 1 : 0;
  const { bytes } = piece;
  load(kernel.result, sources[first]!, piece);
  if (operation === 'ONE') kernel.repeated.fill(0);
  for (let i = first + 1; i < sources.length; i++) {
    load(kernel.operand, sources[i]!, piece);
    if (operation === 'AND') kernel.and(bytes);
    else if (operation === 'XOR') kernel.xor(bytes);
    else {
      if (operation === 'ONE') kernel.repeat(bytes);
      kernel.or(bytes);
    }
  }
  if (operation === 'NOT') kernel.not(bytes);
  if (operation === 'ONE') kernel.excludeRepeated(bytes);
  if (!apart) return;
  load(kernel.operand, sources[0]!, piece);
  if (operation === 'DIFF') kernel.exclude(bytes);
  else if (operation === 'DIFF1') kernel.excludeOperand(bytes);
  else kernel.and(bytes);
}

/** Takes a source's bytes of a piece, zeros where it has none. */
function load(to: Buffer, { bytes, start, length }: BitSource, piece: Piece): void {
  const count = Math.max(0, Math.min(piece.bytes, length - piece.at));
  if (count > 0) bytes.copy(to, 0, start + piece.at, start + piece.at + count);
  if (count < piece.bytes) to.fill(0, count, piece.bytes);
}
