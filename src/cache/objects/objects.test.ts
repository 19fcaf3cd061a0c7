import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Fields } from '../../core/wire/index.ts';
import { ObjectMemory } from './object-memory.ts';
import { ObjectStore } from './object-store.ts';
import { Pieces } from './pieces.ts';
import { putFields, readFields, storedFieldsBytes } from './stored-fields.ts';
import { SMALL_BODY_BYTES, type StoredResponse } from './stored-response.ts';

const MEBIBYTE = 1024 * 1024;

function fieldsOf(rows: readonly (readonly [string, string])[]): Fields {
  const fields = new Fields();
  for (const [name, value] of rows) fields.add(Buffer.from(name), value);
  return fields;
}

function rowsOf(fields: Fields): [string, string, number][] {
  const rows: [string, string, number][] = [];
  for (let i = 0; i < fields.count; i++) {
    if (!fields.isRemoved(i)) rows.push([fields.name(i), fields.value(i), fields.id(i)]);
  }
  return rows;
}

test('fields are read as they were written, without those that were removed', () => {
  const name = fc.constantFrom('ETag', 'x-a', 'Cache-Control', 'set-cookie', 'Vary');
  const value = fc.string({ unit: 'grapheme-ascii', maxLength: 300 }).map((text) => text.trim());
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 40 }), fc.nat(40), (rows, gone) => {
      const fields = fieldsOf(rows);
      if (gone < fields.count) fields.remove(gone);
      const out = Buffer.alloc(storedFieldsBytes(fields) + 7);
      assert.equal(putFields(out, 7, fields), out.length);
      const read = new Fields();
      readFields(out, 7, read);
      assert.deepEqual(rowsOf(read), rowsOf(fields));
    }),
  );
});

describe('pieces', () => {
  test('give back what was appended, from any place, whether its length was known or not', () => {
    const chunks = fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(chunks, fc.boolean(), fc.nat(), (sizes, known, at) => {
        const memory = new ObjectMemory(64 * MEBIBYTE, () => false);
        const body = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
        for (let i = 0; i < body.length; i++) body[i] = (i * 2_654_435_761) >>> 11;
        const pieces = new Pieces(memory, known ? body.length : -1);
        let end = 0;
        for (const size of sizes) {
          assert.ok(pieces.append(body.subarray(end, end + size)));
          end += size;
        }
        const read: Buffer[] = [];
        const from = at % body.length;
        for (let next = from; next < end; ) {
          const view = pieces.view(next, end);
          assert.ok(view.length > 0);
          read.push(view);
          next += view.length;
        }
        assert.ok(Buffer.concat(read).equals(body.subarray(from)));
        pieces.free();
        assert.equal(memory.usedBytes, 0);
      }),
      { numRuns: 40 },
    );
  });

  test('that get no memory keep what fitted', () => {
    const memory = new ObjectMemory(8 * MEBIBYTE, () => false);
    const pieces = new Pieces(memory, -1);
    const chunk = Buffer.alloc(100_000, 'a');
    let appended = 0;
    while (pieces.append(chunk)) appended += chunk.length;
    assert.ok(pieces.bytes >= appended && pieces.bytes < appended + chunk.length);
    assert.ok(memory.usedBytes <= 8 * MEBIBYTE);
    pieces.free();
    assert.equal(memory.usedBytes, 0);
  });
});

describe('the store', () => {
  const fields = fieldsOf([['ETag', '"x"']]);

  function storeOf(bytesMax: number, awakeMax = 0): ObjectStore {
    return new ObjectStore({ bytesMax, awakeMax, wallMs: () => 0, onLeaving: () => {} });
  }

  function store(objects: ObjectStore, key: string, body: Buffer): StoredResponse | null {
    const resource = objects.resourceOf(objects.space('s'), key);
    const stored = objects.begin(resource);
    stored.status = 200;
    if (!stored.keepFields(fields)) return null;
    stored.beginBody(-1);
    stored.pin();
    const fitted = stored.append(body);
    if (fitted) {
      stored.finish();
      objects.add(stored);
    } else {
      stored.leave();
    }
    stored.unpin();
    return fitted ? stored : null;
  }

  function bodyOf(stored: StoredResponse): Buffer {
    const read: Buffer[] = [];
    for (let at = 0; at < stored.bodyBytes; ) {
      const view = stored.body(at, stored.bodyBytes);
      read.push(Buffer.from(view));
      at += view.length;
    }
    return Buffer.concat(read);
  }

  test('keeps within its memory, and has of everything that it still knows every byte', () => {
    const size = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0, max: 2000 }) },
      { weight: 3, arbitrary: fc.integer({ min: 2000, max: 40_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 40_000, max: 900_000 }) },
    );
    const step = fc.tuple(
      fc.constantFrom('add', 'add', 'add', 'use', 'remove', 'rest'),
      fc.nat(60),
      size,
    );
    const many = fc.array(step, { minLength: 50, maxLength: 200 });
    const limit = 16 * MEBIBYTE;
    fc.assert(
      fc.property(many, fc.nat(20), (steps, awakeMax) => {
        const objects = storeOf(limit, awakeMax);
        const space = objects.space('s');
        const bodies = new Map<string, Buffer>();
        for (const [what, id, bytes] of steps) {
          const key = `key ${id}`;
          const stored = objects.find(space, key)?.newest ?? null;
          if (what === 'rest') objects.rest();
          else if (what === 'add') {
            const body = Buffer.alloc(bytes, `${id}/${bytes}.`);
            if (store(objects, key, body) !== null) bodies.set(key, body);
          } else if (stored !== null) {
            if (what === 'use') objects.used(stored);
            else objects.remove(stored);
          }
          assert.ok(objects.memory.usedBytes <= limit);
        }
        let count = 0;
        for (const stored of objects.responses()) {
          count++;
          assert.equal(stored.resource.variants, 1);
          assert.ok(bodyOf(stored).equals(bodies.get(stored.key) as Buffer), stored.key);
        }
        assert.equal(objects.stats.objects, count);
        objects.clear();
        assert.equal(objects.memory.objectBytes, 0);
        assert.equal(space.size, 0);
      }),
      { numRuns: 40 },
    );
  });

  test('lets what is being read stay until it has been read', () => {
    const objects = storeOf(16 * MEBIBYTE);
    const body = Buffer.alloc(200_000, 'abcdefg');
    const stored = store(objects, 'a', body) as StoredResponse;
    stored.pin();
    const view = stored.body(0, 50_000);
    objects.remove(stored);
    for (let i = 0; i < 300; i++) store(objects, `other ${i}`, Buffer.alloc(100_000, 'z'));
    assert.ok(view.equals(body.subarray(0, view.length)));
    assert.ok(bodyOf(stored).equals(body));
    const before = objects.memory.usedBytes;
    stored.unpin();
    assert.ok(objects.memory.usedBytes <= before - 200_000);
  });

  test('moves a small body beside its fields, and has it whole', () => {
    const objects = storeOf(16 * MEBIBYTE);
    for (const bytes of [0, 1, SMALL_BODY_BYTES, SMALL_BODY_BYTES + 1]) {
      const body = Buffer.alloc(bytes, 'abcdefg');
      const stored = store(objects, `${bytes}`, body) as StoredResponse;
      assert.ok(bodyOf(stored).equals(body));
      const read = new Fields();
      stored.readFields(read);
      assert.deepEqual(rowsOf(read), rowsOf(fields));
      assert.ok(
        stored.keepFields(
          fieldsOf([
            ['ETag', '"y"'],
            ['X-More', 'z'.repeat(500)],
          ]),
        ),
      );
      assert.ok(bodyOf(stored).equals(body));
    }
  });
});
