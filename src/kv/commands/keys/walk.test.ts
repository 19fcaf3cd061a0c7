import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestStore, type TestStore } from '../../testing/harness.ts';

/** One whole SCAN; `between` runs before each further step. */
function scanAll(kv: TestStore, options: (string | number)[], between: () => void = () => {}) {
  const seen: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = kv.run('SCAN', cursor, ...options) as [string, string[]];
    seen.push(...keys);
    cursor = next;
    if (cursor !== '0') between();
  } while (cursor !== '0');
  return seen;
}

test('SCAN gives every key that stays, whatever comes and goes meanwhile', () => {
  const changes = fc.array(
    fc.record({ add: fc.boolean(), many: fc.integer({ min: 1, max: 200 }) }),
    { minLength: 1, maxLength: 12 },
  );
  const sizes = fc.integer({ min: 0, max: 300 });
  fc.assert(
    fc.property(sizes, changes, fc.integer({ min: 1, max: 50 }), (size, list, count) => {
      const kv = createTestStore();
      const staying = Array.from({ length: size }, (_, i) => `stay${i}`);
      for (const key of staying) kv.run('SET', key, '1');
      for (let i = 0; i < 300; i++) kv.run('SET', `go${i}`, '1');
      let step = 0;
      const seen = scanAll(kv, ['COUNT', count], () => {
        const change = list[step++ % list.length]!;
        for (let i = 0; i < change.many; i++) {
          if (change.add) kv.run('SET', `new${step}-${i}`, '1');
          else kv.run('DEL', `go${i}`, `new${step - 1}-${i}`);
        }
        // The keys that come must not keep the scan from its end.
        if (step > 30) list.length = 1;
        if (step > 30) list[0] = { add: false, many: 1 };
      });
      const all = new Set(seen);
      assert.ok(staying.every((key) => all.has(key)));
      assert.ok(seen.every((key) => /^(stay|go|new)/.test(key)));
    }),
    { numRuns: 12 },
  );
});

test('SCAN without changes gives every key once', () => {
  const kv = createTestStore();
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
  for (const key of keys) kv.run('SET', key, '1');
  while (kv.engine.database(0)!.table.rehash(1000));
  assert.deepEqual(scanAll(kv, []).toSorted(), keys.toSorted());
});

test('SCAN filters by pattern and type, and refuses nonsense', () => {
  const kv = createTestStore();
  kv.run('SET', 'a1', '1');
  kv.run('SET', 'b1', '1');
  kv.run('SADD', 'a2', '1');
  assert.deepEqual(scanAll(kv, ['MATCH', 'a*']).toSorted(), ['a1', 'a2']);
  assert.deepEqual(scanAll(kv, ['TYPE', 'SET', 'COUNT', 100]), ['a2']);
  assert.deepEqual(scanAll(kv, ['MATCH', 'a*', 'TYPE', 'string']), ['a1']);
  assert.deepEqual(scanAll(kv, ['TYPE', 'nosuch']), []);
  const syntax = { error: 'ERR syntax error' };
  assert.deepEqual(kv.run('SCAN', 0, 'COUNT', 0), syntax);
  assert.deepEqual(kv.run('SCAN', 0, 'MATCH'), syntax);
  assert.deepEqual(kv.run('SCAN', 0, 'NOVALUES', 'x'), syntax);
  assert.deepEqual(kv.run('SCAN', 'x'), { error: 'ERR invalid cursor' });
});

test('KEYS and RANDOMKEY see what is there', () => {
  const kv = createTestStore();
  assert.equal(kv.run('RANDOMKEY'), null);
  assert.deepEqual(kv.run('KEYS', '*'), []);
  for (const key of ['hello', 'hallo', 'hxllo']) kv.run('SET', key, '1');
  assert.deepEqual((kv.run('KEYS', 'h[ae]llo') as string[]).toSorted(), ['hallo', 'hello']);
  const drawn = new Set(Array.from({ length: 200 }, () => kv.run('RANDOMKEY')));
  assert.deepEqual(drawn, new Set(['hello', 'hallo', 'hxllo']));
});
