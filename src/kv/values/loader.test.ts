import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Type } from '../keyspace/index.ts';
import { Crc64, type RdbValueSink, RdbValueWriter, readDump } from '../rdb/index.ts';
import { defaultSettings } from '../settings.ts';
import { copyValue, digestValue, dumpValue, encodingOf, lengthOf, ValueLoader } from './index.ts';
import { bareStore } from './testing.ts';

const KEY = Buffer.from('key');
const CRC_BYTES = 8;

type Tell = (sink: RdbValueSink) => void;

/** A value of any collection type as the events that build it, with how many elements it has. */
const values: fc.Arbitrary<{ tell: Tell; count: number; type: Type }> = fc
  .record({
    type: fc.constantFrom(Type.list, Type.set, Type.hash, Type.zset),
    count: fc.integer({ min: 1, max: 300 }),
    length: fc.integer({ min: 0, max: 90 }),
  })
  .map(({ type, count, length }) => ({
    type,
    count,
    tell: (sink) => {
      const text = (i: number) => Buffer.from(`${i}${'x'.repeat(length)}`);
      if (type === Type.list) sink.beginList(count);
      else if (type === Type.set) sink.beginSet(count, false);
      else if (type === Type.hash) sink.beginHash(count, false, 0);
      else sink.beginZset(count, false);
      for (let i = 0; i < count; i++) {
        if (type === Type.list) sink.onListItem(text(i));
        else if (type === Type.set) sink.onSetMember(text(i));
        else if (type === Type.hash) sink.onHashField(text(i), text(-i), 0);
        else sink.onZsetMember(text(i), i / 3);
      }
      sink.onEnd();
    },
  }));

test('what was loaded is dumped, copied and restored without a change', () => {
  fc.assert(
    fc.property(values, fc.boolean(), ({ tell, count, type }, large) => {
      const { db, keyspace, reclaim } = bareStore();
      const before = keyspace.arena.usedBytes;
      const store = { settings: defaultSettings() };
      const loader = new ValueLoader(store, db, KEY, large ? 'large' : 'by-settings');
      tell(loader);
      assert.equal(db.size, 0, 'the key comes when the value is complete');
      const record = loader.finish();
      assert.equal(db.typeOf(record), type);
      assert.equal(lengthOf(db, record), count);
      if (large) assert.ok(db.isLarge(record));
      const copy = copyValue(store, db, record, db, Buffer.from('copy'));
      assert.equal(encodingOf(db, copy), encodingOf(db, record));
      assert.equal(digestValue(db, copy), digestValue(db, record));
      const writer = new RdbValueWriter();
      dumpValue(db, record, writer);
      const second = new ValueLoader(store, db, Buffer.from('second'));
      assert.equal(readDump(writer.finishDump(), second), 'ok');
      assert.equal(digestValue(db, second.finish()), digestValue(db, record));
      db.clear();
      reclaim();
      assert.equal(keyspace.arena.usedBytes, before);
    }),
    { numRuns: 60 },
  );
});

test('a payload that is damaged below its checksum leaves nothing behind', () => {
  fc.assert(
    fc.property(values, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ tell }, place, change) => {
      const { db, keyspace, reclaim } = bareStore();
      const before = keyspace.arena.usedBytes;
      const writer = new RdbValueWriter();
      tell(writer);
      const payload = writer.finishDump();
      const end = payload.length - CRC_BYTES;
      payload[place % end]! ^= change;
      new Crc64().update(payload, 0, end).writeTo(payload, end);
      const loader = new ValueLoader({ settings: defaultSettings() }, db, KEY);
      const result = readDump(payload, loader, { trackDuplicates: false });
      if (result === 'ok') {
        const record = loader.finish();
        assert.match(digestValue(db, record), /^[0-9a-f]{40}$/);
        db.remove(record);
      } else loader.drop();
      assert.equal(db.size, 0);
      reclaim();
      assert.equal(keyspace.arena.usedBytes, before);
    }),
    { numRuns: 300 },
  );
});
