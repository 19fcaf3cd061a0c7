/**
 * Removes fields whose time has come, whether or not anybody asks for them. Reads never show them
 * anyway; this gives their memory back, tells of them, and writes them into the log.
 */
import type { EffectArg } from '../../command/call.ts';
import type { Engine } from '../../engine/engine.ts';
import { type Database, Type } from '../../keyspace/index.ts';
import { Notify } from '../../notify.ts';
import { expireFields, lengthOf, nextExpiry } from '../../values/hash/index.ts';

/** Fields named by one HDEL in the log. */
const EFFECT_FIELDS_MAX = 1024;

/**
 * Removes up to about `budget` fields that are due now, in all databases; true while more are due. The
 * caller has set the time and commits the log entry.
 */
export function expireHashFields(engine: Engine, budget: number): boolean {
  let left = budget;
  const { nowMs } = engine.keyspace;
  for (const db of engine.keyspace.databases) {
    while (db.fieldExpiries.firstTime <= nowMs) {
      if (left <= 0) return true;
      left -= expireFirst(engine, db, Math.min(left, EFFECT_FIELDS_MAX));
    }
  }
  return false;
}

/** Looks at the hash that is due first; returns the work done, at least 1. */
function expireFirst(engine: Engine, db: Database, budget: number): number {
  const { nowMs } = engine.keyspace;
  const key = db.fieldExpiries.firstKey();
  let record = db.findForWrite(key, 0, key.length);
  if (record === 0 || db.typeOf(record) !== Type.hash) {
    db.fieldExpiries.forget(key, 0, key.length);
    return 1;
  }
  const effect: EffectArg[] = ['HDEL', key];
  record = expireFields(db, record, nowMs, budget, (field) => {
    const { buf, fieldStart, fieldLength } = field;
    effect.push(Buffer.from(buf.subarray(fieldStart, fieldStart + fieldLength)));
    return true;
  });
  const removed = effect.length - 2;
  const emptied = lengthOf(db, record) === 0;
  if (emptied) db.remove(record);
  else {
    const next = nextExpiry(db, record);
    if (next === Number.POSITIVE_INFINITY) db.fieldExpiries.forget(key, 0, key.length);
    else db.fieldExpiries.correct(key, 0, key.length, next);
  }
  if (removed > 0) {
    engine.effects.add(db.index, effect);
    engine.changed(db, key, 0, key.length, Notify.hash, 'hexpired');
    if (emptied) engine.notify(db, key, 0, key.length, Notify.generic, 'del');
  }
  return Math.max(1, removed);
}
