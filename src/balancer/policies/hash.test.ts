import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { GOLDEN, mix32 } from '../keys/hash.ts';
import type { Server } from '../servers/server.ts';
import { spec, specs, TestPool } from '../testing/pools.ts';
import { maglevTable } from './maglev.ts';

const KEYS = 4000;
const keys = Array.from({ length: KEYS }, (_, i) => mix32(Math.imul(i, GOLDEN)));
const policies = ['source-hash', 'ring', 'maglev'] as const;
type Hashing = (typeof policies)[number];

function made(policy: Hashing, count: number, weights: readonly number[] = [1]): TestPool {
  return new TestPool(specs(count, weights), policy, createSimRandom(1));
}

const places = (pool: TestPool): string[] => keys.map((key) => pool.choose(key)!.name);

for (const policy of policies) {
  test(`${policy}: a key goes to the same server again, on any balancer`, () => {
    const first = places(made(policy, 7));
    const other = made(policy, 7);
    assert.deepEqual(places(other), first);
    assert.deepEqual(places(other), first);
  });

  test(`${policy}: a server that is out gives away its keys and no others move, and it gets them back`, () => {
    const pool = made(policy, 7, [1, 3]);
    const before = places(pool);
    pool.pool.set(pool.server('s3'), 'down', true);
    const after = places(pool);
    before.forEach((name, i) => {
      if (name === 's3') assert.notEqual(after[i], 's3');
      else assert.equal(after[i], name);
    });
    assert.ok(new Set(after.filter((_, i) => before[i] === 's3')).size >= 5);
    pool.pool.set(pool.server('s3'), 'down', false);
    assert.deepEqual(places(pool), before);
  });

  test(`${policy}: keys follow the weights`, () => {
    const pool = made(policy, 6, [1, 2, 5]);
    const got = new Map<string, number>();
    for (const name of places(pool)) got.set(name, (got.get(name) ?? 0) + 1);
    for (const { name, weight } of pool.pool.servers) {
      const due = (KEYS * weight) / 16;
      const slack = policy === 'ring' ? 0.35 : 0.2;
      assert.ok(
        Math.abs(got.get(name)! - due) < slack * due,
        `${name}: ${got.get(name)} of ${due}`,
      );
    }
  });

  test(`${policy}: of servers that are nearly all out the few that are left are found`, () => {
    const pool = new TestPool(specs(300), policy, createSimRandom(1), {
      levels: { panicShare: 0, overProvision: 1 },
    });
    for (const server of pool.pool.servers) {
      if (server.name !== 's7' && server.name !== 's201') pool.pool.set(server, 'down', true);
    }
    const first = places(pool);
    assert.deepEqual(new Set(first), new Set(['s7', 's201']));
    assert.deepEqual(places(pool), first);
  });

  test(`${policy}: requests without a key are spread`, () => {
    const pool = made(policy, 4);
    const got = new Set(Array.from({ length: 100 }, () => pool.choose()!.name));
    assert.equal(got.size, 4);
  });

  test(`${policy}: servers that were tried are avoided, always in the same order`, () => {
    const pool = made(policy, 4);
    for (const key of keys.slice(0, 50)) {
      const order = (): string[] => {
        const tried: Server[] = [];
        for (let i = 0; i < 4; i++) {
          pool.choice.avoid = tried;
          tried.push(pool.choose(key)!);
        }
        pool.choice.avoid = tried;
        assert.equal(pool.choose(key), undefined);
        pool.choice.avoid = [];
        return tried.map(({ name }) => name);
      };
      const first = order();
      assert.equal(new Set(first).size, 4);
      assert.deepEqual(order(), first);
    }
  });
}

test('ring: a server that comes takes keys, and moves none between the others', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      (count, weight) => {
        const pool = made('ring', count, [1, 2]);
        const before = places(pool);
        const { length } = [...pool.pool.servers];
        pool.pool.replace([...specs(length, [1, 2]), spec('new', { weight })]);
        const after = places(pool);
        let moved = 0;
        after.forEach((name, i) => {
          if (name === before[i]) return;
          assert.equal(name, 'new');
          moved++;
        });
        const total = [...pool.pool.servers].reduce((sum, each) => sum + each.weight, 0);
        const due = (KEYS * weight) / total;
        assert.ok(Math.abs(moved - due) < 0.4 * due + 20, `${moved} moved, ${due} due`);
        pool.pool.replace(specs(length, [1, 2]));
        assert.deepEqual(places(pool), before);
      },
    ),
    { numRuns: 20 },
  );
});

test('ring: a change of weight moves keys only to or from that server', () => {
  const pool = made('ring', 6, [3]);
  const before = places(pool);
  pool.pool.replace(
    specs(6, [3]).map((each) => (each.name === 's2' ? { ...each, weight: 5 } : each)),
  );
  places(pool).forEach((name, i) => {
    assert.ok(name === before[i] || name === 's2');
  });
});

test('ring: heavy weights keep the ring within its bound and even', () => {
  const pool = made('ring', 40, [1000, 500]);
  const got = new Map<string, number>();
  for (const name of places(pool)) got.set(name, (got.get(name) ?? 0) + 1);
  for (const { name, weight } of pool.pool.servers) {
    const due = (KEYS * weight) / 30_000;
    assert.ok(Math.abs((got.get(name) ?? 0) - due) < 5 * Math.sqrt(due), name);
  }
});

test('maglev: places are within one of the even share, and order of the list does not matter', () => {
  const pool = made('maglev', 7);
  const members = [...pool.pool.servers];
  const table = maglevTable(members, 997);
  const got = members.map((_, member) => table.filter((each) => each === member).length);
  assert.ok(Math.max(...got) - Math.min(...got) <= 1);
  const turned = [...members].reverse();
  const other = maglevTable(turned, 997);
  assert.deepEqual(
    Array.from(other, (member) => turned[member]!.name),
    Array.from(table, (member) => members[member]!.name),
  );
});

test('maglev: a server that comes or goes moves few keys more than it must', () => {
  for (const count of [3, 10, 50]) {
    const pool = made('maglev', count);
    const before = places(pool);
    pool.pool.replace([...specs(count), spec('new')]);
    const after = places(pool);
    const moved = after.filter((name, i) => name !== before[i]).length;
    const must = after.filter((name) => name === 'new').length;
    assert.ok(must > 0 && moved - must < 0.08 * KEYS, `${moved} moved, ${must} had to`);
  }
});

for (const policy of ['ring', 'maglev'] as const) {
  test(`${policy}: the bounded load is never exceeded, whatever keys come and work ends`, () => {
    const step = fc.record({ hot: fc.boolean(), which: fc.nat(999), end: fc.boolean() });
    const weights = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        weights,
        fc.constantFrom(1, 1.1, 1.25, 2),
        fc.array(step, { maxLength: 150, size: 'max' }),
        (list, boundFactor, steps) => {
          const random = createSimRandom(1);
          const pool = new TestPool(specs(list.length, list), policy, random, { boundFactor });
          const total = list.reduce((sum, weight) => sum + weight, 0);
          const under: Server[] = [];
          for (const { hot, which, end } of steps) {
            if (end && under.length > 0) {
              const [server] = under.splice(which % under.length, 1);
              pool.attempts.ended(server!, 0, 'success', 1, 0);
              continue;
            }
            const server = pool.choose(hot ? 42 : keys[which]!)!;
            const most = Math.ceil((boundFactor * (under.length + 1) * server.weight) / total);
            assert.ok(server.active + 1 <= most, `${server.active + 1} above ${most}`);
            pool.attempts.began(server, 0);
            under.push(server);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test(`${policy}: one hot key is spread no further than the bound asks for, and comes home`, () => {
    const pool = new TestPool(specs(10), policy, createSimRandom(1), { boundFactor: 1.25 });
    const home = pool.choose(42)!;
    const under = Array.from({ length: 40 }, () => {
      const server = pool.choose(42)!;
      pool.attempts.began(server, 0);
      return server;
    });
    assert.equal(under[0], home);
    assert.ok(Math.max(...under.map(({ active }) => active)) <= 6);
    for (const server of under) pool.attempts.ended(server, 0, 'success', 1, 0);
    assert.equal(pool.choose(42), home);
  });

  test(`${policy}: the bound gives way when the servers with room were tried already`, () => {
    const pool = new TestPool(specs(2), policy, createSimRandom(1), { boundFactor: 1 });
    const first = pool.choose(42)!;
    pool.attempts.began(first, 0);
    const second = pool.choose(42)!;
    assert.notEqual(second, first);
    pool.choice.avoid = [second];
    assert.equal(pool.choose(42), first);
  });
}
