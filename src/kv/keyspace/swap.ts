/** Exchanges all keys of two databases (SWAPDB), in constant time. The databases keep their numbers. */
import type { Database } from './database.ts';

export function swapContents(a: Database, b: Database): void {
  const { table, expiries, fieldExpiries, content, colds, changes } = a;
  a.table = b.table;
  a.expiries = b.expiries;
  a.fieldExpiries = b.fieldExpiries;
  a.content = b.content;
  a.colds = b.colds;
  a.changes = b.changes;
  b.table = table;
  b.expiries = expiries;
  b.fieldExpiries = fieldExpiries;
  b.content = content;
  b.colds = colds;
  b.changes = changes;
}
