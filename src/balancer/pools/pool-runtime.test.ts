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
