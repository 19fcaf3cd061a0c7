/**
 * What one choice costs, by policy and number of servers, and what it costs with the work counted too:
 *
 *     node bench/balancer-policies.ts [--only text] [--ms n]
 *
 * Nanoseconds, the best of five runs of `--ms` milliseconds each. `choose`: nothing is under way. `work`:
 * choose, begin, and end what was begun 64 choices ago, through the breaker of the server. Weights are 1 to 5
 * except for those that ignore them; hashing policies get a new key each time. `build`: milliseconds to make
 * the policy for a level.
 */
import { parseArgs } from 'node:util';
import { type PolicyName, policyTable } from '../src/balancer/policies/policy-table.ts';
import type { Server } from '../src/balancer/servers/server.ts';
import { specs, TestPool } from '../src/balancer/testing/pools.ts';
import { CircuitBreaker } from '../src/core/resilience/index.ts';
import { createNodeRandom } from '../src/core/runtime/node/index.ts';

const { values: given } = parseArgs({
  options: { only: { type: 'string', default: '' }, ms: { type: 'string', default: '60' } },
});
const counts = [3, 100, 1000];
const runMs = Number(given.ms);
const RUNS = 5;
const UNDER_WAY = 64;
const BATCH = 1024;

const random = createNodeRandom();
const cells = counts.flatMap((count) => [`choose ${count}`, `work ${count}`, `build ${count}`]);
console.log(`| policy | ${cells.join(' | ')} |`);
console.log(`| --- |${' ---: |'.repeat(cells.length)}`);
for (const policy of Object.keys(policyTable) as PolicyName[]) {
  if (!policy.includes(given.only)) continue;
  rows(policy, 0);
  if (policy === 'ring' || policy === 'maglev') rows(policy, 1.25);
}

function rows(policy: PolicyName, boundFactor: number): void {
  const figures = counts.flatMap((count) => {
    const list = specs(count, [1, 2, 3, 4, 5]);
    const began = performance.now();
    const pool = new TestPool(list, policy, random, { boundFactor });
    const buildMs = performance.now() - began;
    for (const server of pool.pool.servers) server.breaker = new CircuitBreaker();
    return [choosing(pool).toFixed(0), working(pool).toFixed(0), buildMs.toFixed(1)];
  });
  const name = boundFactor === 0 ? policy : `${policy}, bounded ${boundFactor}`;
  console.log(`| ${name} | ${figures.join(' | ')} |`);
}

function choosing(pool: TestPool): number {
  let key = 1;
  return best(() => {
    for (let i = 0; i < BATCH; i++) {
      key = (Math.imul(key, 1664525) + 1013904223) >>> 0;
      if (pool.choose(key, 0) === undefined) throw new Error('nothing was chosen');
    }
  });
}

function working(pool: TestPool): number {
  const servers: Server[] = [];
  const numbers: number[] = [];
  let key = 1;
  let turn = 0;
  let nowMs = 0;
  return best(() => {
    nowMs++;
    for (let i = 0; i < BATCH; i++) {
      key = (Math.imul(key, 1664525) + 1013904223) >>> 0;
      const at = turn++ % UNDER_WAY;
      const old = servers[at];
      if (old !== undefined) pool.attempts.ended(old, numbers[at]!, 'success', 5, nowMs);
      const server = pool.choose(key, nowMs);
      if (server === undefined) throw new Error('nothing was chosen');
      servers[at] = server;
      numbers[at] = pool.attempts.began(server, nowMs);
    }
  });
}

/** Nanoseconds for one of the BATCH things that `run` does. */
function best(run: () => void): number {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < RUNS; round++) {
    const began = performance.now();
    let batches = 0;
    while (performance.now() - began < runMs) {
      run();
      batches++;
    }
    least = Math.min(least, ((performance.now() - began) * 1e6) / (batches * BATCH));
  }
  return least;
}
