import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { Fields } from '../../core/wire/index.ts';
import { ObjectStore } from './object-store.ts';
import { StoredResponse } from './stored-response.ts';

const MEBIBYTE = 1024 * 1024;

function storeOf(awakeMax = 0): ObjectStore {
  return new ObjectStore({
    ...{ bytesMax: 64 * MEBIBYTE, awakeMax, hashSeed: 7 },
    wallMs: () => 0,
    onLeaving: () => {},
  });
}

/** Stores a response with everything that a record has to keep. */
function put(objects: ObjectStore, key: string, n: number, variant = ''): StoredResponse {
  const fields = new Fields();
  fields.add(Buffer.from('Content-Length'), `${n % 50}`);
  fields.add(Buffer.from('x-number'), `${n}`);
  const stored = objects.begin(objects.resourceOf(objects.space('s'), key));
  Object.assign(stored, factsOf(n));
  if (variant !== '') Object.assign(stored, { variant, varyNames: ['accept-language', 'x-a'] });
  assert.ok(stored.keepFields(fields));
  stored.beginBody(-1);
  assert.ok(stored.append(Buffer.alloc(n % 50, `${n},`)));
  stored.finish();
  objects.add(stored);
  return stored;
}

function factsOf(n: number) {
  return {
    ...{ status: 200 + (n % 7), invalidated: n % 3 === 0, onDisk: n % 5 === 0, fetchMs: n / 7 },
    ...{ responseMs: 1.7e12 + n, initialAgeSeconds: n / 3, lifetimeSeconds: n * 2, seq: n },
    ...{ freshUntilMs: n % 2 === 0 ? 0 : 1.8e12 + n },
    tags: Array.from({ length: n % 4 }, (_, i) => n * 4 + i),
  };
}

/** Everything of it is as it was stored. */
function check(stored: StoredResponse, n: number): void {
  for (const [name, value] of Object.entries(factsOf(n))) {
    assert.deepEqual(stored[name as keyof StoredResponse], value, name);
  }
  const fields = new Fields();
  stored.readFields(fields);
  assert.deepEqual([fields.name(1), fields.value(1)], ['x-number', `${n}`]);
  assert.equal(stored.bodyBytes, n % 50);
  assert.equal(stored.lengthBytes, n % 50);
  assert.ok(stored.body(0, n % 50).equals(Buffer.alloc(n % 50, `${n},`)));
  assert.ok(stored.complete && !stored.gone);
}

function restAll(objects: ObjectStore): void {
  while (objects.rest());
}

test('what sleeps is found with all that was known of it, through many keys that come and go', () => {
  const random = createSimRandom(11);
  const objects = storeOf();
  const space = objects.space('s');
  const model = new Map<string, number>();
  for (let n = 1; n <= 12_000; n++) {
    const key = `http://example.com/${random.u32() % 6000}`;
    const known = model.get(key);
    if (random.u32() % 4 === 0) {
      const resource = objects.find(space, key);
      assert.equal(resource === undefined, known === undefined, key);
      if (resource?.newest != null) objects.remove(resource.newest);
      model.delete(key);
    } else {
      put(objects, key, n);
      model.set(key, n);
    }
    if (n % 10 === 0) restAll(objects);
  }
  restAll(objects);
  assert.ok(space.asleep > 3000 && space.awake.size === 0, `${space.asleep} asleep`);
  assert.equal(space.size, model.size);
  for (const [key, n] of model) check(objects.find(space, key)?.newest as StoredResponse, n);
  assert.equal(objects.stats.objects, model.size);
  objects.clear();
  assert.equal(objects.memory.objectBytes, 0);
  assert.equal(space.size, 0);
});

test('variants of one resource sleep and wake together, in their order', () => {
  const objects = storeOf();
  const space = objects.space('s');
  for (let n = 1; n <= 3; n++) put(objects, 'a', n, `v${n}`);
  put(objects, 'b', 9);
  restAll(objects);
  assert.deepEqual([space.asleep, space.awake.size, objects.stats.objects], [2, 0, 4]);
  const resource = objects.find(space, 'a');
  let n = 3;
  for (let at = resource?.newest ?? null; at !== null; at = at.nextVariant) {
    assert.deepEqual([at.variant, at.varyNames], [`v${n}`, ['accept-language', 'x-a']]);
    check(at, n--);
  }
  assert.equal(n, 0);
  assert.deepEqual([space.asleep, space.awake.size], [1, 1]);
});

test('equal keys of two spaces are two resources', () => {
  const objects = storeOf();
  put(objects, 'a', 1);
  restAll(objects);
  assert.equal(objects.find(objects.space('other'), 'a'), undefined);
  check(objects.find(objects.space('s'), 'a')?.newest as StoredResponse, 1);
});

test('what is being read, fetched or asked for again does not fall asleep', () => {
  const objects = storeOf(16);
  const space = objects.space('s');
  const read = put(objects, 'read', 1);
  read.pin();
  const used = put(objects, 'used', 2);
  objects.used(used);
  for (let n = 10; n < 20; n++) put(objects, `${n}`, n);
  restAll(objects);
  assert.equal(space.awake.get('read')?.newest, read);
  assert.equal(space.awake.get('used')?.newest, used);
  assert.equal(space.asleep, 9);
  read.unpin();
  objects.used(read);
  for (let n = 20; n < 60; n++) objects.used(put(objects, `${n}`, n));
  restAll(objects);
  assert.equal(space.awake.get('read'), undefined);
  check(objects.find(space, 'read')?.newest as StoredResponse, 1);
});

test('one that sleeps is evicted like any other, with its memory', () => {
  const left: string[] = [];
  const objects = new ObjectStore({
    ...{ bytesMax: 8 * MEBIBYTE, awakeMax: 0, wallMs: () => 0 },
    onLeaving: (stored, evicted) => {
      assert.ok(evicted);
      check(stored, Number(stored.key));
      assert.equal(objects.space('s').awake.size, 1, 'nobody wakes but the one that is stored');
      left.push(stored.key);
    },
  });
  let n = 0;
  while (left.length < 500) {
    put(objects, `${++n}`, n);
    restAll(objects);
  }
  assert.deepEqual(left.slice(0, 3), ['1', '2', '3']);
  assert.equal(objects.find(objects.space('s'), '1'), undefined);
  assert.ok(objects.memory.usedBytes <= 8 * MEBIBYTE);
  assert.equal(objects.stats.objects, n - left.length);
});

test('of variants that sleep one is evicted and the others stay, as they were', () => {
  const left = new Map<string, number[]>();
  const objects = new ObjectStore({
    ...{ bytesMax: 8 * MEBIBYTE, awakeMax: 0, wallMs: () => 0 },
    onLeaving: (stored) => {
      const n = Number(stored.variant.slice(1));
      check(stored, n);
      left.set(stored.key, [...(left.get(stored.key) ?? []), n]);
    },
  });
  const space = objects.space('s');
  let n = 0;
  while (left.size < 300) {
    // One, two or three of a key.
    const key = `${Math.floor(n / 3)}`;
    for (let variants = n % 3; variants >= 0; variants--) put(objects, key, ++n, `v${n}`);
    restAll(objects);
  }
  let counted = 0;
  for (const stored of objects.responses()) {
    check(stored, Number(stored.variant.slice(1)));
    assert.ok(!left.get(stored.key)?.includes(Number(stored.variant.slice(1))));
    counted++;
  }
  assert.equal(counted, objects.stats.objects);
  assert.equal(counted + [...left.values()].flat().length, n);
  restAll(objects);
  objects.clear();
  assert.deepEqual([objects.memory.objectBytes, space.size], [0, 0]);
});

test('a sweep sees all that is there throughout, whatever comes, goes, wakes and falls asleep meanwhile', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('put', 'remove', 'wake', 'rest'), fc.nat(3999)), {
    ...{ minLength: 100, maxLength: 400 },
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 30 }), (actions, stride) => {
      const objects = storeOf();
      const space = objects.space('s');
      for (let n = 0; n < 1500; n++) put(objects, `${n}`, n);
      restAll(objects);
      const stays = new Set(Array.from({ length: 1500 }, (_, n) => `${n}`));
      const seen = new Set<string>();
      let next = 0;
      for (const entry of objects.swept()) {
        seen.add(entry.key);
        if (entry instanceof StoredResponse) assert.ok(!entry.gone);
        else assert.equal(entry.seq, Number(entry.key));
        for (let i = 0; i < stride && next < actions.length; i++) {
          const [what, n] = actions[next++] as (typeof actions)[number];
          const key = `${n}`;
          if (what === 'rest') restAll(objects);
          else if (what === 'put') {
            if (n >= 1500) put(objects, key, n);
          } else {
            // What was asked for is compared with the purges by whoever asks.
            const resource = objects.find(space, key);
            stays.delete(key);
            if (what === 'remove' && resource?.newest != null) objects.remove(resource.newest);
          }
        }
      }
      for (const key of stays) assert.ok(seen.has(key), key);
    }),
    { numRuns: 30 },
  );
});
