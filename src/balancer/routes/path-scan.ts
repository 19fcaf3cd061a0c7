/**
 * One walk over a path: whether it is its own normal form, and the hashes of all its beginnings that are whole
 * segments.
 *
 *     /a/bc/d      ends 2, 5, 7     hashes of  /a  /a/bc  /a/bc/d
 *
 * Invariant: the hash of a beginning is that of the same bytes by themselves (`hashPath`), FNV-1a. The result
 * is overwritten by the next walk. Hot: bench/balancer-routes.ts.
 */
import { isDotSegment, PATH_BYTE, PathByte, SLASH } from './normal-path.ts';

/** Rules have no more segments than this, so the longest that could match is always among the ends. */
export const SEGMENTS_MAX = 64;

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

export class PathScan {
  /** The path itself. */
  buf: Buffer = Buffer.alloc(0);
  start = 0;
  length = 0;
  /** Hash of the whole path. */
  hash = 0;
  /** Lengths and hashes of the beginnings, the shortest first; the whole path when it does not end with `/`. */
  readonly ends: Int32Array = new Int32Array(SEGMENTS_MAX + 1);
  readonly hashes: Int32Array = new Int32Array(SEGMENTS_MAX + 1);
  count = 0;

  /** There is no path: `*`, or the target of CONNECT. */
  none(): void {
    this.length = 0;
    this.count = 0;
  }

  /**
   * Walks over `buf[start, start + length)`, which begins with `/`.
   * @param isForm it is known to be a normal form.
   * @returns false when it may be none; then nothing here is of use.
   */
  walk(buf: Buffer, start: number, length: number, isForm: boolean): boolean {
    const end = start + length;
    let hash = Math.imul(OFFSET ^ SLASH, PRIME);
    let count = 0;
    if (!isForm && startsOddly(buf, start + 1, end)) return false;
    for (let at = start + 1; at < end; at++) {
      const byte = buf[at]!;
      const kind = PATH_BYTE[byte]!;
      if (kind === PathByte.slash) {
        if (!isForm && startsOddly(buf, at + 1, end)) return false;
        if (count < SEGMENTS_MAX) {
          this.ends[count] = at - start;
          this.hashes[count++] = hash;
        }
      } else if (kind === PathByte.special && !isForm) return false;
      hash = Math.imul(hash ^ byte, PRIME);
    }
    if (length > 1 && buf[end - 1] !== SLASH) {
      this.ends[count] = length;
      this.hashes[count++] = hash;
    }
    this.buf = buf;
    this.start = start;
    this.length = length;
    this.hash = hash;
    this.count = count;
    return true;
  }
}

/** Whether the segment that begins at `at` is an empty one, another one behind it, or a dot-segment. */
function startsOddly(buf: Buffer, at: number, end: number): boolean {
  return at < end && (buf[at] === SLASH || isDotSegment(buf, at, end));
}

/** The hash of a whole path as scans give it. */
export function hashPath(path: Buffer): number {
  let hash = OFFSET;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path[i]!, PRIME);
  return hash | 0;
}
