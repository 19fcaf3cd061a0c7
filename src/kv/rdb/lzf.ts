/**
 * LZF, the compression of RDB strings. A stream of two kinds of items, told
 * apart by their first byte `c`:
 *
 *     c < 32    literal run: the next c + 1 bytes as they are
 *     c >= 32   copy: length (c >> 5) + 2 (if c >> 5 is 7 the next byte is
 *               added), distance ((c & 31) << 8 | next byte) + 1 back
 *
 * Decompression trusts nothing: it never reads or writes outside the given
 * ranges and succeeds only if it fills the target exactly.
 */

const HASH_BITS = 14;
const LITERAL_MAX = 32;
const DISTANCE_MAX = 8192;
const COPY_MAX = 264;
/** After 2^this misses in a row every second position is tried, then every third, ... */
const PATIENCE_BITS = 6;

/**
 * Where each hash of three bytes was seen last, as `epoch + position`. Positions
 * of earlier calls lie below `epoch`, so the table is cleared only when the
 * epochs run out.
 */
const seenAt = new Int32Array(1 << HASH_BITS).fill(-1);
let epoch = 0;

/** Takes the range of positions for one call; returns its first. */
function takeEpoch(length: number): number {
  if (epoch > 0x7fffffff - length) {
    seenAt.fill(-1);
    epoch = 0;
  }
  const base = epoch;
  epoch += length;
  return base;
}

/**
 * Compresses `source` into `target[at, at + limit)`. Returns the bytes written,
 * or 0 if the result would not fit into `limit` (not worth compressing).
 * Data without repetitions is passed over ever faster the longer it lasts.
 */
export function lzfCompress(
  source: Uint8Array,
  target: Uint8Array,
  at: number,
  limit: number,
): number {
  const length = source.length;
  const end = at + limit;
  const base = takeEpoch(length);
  const lastStart = length - 3;
  let out = at;
  let literalsFrom = 0;
  let position = 0;
  let misses = 0;
  while (position <= lastStart) {
    const a = source[position] as number;
    const b = source[position + 1] as number;
    const c = source[position + 2] as number;
    const slot = Math.imul((a << 16) | (b << 8) | c, 0x9e3779b1) >>> (32 - HASH_BITS);
    const reference = (seenAt[slot] as number) - base;
    const distance = position - reference - 1;
    seenAt[slot] = base + position;
    if (
      reference < 0 ||
      distance >= DISTANCE_MAX ||
      source[reference] !== a ||
      source[reference + 1] !== b ||
      source[reference + 2] !== c
    ) {
      position += 1 + (misses++ >> PATIENCE_BITS);
      // Even if all that follows shrank to nothing, this much is used already.
      if (out + position - literalsFrom > end) return 0;
      continue;
    }
    misses = 0;
    const most = Math.min(length - position, COPY_MAX);
    let run = 3;
    while (run < most && source[reference + run] === source[position + run]) run++;
    out = putLiterals(source, literalsFrom, position, target, out, end);
    if (out < 0 || out + 3 > end) return 0;
    const code = run - 2;
    if (code < 7) {
      target[out++] = (code << 5) | (distance >> 8);
    } else {
      target[out++] = (7 << 5) | (distance >> 8);
      target[out++] = code - 7;
    }
    target[out++] = distance & 255;
    position += run;
    literalsFrom = position;
  }
  out = putLiterals(source, literalsFrom, length, target, out, end);
  return out < 0 ? 0 : out - at;
}

/** Writes `source[from, to)` as literal runs; returns the new end of `target`, -1 if full. */
function putLiterals(
  source: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  at: number,
  end: number,
): number {
  let out = at;
  for (let start = from; start < to; ) {
    const stop = Math.min(start + LITERAL_MAX, to);
    if (out + 1 + stop - start > end) return -1;
    target[out++] = stop - start - 1;
    while (start < stop) target[out++] = source[start++] as number;
  }
  return out;
}

/**
 * Decompresses `source[start, end)` into the whole of `target`. Returns false if
 * the data is malformed or does not fill `target` exactly.
 */
export function lzfDecompress(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): boolean {
  const size = target.length;
  let from = start;
  let to = 0;
  while (from < end) {
    const control = source[from++] as number;
    if (control < LITERAL_MAX) {
      const run = control + 1;
      if (run > end - from || run > size - to) return false;
      for (let i = 0; i < run; i++) target[to++] = source[from++] as number;
      continue;
    }
    let run = control >> 5;
    if (run === 7) {
      if (from >= end) return false;
      run += source[from++] as number;
    }
    run += 2;
    if (from >= end) return false;
    let reference = to - ((control & 31) << 8) - (source[from++] as number) - 1;
    if (reference < 0 || run > size - to) return false;
    // Byte by byte: the copied range may overlap what it produces.
    for (let i = 0; i < run; i++) target[to++] = target[reference++] as number;
  }
  return to === size;
}
