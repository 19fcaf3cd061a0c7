/** Replacing all keys by what would be stored of them, for a store without persistence (DEBUG RELOAD). */
import type { Engine } from '../engine/engine.ts';
import { addEntry, EntryReader, EntryWriter } from './entry.ts';

/** Writes every key down and loads it again. */
export function reloadInMemory(engine: Engine): void {
  const { keyspace } = engine;
  const writer = new EntryWriter();
  const reader = new EntryReader();
  for (const db of keyspace.databases) {
    const entries: { hash: number; key: Buffer; value: Buffer }[] = [];
    db.table.each((record) => {
      writer.whole(db, record);
      const value = Buffer.from(writer.sink.buf.subarray(0, writer.sink.at));
      entries.push({ hash: db.hashOf(record), key: db.keyBytes(record), value });
      return true;
    });
    db.clear();
    for (const { hash, key, value } of entries) {
      reader.open(value, 0, value.length);
      addEntry(engine, db, hash, { buf: key, start: 0, length: key.length }, reader);
    }
  }
}
