/**
 * Tells a value as the events of the RDB codec (rdb/sink.ts): the one way in which values of all types
 * are walked over as a whole, for DUMP, flushes, COPY, digests and SORT. Nothing is materialised;
 * buffers told are views that last for the call.
 */
import type { Database } from '../keyspace/index.ts';
import { Type } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import type { RdbValueSink } from '../rdb/index.ts';
import * as hash from './hash/index.ts';
import * as list from './list/index.ts';
import * as set from './set/index.ts';
import * as stream from './stream/index.ts';
import * as zset from './zset/index.ts';

/** Tells `sink` the value of a record. The sink must not change this key. */
export function dumpValue(db: Database, record: Address, sink: RdbValueSink): void {
  const type = db.typeOf(record);
  switch (type) {
    case Type.string:
      sink.onString(db.valueBytes(record));
      return;
    case Type.list:
      dumpList(db, record, sink);
      return;
    case Type.set:
      dumpSet(db, record, sink);
      return;
    case Type.zset:
      dumpZset(db, record, sink);
      return;
    case Type.hash:
      dumpHash(db, record, sink);
      return;
    case Type.stream:
      stream.dump(db, record, sink);
      return;
  }
}

function dumpList(db: Database, record: Address, sink: RdbValueSink): void {
  sink.beginList(list.lengthOf(db, record));
  list.each(db, record, 0, true, ({ bytes, start, end }) => {
    sink.onListItem(bytes.subarray(start, end));
    return true;
  });
  sink.onEnd();
}

function dumpSet(db: Database, record: Address, sink: RdbValueSink): void {
  sink.beginSet(set.lengthOf(db, record), !db.isLarge(record));
  set.eachMember(db, record, (buf, start, length) =>
    sink.onSetMember(buf.subarray(start, start + length)),
  );
  sink.onEnd();
}

function dumpZset(db: Database, record: Address, sink: RdbValueSink): void {
  sink.beginZset(zset.lengthOf(db, record), !db.isLarge(record));
  zset.eachMember(db, record, (buf, start, length, score) =>
    sink.onZsetMember(buf.subarray(start, start + length), score),
  );
  sink.onEnd();
}

/** Fields whose time has come are told like others: whoever loads them sees to that. */
function dumpHash(db: Database, record: Address, sink: RdbValueSink): void {
  const next = hash.nextExpiry(db, record);
  const minExpireAtMs = next === Number.POSITIVE_INFINITY ? 0 : next;
  sink.beginHash(hash.lengthOf(db, record), !db.isLarge(record), minExpireAtMs);
  hash.eachField(db, record, hash.NO_TIME, (field) => {
    const { buf, fieldStart, start } = field;
    return sink.onHashField(
      buf.subarray(fieldStart, fieldStart + field.fieldLength),
      buf.subarray(start, start + field.length),
      field.expireAt,
    );
  });
  sink.onEnd();
}
