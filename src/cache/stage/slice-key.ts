/**
 * Keys of slices: the key of the URL, and a line that says which bytes. A purge names them by their URL as any other
 * key, and a rule with another size has other slices.
 *
 *     https://example.com/film
 *     slice 1048576 3              the fourth one
 */
import type { Part } from '../policy/index.ts';

/** No other line of a key begins so (key/key-maker.ts). */
const MARK = '\nslice ';

export interface SliceName {
  /** The key without its slice. */
  readonly key: string;
  /** Its bytes, as long as all of them are but the last one. */
  readonly asked: Part;
}

export function sliceKey(key: string, index: number, sliceBytes: number): string {
  return `${key}${MARK}${sliceBytes} ${index}`;
}

/** Null: it is no key of a slice. */
export function sliceOfKey(key: string): SliceName | null {
  const at = key.lastIndexOf(MARK);
  if (at === -1) return null;
  const [bytes, index] = key
    .slice(at + MARK.length)
    .split(' ')
    .map(Number) as [number, number];
  return { key: key.slice(0, at), asked: askedSlice(index, bytes) };
}

/** Its bytes while the length of the representation is not known. */
export function askedSlice(index: number, sliceBytes: number): Part {
  return { start: index * sliceBytes, end: (index + 1) * sliceBytes };
}
