import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spec, specs } from '../testing/pools.ts';
import { divideAmongLevels } from './level-shares.ts';
import { Pool } from './pool.ts';
import { type ServerCause, serverCauseTable, stateOf } from './server-causes.ts';

const names = (list: readonly { name: string }[]): string[] => list.map(({ name }) => name);

function setAll(pool: Pool, cause: ServerCause, which: readonly string[]): void {
  for (const name of which) pool.set(pool.find(name)!, cause, true);
}

test('the state that is shown is the first cause of the table, and every cause has its own bit', () => {
  assert.equal(stateOf(0), 'up');
  assert.equal(stateOf(serverCauseTable.starting.bit | serverCauseTable.down.bit), 'down');
  const bits = Object.values(serverCauseTable).map(({ bit }) => bit);
  assert.equal(new Set(bits).size, bits.length);
});

test('a server that drains and is down takes neither bound work nor part in a panic', () => {
  const pool = new Pool(specs(2));
  const server = pool.find('s0')!;
  pool.set(server, 'draining', true);
  assert.equal(server.takesBoundWork, true);
  pool.set(server, 'down', true);
  assert.equal(server.takesBoundWork, false);
  setAll(pool, 'down', ['s1']);
  assert.deepEqual(names(pool.levels[0]!.candidates), ['s1']);
});

test('a new list keeps the servers it names with all they know, and tells the others apart', () => {
  const pool = new Pool(specs(3));
  const kept = pool.find('s1')!;
  const gone = pool.find('s2')!;
  kept.active = 7;
  pool.set(kept, 'down', true);
  const before = pool.levels;
  const change = pool.replace([spec('s1', { weight: 5, port: 81 }), spec('s9'), spec('s0')]);
  assert.notEqual(pool.levels, before);
  assert.equal(pool.find('s1'), kept);
  assert.deepEqual([kept.active, kept.weight, kept.port, kept.state], [7, 5, 81, 'down']);
  assert.deepEqual(names(change.added), ['s9']);
  assert.deepEqual(change.removed, [gone]);
  assert.deepEqual([gone.slot, gone.member], [-1, -1]);
  assert.deepEqual(names(pool.levels[0]!.candidates), ['s9', 's0']);
});

test('changes made together are told once, and are there when it has returned', () => {
  const pool = new Pool([...specs(4), spec('b', { priority: 1 })]);
  const told: number[] = [];
  pool.observe({ onLevels: () => {}, onCandidates: ({ priority }) => told.push(priority) });
  pool.together(() => {
    setAll(pool, 'down', ['s0', 's1', 's2']);
    pool.setShare(pool.find('s3')!, 0.5);
    assert.equal(pool.levels[0]!.candidates.length, 4);
    assert.throws(() => pool.replace([]), /together/);
  });
  assert.deepEqual(told, [0]);
  assert.deepEqual(names(pool.levels[0]!.candidates), ['s3']);
  assert.equal(pool.levels[0]!.startingMax, 0.5);
  assert.throws(
    () =>
      pool.together(() => {
        setAll(pool, 'down', ['b']);
        throw new Error('broken off');
      }),
    /broken off/,
  );
  assert.deepEqual(names(pool.levels[1]!.candidates), []);
});

test('a new limit holds at once', () => {
  const pool = new Pool([spec('a', { activeMax: 2 })]);
  const server = pool.find('a')!;
  server.active = 2;
  server.admits = false;
  pool.replace([spec('a', { activeMax: 3 })]);
  assert.equal(server.admits, true);
  pool.replace([spec('a', { activeMax: 1 })]);
  assert.equal(server.admits, false);
});

test('two servers of one name are a bug', () => {
  assert.throws(() => new Pool([spec('a'), spec('a')]), /unique/);
});

test('lower levels are used as far as the higher ones cannot carry the work', () => {
  const two = [...specs(10), spec('b0', { priority: 1 }), spec('b1', { priority: 1 })];
  const pool = new Pool(two);
  const shares = (): number[] => pool.levels.map(({ share }) => Math.round(share * 1000) / 1000);
  assert.deepEqual(shares(), [1, 0]);
  setAll(pool, 'down', ['s0', 's1']);
  assert.deepEqual(shares(), [1, 0]);
  setAll(pool, 'down', ['s2', 's3', 's4']);
  assert.deepEqual(shares(), [0.7, 0.3]);
  setAll(pool, 'down', ['s5', 's6', 's7', 's8', 's9']);
  assert.deepEqual(shares(), [0, 1]);
  assert.ok(pool.levels.every(({ panic }) => !panic));
  setAll(pool, 'down', ['b0', 'b1']);
  assert.deepEqual(shares(), [1, 0]);
  assert.equal(pool.levels[0]!.candidates.length, 10);
});

test('servers that an operator took out are not missed', () => {
  const pool = new Pool([...specs(10), spec('b0', { priority: 1 })]);
  setAll(pool, 'maintenance', ['s0', 's1', 's2', 's3', 's4', 's5', 's6', 's7', 's8']);
  assert.deepEqual(
    pool.levels.map(({ share }) => share),
    [1, 0],
  );
});

test('too few healthy servers are not left alone with everything: all are used, until enough are well', () => {
  const pool = new Pool(specs(10), { panicShare: 0.3, overProvision: 1.4 });
  const level = pool.levels[0]!;
  setAll(pool, 'down', ['s0', 's1', 's2', 's3', 's4', 's5', 's6']);
  assert.equal(level.candidates.length, 3);
  setAll(pool, 'down', ['s7']);
  assert.equal(level.panic, true);
  assert.equal(level.candidates.length, 10);
  setAll(pool, 'maintenance', ['s9']);
  assert.equal(level.candidates.includes(pool.find('s9')!), false);
  pool.set(pool.find('s0')!, 'down', false);
  pool.set(pool.find('s1')!, 'down', false);
  assert.deepEqual(names(level.candidates), ['s0', 's1', 's8']);
});

test('without panic nobody is a candidate when nobody is well', () => {
  const pool = new Pool(specs(2), { panicShare: 0, overProvision: 1.4 });
  setAll(pool, 'down', ['s0', 's1']);
  assert.deepEqual(pool.levels[0]!.candidates, []);
});

test('shares of all levels add up to one whenever anybody can be used', () => {
  const level = fc.record({ healthy: fc.nat(10), more: fc.nat(10) });
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 4 }), (levels) => {
      const made = levels.map(({ healthy, more }) => ({
        healthy,
        expected: healthy + more,
        share: 0,
      }));
      const panics = divideAmongLevels(made as never, { panicShare: 0.2, overProvision: 1.4 });
      const sum = made.reduce((total, { share }) => total + share, 0);
      const usable = made.some(({ expected }) => expected > 0);
      assert.ok(Math.abs(sum - (usable ? 1 : 0)) < 1e-9);
      assert.ok(made.every(({ share }) => share >= 0));
      made.forEach(({ healthy, expected }, i) => {
        if (panics[i] === true) assert.ok(expected > 0 && healthy < 0.2 * expected);
      });
    }),
  );
});

test('whatever happens to causes and members, candidates are those that a look at all would give', () => {
  const causes = Object.keys(serverCauseTable) as ServerCause[];
  const member = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    weight: fc.nat(3),
    priority: fc.nat(1),
  });
  const step = fc.oneof(
    fc.record({
      do: fc.constant('set' as const),
      server: fc.nat(6),
      cause: fc.constantFrom(...causes),
      on: fc.boolean(),
    }),
    fc.record({
      do: fc.constant('replace' as const),
      list: fc.uniqueArray(member, { selector: ({ name }) => name }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const pool = new Pool(specs(4));
      for (const each of steps) {
        if (each.do === 'replace') {
          const list = each.list.map((one) => spec(one.name, one));
          pool.replace(list);
          for (const server of pool.servers) server.active = server.id % 7;
          pool.replace(list);
        } else {
          const all = [...pool.servers];
          const server = all[each.server % Math.max(1, all.length)];
          if (server !== undefined) pool.set(server, each.cause, each.on);
        }
        let seen = 0;
        for (const level of pool.levels) {
          seen += level.members.length;
          const allowed = level.members.filter(
            ({ weight, causes: bits }) =>
              weight > 0 &&
              causes.every((cause) => {
                const row = serverCauseTable[cause];
                return (bits & row.bit) === 0 || (level.panic ? row.inPanic : row.newWork);
              }),
          );
          assert.deepEqual(level.candidates, allowed);
          assert.equal(
            level.active,
            allowed.reduce((sum, { active }) => sum + active, 0),
          );
          assert.equal(
            level.weight,
            allowed.reduce((sum, { weight }) => sum + weight, 0),
          );
          for (const server of level.members) {
            assert.equal(server.slot, level.candidates.indexOf(server));
            assert.equal(pool.levels[server.level], level);
          }
        }
        assert.equal(seen, pool.size);
      }
    }),
  );
});
