import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Type } from '../../keyspace/index.ts';
import { bareStore, seededRandom } from '../testing.ts';
import {
  beginHash,
  deleteField,
  distinctFields,
  EMPTY_HASH_BYTES,
  eachField,
  encodingOf,
  expireFields,
  type FieldView,
  getField,
  HashBuilder,
  lengthOf,
  NO_TIME,
  nextExpiry,
  randomField,
  scanFields,
  setField,
  setFieldExpiry,
  wasLive,
} from './index.ts';

const LIMITS = { hashMaxListpackEntries: 6, hashMaxListpackValue: 20 };
const KEY = Buffer.from('key');

function textOf(field: FieldView): { field: string; value: string; expireAt: number } {
  const { buf, fieldStart, fieldLength, start, length, expireAt } = field;
  return {
    field: buf.toString('latin1', fieldStart, fieldStart + fieldLength),
    value: buf.toString('latin1', start, start + length),
    expireAt,
  };
}

function hashStore(limits = LIMITS) {
  const { db, keyspace, reclaim } = bareStore();
  const find = () => db.findForWrite(KEY, 0, KEY.length);
  const set = (field: string, value: string, now = NO_TIME, keep = false) => {
    let record = find();
    if (record === 0) {
      record = db.create(KEY, 0, KEY.length, Type.hash, EMPTY_HASH_BYTES);
      beginHash(db, record);
    }
    const f = Buffer.from(field, 'latin1');
    const v = Buffer.from(value, 'latin1');
    setField(db, record, limits, now, f, 0, f.length, v, 0, v.length, keep);
    return wasLive;
  };
  const remove = (field: string, now = NO_TIME) => {
    const f = Buffer.from(field, 'latin1');
    const record = deleteField(db, find(), now, f, 0, f.length);
    if (record !== 0 && lengthOf(db, record) === 0) db.remove(record);
    return wasLive;
  };
  const get = (field: string, now = NO_TIME) => {
    const f = Buffer.from(field, 'latin1');
    const found = find() === 0 ? undefined : getField(db, find(), now, f, 0, f.length);
    return found && textOf(found);
  };
  const expire = (field: string, atMs: number) => {
    const f = Buffer.from(field, 'latin1');
    setFieldExpiry(db, find(), f, 0, f.length, atMs);
  };
  const all = (now = NO_TIME) => {
    const list: ReturnType<typeof textOf>[] = [];
    eachField(db, find(), now, (field) => {
      list.push(textOf(field));
      return true;
    });
    return list;
  };
  return {
    db,
    keyspace,
    reclaim,
    find,
    set,
    remove,
    get,
    expire,
    all,
    encoding: () => encodingOf(db, find()),
  };
}

test('a hash becomes a table at one field too many, or one too long', () => {
  const hash = hashStore();
  for (let i = 0; i < 6; i++) hash.set(`f${i}`, `v${i}`);
  assert.equal(hash.encoding(), 'listpack');
  assert.deepEqual(
    hash.all().map((f) => f.field),
    ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'],
  );
  hash.set('f6', '');
  assert.equal(hash.encoding(), 'hashtable');
  for (const [field, value] of [
    ['x'.repeat(21), 'v'],
    ['f', 'x'.repeat(21)],
  ] as const) {
    const other = hashStore();
    other.set('a', 'b');
    other.set(field, value);
    assert.equal(other.encoding(), 'hashtable');
    assert.equal(other.get('a')?.value, 'b');
    assert.equal(other.get(field)?.value, value);
  }
});

test('a value is replaced in place, shorter and longer, and order stays', () => {
  const hash = hashStore();
  hash.set('a', '1');
  hash.set('b', '2');
  hash.set('c', '3');
  for (const value of ['x', '', 'longer', 'mid']) {
    assert.equal(hash.set('b', value), true);
    assert.deepEqual(
      hash.all().map((f) => f.field + f.value),
      ['a1', `b${value}`, 'c3'],
    );
  }
});

test('a packed hash gets room for expiries with the first, and keeps it', () => {
  const hash = hashStore();
  hash.set('a', '1');
  hash.set('b', '2');
  hash.expire('b', 500);
  assert.equal(hash.encoding(), 'listpackex');
  assert.equal(nextExpiry(hash.db, hash.find()), 500);
  assert.equal(hash.db.fieldExpiries.firstTime, 500);
  hash.set('c', '3');
  assert.deepEqual(hash.all(), [
    { field: 'a', value: '1', expireAt: 0 },
    { field: 'b', value: '2', expireAt: 500 },
    { field: 'c', value: '3', expireAt: 0 },
  ]);
  hash.set('b', 'new', NO_TIME, true);
  assert.equal(hash.get('b')?.expireAt, 500);
  hash.set('b', 'newer');
  assert.equal(hash.get('b')?.expireAt, 0);
});

interface Model {
  value: string;
  expireAt: number;
}

const name = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map((n) => `f${n}`),
  fc.constantFrom('', 'y'.repeat(25), 'z'.repeat(300)),
);

test('random changes agree with a Map, and all memory comes back', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.constantFrom('set', 'set', 'set', 'keep', 'remove', 'expire', 'persist', 'cycle'),
          name,
          name,
          fc.nat(100),
        ),
        { maxLength: 60 },
      ),
      fc.integer({ min: 0, max: 10 }),
      (steps, entries) => {
        const hash = hashStore({ hashMaxListpackEntries: entries, hashMaxListpackValue: 20 });
        const model = new Map<string, Model>();
        const now = 50;
        const live = (field: string) => {
          const known = model.get(field);
          return known !== undefined && (known.expireAt === 0 || known.expireAt > now);
        };
        for (const [what, field, value, time] of steps) {
          if (what === 'set' || what === 'keep') {
            const old = model.get(field);
            const kept = what === 'keep' && old !== undefined && live(field) ? old.expireAt : 0;
            assert.equal(hash.set(field, value, now, what === 'keep'), live(field));
            model.set(field, { value, expireAt: kept });
          } else if (hash.find() === 0) continue;
          else if (what === 'remove') {
            assert.equal(hash.remove(field, now), live(field));
            model.delete(field);
          } else if (what === 'cycle') {
            const due = [...model].filter(([f]) => !live(f)).map(([f]) => f);
            const seen: string[] = [];
            const record = expireFields(hash.db, hash.find(), now, 3, (f) => {
              seen.push(textOf(f).field);
              return true;
            });
            assert.equal(seen.length, Math.min(3, due.length));
            for (const f of seen) {
              assert.ok(due.includes(f));
              model.delete(f);
            }
            if (lengthOf(hash.db, record) === 0) hash.db.remove(record);
          } else if (model.has(field)) {
            const at = what === 'persist' ? 0 : time + 1;
            hash.expire(field, at);
            model.get(field)!.expireAt = at;
          }
          assert.equal(hash.find() === 0, model.size === 0);
          if (model.size === 0) continue;
          const liveFields = [...model].filter(([f]) => live(f));
          assert.equal(lengthOf(hash.db, hash.find()), model.size);
          assert.equal(lengthOf(hash.db, hash.find(), now), liveFields.length);
          assert.deepEqual(
            new Map(hash.all(now).map((f) => [f.field, f.value])),
            new Map(liveFields.map(([f, m]) => [f, m.value])),
          );
          const times = [...model.values()].map((m) => m.expireAt).filter((t) => t !== 0);
          assert.equal(
            nextExpiry(hash.db, hash.find()),
            Math.min(Number.POSITIVE_INFINITY, ...times),
          );
          assert.ok(
            hash.db.fieldExpiries.firstTime <= Math.min(Number.POSITIVE_INFINITY, ...times),
          );
          const got = hash.get(field, now);
          assert.equal(got?.value, live(field) ? model.get(field)?.value : undefined);
          assert.equal(got?.expireAt, live(field) ? model.get(field)?.expireAt : undefined);
        }
        if (hash.find() !== 0) hash.db.remove(hash.find());
        hash.reclaim();
        assert.equal(hash.db.fieldExpiries.size, 0);
        assert.equal(hash.keyspace.arena.usedBytes, 0);
      },
    ),
    { numRuns: 200 },
  );
});

test('a builder gives the fields, expiries and form that single writes give', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, name, fc.constantFrom(0, 0, 900)), { minLength: 1, maxLength: 12 }),
      (fields) => {
        const one = hashStore();
        const { db, keyspace, reclaim } = bareStore();
        const builder = new HashBuilder(db, LIMITS);
        const seen = new Set<string>();
        for (const [field, value, expireAt] of fields) {
          const added = builder.add(
            Buffer.from(field, 'latin1'),
            Buffer.from(value, 'latin1'),
            expireAt,
          );
          assert.equal(added, !seen.has(field));
          if (seen.has(field)) continue;
          seen.add(field);
          one.set(field, value);
          if (expireAt !== 0) one.expire(field, expireAt);
        }
        assert.equal(builder.size, seen.size);
        const record = builder.finish(KEY);
        assert.equal(encodingOf(db, record), one.encoding());
        const built: ReturnType<typeof textOf>[] = [];
        eachField(db, record, NO_TIME, (field) => {
          built.push(textOf(field));
          return true;
        });
        const order = (list: typeof built) => list.sort((a, b) => (a.field < b.field ? -1 : 1));
        assert.deepEqual(order(built), order(one.all()));
        assert.equal(db.fieldExpiries.firstTime, one.db.fieldExpiries.firstTime);
        db.remove(record);
        reclaim();
        assert.equal(keyspace.arena.usedBytes, 0);
      },
    ),
    // A field that comes twice: the expiry of the one that is refused leaves no trace.
    {
      examples: [
        [
          [
            ['', '', 0],
            ['', 'f0', 900],
          ],
        ],
      ],
    },
  );
});

test('random fields are equally likely, and only those that are there', () => {
  for (const [size, expired] of [
    [5, 2],
    [60, 10],
    [60, 50],
  ] as const) {
    const hash = hashStore();
    for (let i = 0; i < size; i++) hash.set(`f${i}`, 'v');
    for (let i = 0; i < expired; i++) hash.expire(`f${i}`, 10);
    const random = seededRandom(3);
    const hits = new Map<string, number>();
    const live = size - expired;
    for (let i = 0; i < live * 400; i++) {
      randomField(hash.db, hash.find(), 20, random, (field) => {
        const text = textOf(field).field;
        hits.set(text, (hits.get(text) ?? 0) + 1);
        return true;
      });
    }
    assert.equal(hits.size, live);
    let chi = 0;
    for (const n of hits.values()) chi += (n - 400) ** 2 / 400;
    // Far beyond what chance gives; the seed is fixed.
    assert.ok(chi < 3 * live + 10, `chi square ${chi} of ${live}`);
    for (const wanted of [1, live >> 1, live - 1]) {
      const drawn = new Set<string>();
      distinctFields(hash.db, hash.find(), 20, wanted, random, (field) => {
        drawn.add(textOf(field).field);
        return true;
      });
      assert.equal(drawn.size, wanted);
    }
  }
});

test('a scan sees every field that is there', () => {
  const hash = hashStore();
  for (let i = 0; i < 300; i++) hash.set(`f${i}`, 'v');
  for (let i = 0; i < 100; i++) hash.expire(`f${i}`, 10);
  const seen = new Set<string>();
  let cursor = 0;
  do {
    cursor = scanFields(hash.db, hash.find(), 20, { cursor, count: 7 }, (field) => {
      seen.add(textOf(field).field);
      return true;
    });
  } while (cursor !== 0);
  assert.equal(seen.size, 200);
});
