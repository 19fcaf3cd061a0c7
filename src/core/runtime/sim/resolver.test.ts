import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSimClock, SimNames } from './index.ts';

const options = { timeoutMs: 1000, tries: 1, untoldTtlMs: 9000 };

test('the table answers after its latency, as it was when it was asked', async () => {
  const clock = createSimClock();
  const names = new SimNames(clock);
  names.latencyMs = 5;
  names.setAddresses('a.test', ['10.0.0.1', '::1'], 2000);
  names.setServices('s.test', [{ host: 'a.test', port: 1, priority: 0, weight: 0 }]);
  const resolver = names.resolver(options);
  const first = resolver.addresses('a.test', 0);
  names.setAddresses('a.test', ['10.0.0.2'], 1000);
  const found = await clock.settle(first);
  assert.deepEqual(found.ok && found.records.map((one) => one.address), ['10.0.0.1', '::1']);
  assert.equal(clock.monotonicMs(), 5);
  assert.deepEqual(await clock.settle(resolver.addresses('a.test', 6)), {
    ok: false,
    problem: 'no-records',
  });
  const system = await clock.settle(resolver.systemAddresses('a.test', 4));
  assert.equal(system.ok && system.ttlMs, 9000);
  const services = await clock.settle(resolver.services('s.test'));
  assert.equal(services.ok && services.ttlMs, 9000);
  assert.equal(names.asked.get('address a.test'), 2);
});

test('a problem goes before the records, a name forgotten is gone, a closed resolver cancels', async () => {
  const clock = createSimClock();
  const names = new SimNames(clock);
  names.setAddresses('a.test', ['10.0.0.1'], 2000);
  const resolver = names.resolver(options);
  const ask = async () => {
    const found = await clock.settle(resolver.addresses('a.test', 4));
    return found.ok ? 'found' : found.problem;
  };
  names.setProblem('a.test', 'timeout');
  assert.equal(await ask(), 'timeout');
  names.setProblem('a.test', null);
  assert.equal(await ask(), 'found');
  names.forget('a.test');
  assert.equal(await ask(), 'no-such-name');
  const last = resolver.addresses('a.test', 4);
  resolver.close();
  assert.deepEqual(await clock.settle(last), { ok: false, problem: 'cancelled' });
});
