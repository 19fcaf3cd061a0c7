import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import type { Server } from '../servers/server.ts';
import { spec, specs, TestPool } from '../testing/pools.ts';
import { EXPLORE_AFTER_MS, EXPLORE_EVERY } from './peak-ewma.ts';

const policies = ['least-connections', 'weighted-least-connections'] as const;

function load(policy: (typeof policies)[number], server: Server): number {
  return policy === 'least-connections' ? server.active : (server.active + 1) / server.weight;
}

for (const policy of policies) {
  test(`${policy} takes the least loaded, of equals the one chosen longest ago, as a scan would`, () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant({ do: 'begin' as const, which: 0 }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(99) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('avoid' as const), which: fc.nat(99) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('flip' as const), which: fc.nat(99) }) },
    );
    const weights = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(weights, fc.array(step, { maxLength: 120, size: 'max' }), (list, steps) => {
        const limited = specs(list.length, list).map((each, i) => ({
          ...each,
          activeMax: i % 3 === 2 ? 2 : Number.POSITIVE_INFINITY,
        }));
        const pool = new TestPool(limited, policy, createSimRandom(1), {
          levels: { panicShare: 0, overProvision: 1 },
        });
        const all = [...pool.pool.servers];
        const chosenAt = new Map<Server, number>();
        const under: Server[] = [];
        steps.forEach(({ do: what, which }, turn) => {
          const server = all[which % all.length]!;
          if (what === 'end') {
            const [ended] = under.splice(which % Math.max(1, under.length), 1);
            if (ended !== undefined) pool.attempts.ended(ended, 0, 'success', 1, 0);
          } else if (what === 'flip') {
            pool.pool.set(server, 'down', server.state === 'up');
            chosenAt.clear();
          } else {
            pool.choice.avoid = what === 'avoid' ? [server] : [];
            const open = all.filter(
              (each) =>
                each.state === 'up' &&
                each.active < each.activeMax &&
                !pool.choice.avoid.includes(each),
            );
            const least = Math.min(...open.map((each) => load(policy, each)));
            const equals = open.filter((each) => load(policy, each) === least);
            const oldest = Math.min(...equals.map((each) => chosenAt.get(each) ?? -1));
            const chosen = pool.choose();
            assert.equal(chosen === undefined, open.length === 0);
            if (chosen === undefined) return;
            assert.ok(equals.includes(chosen));
            assert.equal(chosenAt.get(chosen) ?? -1, oldest);
            chosenAt.set(chosen, turn);
            under.push(chosen);
            pool.attempts.began(chosen, 0);
          }
        });
      }),
    );
  });
}

test('an idle pool is used in turn and not always from the front', () => {
  const pool = new TestPool(specs(5), 'least-connections', createSimRandom(1));
  const names = Array.from({ length: 10 }, () => {
    const server = pool.choose()!;
    pool.attempts.ended(server, pool.attempts.began(server, 0), 'success', 1, 0);
    return server.name;
  });
  assert.equal(new Set(names.slice(0, 5)).size, 5);
  assert.deepEqual(names.slice(5), names.slice(0, 5));
});

test('weighted least connections: counts follow the weights while work only begins', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 8 }),
      fc.nat(300),
      (weights, work) => {
        const pool = new TestPool(
          specs(weights.length, weights),
          'weighted-least-connections',
          createSimRandom(1),
        );
        for (let i = 0; i < work; i++) pool.attempts.began(pool.choose()!, 0);
        const all = [...pool.pool.servers];
        for (const s of all) {
          for (const t of all) assert.ok(s.active * t.weight <= (t.active + 1) * s.weight);
        }
      },
    ),
  );
});

/** Runs `choices` requests, one every `stepMs`, with the latency that each server has at that time. */
function run(
  pool: TestPool,
  choices: number,
  stepMs: number,
  fromMs: number,
  latencyOf: (server: Server, nowMs: number) => number,
  seen: (server: Server, nowMs: number) => void = () => {},
): Map<string, number> {
  const got = new Map<string, number>();
  let ending: { server: Server; atMs: number; latencyMs: number }[] = [];
  for (let i = 0; i < choices; i++) {
    const nowMs = fromMs + i * stepMs;
    for (const { server, latencyMs } of ending.filter(({ atMs }) => atMs <= nowMs)) {
      pool.attempts.ended(server, 0, 'success', latencyMs, nowMs);
    }
    ending = ending.filter(({ atMs }) => atMs > nowMs);
    const server = pool.choose(-1, nowMs)!;
    seen(server, nowMs);
    pool.attempts.began(server, nowMs);
    const latencyMs = latencyOf(server, nowMs);
    ending.push({ server, atMs: nowMs + latencyMs, latencyMs });
    got.set(server.name, (got.get(server.name) ?? 0) + 1);
  }
  for (const { server, latencyMs, atMs } of ending) {
    pool.attempts.ended(server, 0, 'success', latencyMs, atMs);
  }
  return got;
}

test('peak-ewma sends little to a server that is slow, and as much as to the others once it is well', () => {
  const pool = new TestPool(specs(3), 'peak-ewma', createSimRandom(11));
  const latencyOf = (server: Server, nowMs: number): number =>
    server.name === 's0' && nowMs < 20_000 ? 500 : 5;
  const slow = run(pool, 20_000, 1, 0, latencyOf);
  assert.ok(slow.get('s0')! < 2000, `${slow.get('s0')} of 20000`);
  run(pool, 60_000, 1, 20_000, latencyOf);
  const well = run(pool, 20_000, 1, 80_000, latencyOf);
  assert.ok(well.get('s0')! > 5000, `${well.get('s0')} of 20000`);
});

test('peak-ewma: a candidate left out for a time is chosen within n x EXPLORE_EVERY choices', () => {
  const latencies = fc.array(fc.constantFrom(1, 5, 50, 2000), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(latencies, fc.constantFrom(1, 7, 300), fc.integer(), (list, stepMs, seed) => {
      const pool = new TestPool(specs(list.length), 'peak-ewma', createSimRandom(seed));
      const all = [...pool.pool.servers];
      const lastMs = new Map(all.map((server) => [server, Number.NEGATIVE_INFINITY]));
      const overdue = new Map(all.map((server) => [server, 0]));
      const seen = (chosen: Server, nowMs: number): void => {
        for (const server of all) {
          const since = nowMs - lastMs.get(server)!;
          overdue.set(server, since >= EXPLORE_AFTER_MS ? overdue.get(server)! + 1 : 0);
          assert.ok(overdue.get(server)! <= list.length * EXPLORE_EVERY, server.name);
        }
        lastMs.set(chosen, nowMs);
        overdue.set(chosen, 0);
      };
      run(pool, 1500, stepMs, 0, (server) => list[server.slot]!, seen);
    }),
    { numRuns: 40 },
  );
});

test('peak-ewma: exploring costs a slow server at most one choice in EXPLORE_AFTER_MS more', () => {
  const pool = new TestPool(specs(2), 'peak-ewma', createSimRandom(2));
  const slow = pool.server('s0');
  // Its average never fades: every answer is slow, and there is always work under way at it.
  const choices = 20_000;
  const got = run(pool, choices, 1, 0, (server) => (server === slow ? 30_000 : 1));
  assert.ok(got.get('s0')! <= choices / EXPLORE_AFTER_MS + 10, `${got.get('s0')}`);
});

test('peak-ewma: a server that fails at once does not look fast', () => {
  const pool = new TestPool(specs(2), 'peak-ewma', createSimRandom(4));
  let failed = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    const server = pool.choose(-1, nowMs)!;
    const broken = server.name === 's0';
    if (broken) failed++;
    const attempt = pool.attempts.began(server, nowMs);
    pool.attempts.ended(server, attempt, broken ? 'failure' : 'success', broken ? 0.1 : 20, nowMs);
  }
  assert.ok(failed < 1000, `${failed} of 10000 choices fell on the broken server`);
});

test('peak-ewma: a server without answers yet gets neither everything nor nothing', () => {
  const pool = new TestPool(specs(3), 'peak-ewma', createSimRandom(6));
  run(pool, 3000, 1, 0, () => 10);
  pool.pool.replace([...specs(3), spec('new')]);
  const got = run(pool, 400, 0.1, 3000, () => 10);
  assert.ok(got.get('new')! > 20 && got.get('new')! < 200, `${got.get('new')}`);
});
