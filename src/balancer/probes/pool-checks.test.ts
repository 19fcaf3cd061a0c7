import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../core/observe/index.ts';
import { createSimClock, createSimRandom } from '../../core/runtime/sim/index.ts';
import type { ProbeReason, Prober } from '../health/prober.ts';
import { SlowStarts, slowStartDefaults } from '../health/slow-start.ts';
import { Pool } from '../servers/pool.ts';
import type { ServerSpec } from '../servers/server.ts';
import { spec, specs } from '../testing/pools.ts';
import { poolSettings } from '../testing/settings.ts';
import type { CheckPlan } from './create-prober.ts';
import { PoolChecks } from './pool-checks.ts';
import { ProbeSlots } from './probe-slots.ts';

const LATENCY_MS = 5;

/** A pool whose servers answer checks as `outcomes` says, by name; all others pass. */
function setUp(servers: readonly ServerSpec[], settings = '', slots = new ProbeSlots()) {
  const clock = createSimClock();
  const pool = new Pool(servers);
  const outcomes = new Map<string, ProbeReason>();
  const made: string[] = [];
  const lines: Record<string, unknown>[] = [];
  let underWay = 0;
  let most = 0;
  const prober = ({ health }: CheckPlan): Prober | undefined => {
    if (health.check === 'none') return undefined;
    return {
      probe(server, done) {
        made.push(`${server.name} ${health.path}`);
        most = Math.max(most, ++underWay);
        let over = false;
        const end = () => {
          if (over) return false;
          over = true;
          underWay--;
          return true;
        };
        const reason = outcomes.get(server.name) ?? 'passed';
        clock.setTimer(LATENCY_MS, () => {
          if (end()) done({ reason, durationMs: LATENCY_MS, status: 503, detail: 'so it is' });
        });
        return end;
      },
    };
  };
  const plan = (yaml: string): CheckPlan => ({
    health: poolSettings(yaml).health,
    tls: undefined,
    proxyProtocol: 'no',
    source: undefined,
  });
  const slowStarts = new SlowStarts(pool, { ...slowStartDefaults, windowMs: 60_000 });
  const checks = new PoolChecks({
    name: 'app',
    pool,
    slowStarts,
    plan: plan(settings),
    prober,
    slots,
    clock,
    random: createSimRandom(1),
    log: createLogger({ level: 'info', sink: { write: (line) => lines.push(JSON.parse(line)) } }),
  });
  const states = () => [...pool.servers].map(({ state }) => state);
  const find = (name: string) => pool.find(name)!;
  return {
    ...{ clock, pool, checks, outcomes, made, lines, states, find, plan, slowStarts, slots },
    counts: () => ({ underWay, most }),
  };
}

test('servers are down until their first check and then what it says, with a line in the log for each', async () => {
  const { clock, checks, outcomes, states, lines, find } = setUp(specs(2));
  outcomes.set('s1', 'refused');
  checks.start();
  assert.deepEqual(states(), ['down', 'down']);
  assert.equal(checks.report(find('s0'))?.last, undefined);
  await clock.advance(100);
  assert.deepEqual(states(), ['starting', 'down']);
  assert.deepEqual(
    lines.map(({ msg, pool, server, reason, status, detail }) => [
      msg,
      pool,
      server,
      reason,
      status,
      detail,
    ]),
    [
      ['a server is up', 'app', 's0', 'passed', 503, 'so it is'],
      ['a server is down', 'app', 's1', 'refused', 503, 'so it is'],
    ],
  );
  const report = checks.report(find('s1'));
  assert.equal(report?.state, 'unhealthy');
  assert.equal(report?.last?.reason, 'refused');
  assert.equal(report?.last?.atWallMs, clock.wallMs() - 100 + LATENCY_MS);
  assert.equal(checks.counts.passed, 1);
  assert.equal(checks.counts.refused, 1);
});

test('a server goes down after fall failures and up after rise successes, each told once', async () => {
  const { clock, checks, outcomes, states, lines, made } = setUp(specs(1));
  checks.start();
  await clock.advance(20_000);
  outcomes.set('s0', 'wrong-status');
  await clock.advance(20_000);
  assert.deepEqual(states(), ['down']);
  outcomes.delete('s0');
  await clock.advance(20_000);
  assert.deepEqual(states(), ['starting']);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['a server is up', 'a server is down', 'a server is up'],
  );
  // About one in five seconds, and some sooner while it was not sure.
  assert.ok(made.length >= 12 && made.length <= 20, String(made.length));
});

test('no more checks are made at a time than there are places, and all are made', async () => {
  const slots = new ProbeSlots(8);
  const { clock, checks, made, counts, states } = setUp(specs(100), '', slots);
  checks.start();
  await clock.advance(200);
  assert.equal(new Set(made).size, 100);
  assert.ok(states().every((state) => state === 'starting'));
  assert.deepEqual(counts(), { underWay: 0, most: 8 });
  assert.deepEqual(slots.counts, { held: 0, waiting: 0 });
});

test('after stop nothing is under way, no place is held, nothing is told', async () => {
  const { clock, checks, made, slots, counts, lines } = setUp(specs(10), '', new ProbeSlots(4));
  checks.start();
  await clock.advance(LATENCY_MS - 1);
  assert.deepEqual(slots.counts, { held: 4, waiting: 6 });
  checks.stop();
  assert.deepEqual(slots.counts, { held: 0, waiting: 0 });
  assert.equal(counts().underWay, 0);
  const { length } = made;
  await clock.advance(60_000);
  assert.equal(made.length, length);
  assert.deepEqual(lines, []);
});

test('servers that come are checked, those that leave no more, those that stay keep what is known', async () => {
  const { clock, pool, checks, outcomes, find, slots, lines } = setUp(specs(3));
  outcomes.set('s1', 'refused');
  checks.start();
  await clock.advance(100);
  const [s0, s1] = [find('s0'), find('s1')];
  pool.replace([spec('s0'), spec('s1'), spec('new')]);
  checks.membersChanged();
  assert.deepEqual([s0.state, s1.state, find('new').state], ['starting', 'down', 'down']);
  pool.replace([spec('s0')]);
  checks.membersChanged();
  await clock.advance(60_000);
  assert.equal(checks.report(s1), undefined);
  assert.deepEqual(slots.counts, { held: 0, waiting: 0 });
  assert.equal(lines.length, 3);
});

test('a server at another address is unknown until it was checked there', async () => {
  const { clock, pool, checks, outcomes, find, made } = setUp(specs(2));
  checks.start();
  await clock.advance(100);
  const server = find('s0');
  pool.replace([spec('s0', { port: 81 }), spec('s1')]);
  outcomes.set('s0', 'refused');
  checks.membersChanged();
  assert.equal(find('s0'), server);
  assert.equal(server.state, 'down');
  await clock.advance(100);
  assert.equal(checks.report(server)?.state, 'unhealthy');
  assert.equal(made.length, 3);
});

test('a server in maintenance is not checked, and is unknown when it comes back', async () => {
  const { clock, pool, checks, find, made } = setUp(specs(2));
  checks.start();
  await clock.advance(100);
  pool.set(find('s0'), 'maintenance', true);
  checks.membersChanged();
  await clock.advance(30_000);
  assert.equal(made.filter((each) => each.startsWith('s0')).length, 1);
  pool.set(find('s0'), 'maintenance', false);
  checks.membersChanged();
  assert.equal(find('s0').state, 'down');
  await clock.advance(100);
  assert.equal(find('s0').state, 'starting');
});

test('another question is asked at once and takes nobody down before it is answered', async () => {
  const { clock, checks, states, made, plan, slowStarts, outcomes } = setUp(specs(2));
  checks.start();
  await clock.advance(100_000);
  made.length = 0;
  outcomes.set('s0', 'wrong-status');
  checks.apply(plan('health: { path: /other }'), slowStarts);
  await clock.advance(100);
  assert.deepEqual(made.sort(), ['s0 /other', 's1 /other']);
  assert.deepEqual(states(), ['starting', 'starting']);
  await clock.advance(30_000);
  assert.deepEqual(states(), ['down', 'starting']);
});

test('checks that are turned on take nobody down before fall of them failed; turned off they leave nobody down', async () => {
  const { clock, checks, states, plan, slowStarts, outcomes } = setUp(
    specs(2),
    'health: { check: none }',
  );
  checks.start();
  await clock.advance(10_000);
  assert.deepEqual(states(), ['up', 'up']);
  outcomes.set('s0', 'refused');
  checks.apply(plan('health: { check: tcp }'), slowStarts);
  assert.deepEqual(states(), ['up', 'up']);
  await clock.advance(100);
  assert.deepEqual(states(), ['up', 'up']);
  await clock.advance(30_000);
  assert.deepEqual(states(), ['down', 'up']);
  checks.apply(plan('health: { check: none }'), slowStarts);
  assert.deepEqual(states(), ['up', 'up']);
});

test('another interval holds for the wait that has begun', async () => {
  const { clock, checks, made, plan, slowStarts } = setUp(specs(1), 'health: { interval: 1h }');
  checks.start();
  await clock.advance(10_000);
  assert.equal(made.length, 1);
  checks.apply(plan('health: { interval: 1s }'), slowStarts);
  await clock.advance(10_000);
  assert.ok(made.length >= 9 && made.length <= 13, String(made.length));
});

test('a change of what does not concern the question leaves the check under way alone', async () => {
  const { clock, checks, made, plan, slowStarts } = setUp(specs(1));
  checks.start();
  await clock.advance(LATENCY_MS - 1);
  checks.apply(plan('health: { rise: 5 }'), slowStarts);
  await clock.advance(100);
  assert.equal(made.length, 1);
  assert.equal(checks.counts.passed, 1);
});

test('a check that we could not make says nothing about the server and is made again', async () => {
  const { clock, checks, states, outcomes, made, lines } = setUp(specs(1));
  checks.start();
  await clock.advance(100);
  outcomes.set('s0', 'not-made');
  made.length = 0;
  await clock.advance(30_000);
  assert.deepEqual(states(), ['starting']);
  assert.equal(lines.length, 1);
  assert.ok(made.length > 20, String(made.length));
});
