import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimClock } from '../../core/runtime/sim/index.ts';
import { MEMBERS_MAX } from './limits.ts';
import { type Registration, Registrations } from './registrations.ts';

function setUp(taken: readonly string[] = []) {
  const clock = createSimClock();
  const registrations = new Registrations(clock);
  const lists: string[] = [];
  const source = registrations.source('app', (name) => taken.includes(name));
  source.start((members) => lists.push(members.map(({ spec }) => spec.name).join(' ')));
  const register = (name: string, more: Partial<Registration> = {}, ttlMs = 10_000) =>
    registrations.register('app', { name, address: '10.0.0.1:80', ...more }, ttlMs);
  return { clock, registrations, lists, source, register };
}

test('a registration holds as long as its heartbeats come, and ends when they do not', async () => {
  const { clock, registrations, lists, register } = setUp();
  assert.deepEqual(register('a'), { ok: true, ttlMs: 10_000 });
  register('b');
  for (let i = 0; i < 10; i++) {
    await clock.advance(5_000);
    assert.deepEqual(registrations.heartbeat('app', 'a'), { ok: true, ttlMs: 10_000 });
  }
  assert.deepEqual(lists, ['a', 'a b', 'a']);
  await clock.advance(10_000);
  assert.deepEqual(lists.at(-1), '');
  const gone = { ok: false, error: 'not-registered' };
  assert.deepEqual(registrations.heartbeat('app', 'a'), gone);
  assert.deepEqual(registrations.deregister('app', 'a'), gone);
});

test('a server that deregisters is gone at once', () => {
  const { registrations, lists, register } = setUp();
  register('a');
  assert.deepEqual(registrations.deregister('app', 'a'), { ok: true });
  assert.deepEqual(lists, ['a', '']);
});

test('registering again updates and keeps the place', async () => {
  const { clock, registrations, lists, register } = setUp();
  register('a');
  register('b');
  register('a', { address: '[::1]:81', weight: 5, priority: 2 }, 20_000);
  assert.equal(lists.at(-1), 'a b');
  await clock.advance(15_000);
  assert.deepEqual(registrations.list('app'), [
    { name: 'a', address: '[::1]:81', weight: 5, priority: 2, ttlMs: 20_000, endsInMs: 5_000 },
  ]);
});

test('what cannot be is refused by name', () => {
  const { registrations, register, lists } = setUp(['listed']);
  const error = (result: { ok: boolean; error?: string }) => result.error ?? 'none';
  assert.equal(error(register('a b')), 'bad-name');
  assert.equal(error(register('')), 'bad-name');
  assert.equal(error(register(3 as unknown as string)), 'bad-name');
  assert.equal(error(register('a', { address: 'nowhere' })), 'bad-address');
  assert.equal(error(register('a', { address: null as unknown as string })), 'bad-address');
  assert.equal(error(register('a', { weight: 1001 })), 'bad-weight');
  assert.equal(error(register('a', { weight: 0.5 })), 'bad-weight');
  assert.equal(error(register('a', { priority: -1 })), 'bad-priority');
  assert.equal(error(register('a', {}, 999)), 'bad-ttl');
  assert.equal(error(register('a', {}, Number.NaN)), 'bad-ttl');
  assert.equal(error(register('listed')), 'name-taken');
  const other = { name: 'a', address: 'a:1' };
  assert.equal(error(registrations.register('other', other, 10_000)), 'no-such-pool');
  assert.equal(error(registrations.heartbeat('other', 'a')), 'no-such-pool');
  assert.equal(error(registrations.deregister('other', 'a')), 'no-such-pool');
  assert.equal(registrations.list('other'), undefined);
  assert.deepEqual(lists, []);
});

test('a pool takes so many and no more, but still updates', () => {
  const { register } = setUp();
  for (let i = 0; i < MEMBERS_MAX; i++) assert.ok(register(`s${i}`).ok);
  assert.deepEqual(register('more'), { ok: false, error: 'too-many' });
  assert.ok(register('s0').ok);
});

test('a pool that takes none any more forgets them', async () => {
  const { clock, registrations, source, register, lists } = setUp();
  register('a');
  source.stop();
  assert.deepEqual(register('a'), { ok: false, error: 'no-such-pool' });
  await clock.advance(60_000);
  assert.deepEqual(lists, ['a']);
  const again: number[] = [];
  registrations.source('app', () => false).start((members) => again.push(members.length));
  register('b');
  assert.deepEqual(again, [1]);
  source.stop();
  assert.ok(register('c').ok, 'a source that was stopped before does not close its successor');
});

test('at every moment those are registered whose time is not over, as a model has it', async () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ do: fc.constant('register' as const), name, ttl: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ do: fc.constantFrom('heartbeat' as const, 'deregister' as const), name }),
    fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 5 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { clock, registrations, register, lists } = setUp();
      const model = new Map<string, { ttlMs: number; endsMs: number }>();
      for (const each of steps) {
        const nowMs = clock.monotonicMs();
        if (each.do === 'register') {
          const ttlMs = each.ttl * 1000;
          register(each.name, {}, ttlMs);
          model.set(each.name, { ttlMs, endsMs: nowMs + ttlMs });
        } else if (each.do === 'wait') {
          // Past the tenth of a second within which those are found whose time is over.
          await clock.advance(each.seconds * 1000 + 150);
          for (const [key, row] of model) {
            if (row.endsMs <= clock.monotonicMs() - 150) model.delete(key);
            else if (row.endsMs <= clock.monotonicMs()) model.delete(key);
          }
        } else if (each.do === 'heartbeat') {
          const row = model.get(each.name);
          assert.equal(registrations.heartbeat('app', each.name).ok, row !== undefined);
          if (row !== undefined) row.endsMs = nowMs + row.ttlMs;
        } else {
          assert.equal(registrations.deregister('app', each.name).ok, model.delete(each.name));
        }
        await clock.advance(0);
        const live = registrations.list('app')?.filter(({ endsInMs }) => endsInMs > 0);
        assert.deepEqual(
          live?.map((row) => row.name),
          [...model.keys()],
        );
      }
      await clock.advance(10_000);
      assert.equal(lists.at(-1) ?? '', '');
    }),
    { numRuns: 50 },
  );
});
