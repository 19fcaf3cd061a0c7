import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { breakerTransitions, nextBreakerState } from './breaker-states.ts';
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.ts';

const options: BreakerOptions = {
  consecutiveFailures: 3,
  errorShare: 0.5,
  requestsMin: 10,
  windowMs: 1000,
  openMs: 100,
  openMaxMs: 400,
  probesMax: 2,
  probesToClose: 3,
};

function fail(breaker: CircuitBreaker, times: number, nowMs: number): void {
  for (let i = 0; i < times; i++) breaker.record(breaker.admit(nowMs), false, nowMs);
}

function succeed(breaker: CircuitBreaker, times: number, nowMs: number): void {
  for (let i = 0; i < times; i++) breaker.record(breaker.admit(nowMs), true, nowMs);
}

test('failures in a row trip it, a success between them does not let them add up', () => {
  const breaker = new CircuitBreaker(options);
  fail(breaker, 2, 0);
  succeed(breaker, 1, 0);
  fail(breaker, 2, 0);
  assert.equal(breaker.state(0), 'closed');
  fail(breaker, 1, 0);
  assert.equal(breaker.state(0), 'open');
  assert.equal(breaker.admits(0), false);
  assert.equal(breaker.probesFromMs, 100);
});

test('a share of failures trips it only when there are results enough', () => {
  const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 0 });
  for (let i = 0; i < 4; i++) {
    succeed(breaker, 1, i);
    fail(breaker, 1, i);
  }
  assert.equal(breaker.state(5), 'closed');
  succeed(breaker, 1, 5);
  fail(breaker, 1, 5);
  assert.equal(breaker.state(5), 'open');
});

test('failures that are older than the window do not count', () => {
  const breaker = new CircuitBreaker({ ...options, consecutiveFailures: 0 });
  fail(breaker, 9, 0);
  succeed(breaker, 20, 5000);
  fail(breaker, 10, 5000);
  assert.equal(breaker.state(5000), 'closed');
});

test('half-open lets a few probes pass, and successes close it', () => {
  const breaker = new CircuitBreaker(options);
  fail(breaker, 3, 0);
  assert.equal(breaker.state(99), 'open');
  assert.equal(breaker.state(100), 'half-open');
  const probes = [breaker.admit(100), breaker.admit(100)];
  assert.equal(breaker.admits(100), false);
  for (const probe of probes) breaker.record(probe, true, 110);
  assert.equal(breaker.state(110), 'half-open');
  succeed(breaker, 1, 120);
  assert.equal(breaker.state(120), 'closed');
});

test('a probe that is released gives its place back', () => {
  const breaker = new CircuitBreaker({ ...options, probesMax: 1 });
  fail(breaker, 3, 0);
  const probe = breaker.admit(100);
  assert.equal(breaker.admits(100), false);
  breaker.release(probe);
  assert.equal(breaker.admits(100), true);
});

test('each failed probe opens it for twice as long up to a limit, and closing resets that', () => {
  const breaker = new CircuitBreaker(options);
  fail(breaker, 3, 0);
  let nowMs = 0;
  const waits: number[] = [];
  for (let i = 0; i < 4; i++) {
    waits.push(breaker.probesFromMs! - nowMs);
    nowMs = breaker.probesFromMs!;
    fail(breaker, 1, nowMs);
  }
  assert.deepEqual(waits, [100, 200, 400, 400]);
  nowMs = breaker.probesFromMs!;
  succeed(breaker, 3, nowMs);
  fail(breaker, 3, nowMs);
  assert.equal(breaker.probesFromMs! - nowMs, 100);
});

test('results of attempts from before a change of state are dropped', () => {
  const breaker = new CircuitBreaker(options);
  const old = Array.from({ length: 6 }, () => breaker.admit(0));
  for (const attempt of old.slice(0, 3)) breaker.record(attempt, false, 1);
  assert.equal(breaker.state(1), 'open');
  for (const attempt of old.slice(3)) breaker.record(attempt, true, 2);
  assert.equal(breaker.state(2), 'open');
  assert.equal(breaker.state(101), 'half-open');
});

test('every state has a way out, and an event outside its row ends the process', () => {
  for (const row of Object.values(breakerTransitions)) assert.ok(Object.keys(row).length > 0);
  assert.throws(() => nextBreakerState('open', 'tripped'), /does not happen/);
});

test('whatever happens: open admits nothing, half-open no more than its probes', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('admit' as const) }),
    fc.record({
      do: fc.constantFrom('ok' as const, 'fail' as const, 'gone' as const),
      which: fc.nat(20),
    }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(150) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      const breaker = new CircuitBreaker(options);
      let nowMs = 0;
      let under: { generation: number; state: string; era: number }[] = [];
      let era = 0;
      let last = breaker.state(nowMs);
      const look = (): void => {
        const state = breaker.state(nowMs);
        if (state !== last) {
          // No state but the ones its row names, and never straight from open to closed.
          assert.ok((Object.values(breakerTransitions[last]) as string[]).includes(state));
          era++;
          last = state;
        }
      };
      for (const each of steps) {
        if (each.do === 'wait') nowMs += each.ms;
        look();
        if (each.do === 'admit') {
          const allowed = breaker.admits(nowMs);
          const probes = under.filter((one) => one.era === era && one.state === 'half-open').length;
          if (last === 'open') assert.equal(allowed, false);
          else assert.equal(allowed, last === 'closed' || probes < options.probesMax);
          if (allowed) under.push({ generation: breaker.admit(nowMs), state: last, era });
        } else if (each.do !== 'wait' && under.length > 0) {
          const at = each.which % under.length;
          const one = under[at]!;
          under = under.filter((_, i) => i !== at);
          if (each.do === 'gone') breaker.release(one.generation);
          else breaker.record(one.generation, each.do === 'ok', nowMs);
          look();
        }
      }
    }),
  );
});
