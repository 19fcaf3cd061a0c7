import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../core/observe/index.ts';
import type { ProxyFields } from '../../core/proxy/index.ts';
import { createNodeNetwork, createNodeTransport } from '../../core/runtime/node/index.ts';
import { createSimClock, createSimRandom } from '../../core/runtime/sim/index.ts';
import type { Server } from '../servers/server.ts';
import { poolSettings } from '../testing/settings.ts';
import { PoolRuntime } from './pool-runtime.ts';

const silent = { info() {}, warn() {}, error() {}, debug() {} } as unknown as Logger;

async function runtime(yaml: string) {
  const clock = createSimClock();
  const pool = new PoolRuntime(poolSettings(yaml), undefined, {
    ...{ clock, random: createSimRandom(1), log: silent },
    network: createNodeNetwork(await createNodeTransport()),
    proxyFields: {} as { current: ProxyFields },
  });
  pool.setMembers(
    ['a', 'b', 'c'].map((name, i) => ({
      spec: { name, host: '127.0.0.1', port: 1 + i, weight: 1, priority: 0, activeMax: 100 },
      address: { host: '127.0.0.1', port: 1 + i },
      state: 'up' as const,
    })),
  );
  pool.start();
  const first = pool.pool.find('a') as Server;
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) {
      const nowMs = pool.nowMs();
      const ticket = pool.sessionBegan(first, nowMs);
      pool.sessionEnded(first, { ticket, result: 'failure', latencyMs: 1, nowMs });
    }
  };
  return { pool, clock, first, fail };
}

test('a breaker or ejection that is turned off lets its servers go', async () => {
  const { pool, clock, first, fail } = await runtime(
    'breaker: { enabled: true, failures: 3 }\noutliers: { enabled: true, consecutive: 2 }',
  );
  fail(3);
  assert.ok(pool.pool.has(first, 'tripped') && pool.pool.has(first, 'ejected'));
  pool.apply(poolSettings('breaker: { enabled: false }\noutliers: { enabled: false }'), undefined);
  await clock.advance(200);
  assert.equal(pool.pool.has(first, 'tripped'), false);
  assert.equal(pool.pool.has(first, 'ejected'), false);
  pool.close();
});

test('a breaker takes other settings while it is there', async () => {
  const { pool, first, fail } = await runtime('breaker: { enabled: true, failures: 100 }');
  fail(3);
  assert.equal(pool.pool.has(first, 'tripped'), false);
  pool.apply(poolSettings('breaker: { enabled: true, failures: 4 }'), undefined);
  fail(1);
  assert.equal(pool.pool.has(first, 'tripped'), true);
  pool.close();
});

test('sessions of layer 4 stay with the server of their address, and go on when it is out', async () => {
  const { pool } = await runtime('persistence: { by: source }');
  const chosen = (address: string): Server | undefined => pool.chooseServer(address, [], 1);
  const one = chosen('192.0.2.1') as Server;
  const others = new Set(['192.0.2.2', '192.0.2.3', '192.0.2.4'].map((each) => chosen(each)));
  assert.equal(others.size, 3);
  for (let i = 0; i < 4; i++) assert.equal(chosen('192.0.2.1'), one);
  pool.pool.set(one, 'maintenance', true);
  const next = chosen('192.0.2.1');
  assert.ok(next !== undefined && next !== one);
  pool.pool.set(one, 'maintenance', false);
  assert.equal(chosen('192.0.2.1'), next);
  const retried = pool.chooseServer('192.0.2.1', [next as Server], 1);
  assert.ok(retried !== undefined && retried !== next);
  assert.equal(chosen('192.0.2.1'), retried);
  pool.close();
});

test('a strict session of layer 4 is refused while its server is out', async () => {
  const { pool } = await runtime('persistence: { by: source, strict: true }');
  const one = pool.chooseServer('192.0.2.1', [], 1) as Server;
  pool.pool.set(one, 'maintenance', true);
  assert.equal(pool.chooseServer('192.0.2.1', [], 1), undefined);
  pool.pool.set(one, 'maintenance', false);
  assert.equal(pool.chooseServer('192.0.2.1', [], 1), one);
  pool.close();
});

test('another panic share holds at once, for servers that are down already', async () => {
  const { pool } = await runtime('health: { check: none }');
  for (const server of pool.pool.servers) pool.pool.set(server, 'down', true);
  assert.ok(pool.chooseServer('192.0.2.1', [], 1) !== undefined);
  pool.apply(poolSettings('health: { check: none }\npanic_share: 0'), undefined);
  assert.equal(pool.chooseServer('192.0.2.1', [], 1), undefined);
  pool.apply(poolSettings('health: { check: none }'), undefined);
  assert.ok(pool.chooseServer('192.0.2.1', [], 1) !== undefined);
  pool.close();
});

test('a server that starts slowly gets its part of the work of one client alone', async () => {
  for (const policy of ['weighted', 'least-connections', 'round-robin', 'random']) {
    const { pool, first } = await runtime(`policy: ${policy}`);
    pool.pool.setShare(first, 0.5);
    for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) {
      let count = 0;
      for (let i = 0; i < 300; i++) if (pool.chooseServer(address, [], 1) === first) count++;
      assert.ok(count > 20 && count < 90, `${policy} gave ${count} of 300`);
    }
    pool.close();
  }
});
