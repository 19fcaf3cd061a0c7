import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { breakerDefaults, CircuitBreaker } from '../../core/resilience/index.ts';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import type { Server } from '../servers/server.ts';
import { forbidsInPanic, forbidsNewWork, serverCauseTable } from '../servers/server-causes.ts';
import { spec, specs, TestPool } from '../testing/pools.ts';
import { type PolicyName, policyTable } from './policy-table.ts';

const policies = Object.keys(policyTable) as PolicyName[];

function tally(
  pool: TestPool,
  choices: number,
  key: (i: number) => number = () => -1,
): Map<string, number> {
  const got = new Map<string, number>();
  for (let i = 0; i < choices; i++) {
    const name = pool.choose(key(i))?.name ?? 'none';
    got.set(name, (got.get(name) ?? 0) + 1);
  }
  return got;
}

for (const policy of policies) {
  test(`${policy}: a choice never falls on a server that may not be chosen, nor fails while one may`, () => {
    const causes = Object.values(serverCauseTable);
    const step = fc.record({
      do: fc.constantFrom('choose', 'choose', 'choose', 'end', 'cause', 'replace', 'share', 'wait'),
      which: fc.nat(99),
      cause: fc.nat(causes.length - 1),
      on: fc.boolean(),
    });
    const servers = fc.array(
      fc.record({ weight: fc.nat(3), priority: fc.nat(1), activeMax: fc.constantFrom(1, 3, 100) }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(
        servers,
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.integer(),
        (rows, steps, seed) => {
          const list = rows.map((row, i) => spec(`s${i}`, row));
          const pool = new TestPool(list, policy, createSimRandom(seed), { boundFactor: 1.25 });
          const under: Server[] = [];
          let nowMs = 0;
          for (const { do: what, which, cause, on } of steps) {
            const all = [...pool.pool.servers];
            const server = all[which % Math.max(1, all.length)];
            if (what === 'wait') nowMs += which * 100;
            else if (what === 'replace') {
              pool.pool.replace(list.filter((_, i) => ((which >> i) & 1) === 1));
            } else if (what === 'end') {
              const [ended] = under.splice(which % Math.max(1, under.length), 1);
              if (ended !== undefined) pool.attempts.ended(ended, 0, 'success', which, nowMs);
            } else if (server !== undefined && what === 'cause') {
              const name = Object.keys(serverCauseTable)[cause] as keyof typeof serverCauseTable;
              pool.pool.set(server, name, on);
            } else if (server !== undefined && what === 'share') {
              pool.pool.setShare(server, on ? 1 : 0.1);
            } else if (what === 'choose') {
              const avoid = all.filter((_, i) => on && ((which >> i) & 1) === 1);
              pool.choice.avoid = avoid;
              const usable = (each: Server, panic: boolean): boolean =>
                each.weight > 0 &&
                each.active < each.activeMax &&
                !avoid.includes(each) &&
                (each.causes & (panic ? forbidsInPanic : forbidsNewWork)) === 0;
              const chosen = pool.choose(on ? which * 7919 : -1, nowMs);
              if (chosen !== undefined) {
                assert.ok(all.includes(chosen));
                assert.ok(usable(chosen, pool.pool.levels[chosen.level]!.panic));
                pool.attempts.began(chosen, nowMs);
                under.push(chosen);
              } else {
                // Nothing at all only when every level that has a share has nobody.
                for (const level of pool.pool.levels) {
                  const left = level.members.filter((each) => usable(each, level.panic));
                  if (level.share === 1) assert.deepEqual(left, []);
                }
                assert.ok(pool.chooser.whyNone(pool.choice).length > 0);
              }
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
}

test('work is divided among levels by what they can carry, and a key stays on its level', () => {
  const list = [...specs(10), spec('b0', { priority: 1 })];
  const pool = new TestPool(list, 'ring', createSimRandom(1));
  for (const name of ['s0', 's1', 's2', 's3', 's4']) pool.pool.set(pool.server(name), 'down', true);
  const got = tally(pool, 4000, (i) => (i * 2654435761) >>> 0);
  const below = got.get('b0')! / 4000;
  assert.ok(Math.abs(below - 0.3) < 0.04, `${below} went to the second level`);
  for (let key = 0; key < 50; key++) assert.equal(pool.choose(key), pool.choose(key));
});

test('a retry goes to the next level when all of this one were tried, a full level sends nobody', () => {
  const pool = new TestPool(
    [spec('a', { activeMax: 1 }), spec('b', { priority: 1 })],
    'round-robin',
    createSimRandom(1),
  );
  pool.choice.avoid = [pool.server('a')];
  assert.equal(pool.choose()?.name, 'b');
  pool.choice.avoid = [];
  pool.attempts.began(pool.server('a'), 0);
  assert.equal(pool.choose(), undefined);
  assert.equal(pool.chooser.whyNone(pool.choice), 'all-full');
});

test('the reason why nothing was chosen tells nobody, full and tried apart', () => {
  const levels = { panicShare: 0, overProvision: 1 };
  const pool = new TestPool([spec('a'), spec('b')], 'random', createSimRandom(1), { levels });
  pool.choice.avoid = [pool.server('a'), pool.server('b')];
  assert.equal(pool.choose(), undefined);
  assert.equal(pool.chooser.whyNone(pool.choice), 'all-tried');
  pool.pool.set(pool.server('a'), 'down', true);
  pool.pool.set(pool.server('b'), 'maintenance', true);
  assert.equal(pool.choose(), undefined);
  assert.equal(pool.chooser.whyNone(pool.choice), 'none-healthy');
  pool.pool.replace([]);
  assert.equal(pool.choose(), undefined);
});

for (const policy of policies) {
  test(`${policy}: a starting server takes its share of what it would get and no more`, () => {
    const pool = new TestPool(specs(5), policy, createSimRandom(9));
    const starting = pool.server('s0');
    const times = (share: number): number => {
      pool.pool.setShare(starting, share);
      return tally(pool, 5000, (i) => (i * 2654435761) >>> 0).get('s0') ?? 0;
    };
    const whole = times(1);
    const half = times(0.5) / whole;
    const tenth = times(0.1) / whole;
    assert.ok(half > 0.35 && half < 0.65, `${half} of its share at 0.5`);
    assert.ok(tenth > 0.02 && tenth < 0.2, `${tenth} of its share at 0.1`);
  });
}

test('keys that have come to a starting server stay while its share grows', () => {
  const pool = new TestPool(specs(4), 'ring', createSimRandom(1));
  let before = new Set<number>();
  for (const share of [0.1, 0.3, 0.6, 1]) {
    pool.pool.setShare(pool.server('s1'), share);
    const here = new Set<number>();
    for (let i = 0; i < 2000; i++) {
      const key = (i * 2654435761) >>> 0;
      if (pool.choose(key)?.name === 's1') here.add(key);
    }
    for (const key of before) assert.ok(here.has(key));
    assert.ok(here.size > before.size);
    before = here;
  }
});

test('when all are starting alike nobody is held back', () => {
  const pool = new TestPool(specs(3), 'round-robin', createSimRandom(1));
  for (const server of pool.pool.servers) pool.pool.setShare(server, 0.1);
  assert.deepEqual([...tally(pool, 300).values()], [100, 100, 100]);
});

test('a breaker that opens takes its server out, few probes test it, and it comes back', () => {
  const pool = new TestPool(specs(3), 'round-robin', createSimRandom(1));
  const server = pool.server('s1');
  server.breaker = new CircuitBreaker({
    ...breakerDefaults,
    consecutiveFailures: 3,
    openMs: 1000,
    probesMax: 1,
    probesToClose: 2,
  });
  const attempt = (result: 'success' | 'failure' | 'unknown', nowMs: number): void => {
    pool.attempts.ended(server, pool.attempts.began(server, nowMs), result, 1, nowMs);
  };
  for (let i = 0; i < 3; i++) attempt('failure', 0);
  assert.equal(server.state, 'tripped');
  assert.equal(tally(pool, 300).get('s1'), undefined);
  pool.attempts.tick(1000);
  assert.equal(server.state, 'probing');
  const probe = pool.attempts.began(server, 1000);
  assert.equal(tally(pool, 300).get('s1'), undefined);
  pool.attempts.ended(server, probe, 'unknown', Number.NaN, 1001);
  assert.equal(tally(pool, 300).get('s1'), 100);
  attempt('success', 1002);
  attempt('success', 1003);
  assert.equal(server.state, 'up');
});

test('a server whose breaker is taken away while it holds it back works again', () => {
  const pool = new TestPool(specs(2), 'least-connections', createSimRandom(1));
  const options = { ...breakerDefaults, consecutiveFailures: 1, openMs: 1000 };
  for (const state of ['tripped', 'probing']) {
    const server = pool.server('s1');
    server.breaker = new CircuitBreaker(options);
    pool.attempts.ended(server, pool.attempts.began(server, 0), 'failure', 1, 0);
    pool.attempts.tick(state === 'tripped' ? 1 : 1000);
    assert.equal(server.state, state);
    const probe = pool.attempts.began(server, 1000);
    server.breaker = undefined;
    pool.attempts.tick(1001);
    assert.equal(server.state, 'up');
    assert.equal(server.admits, true);
    pool.attempts.ended(server, probe, 'success', 1, 1002);
  }
});

test('panic uses servers whose breakers are open', () => {
  const pool = new TestPool(specs(2), 'round-robin', createSimRandom(1));
  for (const server of pool.pool.servers) {
    server.breaker = new CircuitBreaker({ ...breakerDefaults, consecutiveFailures: 1 });
    pool.attempts.ended(server, pool.attempts.began(server, 0), 'failure', 1, 0);
    assert.equal(server.state, 'tripped');
  }
  assert.equal(tally(pool, 10).get('s0'), 5);
});

test('work that ends after its server has left the pool is counted and harms nobody', () => {
  const pool = new TestPool(specs(2), 'least-connections', createSimRandom(1));
  const gone = pool.server('s1');
  const attempt = pool.attempts.began(gone, 0);
  pool.pool.replace(specs(1));
  pool.attempts.ended(gone, attempt, 'success', 1, 0);
  assert.equal(gone.active, 0);
  assert.equal(pool.pool.levels[0]!.active, 0);
  assert.throws(() => pool.attempts.ended(gone, attempt, 'success', 1, 0), /has begun/);
});
