import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEdit, type Edit, encodeEdit, type LeveledTable } from './edit.ts';

const count = fc.oneof(fc.nat({ max: 1000 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
const number = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const bytes = fc.uint8Array({ maxLength: 12 }).map((array) => Buffer.from(array));

const table: fc.Arbitrary<LeveledTable> = fc
  .record({
    level: fc.nat({ max: 6 }),
    counts: fc.tuple(number, number, count, count, count, count),
    sequences: fc.tuple(count, count),
    keys: fc.tuple(bytes, bytes).filter(([a, b]) => a.compare(b) !== 0),
  })
  .map(({ level, counts, sequences, keys }) => ({
    level,
    meta: {
      number: counts[0],
      bytes: counts[1],
      entries: counts[2],
      deletes: counts[3],
      rangeDeletes: counts[4],
      minExpiresAtMs: counts[5],
      smallest: keys[0].compare(keys[1]) < 0 ? keys[0] : keys[1],
      end: keys[0].compare(keys[1]) < 0 ? keys[1] : keys[0],
      minSequence: Math.min(...sequences),
      maxSequence: Math.max(...sequences),
    },
  }));

const edit: fc.Arbitrary<Edit> = fc.record(
  {
    whole: fc.constant(false),
    drop: fc.uniqueArray(number, { maxLength: 4 }),
    add: fc.uniqueArray(table, { maxLength: 4, selector: ({ meta }) => meta.number }),
    nextTable: count,
    sequence: count,
    walIndex: count,
    mark: count,
    markSequence: count,
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('an edit comes back as it was written', () => {
  fc.assert(
    fc.property(edit, (written) => {
      assert.deepEqual(decodeEdit(encodeEdit(written), 'm', 1), written);
    }),
  );
});

test('the bounds of tables of an edit lie in memory of their own', () => {
  const { add } = decodeEdit(Buffer.from(JSON.stringify({ add: [good] })), 'm', 1);
  for (const { meta } of add ?? assert.fail('a table was added')) {
    assert.equal(meta.smallest.buffer.byteLength, 1);
    assert.equal(meta.end.buffer.byteLength, 1);
  }
});

const good = {
  number: 3,
  level: 1,
  bytes: 100,
  entries: 2,
  deletes: 0,
  rangeDeletes: 0,
  smallest: 'YQ==',
  end: 'Yg==',
  minSequence: 1,
  maxSequence: 2,
  minExpiresAt: 0,
};

const refused: readonly (readonly [what: string, text: string, saying: RegExp])[] = [
  ['no JSON', '{"add":', /no JSON/],
  ['an array', '[]', /an edit is no object/],
  ['null', 'null', /an edit is no object/],
  ['an unknown member', '{"moved":[]}', /unknown member moved/],
  ['a wrong whole', '{"whole":1}', /whole is neither/],
  ['a whole edit without its format', '{"whole":true,"add":[]}', /no format/],
  [
    'a whole edit without counters',
    '{"format":1,"whole":true,"add":[],"sequence":1}',
    /no nextTable/,
  ],
  ['a number as text', '{"sequence":"1"}', /sequence is no integer/],
  ['a fraction', '{"mark":1.5}', /mark is no integer/],
  ['a negative count', '{"walIndex":-1}', /walIndex is no integer/],
  ['more than 2^53', '{"nextTable":9007199254740993}', /nextTable is no integer/],
  ['a drop that is no array', '{"drop":{"0":1}}', /drop is no array/],
  ['table zero', '{"drop":[0]}', /a number of drop/],
  ['a table dropped twice', '{"drop":[4,4]}', /drop names a table twice/],
  ['a table added twice', JSON.stringify({ add: [good, good] }), /add names a table twice/],
  ['a table with a new member', JSON.stringify({ add: [{ ...good, x: 1 }] }), /member x/],
  ['a table without a member', JSON.stringify({ add: [{ ...good, end: undefined }] }), /no base64/],
  ['a level too deep', JSON.stringify({ add: [{ ...good, level: 7 }] }), /on level 7/],
  ['a key that is no base64', JSON.stringify({ add: [{ ...good, end: 'Y g' }] }), /no base64/],
  ['an empty range', JSON.stringify({ add: [{ ...good, end: 'YQ==' }] }), /ends before/],
  ['no sequences', JSON.stringify({ add: [{ ...good, minSequence: 3 }] }), /no sequence/],
];

for (const [what, text, saying] of refused) {
  test(`an edit with ${what} is refused with file and entry`, () => {
    assert.throws(
      () => decodeEdit(Buffer.from(text), '/lsm/manifest', 17),
      (error: { code?: string; file?: string; message?: string }) => {
        assert.equal(error.code, 'corrupt');
        assert.equal(error.file, '/lsm/manifest');
        assert.match(error.message ?? '', /entry 17: /);
        assert.match(error.message ?? '', saying);
        return true;
      },
    );
  });
}

test('the same table stripped of its faults is taken', () => {
  const { add } = decodeEdit(Buffer.from(JSON.stringify({ add: [good] })), 'm', 1);
  assert.equal(add?.[0]?.meta.smallest.toString(), 'a');
});

test('an edit of a newer format is refused as such, whatever else it says', () => {
  const payload = Buffer.from('{"format":2,"whole":true,"tables":{}}');
  assert.throws(() => decodeEdit(payload, '/m', 3), { code: 'version' });
});
