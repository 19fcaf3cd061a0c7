import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deadlineAfter, NO_DEADLINE, RetryBudget } from '../../core/resilience/index.ts';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { decideHedge, type RunningRequest } from './hedge-decision.ts';
import { parseRetryAfter } from './retry-after.ts';
import {
  decideRetry,
  type FailedAttempt,
  isIdempotent,
  type RetryDecision,
  type RetryRules,
  retryRuleDefaults,
} from './retry-decision.ts';

const broken: FailedAttempt = {
  number: 1,
  sent: 'some',
  status: 0,
  retryAfterMs: undefined,
  idempotent: true,
  bodyReplayable: true,
  answerBegun: false,
  otherServer: true,
  deadline: NO_DEADLINE,
};

function decide(
  more: Partial<FailedAttempt>,
  rules: RetryRules = retryRuleDefaults,
  budget = new RetryBudget(),
): RetryDecision {
  return decideRetry({ ...broken, ...more }, rules, budget, createSimRandom(1), 0);
}

function why(more: Partial<FailedAttempt>, budget?: RetryBudget): string {
  const decision = decide(more, retryRuleDefaults, budget);
  return decision.retry ? 'retry' : decision.because;
}

test('what a server cannot have begun is repeated whatever the method', () => {
  assert.equal(why({ sent: 'nothing', idempotent: false, bodyReplayable: false }), 'retry');
  assert.equal(why({ sent: 'refused', idempotent: false }), 'retry');
  assert.equal(why({ sent: 'refused', bodyReplayable: false }), 'body-gone');
});

test('what a server may have begun is repeated only when the method and the body allow it', () => {
  assert.equal(why({}), 'retry');
  assert.equal(why({ idempotent: false }), 'not-idempotent');
  assert.equal(why({ bodyReplayable: false }), 'body-gone');
  assert.equal(why({ answerBegun: true, sent: 'nothing' }), 'answer-begun');
  assert.equal(why({ number: 3 }), 'attempts-over');
});

test('answers for the client are not retried', () => {
  for (const status of [200, 404, 429, 500]) assert.equal(why({ status }), 'not-retried-status');
  for (const status of [502, 503, 504]) assert.equal(why({ status }), 'retry');
});

test('the first retry on another server does not wait, the others do', () => {
  assert.deepEqual(decide({}), { retry: true, afterMs: 0, sameServer: false });
  const again = decide({ number: 2 });
  assert.ok(again.retry && again.afterMs > 0 && again.afterMs < 50);
  const alone = decide({ otherServer: false });
  assert.ok(alone.retry && alone.sameServer && alone.afterMs > 0 && alone.afterMs < 25);
});

test('Retry-After holds for the server that sent it, and too long a wait is not waited for', () => {
  assert.deepEqual(decide({ status: 503, retryAfterMs: 60_000 }), {
    retry: true,
    afterMs: 0,
    sameServer: false,
  });
  const wait = decide({ status: 503, retryAfterMs: 1500, otherServer: false });
  assert.deepEqual(wait, { retry: true, afterMs: 1500, sameServer: true });
  assert.equal(
    why({ status: 503, retryAfterMs: 60_000, otherServer: false }),
    'retry-after-too-long',
  );
  const soon = {
    status: 503,
    retryAfterMs: 1500,
    otherServer: false,
    deadline: deadlineAfter(0, 1500),
  };
  assert.equal(why(soon), 'no-time');
});

test('only retries that are made are taken from the budget, and an empty one ends them', () => {
  const budget = new RetryBudget({ share: 0, minimumPerSecond: 0.1, windowMs: 10_000 });
  assert.equal(why({ idempotent: false }, budget), 'not-idempotent');
  assert.equal(why({ deadline: deadlineAfter(0, 0) }, budget), 'no-time');
  assert.equal(budget.left(0), 1);
  assert.equal(why({}, budget), 'retry');
  assert.equal(why({}, budget), 'budget-empty');
});

test('no retry ever repeats what is not safe, nor waits beyond the deadline', () => {
  const attempt = fc.record<FailedAttempt>({
    number: fc.integer({ min: 1, max: 4 }),
    sent: fc.constantFrom('nothing', 'refused', 'some'),
    status: fc.constantFrom(0, 200, 500, 502, 503, 504),
    retryAfterMs: fc.constantFrom(undefined, 0, 100, 1999, 5000),
    idempotent: fc.boolean(),
    bodyReplayable: fc.boolean(),
    answerBegun: fc.boolean(),
    otherServer: fc.boolean(),
    deadline: fc.nat(3000).map((ms) => deadlineAfter(0, ms)),
  });
  fc.assert(
    fc.property(attempt, fc.integer(), (each, seed) => {
      const budget = new RetryBudget();
      const decision = decideRetry(each, retryRuleDefaults, budget, createSimRandom(seed), 0);
      assert.equal(budget.left(0), decision.retry ? 99 : 100);
      if (!decision.retry) return;
      assert.ok(!each.answerBegun);
      assert.ok(each.sent !== 'some' || each.idempotent);
      assert.ok(each.sent === 'nothing' || each.bodyReplayable);
      assert.ok(decision.afterMs < each.deadline);
      assert.equal(decision.sameServer, !each.otherServer);
      if (decision.sameServer) assert.ok(decision.afterMs >= (each.retryAfterMs ?? 0));
    }),
  );
});

test('idempotent are the methods that RFC 9110 names, by their exact letters', () => {
  assert.deepEqual(
    ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'POST', 'PATCH', 'CONNECT', 'get'].filter(
      isIdempotent,
    ),
    ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'],
  );
});

test('Retry-After is read as seconds or as a date, and nothing else', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  assert.equal(parseRetryAfter('120', now), 120_000);
  assert.equal(parseRetryAfter(' 0 ', now), 0);
  assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:28:30 GMT', now), 30_000);
  assert.equal(parseRetryAfter('Wed, 21 Oct 2026 07:27:30 GMT', now), 0);
  assert.equal(parseRetryAfter('9999999999', now), 365 * 24 * 3600 * 1000);
  for (const wrong of [
    '',
    '-1',
    '1.5',
    '1e3',
    'soon',
    '2026-10-21',
    'Wed, 99 Foo 2026 07:28:30 GMT',
  ]) {
    assert.equal(parseRetryAfter(wrong, now), undefined, wrong);
  }
});

test('a hedge is made of requests that may be repeated, within attempts and budget', () => {
  const slow: RunningRequest = { attempts: 1, idempotent: true, otherServer: true };
  const budget = new RetryBudget({ share: 0, minimumPerSecond: 0.1, windowMs: 10_000 });
  const hedge = (more: Partial<RunningRequest>) => decideHedge({ ...slow, ...more }, 2, budget, 0);
  assert.equal(hedge({ idempotent: false }), 'not-repeatable');
  assert.equal(hedge({ attempts: 2 }), 'attempts-over');
  assert.equal(hedge({ otherServer: false }), 'no-other-server');
  assert.equal(hedge({}), 'hedge');
  assert.equal(hedge({}), 'budget-empty');
});
