/** A listing of sorted rows, the slow and obvious way: look at every row. For the twin of the store. */
import type { Listing, ListPosition, ListQuery } from '../object-store.ts';

export function rollUp<T extends { readonly key: string }>(
  sorted: readonly T[],
  { prefix, delimiter, after, max }: ListQuery,
  idOf: (row: T) => string,
): Listing<T> {
  const rows: T[] = [];
  const prefixes: string[] = [];
  let last: ListPosition | undefined;
  let passed = after === undefined;
  for (const row of sorted) {
    const { key } = row;
    if (!key.startsWith(prefix)) continue;
    const rolled = rolledUp(key, prefix, delimiter);
    if (rolled === undefined && after !== undefined && !passed) {
      const order = compare(key, after.key);
      if (order < 0) continue;
      if (order === 0) {
        // Behind one of the key's rows come its others.
        if (after.id !== undefined && idOf(row) === after.id) passed = true;
        continue;
      }
    }
    if (rolled !== undefined) {
      if (after !== undefined && compare(rolled, after.key) <= 0) continue;
      if (prefixes.at(-1) === rolled) continue;
    }
    if (rows.length + prefixes.length === max)
      return { rows, prefixes, next: last as ListPosition };
    if (rolled !== undefined) {
      prefixes.push(rolled);
      last = { key: rolled };
    } else {
      rows.push(row);
      last = idOf(row) === '' ? { key } : { key, id: idOf(row) };
    }
  }
  return { rows, prefixes };
}

/** What a key is rolled up into, undefined when it stands for itself. */
export function rolledUp(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.slice(0, at + delimiter.length);
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
