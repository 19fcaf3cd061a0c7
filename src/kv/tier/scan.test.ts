/** SCAN, KEYS, RANDOMKEY and DBSIZE over keys of which some are in memory and some on the disk. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TierStore } from '../testing/tier-store.ts';

type ScanReply = [string, string[]];

const KEYS = 400;
const nameOf = (n: number) => (n % 3 === 0 ? `set:${n}` : `key:${n}`);

/** Adds a key by its number: sets and strings. */
function add(store: TierStore, n: number): void {
  if (n % 3 === 0) store.run('SADD', nameOf(n), 'member');
  else store.run('SET', nameOf(n), `value ${n}`);
}

const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('drop' as const), part: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('flush' as const) }) },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('load' as const), n: fc.nat(KEYS) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('add' as const), n: fc.nat(KEYS) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('delete' as const), n: fc.nat(KEYS) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('many' as const), n: fc.nat(KEYS) }) },
);

describe('SCAN', () => {
  test('shows every key that stays, and none that never was, while keys come, go and leave memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(KEYS), { minLength: 1, maxLength: 200 }),
        fc.array(fc.array(action, { maxLength: 4 }), { minLength: 1, maxLength: 60 }),
        fc.record({
          count: fc.integer({ min: 1, max: 40 }),
          filter: fc.constantFrom([], ['MATCH', 'key:*1*'], ['TYPE', 'set']),
          seed: fc.nat(1000),
        }),
        async (begin, rounds, { count, filter, seed }) => {
          const store = await TierStore.open({ seed, databases: 1 });
          const there = new Set(begin);
          for (const n of begin) add(store, n);
          if (seed % 4 > 0) await store.freeze();
          const stayed = new Set(begin);
          const everThere = new Set(begin.map(nameOf));
          const seen = new Set<string>();
          let cursor = '0';
          for (let round = 0; ; round++) {
            const reply = store.run('SCAN', cursor, 'COUNT', count, ...filter) as ScanReply;
            for (const key of reply[1]) seen.add(key);
            [cursor] = reply;
            if (cursor === '0') break;
            assert.ok(round < 100_000, 'the scan never ends');
            for (const act of rounds[round % rounds.length] ?? []) {
              if (act.what === 'drop') store.drop((name) => name.length % 10 >= act.part);
              else if (act.what === 'flush') await store.flush();
              else if (act.what === 'load') store.run('GETRANGE', nameOf(act.n), '0', '0');
              else if (act.what === 'add' && round < 500) {
                add(store, act.n);
                there.add(act.n);
                everThere.add(nameOf(act.n));
              } else if (act.what === 'delete') {
                store.run('DEL', nameOf(act.n));
                there.delete(act.n);
                stayed.delete(act.n);
              } else if (act.what === 'many') {
                // The table in memory grows and shrinks.
                for (let i = 0; i < 64; i++) store.run('SET', `other:${act.n}:${i}`, 'x');
                for (let i = 0; i < 64; i++) store.run('DEL', `other:${act.n}:${i}`);
              }
            }
          }
          const fits = (n: number) =>
            filter[0] === 'MATCH'
              ? /^key:.*1/.test(nameOf(n))
              : filter[0] !== 'TYPE' || n % 3 === 0;
          for (const n of stayed) if (fits(n)) assert.ok(seen.has(nameOf(n)), nameOf(n));
          for (const key of seen) assert.ok(everThere.has(key) || key.startsWith('other:'), key);
          const names = [...there].map(nameOf).sort();
          assert.deepEqual((store.run('KEYS', '*') as string[]).sort(), names);
          assert.equal(store.run('DBSIZE'), names.length);
          const sets = [...there].filter((n) => n % 3 === 0).map(nameOf);
          assert.deepEqual((store.run('KEYS', 'set:*') as string[]).sort(), sets.sort());
        },
      ),
      { numRuns: Number(process.env.PLINTH_SCAN_RUNS ?? 25) },
    );
  });

  test('takes small steps, however few keys are in memory', async () => {
    const store = await TierStore.open({ databases: 1, memtableBytes: 1024 * 1024 });
    for (let i = 0; i < 5000; i++) store.run('SET', `key${i}`, 'v');
    await store.freeze();
    const keys: string[] = [];
    for (let cursor = ''; cursor !== '0'; ) {
      const [next, page] = store.run('SCAN', cursor || '0', 'COUNT', '10') as ScanReply;
      assert.ok(page.length <= 12, `${page.length} keys at once`);
      keys.push(...page);
      cursor = next;
    }
    assert.equal(new Set(keys).size, 5000);
    assert.equal(keys.length, 5000);
  });

  test('tells of damage and does not leave keys out', async () => {
    const store = await TierStore.open({ databases: 1 });
    for (let i = 0; i < 2000; i++) store.run('SET', `key${i}`, 'v'.repeat(200));
    await store.freeze();
    await store.clock.advance(5000);
    for (const name of store.disk.listSync('/kv/lsm').filter((name) => name.endsWith('.tbl'))) {
      store.disk.flipBit(`/kv/lsm/${name}`, 100, 1);
    }
    for (const words of [
      ['SCAN', '0', 'COUNT', '100000'],
      ['KEYS', '*'],
    ]) {
      const reply = store.run(...words) as { error: string };
      assert.match(reply.error, /^ERR a stored key can not be read: .*corrupt/);
    }
  });
});

test('RANDOMKEY gives every key a chance, wherever it is', async () => {
  const store = await TierStore.open({ databases: 1 });
  for (let i = 0; i < 40; i++) store.run('SET', `key${i}`, 'v');
  await store.freeze();
  for (let i = 0; i < 10; i++) store.run('GET', `key${i}`);
  for (let i = 40; i < 50; i++) store.run('SET', `key${i}`, 'v');
  const seen = new Set<unknown>();
  for (let i = 0; i < 20_000 && seen.size < 50; i++) {
    seen.add(store.run('RANDOMKEY'));
    // It was brought into memory; it leaves again.
    if (i % 4 === 0) store.drop((name) => Number(name.slice(3)) >= 10);
  }
  assert.equal(seen.size, 50);
  assert.equal(store.run('DBSIZE'), 50);
});

test('RANDOMKEY of a database that is on the disk only shows no key that is due', async () => {
  const store = await TierStore.open({ databases: 1 });
  for (let i = 0; i < 20; i++) store.run('SET', `due${i}`, 'v', 'PX', '1000');
  store.run('SET', 'stays', 'v');
  await store.freeze();
  assert.equal(store.database().cold, 21);
  await store.clock.advance(1001);
  for (let i = 0; i < 5; i++) assert.equal(store.run('RANDOMKEY'), 'stays');
  assert.deepEqual(store.run('KEYS', '*'), ['stays']);
  store.run('DEL', 'stays');
  assert.equal(store.run('RANDOMKEY'), null);
  assert.equal(store.run('DBSIZE'), 0);
});
