/**
 * Bitwise combinations of byte strings, the shorter ones continued with zeros.
 *
 * Works on chunks that stay in the processor's cache: each source's part is copied to an aligned buffer
 * and combined word by word.
 *
 * Benchmark: bench/kv (BITOP).
 */

export type BitOperation = 'AND' | 'OR' | 'XOR' | 'NOT' | 'DIFF' | 'DIFF1' | 'ANDOR' | 'ONE';

/** A source: `length` bytes of `bytes` from `start` on. */
export interface BitSource {
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
}

const CHUNK_BYTES = 16_384;
const CHUNK_WORDS = CHUNK_BYTES / 4;

class Chunk {
  readonly words = new Int32Array(CHUNK_WORDS);
  private readonly bytes = Buffer.from(this.words.buffer);

  /** Takes a source's bytes from `at` on, zeros where it has none. */
  load({ bytes, start, length }: BitSource, at: number): void {
    const count = Math.max(0, Math.min(CHUNK_BYTES, length - at));
    if (count > 0) bytes.copy(this.bytes, 0, start + at, start + at + count);
    if (count < CHUNK_BYTES) this.bytes.fill(0, count);
  }

  store(target: Buffer, at: number): void {
    this.bytes.copy(target, at, 0, Math.min(CHUNK_BYTES, target.length - at));
  }
}

const result = new Chunk();
const operand = new Chunk();
/** Bits that are set in more than one source, for ONE. */
const repeated = new Int32Array(CHUNK_WORDS);

/** Combines sources into a new buffer, as long as the longest of them. */
export function combineBits(operation: BitOperation, sources: readonly BitSource[]): Buffer {
  let length = 0;
  for (const source of sources) length = Math.max(length, source.length);
  const combined = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; at += CHUNK_BYTES) {
    const words = Math.min(CHUNK_WORDS, (length - at + 3) >>> 2);
    combineChunk(operation, sources, at, words);
    result.store(combined, at);
  }
  return combined;
}

function combineChunk(
  operation: BitOperation,
  sources: readonly BitSource[],
  at: number,
  words: number,
): void {
  // The first source of these stands apart: all others are united before it is brought in.
  const apart = operation === 'DIFF' || operation === 'DIFF1' || operation === 'ANDOR';
  const first = apart ? 1 : 0;
  const to = result.words;
  const from = operand.words;
  result.load(sources[first]!, at);
  if (operation === 'ONE') repeated.fill(0, 0, words);
  for (let i = first + 1; i < sources.length; i++) {
    operand.load(sources[i]!, at);
    if (operation === 'AND') and(to, from, words);
    else if (operation === 'XOR') xor(to, from, words);
    else if (operation === 'ONE') one(to, from, words);
    else or(to, from, words);
  }
  if (operation === 'NOT') for (let i = 0; i < words; i++) to[i] = ~to[i]!;
  if (operation === 'ONE') for (let i = 0; i < words; i++) to[i] = to[i]! & ~repeated[i]!;
  if (!apart) return;
  operand.load(sources[0]!, at);
  if (operation === 'DIFF') for (let i = 0; i < words; i++) to[i] = from[i]! & ~to[i]!;
  else if (operation === 'DIFF1') for (let i = 0; i < words; i++) to[i] = to[i]! & ~from[i]!;
  else and(to, from, words);
}

function and(to: Int32Array, from: Int32Array, words: number): void {
  for (let i = 0; i < words; i++) to[i] = to[i]! & from[i]!;
}

function or(to: Int32Array, from: Int32Array, words: number): void {
  for (let i = 0; i < words; i++) to[i] = to[i]! | from[i]!;
}

function xor(to: Int32Array, from: Int32Array, words: number): void {
  for (let i = 0; i < words; i++) to[i] = to[i]! ^ from[i]!;
}

function one(to: Int32Array, from: Int32Array, words: number): void {
  for (let i = 0; i < words; i++) {
    const bits = from[i]!;
    repeated[i] = repeated[i]! | (to[i]! & bits);
    to[i] = to[i]! | bits;
  }
}
