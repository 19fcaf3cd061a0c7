/**
 * The longest common subsequence of two byte strings, and the runs of bytes that make it up.
 *
 * Of all longest ones it finds the one that Redis' LCS finds: from the ends backwards, a step back in
 * `a` only where that keeps strictly more than a step back in `b`. Memory: two rows of lengths, and
 * one bit for each pair of bytes when the matches are wanted.
 */

/** A run of `length` equal bytes at offset `a` of the one string and `b` of the other. */
export interface Match {
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

export interface Subsequence {
  readonly length: number;
  /** From the last to the first; empty when only the length was asked for. */
  readonly matches: readonly Match[];
}

export function commonSubsequence(a: Buffer, b: Buffer, wanted: 'length' | 'matches'): Subsequence {
  const columns = b.length + 1;
  let above = new Uint32Array(columns);
  let row = new Uint32Array(columns);
  // Bit set: the cell above keeps more than the cell to the left.
  const rowBytes = (columns + 7) >>> 3;
  const upward = new Uint8Array(wanted === 'matches' ? rowBytes * (a.length + 1) : 0);
  for (let i = 1; i <= a.length; i++) {
    const byte = a[i - 1]!;
    const bits = i * rowBytes;
    row[0] = 0;
    for (let j = 1; j < columns; j++) {
      const up = above[j]!;
      const left = row[j - 1]!;
      if (byte === b[j - 1]!) row[j] = above[j - 1]! + 1;
      else if (up > left) {
        row[j] = up;
        if (wanted === 'matches') upward[bits + (j >>> 3)]! |= 1 << (j & 7);
      } else row[j] = left;
    }
    [above, row] = [row, above];
  }
  const length = above[b.length]!;
  if (wanted === 'length') return { length, matches: [] };
  const isUpward = (i: number, j: number) =>
    (upward[i * rowBytes + (j >>> 3)]! & (1 << (j & 7))) !== 0;
  return { length, matches: trace(a, b, isUpward) };
}

function trace(a: Buffer, b: Buffer, isUpward: (i: number, j: number) => boolean): Match[] {
  const matches: Match[] = [];
  let i = a.length;
  let j = b.length;
  let run = 0;
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      i--;
      j--;
      run++;
      continue;
    }
    if (run > 0) matches.push({ a: i, b: j, length: run });
    run = 0;
    if (isUpward(i, j)) i--;
    else j--;
  }
  if (run > 0) matches.push({ a: i, b: j, length: run });
  return matches;
}
