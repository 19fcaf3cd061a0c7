import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Expiries } from '../keyspace/expiries.ts';
import { createTestStore, type TestStore } from '../testing/harness.ts';

/** Runs the background until it has nothing more to do; returns the slices it took. */
function settle(kv: TestStore): number {
  let slices = 1;
  for (let more = kv.engine.background.tick(); more; more = kv.engine.background.slice()) slices++;
  return slices;
}

/** Ticks until nothing changes any more: one tick has a limited share of time. */
function settleAll(kv: TestStore): void {
  for (let keys = -1; keys !== kv.engine.keyspace.keys; ) {
    keys = kv.engine.keyspace.keys;
    settle(kv);
  }
}

test('due keys go though nobody asks for them, others stay', () => {
  const kv = createTestStore();
  for (let i = 0; i < 2000; i++) kv.run('SET', `k${i}`, 'v', 'PX', i % 2 === 0 ? 50_000 : 100_000);
  kv.run('SELECT', 3);
  kv.run('SET', 'other', 'v', 'PX', 50_000);
  kv.effects();
  settle(kv);
  assert.equal(kv.engine.keyspace.keys, 2001);
  kv.advance(50_001);
  settleAll(kv);
  assert.equal(kv.engine.keyspace.keys, 1000);
  const logged = kv.effects();
  assert.equal(logged.length, 1001);
  assert.ok(logged.some((effect) => effect.join(' ') === 'db3 DEL other'));
  assert.equal(kv.engine.stats.expiredKeys, 1001);
});

test('DEBUG SET-ACTIVE-EXPIRE switches it, look-ups expire keys all the same', () => {
  const kv = createTestStore();
  kv.run('SET', 'a', 'v', 'PX', 50_000);
  kv.run('SET', 'b', 'v', 'PX', 50_000);
  kv.run('DEBUG', 'SET-ACTIVE-EXPIRE', 0);
  kv.advance(50_001);
  settle(kv);
  assert.equal(kv.run('DBSIZE'), 2);
  assert.equal(kv.run('GET', 'a'), null);
  assert.equal(kv.run('DBSIZE'), 1);
  kv.run('DEBUG', 'SET-ACTIVE-EXPIRE', 1);
  settle(kv);
  assert.equal(kv.run('DBSIZE'), 0);
});

test('nothing expires by itself while effects are replayed', () => {
  const kv = createTestStore();
  kv.run('SET', 'a', 'v', 'PX', 50_000);
  kv.engine.keyspace.expiresOnLookup = false;
  kv.advance(50_001);
  settle(kv);
  assert.equal(kv.run('GET', 'a'), 'v');
  assert.equal(kv.run('PEXPIREAT', 'a', 1), 1);
  assert.equal(kv.run('GET', 'a'), 'v');
});

test('fields of hashes go when they are due, and empty hashes with them', () => {
  const kv = createTestStore();
  kv.run('HSET', 'h', 'f', 'v', 'g', 'v');
  kv.run('HPEXPIRE', 'h', 50_000, 'FIELDS', 1, 'f');
  kv.run('HSET', 'gone', ...Array.from({ length: 1400 }, (_, i) => `${i}`));
  kv.run(
    'HPEXPIRE',
    'gone',
    50_000,
    'FIELDS',
    700,
    ...Array.from({ length: 700 }, (_, i) => i * 2),
  );
  kv.effects();
  kv.advance(50_001);
  settleAll(kv);
  assert.deepEqual(kv.run('KEYS', '*'), ['h']);
  assert.deepEqual(kv.run('HKEYS', 'h'), ['g']);
  const logged = kv.effects();
  assert.ok(logged.some((effect) => effect.join(' ') === 'HDEL h f'));
  const fields = logged.filter((effect) => effect[1] === 'gone').flatMap((e) => e.slice(2));
  assert.equal(new Set(fields).size, 700);
  assert.equal(kv.engine.database(0)!.fieldExpiries.size, 0);
});

test('a list of expiries sweeps exactly what is due and keeps the rest in order', () => {
  const operation = fc.record({
    kind: fc.constantFrom('add', 'remove', 'move', 'sweep'),
    at: fc.nat(20_000),
    time: fc.nat(100),
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 40_000 }), fc.array(operation), (size, operations) => {
      const expiries = new Expiries();
      /** Record to its place and its time; a record's address is its birth number. */
      const places = new Map<number, number>();
      const times = new Map<number, number>();
      let born = 1;
      const add = (time: number): void => {
        times.set(born, time);
        places.set(born, expiries.add(born, time));
        born++;
      };
      const remove = (index: number): void => {
        const record = expiries.recordAt(index);
        const moved = expiries.remove(index);
        if (moved !== 0) places.set(moved, index);
        places.delete(record);
        times.delete(record);
      };
      for (let i = 0; i < size; i++) add(50 + (i % 77));
      for (const { kind, at, time } of operations) {
        if (kind === 'add') add(time);
        else if (kind === 'sweep') {
          const due = [...times].filter(([, when]) => when <= time).map(([record]) => record);
          const swept: number[] = [];
          for (let chunk = expiries.chunks - 1; chunk >= 0; chunk--) {
            expiries.sweep(chunk, time, (record) => {
              swept.push(record);
              remove(places.get(record)!);
              return true;
            });
          }
          assert.deepEqual(swept.toSorted(), due.toSorted());
        } else if (expiries.size > 0) {
          const index = at % expiries.size;
          if (kind === 'remove') remove(index);
          else {
            times.set(expiries.recordAt(index), time);
            expiries.setTime(index, time);
          }
        }
      }
      assert.equal(expiries.size, times.size);
    }),
    { numRuns: 30 },
  );
});
