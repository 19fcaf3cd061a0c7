import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Keyspace } from './keyspace.ts';
import { Flag, Type } from './record.ts';

function newKeyspace(): { keyspace: Keyspace; before: string[] } {
  const before: string[] = [];
  const keyspace = new Keyspace({
    databases: 1,
    hashSeed: 11,
    hooks: {
      beforeChange: (db, record) =>
        void before.push(`${db.keyBytes(record)}=${db.valueBytes(record)}`),
      onExpired: (db, record) => {
        db.remove(record);
        return true;
      },
    },
  });
  keyspace.setNow(1_000_000);
  return { keyspace, before };
}

const operation = fc.tuple(
  fc.constantFrom('set', 'resize', 'remove', 'expire', 'persist', 'advance'),
  fc.nat(30),
  fc.nat(200),
);

test('a database agrees with a Map of values and expiries', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const { keyspace } = newKeyspace();
      const db = keyspace.databases[0]!;
      const model = new Map<string, { value: string; expireAt: number }>();
      let now = 1_000_000;
      for (const [what, n, amount] of operations) {
        const key = Buffer.from(`key${n}`);
        const name = key.toString();
        for (const [other, entry] of model) {
          if (entry.expireAt >= 0 && entry.expireAt <= now) model.delete(other);
        }
        const entry = model.get(name);
        let record = db.findForWrite(key, 0, key.length);
        assert.equal(record !== 0, entry !== undefined);
        if (record !== 0) {
          assert.equal(db.valueBytes(record).toString(), entry!.value);
          assert.equal(db.expiryOf(record), entry!.expireAt);
          assert.equal(db.keyBytes(record).toString(), name);
        }
        const value = String.fromCharCode(97 + (amount % 26)).repeat(amount);
        if (what === 'set' && record === 0) {
          record = db.create(key, 0, key.length, Type.string, value.length);
          db.bytesOf(record).write(value, db.valueOffset(record));
          model.set(name, { value, expireAt: -1 });
        } else if (what === 'resize' && entry !== undefined) {
          const kept = Math.min(entry.value.length, value.length);
          record = db.resizeValue(record, value.length, amount % 2 === 0);
          db.bytesOf(record).write(value.slice(kept), db.valueOffset(record) + kept);
          entry.value = entry.value.slice(0, kept) + value.slice(kept);
        } else if (what === 'remove' && record !== 0) {
          db.remove(record);
          model.delete(name);
        } else if (what === 'expire' && entry !== undefined) {
          db.setExpiry(record, now + amount + 1);
          entry.expireAt = now + amount + 1;
        } else if (what === 'persist' && entry !== undefined) {
          assert.equal(db.clearExpiry(record), entry.expireAt >= 0);
          entry.expireAt = -1;
        } else if (what === 'advance') {
          now += amount;
          keyspace.setNow(now);
        }
      }
      for (const name of model.keys()) {
        const key = Buffer.from(name);
        const record = db.findRaw(key, 0, key.length);
        assert.notEqual(record, 0);
        db.remove(record);
      }
      // What is left has expired and was met by nobody.
      db.table.each((record) => {
        db.remove(record);
        return true;
      });
      assert.equal(keyspace.arena.usedBytes, 0);
      assert.equal(db.expiries.size, 0);
    }),
    { numRuns: 60 },
  );
});

test('while a flush runs every dirty record is reported once, as it was when the flush began', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), fc.nat(60), (operations, walkEvery) => {
      const { keyspace, before } = newKeyspace();
      const db = keyspace.databases[0]!;
      keyspace.noteChanges();
      // As the flusher does it: what is reported is stored from then on.
      const { beforeChange } = keyspace;
      keyspace.beforeChange = (from, record) => {
        beforeChange(from, record);
        const meta = db.metaOf(record) & ~keyspace.flushingBit;
        db.setMeta(record, meta | Flag.stored);
      };
      for (let i = 0; i < 25; i++) {
        const key = Buffer.from(`key${i}`);
        const record = db.create(key, 0, key.length, Type.string, 3);
        db.bytesOf(record).write('old', db.valueOffset(record));
      }
      for (let round = 0; round < 3; round++) {
        const expected: string[] = [];
        db.table.each((record) => {
          const dirty = (db.metaOf(record) & keyspace.dirtyBit) !== 0;
          if (dirty) expected.push(`${db.keyBytes(record)}=${db.valueBytes(record)}`);
          return true;
        });
        before.length = 0;
        keyspace.beginFlush();
        const { dirty } = db.changes.flushing!;
        let next = 0;
        const walk = (): void => {
          db.table.eachOfHash(dirty.at(next++), (record) => {
            if ((db.metaOf(record) & keyspace.flushingBit) !== 0) keyspace.beforeChange(db, record);
          });
        };
        operations.forEach(([what, n, amount], step) => {
          if (next < dirty.size && step % (walkEvery + 1) === 0) walk();
          const key = Buffer.from(`key${n}`);
          const record = db.findForWrite(key, 0, key.length);
          if (record === 0) {
            const created = db.create(key, 0, key.length, Type.string, 3);
            db.bytesOf(created).write('new', db.valueOffset(created));
          } else if (what === 'remove') {
            const stored = (db.metaOf(record) & Flag.stored) !== 0;
            db.remove(record);
            const hash = db.table.hash(key, 0, key.length);
            assert.ok(!stored || db.changes.hasGone(hash, key, 0, key.length));
          } else if (what === 'expire') db.setExpiry(record, 9e12);
          else {
            const moved = db.resizeValue(record, amount);
            const offset = db.valueOffset(moved);
            db.bytesOf(moved).fill(98, offset, offset + amount);
          }
        });
        while (next < dirty.size) walk();
        keyspace.endFlush();
        assert.deepEqual([...before].sort(), expected.sort());
      }
    }),
    { numRuns: 60 },
  );
});
