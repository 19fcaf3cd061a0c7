import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JITTER_SHARE_MAX, jitteredLifetime, refreshesEarly } from './early-refresh.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const moment = fc.record({
  expiryMs: fc.nat(100_000),
  nowMs: fc.nat(100_000),
  fetchMs: fc.nat(10_000),
  beta: fc.double({ min: 0, max: 10, noNaN: true }),
});

test('XFetch: what is stale is refreshed, and with beta 0 nothing else', () => {
  fc.assert(
    fc.property(moment, chance, (at, random) => {
      const stale = at.nowMs >= at.expiryMs;
      if (stale) assert.ok(refreshesEarly(at, random));
      assert.equal(refreshesEarly({ ...at, beta: 0 }, random), stale);
      assert.equal(refreshesEarly({ ...at, fetchMs: 0 }, random), stale);
    }),
  );
});

test('XFetch: later, slower, more eager or luckier never refreshes less', () => {
  fc.assert(
    fc.property(moment, chance, chance, fc.nat(5000), (at, random, other, more) => {
      if (!refreshesEarly(at, random)) return;
      assert.ok(refreshesEarly({ ...at, nowMs: at.nowMs + more }, random));
      assert.ok(refreshesEarly({ ...at, fetchMs: at.fetchMs + more }, random));
      assert.ok(refreshesEarly({ ...at, beta: at.beta + more / 1000 }, random));
      assert.ok(refreshesEarly(at, Math.max(random, other)));
    }),
  );
});

test('XFetch: the chance is e to the minus of what is left by beta times the fetch', () => {
  // Over evenly spaced values in place of chance the share is exact.
  const draws = 100_000;
  for (const [leftMs, fetchMs, beta] of [
    [100, 100, 1],
    [300, 100, 1],
    [100, 400, 1],
    [100, 100, 2],
  ] as const) {
    const at = { expiryMs: 5000, nowMs: 5000 - leftMs, fetchMs, beta };
    let refreshed = 0;
    for (let nth = 0; nth < draws; nth++) if (refreshesEarly(at, nth / draws)) refreshed++;
    const wanted = Math.exp(-leftMs / (beta * fetchMs));
    assert.ok(Math.abs(refreshed / draws - wanted) < 2 / draws, `${leftMs} ${fetchMs} ${beta}`);
  }
});

test('jitter: a lifetime is never longer than allowed nor shorter than its share says', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.nat(2 ** 31), share, chance, (seconds, part, random) => {
      const jittered = jitteredLifetime(seconds, part, random);
      assert.ok(jittered <= seconds);
      assert.ok(jittered >= seconds * (1 - Math.min(part, JITTER_SHARE_MAX)));
      assert.equal(jitteredLifetime(seconds, 0, random), seconds);
      assert.equal(jitteredLifetime(seconds, part, 0), seconds);
    }),
  );
});
