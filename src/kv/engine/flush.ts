/**
 * Empties and exchanges whole databases, and tells everybody whose keys are concerned: the flush under way,
 * watchers, waiting and tracking clients. The caller logs it. Constant time for the keys themselves.
 */
import { type Database, swapContents } from '../keyspace/index.ts';
import type { Engine } from './engine.ts';

/** Deletes all keys of these databases; returns how many there were. */
export function flushDatabases(engine: Engine, databases: readonly Database[]): number {
  let keys = 0;
  for (const db of databases) keys += db.size;
  // As in Redis a client is told also when there was nothing to delete.
  engine.tracking.invalidateAll();
  if (keys === 0) return 0;
  engine.onKeyspaceReplaced?.();
  for (const db of databases) {
    if (db.size === 0) continue;
    engine.watchers.touchedDatabase(db.index, (key) => holds(db, key));
    db.clear();
    engine.blocking.touchedDatabase(db.index);
  }
  engine.dirty += keys;
  return keys;
}

/** Exchanges the keys of two databases; whoever has one of them selected sees the other's keys. */
export function swapDatabases(engine: Engine, a: Database, b: Database): void {
  if (a === b) return;
  engine.onKeyspaceReplaced?.();
  for (const db of [a, b]) {
    engine.watchers.touchedDatabase(db.index, (key) => holds(a, key) || holds(b, key));
  }
  swapContents(a, b);
  engine.blocking.touchedDatabase(a.index);
  engine.blocking.touchedDatabase(b.index);
  engine.tracking.invalidateAll();
  engine.dirty++;
}

function holds(db: Database, key: Buffer): boolean {
  return db.findRaw(key, 0, key.length) !== 0;
}
