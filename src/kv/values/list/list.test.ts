import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Keyspace, Type } from '../../keyspace/index.ts';
import { defaultSettings } from '../../settings.ts';
import * as list from './index.ts';

const KEY = Buffer.from('list');

function newDatabase() {
  const keyspace = new Keyspace({
    databases: 1,
    hashSeed: 3,
    hooks: { beforeChange: () => {}, onExpired: () => true },
  });
  return { keyspace, db: keyspace.databases[0]! };
}

const item = fc.oneof(
  { weight: 6, arbitrary: fc.nat(1000).map((n) => Buffer.from(`item:${n}`)) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 700 }).map((n) => Buffer.alloc(n, 65)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Buffer.alloc(253, 1), Buffer.alloc(254, 2), Buffer.alloc(9000, 3)),
  },
);

const step = fc.tuple(
  fc.constantFrom('lpush', 'rpush', 'rpush', 'lpop', 'rpop', 'set', 'insert', 'remove', 'read'),
  fc.nat(),
  fc.nat(20),
  item,
);

for (const [name, size, runs] of [
  ['8 KiB chunks', -2, 60],
  ['chunks of three entries', 3, 60],
] as const) {
  test(`a list agrees with an array through all changes and both forms: ${name}`, () => {
    const settings = { ...defaultSettings(), listMaxListpackSize: size };
    const limits = list.limitsOf(settings);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 250 }), (steps) => {
        const { keyspace, db } = newDatabase();
        const model: Buffer[] = [];
        let record = list.createList(db, KEY, 0, KEY.length);
        const before = keyspace.arena.usedBytes;
        for (const [what, pick, count, value] of steps) {
          const index = model.length === 0 ? 0 : pick % model.length;
          if (what === 'lpush' || what === 'rpush') {
            record = list.push(db, record, limits, what === 'lpush', value, 0, value.length);
            if (what === 'lpush') model.unshift(value);
            else model.push(value);
          } else if (model.length === 0) continue;
          else if (what === 'lpop' || what === 'rpop') {
            const head = what === 'lpop';
            const element = list.endElement(db, record, head);
            const bytes = Buffer.from(element.bytes.subarray(element.start, element.end));
            assert.deepEqual(bytes, head ? model.shift() : model.pop());
            record = list.dropEnd(db, record, limits, head);
          } else if (what === 'set') {
            record = list.setElement(db, record, limits, index, value, 0, value.length);
            model[index] = value;
          } else if (what === 'insert') {
            record = list.insertElement(db, record, limits, index, value, 0, value.length);
            model.splice(index, 0, value);
          } else if (what === 'remove') {
            const removed = Math.min(count, model.length - index);
            record = list.removeElements(db, record, limits, index, removed);
            model.splice(index, removed);
          } else {
            const element = list.elementOf(db, record, index);
            assert.deepEqual(
              Buffer.from(element.bytes.subarray(element.start, element.end)),
              model[index],
            );
          }
          assert.equal(list.lengthOf(db, record), model.length);
        }
        for (const forward of [true, false]) {
          const seen: Buffer[] = [];
          list.each(db, record, forward ? 0 : model.length - 1, forward, (element) => {
            seen.push(Buffer.from(element.bytes.subarray(element.start, element.end)));
            return true;
          });
          assert.deepEqual(seen, forward ? model : [...model].reverse());
        }
        if (model.length > 0) list.removeElements(db, record, limits, 0, model.length);
        db.remove(db.findRaw(KEY, 0, KEY.length));
        while (keyspace.large.reclaim(1000));
        assert.ok(keyspace.arena.usedBytes <= before, 'memory was lost');
      }),
      { numRuns: runs },
    );
  });
}

test('a list is packed up to 8 KiB, a quicklist above, and packed again at half of it', () => {
  const { db } = newDatabase();
  const limits = list.limitsOf(defaultSettings());
  let record = list.createList(db, KEY, 0, KEY.length);
  const value = Buffer.alloc(98, 66);
  for (let i = 0; i < 81; i++) record = list.push(db, record, limits, false, value, 0, 98);
  assert.equal(list.encodingOf(db, record), 'listpack');
  record = list.push(db, record, limits, false, value, 0, 98);
  assert.equal(list.encodingOf(db, record), 'quicklist');
  while (list.lengthOf(db, record) > 41) record = list.dropEnd(db, record, limits, false);
  assert.equal(list.encodingOf(db, record), 'quicklist');
  record = list.dropEnd(db, record, limits, false);
  assert.equal(list.encodingOf(db, record), 'listpack');
  assert.equal(list.lengthOf(db, record), 40);
});

test('a builder gives the form that the limits ask for', () => {
  for (const count of [1, 10, 2000]) {
    const { db } = newDatabase();
    const builder = new list.ListBuilder(db, defaultSettings());
    for (let i = 0; i < count; i++) builder.add(Buffer.from(`element ${i}`));
    const record = builder.finish(KEY);
    assert.equal(db.typeOf(record), Type.list);
    assert.equal(list.lengthOf(db, record), count);
    assert.equal(list.encodingOf(db, record), count === 2000 ? 'quicklist' : 'listpack');
    const last = list.endElement(db, record, false);
    assert.equal(last.bytes.toString('latin1', last.start, last.end), `element ${count - 1}`);
  }
});
