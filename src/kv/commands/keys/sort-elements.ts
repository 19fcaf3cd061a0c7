/** The elements of a list, set or sorted set that SORT works on. */
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { ignoringSink, type RdbValueSink } from '../../rdb/index.ts';
import { dumpValue } from '../../values/index.ts';
import { each } from '../../values/list/index.ts';

/** Copies of the elements from position `from` to `to`, both included, in the value's own order. */
export function elementsOf(db: Database, record: Address, from: number, to: number): Buffer[] {
  const elements: Buffer[] = [];
  if (db.typeOf(record) === Type.list) {
    each(db, record, from, true, ({ bytes, start, end }, index) => {
      elements.push(Buffer.from(bytes.subarray(start, end)));
      return index < to;
    });
    return elements;
  }
  let position = 0;
  const take = (element: Buffer): boolean => {
    if (position >= from && position <= to) elements.push(Buffer.from(element));
    return ++position <= to;
  };
  const sink: RdbValueSink = {
    ...ignoringSink,
    onSetMember: take,
    onZsetMember: (member) => take(member),
  };
  dumpValue(db, record, sink);
  return elements;
}
