import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSimRandom } from '../../core/runtime/sim/index.ts';
import { spec, specs, TestPool } from '../testing/pools.ts';

/** nginx' rule written as plainly as can be: the twin of `SmoothWeighted`. */
function smooth(weights: readonly number[], turns: number): number[] {
  const balances = weights.map(() => 0);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Array.from({ length: turns }, () => {
    weights.forEach((weight, i) => {
      balances[i] = balances[i]! + weight;
    });
    const best = balances.indexOf(Math.max(...balances));
    balances[best] = balances[best]! - sum;
    return best;
  });
}

test('round-robin gives each the same in every n x k choices, wherever they begin', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(30), fc.nat(4), (count, before, rounds) => {
      const pool = new TestPool(specs(count), 'round-robin', createSimRandom(before));
      for (let i = 0; i < before; i++) pool.choose();
      const got = new Map<string, number>();
      for (let i = 0; i < count * rounds; i++) {
        const { name } = pool.choose()!;
        got.set(name, (got.get(name) ?? 0) + 1);
      }
      for (const times of got.values()) assert.equal(times, rounds);
      assert.equal(got.size, rounds === 0 ? 0 : count);
    }),
  );
});

test('weights 5, 1, 1 give the sequence that nginx documents', () => {
  const pool = new TestPool(
    [spec('a', { weight: 5 }), spec('b'), spec('c')],
    'weighted',
    createSimRandom(1),
  );
  const turns = Array.from({ length: 14 }, () => pool.choose()!.name).join('');
  assert.equal(turns, 'aabacaaaabacaa');
});

test('the smooth sequence is exact, computed or replayed', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(weights, (list) => {
      const pool = new TestPool(specs(list.length, list), 'weighted', createSimRandom(1));
      const turns = 2 * list.reduce((sum, weight) => sum + weight, 0) + 7;
      assert.deepEqual(
        Array.from({ length: turns }, () => pool.choose()!.slot),
        smooth(list, turns),
      );
    }),
    { numRuns: 60 },
  );
});

test('a period that is too long to be written down is computed all the same', () => {
  const weights = [1000, 999, 997, 991];
  const list = Array.from({ length: 100 }, (_, i) => weights[i % 4] as number);
  const pool = new TestPool(specs(100, list), 'weighted', createSimRandom(1));
  assert.deepEqual(
    Array.from({ length: 500 }, () => pool.choose()!.slot),
    smooth(list, 500),
  );
});

test('a change of the candidates begins a new period among those that are left', () => {
  const pool = new TestPool(specs(3, [5, 1, 2]), 'weighted', createSimRandom(1));
  for (let i = 0; i < 5; i++) pool.choose();
  pool.pool.set(pool.server('s1'), 'down', true);
  const turns = Array.from({ length: 7 }, () => pool.choose()!.name);
  assert.deepEqual(
    turns,
    smooth([5, 2], 7).map((slot) => (slot === 0 ? 's0' : 's2')),
  );
});

test('a heavy server that was tried already does not keep the light one from its turn', () => {
  const pool = new TestPool(specs(2, [1000, 1]), 'weighted', createSimRandom(1));
  pool.choice.avoid = [pool.server('s0')];
  for (let i = 0; i < 20; i++) assert.equal(pool.choose()!.name, 's1');
});

for (const policy of ['random', 'two-choices'] as const) {
  test(`${policy} follows the weights, equal or not`, () => {
    for (const weights of [[1], [1, 2, 5], [0, 3, 1000, 40]]) {
      const count = 12;
      const pool = new TestPool(specs(count, weights), policy, createSimRandom(7));
      const got = new Map<string, number>();
      const choices = 60_000;
      for (let i = 0; i < choices; i++) {
        const { name } = pool.choose()!;
        got.set(name, (got.get(name) ?? 0) + 1);
      }
      const total = [...pool.pool.servers].reduce((sum, { weight }) => sum + weight, 0);
      for (const { name, weight } of pool.pool.servers) {
        const due = (choices * weight) / total;
        const times = got.get(name) ?? 0;
        // Without work under way two-choices decides by weight, so it leans to the heavy ones.
        if (policy === 'two-choices' && weights.length > 1) assert.ok(weight > 0 || times === 0);
        else
          assert.ok(Math.abs(times - due) <= 6 * Math.sqrt(due) + 1, `${name}: ${times} of ${due}`);
      }
    }
  });
}

test('two choices keep the longest queue short where chance alone does not', () => {
  const longest = (policy: 'random' | 'two-choices'): number => {
    const pool = new TestPool(specs(200), policy, createSimRandom(3));
    for (let i = 0; i < 200; i++) pool.attempts.began(pool.choose()!, 0);
    return Math.max(...[...pool.pool.servers].map(({ active }) => active));
  };
  assert.ok(longest('two-choices') <= 3);
  assert.ok(longest('random') >= 4);
});

test('two choices hold work in proportion to weight', () => {
  const pool = new TestPool(specs(4, [1, 1, 2, 4]), 'two-choices', createSimRandom(5));
  for (let i = 0; i < 8000; i++) pool.attempts.began(pool.choose()!, 0);
  for (const { active, weight } of pool.pool.servers) {
    assert.ok(Math.abs(active - weight * 1000) < 60, `${active} for weight ${weight}`);
  }
});
