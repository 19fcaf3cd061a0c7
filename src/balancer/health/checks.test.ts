import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import { specs } from '../testing/pools.ts';
import { CheckBoard, type CheckTiming } from './check-board.ts';
import { firstStanding, isWell, nextStanding, type Standing } from './check-states.ts';
import { SlowStarts, slowStartDefaults, slowStartShare } from './slow-start.ts';

const timing: CheckTiming = {
  intervalMs: 1000,
  unsureIntervalMs: 200,
  downIntervalMs: 500,
  jitter: 0.1,
  rise: 2,
  fall: 3,
};

function board(count: number): {
  pool: Pool;
  board: CheckBoard;
  servers: Server[];
  starts: SlowStarts;
} {
  const pool = new Pool(specs(count));
  const starts = new SlowStarts(pool);
  const made = new CheckBoard(pool, timing, createSimRandom(1), starts);
  const servers = [...pool.servers];
  for (const server of servers) made.add(server, 0);
  return { pool, board: made, servers, starts };
}

test('the verdict turns only after fall failures or rise successes in a row, the first result excepted', () => {
  const results = fc.array(fc.boolean(), { minLength: 1, maxLength: 40, size: 'max' });
  const counts = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(results, counts, counts, (list, rise, fall) => {
      let standing: Standing = firstStanding;
      let well = false;
      list.forEach((success, i) => {
        standing = nextStanding(standing, success, { rise, fall });
        const last = (count: number, what: boolean): boolean =>
          i + 1 >= count && list.slice(i + 1 - count, i + 1).every((each) => each === what);
        if (i === 0) well = success;
        else if (well && last(fall, false)) well = false;
        else if (!well && last(rise, true)) well = true;
        assert.equal(isWell(standing.state), well);
      });
    }),
  );
});

test('the first check is due at once, the next an interval after the last began, give or take the jitter', () => {
  const { board: checks, servers } = board(20);
  assert.equal(checks.nextDueMs(), 0);
  const begun: Server[] = [];
  checks.takeDue(0, (server) => begun.push(server));
  assert.deepEqual(begun, servers);
  assert.equal(checks.nextDueMs(), Number.POSITIVE_INFINITY);
  checks.takeDue(5000, () => assert.fail('a check of this server is under way'));
  for (const server of servers) checks.result(server, true, 30);
  const due: number[] = [];
  for (let nowMs = 31; due.length < 20; nowMs++) checks.takeDue(nowMs, () => due.push(nowMs));
  assert.ok(due.every((ms) => ms >= 900 && ms <= 1100));
  assert.ok(new Set(due).size > 10);
});

test('a check that took longer than the interval is followed by the next when it ends, not before', () => {
  const { board: checks, servers } = board(1);
  checks.takeDue(0, () => {});
  checks.result(servers[0]!, true, 7000);
  assert.equal(checks.nextDueMs(), 7000);
});

test('a server is down until its first good check, then goes down and comes up by its results', () => {
  const { board: checks, servers, pool } = board(2);
  const [server, other] = servers as [Server, Server];
  const check = (target: Server, success: boolean, nowMs: number) => {
    checks.takeDue(nowMs, () => {});
    return checks.result(target, success, nowMs);
  };
  assert.equal(server.state, 'down');
  assert.equal(pool.levels[0]!.panic, true);
  assert.equal(check(server, true, 0), 'came-up');
  assert.equal(check(other, false, 0), 'went-down');
  assert.equal(server.state, 'starting');
  assert.equal(pool.levels[0]!.panic, false);
  assert.deepEqual(
    [10_000, 20_000, 30_000, 40_000].map((nowMs) => check(server, false, nowMs)),
    [undefined, undefined, 'went-down', undefined],
  );
  assert.equal(server.state, 'down');
  assert.deepEqual(
    [50_000, 60_000].map((nowMs) => check(server, true, nowMs)),
    [undefined, 'came-up'],
  );
  assert.equal(server.takesBoundWork, true);
});

test('a server that stays well starts slowly once, not at every check', () => {
  const { board: checks, servers, starts } = board(1);
  const server = servers[0]!;
  for (const nowMs of [0, 10_000, 20_000]) {
    checks.takeDue(nowMs, () => {});
    checks.result(server, true, nowMs);
  }
  starts.tick(15_000);
  assert.equal(server.share, 0.5);
});

test('servers in maintenance are not checked, and a late result says nothing', () => {
  const { board: checks, servers, pool } = board(1);
  const server = servers[0]!;
  checks.takeDue(0, () => {});
  pool.set(server, 'maintenance', true);
  assert.equal(checks.result(server, true, 10), undefined);
  assert.equal(checks.nextDueMs(), Number.POSITIVE_INFINITY);
  checks.takeDue(9999, () => assert.fail('checked in maintenance'));
  pool.set(server, 'maintenance', false);
  checks.add(server, 10_000);
  assert.equal(server.state, 'down');
  assert.equal(checks.nextDueMs(), 10_000);
});

test('a server that is checked no more is not down, and results for it are dropped', () => {
  const { board: checks, servers } = board(1);
  checks.takeDue(0, () => {});
  checks.remove(servers[0]!);
  assert.equal(servers[0]!.state, 'up');
  assert.equal(checks.result(servers[0]!, false, 5), undefined);
  assert.equal(servers[0]!.state, 'up');
});

test('the slow start curve rises from its floor to one, and the aggression bends it', () => {
  const line = { windowMs: 1000, aggression: 1, floor: 0.1 };
  assert.deepEqual(
    [-5, 0, 50, 100, 500, 999, 1000, 9e9].map((ms) => slowStartShare(ms, line)),
    [0.1, 0.1, 0.1, 0.1, 0.5, 0.999, 1, 1],
  );
  assert.ok(slowStartShare(250, { ...line, aggression: 2 }) === 0.5);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1500 }),
      fc.integer({ min: 0, max: 500 }),
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      (atMs, laterMs, aggression) => {
        const options = { ...line, aggression };
        const share = slowStartShare(atMs, options);
        assert.ok(share >= 0.1 && share <= 1);
        assert.ok(slowStartShare(atMs + laterMs, options) >= share);
      },
    ),
  );
});

test('a starting server moves along the curve and is up at its end; beginning again begins anew', () => {
  const pool = new Pool(specs(3));
  const starts = new SlowStarts(pool, { ...slowStartDefaults, windowMs: 1000 });
  const server = pool.find('s1')!;
  starts.begin(server, 0);
  assert.deepEqual([server.state, server.share], ['starting', 0.1]);
  assert.equal(pool.levels[0]!.anyStarting, true);
  starts.tick(500);
  assert.equal(server.share, 0.5);
  starts.begin(server, 600);
  starts.tick(1100);
  assert.equal(server.share, 0.5);
  starts.tick(1600);
  assert.deepEqual([server.state, server.share], ['up', 1]);
  assert.equal(pool.levels[0]!.anyStarting, false);
});
