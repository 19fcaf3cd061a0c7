/** Removes fields of hashes whose time has come though nobody asks for them. */
import { type Database, Type } from '../keyspace/index.ts';
import { Notify } from '../notify.ts';
import { expireFields, lengthOf, nextExpiry } from '../values/hash/index.ts';
import type { Engine } from './engine.ts';

/** Fields of one hash removed at a time. */
const FIELDS_MAX = 64;

/** Removes some due fields of one hash of a database; false when none was due. */
export function expireSomeFields(engine: Engine, db: Database): boolean {
  const { fieldExpiries } = db;
  const { nowMs } = engine.keyspace;
  if (fieldExpiries.firstTime > nowMs) return false;
  const key = fieldExpiries.firstKey();
  const found = db.findHot(key, 0, key.length);
  if (found === 0 || db.typeOf(found) !== Type.hash) {
    fieldExpiries.forget(key, 0, key.length);
    return true;
  }
  db.prepareForChange(found);
  const fields: Buffer[] = [];
  const record = expireFields(db, found, nowMs, FIELDS_MAX, (field) => {
    const { buf, fieldStart, fieldLength } = field;
    fields.push(Buffer.from(buf.subarray(fieldStart, fieldStart + fieldLength)));
    return true;
  });
  const next = nextExpiry(db, record);
  const empty = lengthOf(db, record) === 0;
  if (empty) db.remove(record);
  else if (next === Number.POSITIVE_INFINITY) fieldExpiries.forget(key, 0, key.length);
  else fieldExpiries.correct(key, 0, key.length, next);
  if (fields.length === 0) return true;
  engine.effects.add(db.index, ['HDEL', key, ...fields]);
  engine.changed(db, key, 0, key.length, Notify.hash, 'hexpired');
  if (empty) engine.notify(db, key, 0, key.length, Notify.generic, 'del');
  // Its own effect is logged: the command at hand has changed nothing by it.
  engine.dirty--;
  return true;
}
