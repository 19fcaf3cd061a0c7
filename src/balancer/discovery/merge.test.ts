import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { serverAddressText } from '../pools/address.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { Pool } from '../servers/pool.ts';
import type { Server } from '../servers/server.ts';
import { memberAt, memberNamedByAddress } from './member.ts';
import { mergeMembers } from './merge.ts';

const named = (name: string, port: number, weight = 1): Member =>
  memberAt({ host: '10.0.0.1', port }, { name, weight });
const namesOf = (members: readonly Member[]): string[] => members.map(({ spec }) => spec.name);

test('the earlier list wins, by name and by address', () => {
  const listed = [named('a', 1, 5), named('b', 2)];
  const found = [named('a', 3), memberNamedByAddress('10.0.0.1', 2), named('c', 4)];
  const { members } = mergeMembers([listed, found], 10);
  assert.deepEqual(namesOf(members), ['a', 'b', 'c']);
  assert.equal(members[0]?.spec.weight, 5);
});

test('two names for one address are two servers when one list says so', () => {
  const list = [named('a', 1), named('b', 1)];
  assert.deepEqual(namesOf(mergeMembers([list, []], 10).members), ['a', 'b']);
});

test('what is too much is left out and counted', () => {
  const { members, tooMany } = mergeMembers([[named('a', 1)], [named('b', 2), named('c', 3)]], 2);
  assert.deepEqual(namesOf(members), ['a', 'b']);
  assert.equal(tooMany, 1);
});

const member = fc
  .record({ name: fc.integer({ min: 0, max: 12 }), port: fc.integer({ min: 1, max: 12 }) })
  .map(({ name, port }) => named(`s${name}`, port));
const list = fc.array(member, { maxLength: 12 });
const lists = fc.array(list, { minLength: 3, maxLength: 3 });

test('of any lists the result is unique, in their order, and nothing is missing without a reason', () => {
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 20 }), (given, max) => {
      const { members, tooMany } = mergeMembers(given, max);
      assert.ok(members.length <= max);
      assert.equal(new Set(namesOf(members)).size, members.length);
      const all = given.flat();
      const places = members.map((each) => all.indexOf(each));
      assert.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
      );
      assert.deepEqual(mergeMembers(structuredClone(given), max).members, members);
      if (tooMany > 0) assert.equal(members.length, max);
      else {
        const [names, addresses] = [
          new Set(namesOf(members)),
          new Set(members.map(({ address }) => serverAddressText(address))),
        ];
        for (const { spec, address } of all) {
          assert.ok(names.has(spec.name) || addresses.has(serverAddressText(address)));
        }
      }
    }),
  );
});

test('however lists flap, a server that stays is the same one with what it has', () => {
  fc.assert(
    fc.property(fc.array(lists, { minLength: 2, maxLength: 12 }), (rounds) => {
      const pool = new Pool([]);
      const actives = new Map<Server, number>();
      let count = 0;
      for (const round of rounds) {
        const before = new Map([...pool.servers].map((server) => [server.name, server]));
        const { members } = mergeMembers(round, 4096);
        pool.replace(members.map(({ spec }) => spec));
        assert.deepEqual(
          [...pool.servers].map(({ name }) => name),
          namesOf(members),
        );
        for (const server of pool.servers) {
          const known = before.get(server.name);
          if (known !== undefined) {
            assert.equal(server, known);
            assert.equal(server.active, actives.get(server));
          }
          server.active = ++count;
          actives.set(server, count);
        }
      }
    }),
  );
});
