import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import { specs } from '../testing/pools.ts';
import { CheckBoard, checkTimingDefaults } from './check-board.ts';
import { type OutlierRule, outliersAmong, type Tally } from './outlier-rule.ts';
import { type Answer, type OutlierOptions, Outliers } from './outliers.ts';

const rule: OutlierRule = { requestsMin: 100, differenceMin: 0.1, deviations: 4 };
const options: OutlierOptions = {
  ...rule,
  failuresInRow: 3,
  lookEveryMs: 1000,
  ejectMs: 5000,
  ejectMaxMs: 12_000,
  shareMax: 0.5,
};

function answers(
  outliers: Outliers,
  pool: Pool,
  name: string,
  what: Answer,
  times: number,
  nowMs = 0,
): void {
  for (let i = 0; i < times; i++) outliers.answered(pool.find(name)!, what, nowMs);
}

test('one bad server of two or more is an outlier, all bad alike are none', () => {
  const good: Tally = { answers: 500, failures: 5 };
  const bad: Tally = { answers: 500, failures: 250 };
  assert.deepEqual(outliersAmong([good, bad], rule), [1]);
  assert.deepEqual(outliersAmong([good, good, good, good, bad], rule), [4]);
  assert.deepEqual(outliersAmong([bad, bad, bad], rule), []);
  assert.deepEqual(outliersAmong([bad, good, good, bad, good], rule).sort(), [0, 3]);
  assert.deepEqual(outliersAmong([bad], rule), []);
  assert.deepEqual(outliersAmong([], rule), []);
});

test('few answers say nothing, and differences that are small or may be chance are none', () => {
  const tenth = [
    { answers: 100, failures: 12 },
    { answers: 100, failures: 1 },
  ];
  assert.deepEqual(outliersAmong(tenth, rule), []);
  assert.deepEqual(
    outliersAmong(
      tenth.map((each) => ({ answers: each.answers * 2, failures: each.failures * 2 })),
      rule,
    ),
    [0],
  );
  assert.deepEqual(
    outliersAmong(
      [
        { answers: 99, failures: 99 },
        { answers: 500, failures: 0 },
      ],
      rule,
    ),
    [],
  );
  const many = { answers: 100_000, failures: 6000 };
  assert.deepEqual(outliersAmong([many, { answers: 100_000, failures: 0 }], rule), []);
});

test('at least one server is never an outlier, and servers with the same tally are treated alike or ranked', () => {
  const tally = fc
    .record({
      answers: fc.integer({ min: 1, max: 2000 }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map((each) => ({ answers: each.answers, failures: Math.round(each.answers * each.part) }));
  fc.assert(
    fc.property(fc.array(tally, { minLength: 1, maxLength: 8 }), (list) => {
      const found = outliersAmong(list, rule);
      assert.ok(found.length < list.length);
      assert.equal(new Set(found).size, found.length);
      const worstKept = Math.max(
        0,
        ...list
          .filter((each, i) => !found.includes(i) && each.answers >= 100)
          .map((each) => each.failures / each.answers),
      );
      for (const index of found) {
        assert.ok(list[index]!.answers >= 100);
        assert.ok(list[index]!.failures / list[index]!.answers >= worstKept);
      }
    }),
  );
});

test('gateway errors in a row eject, other errors between them do not let them add up', () => {
  const pool = new Pool(specs(4));
  const outliers = new Outliers(pool, options, 0);
  answers(outliers, pool, 's1', 'gateway-error', 2);
  answers(outliers, pool, 's1', 'error', 1);
  answers(outliers, pool, 's1', 'gateway-error', 2);
  assert.equal(pool.find('s1')!.state, 'up');
  answers(outliers, pool, 's1', 'gateway-error', 1);
  assert.equal(pool.find('s1')!.state, 'ejected');
  assert.equal(outliers.counts.failuresInRow, 1);
});

test('the time of an ejection grows with each one up to its limit, and good looks shorten it again', () => {
  const pool = new Pool(specs(4));
  const outliers = new Outliers(pool, { ...options, lookEveryMs: 100_000 }, 0);
  const server = pool.find('s0')!;
  let nowMs = 0;
  const ejectedFor = (): number => {
    answers(outliers, pool, 's0', 'gateway-error', 3, nowMs);
    const began = nowMs;
    while (pool.has(server, 'ejected')) {
      nowMs += 100;
      outliers.tick(nowMs);
    }
    return nowMs - began;
  };
  assert.deepEqual([1, 2, 3, 4].map(ejectedFor), [5000, 10_000, 12_000, 12_000]);
  for (let look = 1; look <= 3; look++) {
    nowMs += 100_000;
    outliers.tick(nowMs);
  }
  assert.equal(ejectedFor(), 10_000);
});

test('a server that fails more often than the others is ejected at the next look', () => {
  const pool = new Pool(specs(3));
  const outliers = new Outliers(pool, options, 0);
  for (let i = 0; i < 200; i++) {
    answers(outliers, pool, 's0', i % 2 === 0 ? 'error' : 'success', 1);
    answers(outliers, pool, 's1', 'success', 1);
    answers(outliers, pool, 's2', 'success', 1);
  }
  outliers.tick(999);
  assert.equal(pool.find('s0')!.state, 'up');
  outliers.tick(1000);
  assert.equal(pool.find('s0')!.state, 'ejected');
  assert.equal(outliers.counts.outlier, 1);
  for (let i = 0; i < 200; i++) {
    answers(outliers, pool, 's1', i % 2 === 0 ? 'error' : 'success', 1);
    answers(outliers, pool, 's2', 'success', 1);
  }
  outliers.tick(1999);
  assert.deepEqual([outliers.counts.outlier, outliers.counts.prevented], [1, 0]);
  outliers.tick(2000);
  assert.deepEqual([outliers.counts.outlier, outliers.counts.prevented], [1, 1]);
});

test('a server that is taken back is not judged by answers from before it was ejected', () => {
  const pool = new Pool(specs(2));
  const outliers = new Outliers(pool, options, 0);
  answers(outliers, pool, 's1', 'success', 200);
  answers(outliers, pool, 's0', 'gateway-error', 200);
  outliers.tick(5000);
  assert.equal(pool.find('s0')!.state, 'up');
});

test('an ejected server that checks saw go down and come back is taken back, one that they always saw well is not', () => {
  const pool = new Pool(specs(4));
  const outliers = new Outliers(pool, options, 0);
  const timing = { ...checkTimingDefaults, rise: 1, fall: 1 };
  const checks = new CheckBoard(pool, timing, createSimRandom(1));
  const [away, bad] = [...pool.servers] as [Server, Server];
  const check = (server: Server, success: boolean, nowMs: number): void => {
    checks.takeDue(nowMs, () => {});
    checks.result(server, success, nowMs);
  };
  for (const server of [away, bad]) {
    checks.add(server, 0);
    check(server, true, 0);
    answers(outliers, pool, server.name, 'gateway-error', 3);
    assert.ok(pool.has(server, 'ejected'));
  }
  check(away, false, 10_000);
  check(bad, true, 10_000);
  answers(outliers, pool, away.name, 'gateway-error', 3, 4_000);
  check(away, true, 20_000);
  check(bad, true, 20_000);
  outliers.tick(1_000);
  assert.equal(pool.has(away, 'ejected'), false);
  assert.equal(pool.has(bad, 'ejected'), true);
});

test('whatever answers come, never more than the share allowed is ejected, nor a single server', () => {
  const answer = fc.record({
    which: fc.nat(9),
    what: fc.constantFrom<Answer>('success', 'error', 'gateway-error', 'gateway-error'),
    times: fc.integer({ min: 1, max: 60 }),
    afterMs: fc.nat(3000),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.constantFrom(0, 0.1, 0.34, 0.5, 1),
      fc.array(answer, { maxLength: 60, size: 'max' }),
      (count, shareMax, steps) => {
        const pool = new Pool(specs(count));
        const outliers = new Outliers(pool, { ...options, shareMax, requestsMin: 20 }, 0);
        let nowMs = 0;
        for (const { which, what, times, afterMs } of steps) {
          nowMs += afterMs;
          outliers.tick(nowMs);
          answers(outliers, pool, `s${which % count}`, what, times, nowMs);
          const ejected = [...pool.servers].filter((each) => pool.has(each, 'ejected')).length;
          const most = count < 2 || shareMax === 0 ? 0 : Math.max(1, Math.floor(shareMax * count));
          assert.ok(ejected <= most);
        }
        // Left alone, everybody comes back; the look in between may still eject for answers given before.
        outliers.tick(nowMs + options.ejectMaxMs);
        outliers.tick(nowMs + 2 * options.ejectMaxMs);
        assert.ok([...pool.servers].every((each) => !pool.has(each, 'ejected')));
      },
    ),
  );
});
