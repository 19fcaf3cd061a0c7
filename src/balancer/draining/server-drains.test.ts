import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../core/observe/index.ts';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import { spec } from '../testing/pools.ts';
import { LOOK_EVERY_MS } from './drain-report.ts';
import { type DrainedPool, ServerDrains } from './server-drains.ts';

function drains({ hasSessions = false } = {}) {
  const clock = createSimClock();
  const pool = new Pool([spec('a'), spec('b')]);
  const told: string[] = [];
  const of: DrainedPool = {
    ...{ name: 'app', pool, hasSessions },
    exchangesAt: () => [],
    streamsAt: () => [],
    cutStreamsAt: ({ name }) => told.push(`cut ${name}`),
    closeKept: ({ name }) => told.push(`close kept of ${name}`),
    reopen: ({ name }) => told.push(`reopen ${name}`),
  };
  const a = pool.find('a') as Server;
  return { clock, pool, told, a, drains: new ServerDrains(of, clock, silentLogger()) };
}

test('drain of a server: no new work, over when the last has left, then not even bound work', async () => {
  const { clock, pool, told, a, drains: of } = drains();
  a.active = 2;
  assert.equal(of.begin(a, 60_000), true);
  assert.equal(a.state, 'draining');
  assert.equal(a.slot, -1);
  assert.equal(a.takesBoundWork, true);
  assert.deepEqual(told, ['close kept of a']);
  a.active = 0;
  await clock.advance(LOOK_EVERY_MS);
  assert.equal(of.report(a)?.state, 'drained');
  assert.equal(a.takesBoundWork, false);
  assert.equal(of.resume(a), true);
  assert.equal(a.state, 'up');
  assert.equal(pool.levels[0]?.candidates.length, 2);
  assert.deepEqual(told, ['close kept of a', 'reopen a']);
  assert.equal(of.resume(a), false);
});

test('drain at its deadline: what is left is cut once, and cannot be taken back meanwhile', async () => {
  const { clock, told, a, drains: of } = drains();
  a.active = 1;
  of.begin(a, 1_000);
  await clock.advance(1_000 - LOOK_EVERY_MS);
  assert.ok(!told.includes('cut a'));
  await clock.advance(2 * LOOK_EVERY_MS);
  assert.equal(told.filter((each) => each === 'cut a').length, 1);
  assert.equal(of.report(a)?.state, 'cutting');
  assert.equal(a.takesBoundWork, false);
  assert.equal(of.resume(a), false);
  assert.equal(of.begin(a, 1_000), false);
  a.active = 0;
  await clock.advance(LOOK_EVERY_MS);
  const { state, cut, left } = of.report(a) ?? {};
  assert.deepEqual({ state, cut, left }, { state: 'drained', cut: 1, left: 0 });
});

test('drain without any time: cut inside the call', () => {
  const { told, a, drains: of } = drains();
  a.active = 1;
  of.begin(a, 0);
  assert.deepEqual(told, ['close kept of a', 'cut a']);
});

test('drain that is begun again: has the new deadline', async () => {
  const { clock, told, a, drains: of } = drains();
  a.active = 3;
  of.begin(a, 100);
  a.active = 1;
  of.begin(a, 10_000);
  await clock.advance(5_000);
  assert.ok(!told.includes('cut a'));
  assert.equal(of.report(a)?.deadlineInMs, 5_000);
  assert.equal(of.report(a)?.atStart, 3);
  of.begin(a, 0);
  assert.ok(told.includes('cut a'));
});

test('drain in a pool with sessions: waits for its deadline though nothing is under way', async () => {
  const { clock, a, drains: of } = drains({ hasSessions: true });
  of.begin(a, 1_000);
  await clock.advance(500);
  assert.equal(of.report(a)?.waitsForSessions, true);
  assert.equal(a.takesBoundWork, true);
  await clock.advance(600);
  const { state, cut } = of.report(a) ?? {};
  assert.deepEqual({ state, cut }, { state: 'drained', cut: 0 });
  assert.equal(a.takesBoundWork, false);
});

test('server that leaves its pool while it is drained: takes its drain with it', async () => {
  const { clock, pool, a, drains: of } = drains();
  a.active = 1;
  of.begin(a, 1_000);
  pool.replace([spec('b')]);
  await clock.advance(LOOK_EVERY_MS);
  assert.equal(of.has(a), false);
});
