import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, Arena, byteOffset, SEGMENT_SHIFT } from '../../core/memory/index.ts';
import { FETCH_MAX, Table } from './table.ts';

const HEAD = 12;

function newNode(arena: Arena, table: Table, key: Buffer): Address {
  const node = arena.alloc(HEAD + key.length);
  const words = arena.words[node >>> SEGMENT_SHIFT]!;
  const w = byteOffset(node) >>> 2;
  words[w + 1] = table.hash(key, 0, key.length);
  words[w + 2] = key.length;
  key.copy(arena.bytes[node >>> SEGMENT_SHIFT]!, byteOffset(node) + HEAD);
  return node;
}

function keyOf(arena: Arena, node: Address): string {
  const offset = byteOffset(node);
  const words = arena.words[node >>> SEGMENT_SHIFT]!;
  const length = words[(offset >>> 2) + 2]!;
  return arena.bytes[node >>> SEGMENT_SHIFT]!.toString(
    'latin1',
    offset + HEAD,
    offset + HEAD + length,
  );
}

function find(table: Table, key: Buffer): Address {
  return table.find(table.hash(key, 0, key.length), key, 0, key.length);
}

test('a table agrees with a Map through inserts, removals, moves and resizes', () => {
  const step = fc.tuple(fc.constantFrom('add', 'add', 'add', 'remove', 'move'), fc.nat(400));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 800 }), (steps) => {
      const arena = new Arena(7);
      const table = new Table(arena, HEAD);
      const model = new Map<string, Address>();
      for (const [what, n] of steps) {
        const key = Buffer.from(`key:${n}`.repeat((n % 7) + 1));
        const name = key.toString('latin1');
        const node = find(table, key);
        assert.equal(node, model.get(name) ?? 0);
        if (what === 'add' && node === 0) {
          const added = newNode(arena, table, key);
          table.insert(added);
          model.set(name, added);
        } else if (what === 'remove' && node !== 0) {
          assert.ok(table.unlink(node));
          arena.free(node);
          model.delete(name);
        } else if (what === 'move' && node !== 0) {
          const moved = newNode(arena, table, key);
          const from = arena.words[node >>> SEGMENT_SHIFT]!;
          arena.words[moved >>> SEGMENT_SHIFT]![byteOffset(moved) >>> 2] =
            from[byteOffset(node) >>> 2]!;
          assert.ok(table.replace(node, moved));
          arena.free(node);
          model.set(name, moved);
        }
        assert.equal(table.size, model.size);
      }
      const seen = new Set<string>();
      table.each((node) => {
        seen.add(keyOf(arena, node));
        return true;
      });
      assert.deepEqual([...seen].sort(), [...model.keys()].sort());
    }),
    { numRuns: 60 },
  );
});

test('a scan returns every key that is there from its start to its end, across resizes', () => {
  const change = fc.tuple(fc.boolean(), fc.nat(3000));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3000 }), fc.nat(2000), (changes, count) => {
      const arena = new Arena(3);
      const table = new Table(arena, HEAD);
      const stable = new Set<string>();
      for (let i = 0; i < count; i++) {
        const key = Buffer.from(`stable:${i}`);
        table.insert(newNode(arena, table, key));
        stable.add(key.toString());
      }
      const seen = new Set<string>();
      let cursor = 0;
      let next = 0;
      do {
        cursor = table.scan(cursor, (node) => void seen.add(keyOf(arena, node)));
        for (const stop = next + 20; next < stop && next < changes.length; next++) {
          const [add, n] = changes[next]!;
          const key = Buffer.from(`moving:${n}`);
          const node = find(table, key);
          if (add && node === 0) table.insert(newNode(arena, table, key));
          else if (!add && node !== 0) table.unlink(node);
        }
      } while (cursor !== 0);
      for (const key of stable) assert.ok(seen.has(key), `${key} was missed`);
    }),
    { numRuns: 40 },
  );
});

test('fetching ahead changes nothing, and a rehash in one step moves every key, whatever has gone before', () => {
  fc.assert(
    fc.property(
      fc.nat(600),
      fc.nat(FETCH_MAX),
      fc.integer({ min: 1, max: 300 }),
      (count, ahead, steps) => {
        const arena = new Arena(9);
        const table = new Table(arena, HEAD);
        const hashes = new Uint32Array(FETCH_MAX);
        for (let i = 0; i < count; i++) {
          const key = Buffer.from(`key:${i}`);
          for (let n = 0; n < ahead; n++) hashes[n] = Math.imul(i + n, 0x9e3779b1);
          table.fetch(hashes, ahead);
          table.insert(newNode(arena, table, key));
          if (i % 50 === 49) table.rehash(steps);
        }
        if (table.rehashing) {
          while (table.rehash(table.bucketCount)) {
            // A step passes a limited number of buckets.
          }
        }
        assert.equal(table.rehashing, false);
        for (let i = 0; i < count; i++) {
          const node = find(table, Buffer.from(`key:${i}`));
          assert.ok(node !== 0 && keyOf(arena, node) === `key:${i}`);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('random picks every key sooner or later, during a rehash too', () => {
  const arena = new Arena(5);
  const table = new Table(arena, HEAD);
  for (let i = 0; i < 33; i++) table.insert(newNode(arena, table, Buffer.from(`k${i}`)));
  assert.ok(table.rehashing);
  let state = 1;
  const random32 = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state ^ (state >>> 13)) >>> 0;
  };
  const seen = new Set<string>();
  for (let i = 0; i < 5000; i++) seen.add(keyOf(arena, table.random(random32)));
  assert.equal(seen.size, 33);
});

test('a sample of nodes holds every key sooner or later, also of small tables and during a rehash', () => {
  for (const [keys, room] of [
    [1, 32],
    [3, 8],
    [33, 8],
    [200, 32],
  ] as const) {
    const arena = new Arena(5);
    const table = new Table(arena, HEAD);
    for (let i = 0; i < keys; i++) table.insert(newNode(arena, table, Buffer.from(`k${i}`)));
    let state = 1;
    const random32 = (): number => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    };
    const seen = new Map<string, number>();
    const out = new Uint32Array(room);
    let drawn = 0;
    for (let i = 0; i < 20_000 / room; i++) {
      const count = table.sample(random32, out);
      assert.ok(count > 0 && count <= room);
      drawn += count;
      for (let nth = 0; nth < count; nth++) {
        const key = keyOf(arena, out[nth]!);
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
    assert.equal(seen.size, keys);
    for (const times of seen.values()) assert.ok(times > drawn / keys / 4, `${times} of ${drawn}`);
  }
  assert.equal(
    new Table(new Arena(5), HEAD).sample(() => 1, new Uint32Array(4)),
    0,
  );
});

test('without memory for more buckets a table goes on with those it has, and grows when there is some', () => {
  let refuses = false;
  const allocate = (bytes: number): ArrayBuffer => {
    if (refuses) throw new RangeError('Array buffer allocation failed');
    return new ArrayBuffer(bytes);
  };
  const arena = new Arena(5, { allocate });
  const table = new Table(arena, HEAD);
  const add = (from: number, to: number): void => {
    for (let i = from; i < to; i++) table.insert(newNode(arena, table, Buffer.from(`key:${i}`)));
  };
  add(0, 2000);
  refuses = true;
  add(2000, 8000);
  assert.equal(table.bucketCount, 2048);
  for (let i = 0; i < 8000; i++) {
    const node = find(table, Buffer.from(`key:${i}`));
    assert.equal(node === 0 ? undefined : keyOf(arena, node), `key:${i}`);
  }
  refuses = false;
  add(8000, 20_000);
  while (table.rehash(1000)) {
    // Until it has grown as far as it was behind.
  }
  assert.ok(table.bucketCount > 2048);
  for (let i = 0; i < 20_000; i++) assert.notEqual(find(table, Buffer.from(`key:${i}`)), 0);
});
