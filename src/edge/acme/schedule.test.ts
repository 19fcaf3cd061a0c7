import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIRST_REST_MS, REST_JITTER, REST_MS_MAX, RETRY_AFTER_MS_MAX } from './limits.ts';
import {
  asked,
  type Course,
  dueAtMs,
  FRESH,
  failed,
  renewalMs,
  renewed,
  suggested,
  withoutJumps,
} from './schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const now = Date.UTC(2026, 0, 1);
const ninetyDays = { notBeforeMs: now, notAfterMs: now + 90 * DAY };

const fail = (course: Course, nowMs: number, chance = 0, retryAfterMs?: number): Course =>
  failed(course, { nowMs, chance, retryAfterMs });

test('nothing held: due at once; held: when two thirds of its life are over', () => {
  assert.ok(dueAtMs(FRESH) <= now);
  assert.equal(dueAtMs(renewed(ninetyDays, now)), now + 60 * DAY);
  const sixDays = { notBeforeMs: now - HOUR, notAfterMs: now - HOUR + 6 * DAY };
  assert.equal(dueAtMs(renewed(sixDays, now)), now - HOUR + 4 * DAY);
});

test('failures: 1, 3, 9 minutes and on to a day, five tries in the first hour', () => {
  const tries = [now];
  let course = FRESH;
  while (tries.length < 12) {
    course = fail(course, tries.at(-1) as number);
    tries.push(dueAtMs(course));
  }
  const waits = tries.slice(1).map((at, i) => (at - (tries[i] as number)) / MINUTE);
  assert.deepEqual(waits, [1, 3, 9, 27, 81, 243, 729, 1440, 1440, 1440, 1440]);
  assert.equal(tries.filter((at) => at < now + HOUR).length, 5);
});

test('an authority that names a time is left alone until then, by operators too', () => {
  const course = fail(FRESH, now, 0, 3 * HOUR);
  assert.equal(dueAtMs(course), now + 3 * HOUR);
  assert.equal(dueAtMs(asked(course)), now + 3 * HOUR);
  assert.equal(dueAtMs(fail(FRESH, now, 0, 1e15)), now + RETRY_AFTER_MS_MAX);
  // Our own rest is longer than what it asked for.
  const fourth = [1, 2, 3].reduce((before) => fail(before, now), FRESH);
  assert.equal(dueAtMs(fail(fourth, now, 0, 1000)), now + 27 * MINUTE);
});

test('an operator: due at once, whether it rests or holds; the ask is spent by the try', () => {
  for (const course of [fail(FRESH, now), renewed(ninetyDays, now)]) {
    assert.ok(dueAtMs(asked(course)) <= now);
    assert.ok(dueAtMs(fail(asked(course), now)) > now);
  }
});

test('what fits no more is due at once, but not before a rest is over', () => {
  const resting = fail(renewed(ninetyDays, now), now);
  assert.equal(dueAtMs({ ...resting, held: undefined }), now + FIRST_REST_MS);
});

test('the time an authority suggests holds, within the life of the certificate', () => {
  const held = renewed(ninetyDays, now);
  assert.equal(dueAtMs(suggested(held, now + 3 * DAY)), now + 3 * DAY);
  assert.equal(dueAtMs(suggested(held, now + 400 * DAY)), now + 81 * DAY);
  assert.equal(dueAtMs(suggested(held, undefined)), now + 60 * DAY);
  // In the past: at once, that is after the rest that follows each success.
  assert.equal(dueAtMs(suggested(held, now - DAY)), now + DAY);
});

test('a certificate that is due as soon as it has come, as under a wrong clock, is not asked for in a loop', () => {
  const yearsAhead = now + 5 * 365 * DAY;
  assert.equal(dueAtMs(renewed(ninetyDays, yearsAhead)), yearsAhead + DAY);
  const none = { notBeforeMs: now, notAfterMs: now };
  assert.equal(dueAtMs(renewed(none, now)), now + FIRST_REST_MS);
  assert.equal(renewalMs({ notBeforeMs: now, notAfterMs: now - DAY }, undefined), now);
});

test('a clock set back: the rest ends after its length all the same', () => {
  const course = fail(FRESH, now);
  const back = now - 100 * DAY;
  assert.equal(dueAtMs(withoutJumps(course, back)), back + FIRST_REST_MS);
  assert.equal(withoutJumps(course, now + 1), course);
});

test('whatever happens and however clocks jump, a minute lies between two tries that nobody asked for', () => {
  const jump = fc.integer({ min: -1e12, max: 1e12 });
  const event = fc.record({
    wait: fc.integer({ min: 0, max: 2 * DAY }),
    jump: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: jump }),
    works: fc.boolean(),
    lifeMs: fc.integer({ min: 0, max: 400 * DAY }),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 30 * DAY }), { nil: undefined }),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let course = FRESH;
      let wall = now;
      let tries = 0;
      let earliestMs = 0;
      let passedMs = 0;
      for (const each of events) {
        course = withoutJumps(course, wall);
        passedMs += each.wait;
        wall += each.wait;
        if (dueAtMs(course) <= wall && tries > 0 && each.jump === 0) {
          assert.ok(passedMs >= earliestMs, `${passedMs} < ${earliestMs}`);
        }
        if (dueAtMs(course) <= wall) {
          tries++;
          earliestMs = passedMs + FIRST_REST_MS;
          course = each.works
            ? renewed({ notBeforeMs: wall, notAfterMs: wall + each.lifeMs }, wall)
            : failed(course, { nowMs: wall, ...each });
          assert.ok(dueAtMs(course) >= wall + FIRST_REST_MS);
          const most = Math.max(RETRY_AFTER_MS_MAX, REST_MS_MAX * (1 + REST_JITTER));
          assert.ok(course.restMs <= most, `${course.restMs}`);
        }
        wall += each.jump;
        // A clock set forward ends a rest before its time: that is one try, not a loop.
        if (each.jump > 0) earliestMs = passedMs;
      }
    }),
  );
});
