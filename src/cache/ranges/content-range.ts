/** Content-Range, RFC 9110 section 14.4, read and written. */
import type { Part } from '../policy/index.ts';

export interface ContentRange {
  /** Null: nothing of the representation, as a 416 says it. */
  readonly part: Part | null;
  /** Undefined: the origin does not know the whole length. */
  readonly lengthBytes: number | undefined;
}

const BYTES = /^bytes +(?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i;

/** Null: it is none, or one that contradicts itself; such parts must not be put together (section 14.4). */
export function parseContentRange(value: string): ContentRange | null {
  const found = BYTES.exec(value);
  if (found === null) return null;
  const [, first, last, length] = found;
  const lengthBytes = length === '*' ? undefined : Number(length);
  if (first === undefined) {
    return lengthBytes === undefined ? null : { part: null, lengthBytes };
  }
  const part = { start: Number(first), end: Number(last) + 1 };
  if (part.end <= part.start || !Number.isSafeInteger(part.end)) return null;
  if (lengthBytes === undefined) return { part, lengthBytes };
  const fits = Number.isSafeInteger(lengthBytes) && part.end <= lengthBytes;
  return fits ? { part, lengthBytes } : null;
}

export function contentRangeOf({ start, end }: Part, lengthBytes: number): string {
  return `bytes ${start}-${end - 1}/${lengthBytes}`;
}

/** What a 416 says, section 15.5.17. */
export function unsatisfiedRange(lengthBytes: number): string {
  return `bytes */${lengthBytes}`;
}
