import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createTestStore } from '../../testing/harness.ts';
import {
  check,
  checkEffects,
  checkEvents,
  NOT_INTEGER,
  replayOf,
  SYNTAX,
  WRONGTYPE,
} from '../../testing/lines.ts';

const POSITIVE = { error: 'ERR value is out of range, must be positive' };
const NO_KEY = { error: 'ERR no such key' };
const OUT_OF_RANGE = { error: 'ERR index out of range' };
const NUMKEYS = { error: 'ERR numkeys should be greater than 0' };
const COUNT = { error: 'ERR count should be greater than 0' };
const arity = (name: string) => ({ error: `ERR wrong number of arguments for '${name}' command` });

test('elements are pushed and popped at both ends', () => {
  check([
    ['RPUSH l a b c', 3],
    ['LPUSH l 1 2', 5],
    ['LRANGE l 0 -1', ['2', '1', 'a', 'b', 'c']],
    ['LPUSHX none x', 0],
    ['RPUSHX none x', 0],
    ['EXISTS none', 0],
    ['RPUSHX l d', 6],
    ['LPUSHX l 3', 7],
    ['LLEN l', 7],
    ['LLEN none', 0],
    ['LPOP l', '3'],
    ['RPOP l', 'd'],
    ['LPOP l 2', ['2', '1']],
    ['RPOP l 2', ['c', 'b']],
    ['LPOP l 0', []],
    ['RPOP l 100', ['a']],
    ['EXISTS l', 0],
    ['LPOP l', null],
    ['LPOP l 1', null],
    ['LPOP l 0', null],
    ['RPUSH l ""', 1],
    ['LPOP l', ''],
  ]);
});

test('parts of a list are read', () => {
  check([
    ['RPUSH l a b c b a', 5],
    ['LRANGE l 1 2', ['b', 'c']],
    ['LRANGE l -2 -1', ['b', 'a']],
    ['LRANGE l -100 0', ['a']],
    ['LRANGE l 3 1', []],
    ['LRANGE l 5 9', []],
    ['LRANGE none 0 -1', []],
    ['LINDEX l 0', 'a'],
    ['LINDEX l -2', 'b'],
    ['LINDEX l 5', null],
    ['LINDEX l -6', null],
    ['LINDEX none 0', null],
    ['LPOS l b', 1],
    ['LPOS l x', null],
    ['LPOS none x', null],
    ['LPOS l b RANK 2', 3],
    ['LPOS l b RANK -1', 3],
    ['LPOS l b RANK 3', null],
    ['LPOS l a COUNT 0', [0, 4]],
    ['LPOS l a COUNT 1', [0]],
    ['LPOS l a RANK -1 COUNT 2', [4, 0]],
    ['LPOS l a COUNT 0 MAXLEN 3', [0]],
    ['LPOS l a RANK -1 MAXLEN 1', 4],
    ['LPOS l x COUNT 0', []],
    ['LPOS none x COUNT 0', []],
  ]);
});

test('a list is changed in its middle', () => {
  check([
    ['RPUSH l a b c b a', 5],
    ['LSET l 0 A', 'OK'],
    ['LSET l -1 Z', 'OK'],
    ['LINSERT l BEFORE c x', 6],
    ['LINSERT l after Z end', 7],
    ['LINSERT l BEFORE none x', -1],
    ['LINSERT none BEFORE a x', 0],
    ['LRANGE l 0 -1', ['A', 'b', 'x', 'c', 'b', 'Z', 'end']],
    ['LREM l 1 b', 1],
    ['LREM l -5 b', 1],
    ['LREM l 0 none', 0],
    ['LREM none 0 a', 0],
    ['LRANGE l 0 -1', ['A', 'x', 'c', 'Z', 'end']],
    ['LTRIM l 1 -2', 'OK'],
    ['LRANGE l 0 -1', ['x', 'c', 'Z']],
    ['LTRIM l -100 100', 'OK'],
    ['LLEN l', 3],
    ['LTRIM none 0 1', 'OK'],
    ['RPUSH r a b a c a', 5],
    ['LREM r -2 a', 2],
    ['LRANGE r 0 -1', ['a', 'b', 'c']],
    ['LREM r 0 a', 1],
    ['LTRIM r 5 9', 'OK'],
    ['EXISTS r', 0],
    ['RPUSH o x x', 2],
    ['LREM o 0 x', 2],
    ['EXISTS o', 0],
  ]);
});

test('elements are moved between lists and inside of one', () => {
  check([
    ['RPUSH a 1 2 3', 3],
    ['LMOVE a b LEFT RIGHT', '1'],
    ['LMOVE a b right left', '3'],
    ['RPOPLPUSH a b', '2'],
    ['EXISTS a', 0],
    ['LRANGE b 0 -1', ['2', '3', '1']],
    ['LMOVE none b LEFT LEFT', null],
    ['RPOPLPUSH none b', null],
    ['LMOVE b b LEFT RIGHT', '2'],
    ['LRANGE b 0 -1', ['3', '1', '2']],
    ['RPOPLPUSH b b', '2'],
    ['LRANGE b 0 -1', ['2', '3', '1']],
    ['RPUSH one x', 1],
    ['EXPIRE one 100', 1],
    ['LMOVE one one RIGHT LEFT', 'x'],
    ['TTL one', 100],
    ['LMPOP 2 none b LEFT', ['b', ['2']]],
    ['LMPOP 2 b one RIGHT COUNT 10', ['b', ['1', '3']]],
    ['LMPOP 1 b LEFT', null],
  ]);
});

test('other types and broken arguments are refused before anything is changed', () => {
  check([
    ['SET s x', 'OK'],
    ['RPUSH l a', 1],
    ...[
      'LPUSH s a',
      'RPUSHX s a',
      'LPOP s',
      'LPOP s 1',
      'LLEN s',
      'LRANGE s 0 1',
      'LINDEX s 0',
      'LPOS s a',
      'LSET s 0 a',
      'LINSERT s BEFORE a b',
      'LREM s 0 a',
      'LTRIM s 0 1',
      'LMOVE s l LEFT LEFT',
      'LMOVE l s LEFT LEFT',
      'RPOPLPUSH l s',
      'LMPOP 2 none s LEFT',
      'BLPOP none s 0',
      'BLMOVE l s LEFT LEFT 0',
      'BLMPOP 0 1 s LEFT',
    ].map((line) => [line, WRONGTYPE] as const),
    ['LRANGE l 0 -1', ['a']],
    ['LPOP l -1', POSITIVE],
    ['LPOP l x', POSITIVE],
    ['LPOP s x', POSITIVE],
    ['LPOP l 1 2', arity('lpop')],
    ['RPOP l 1 2', arity('rpop')],
    ['RPUSH l', arity('rpush')],
    ['LRANGE s x 1', NOT_INTEGER],
    ['LINDEX s x', WRONGTYPE],
    ['LINDEX l x', NOT_INTEGER],
    ['LINDEX none x', null],
    ['LSET none 0 a', NO_KEY],
    ['LSET none x a', NO_KEY],
    ['LSET l x a', NOT_INTEGER],
    ['LSET l 1 a', OUT_OF_RANGE],
    ['LSET l -2 a', OUT_OF_RANGE],
    ['LINSERT s NEAR a b', SYNTAX],
    ['LREM s x a', NOT_INTEGER],
    ['LTRIM s 0 x', NOT_INTEGER],
    ['LMOVE none none UP LEFT', SYNTAX],
    ['LPOS l a FOO 1', SYNTAX],
    ['LPOS l a RANK', SYNTAX],
    ['LPOS l a RANK x', NOT_INTEGER],
    [
      'LPOS l a RANK 0',
      {
        error:
          "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list",
      },
    ],
    ['LPOS l a COUNT -1', { error: "ERR COUNT can't be negative" }],
    ['LPOS l a MAXLEN -1', { error: "ERR MAXLEN can't be negative" }],
    ['LMPOP 0 l LEFT', NUMKEYS],
    ['LMPOP x l LEFT', NUMKEYS],
    ['LMPOP 2 l LEFT', SYNTAX],
    ['LMPOP 1 l UP', SYNTAX],
    ['LMPOP 1 l LEFT COUNT 0', COUNT],
    ['LMPOP 1 l LEFT COUNT x', COUNT],
    ['LMPOP 1 l LEFT COUNT', SYNTAX],
    ['LMPOP 1 l LEFT COUNT 1 COUNT 1', SYNTAX],
    ['LMPOP 1 l', arity('lmpop')],
    ['LLEN l', 1],
  ]);
});

test('a list becomes a quicklist above list-max-listpack-size, and packed again at half of it', () => {
  const kv = createTestStore({ settings: { listMaxListpackSize: 3 } });
  check(
    [
      ['RPUSH l a b c', 3],
      ['OBJECT ENCODING l', 'listpack'],
      ['RPUSH l d', 4],
      ['OBJECT ENCODING l', 'quicklist'],
      ['RPOP l 2', ['d', 'c']],
      ['OBJECT ENCODING l', 'quicklist'],
      ['RPOP l', 'b'],
      ['OBJECT ENCODING l', 'listpack'],
      ['LPUSH l 1 2 3', 4],
      ['OBJECT ENCODING l', 'quicklist'],
      ['LTRIM l 0 0', 'OK'],
      ['OBJECT ENCODING l', 'listpack'],
      ['RPUSH l x y', 3],
      ['LINSERT l BEFORE x w', 4],
      ['OBJECT ENCODING l', 'quicklist'],
      ['LREM l 0 w', 1],
      ['LMOVE l m LEFT LEFT', '3'],
      ['LMOVE l m LEFT LEFT', 'x'],
      ['OBJECT ENCODING l', 'listpack'],
      ['OBJECT ENCODING m', 'listpack'],
    ],
    kv,
  );
  kv.engine.settings.listMaxListpackSize = -1;
  const item = 'x'.repeat(1000);
  check(
    [
      [`RPUSH big ${item} ${item} ${item}`, 3],
      ['OBJECT ENCODING big', 'listpack'],
      [`RPUSH big ${item} ${item}`, 5],
      ['OBJECT ENCODING big', 'quicklist'],
      [`RPUSH one ${item.repeat(5)}`, 1],
      ['OBJECT ENCODING one', 'quicklist'],
      ['LSET one 0 small', 'OK'],
      ['OBJECT ENCODING one', 'listpack'],
    ],
    kv,
  );
});

test('commands on lists tell of what they did, in order', () => {
  checkEvents([
    ['RPUSH l a b c d', ['new l', 'rpush l']],
    ['LPUSH l x', ['lpush l']],
    ['LPUSHX none x', []],
    ['LSET l 0 y', ['lset l']],
    ['LINSERT l BEFORE a z', ['linsert l']],
    ['LINSERT l BEFORE none z', []],
    ['LREM l 0 z', ['lrem l']],
    ['LREM l 0 none', []],
    ['LTRIM l 1 -1', ['ltrim l']],
    ['LMOVE l m LEFT RIGHT', ['new m', 'rpush m', 'lpop l']],
    ['LMOVE l l LEFT RIGHT', ['rpush l', 'lpop l']],
    ['LPOP l 0', []],
    ['LPOP l 2', ['lpop l']],
    ['LMPOP 1 l RIGHT', ['rpop l', 'del l']],
    ['RPOPLPUSH m n', ['new n', 'lpush n', 'rpop m', 'del m']],
    ['BLPOP n 0', ['lpop n', 'del n']],
    ['RPUSH l a', ['new l', 'rpush l']],
    ['LTRIM l 5 9', ['ltrim l', 'del l']],
  ]);
});

test('pops of one of several keys are logged as what they popped', () => {
  checkEffects([
    ['RPUSH l a b c d e f g', ['RPUSH l a b c d e f g']],
    ['LPOP l', ['LPOP l']],
    ['LPOP none', []],
    ['LPOP l 0', []],
    ['LMPOP 2 none l RIGHT COUNT 2', ['RPOP l 2']],
    ['BLPOP none l 0', ['LPOP l']],
    ['BRPOP l 0', ['RPOP l']],
    ['BLMPOP 0 2 none l LEFT', ['LPOP l 1']],
    ['BLMOVE l m LEFT LEFT 0', ['LMOVE l m LEFT LEFT']],
    ['BRPOPLPUSH m m 0', ['LMOVE m m RIGHT LEFT']],
    ['LMOVE none m LEFT LEFT', []],
    ['LREM m 0 none', []],
  ]);
});

const item = fc.constantFrom('a', 'b', 'c', '', 'x'.repeat(300));
const step = fc.tuple(
  fc.constantFrom(
    'LPUSH',
    'RPUSH',
    'RPUSH',
    'LPOP',
    'RPOP',
    'LREM',
    'LSET',
    'LINSERT',
    'LTRIM',
    'LMOVE',
  ),
  fc.constantFrom('a', 'b'),
  item,
  item,
  fc.integer({ min: -6, max: 12 }),
);

test('lists agree with arrays, replays do too, and no memory is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(-2, 3), (steps, size) => {
      const kv = createTestStore({ settings: { listMaxListpackSize: size } });
      const before = kv.engine.keyspace.arena.usedBytes;
      const model: Record<string, string[]> = { a: [], b: [] };
      for (const [what, key, one, two, n] of steps) {
        const list = model[key]!;
        const other = key === 'a' ? 'b' : 'a';
        if (what === 'LPUSH') {
          list.unshift(two, one);
          assert.equal(kv.run(what, key, one, two), list.length);
        } else if (what === 'RPUSH') {
          list.push(one, two);
          assert.equal(kv.run(what, key, one, two), list.length);
        } else if (what === 'LPOP') {
          assert.equal(kv.run(what, key), list.shift() ?? null);
        } else if (what === 'RPOP') {
          const popped = list.splice(Math.max(0, list.length - 2)).reverse();
          assert.deepEqual(kv.run(what, key, 2), popped.length === 0 ? null : popped);
        } else if (what === 'LREM') {
          let left = n === 0 ? Number.POSITIVE_INFINITY : Math.abs(n);
          const order = n < 0 ? [...list].reverse() : list;
          const kept = order.filter((element) => element !== one || left-- <= 0);
          const removed = list.length - kept.length;
          model[key] = n < 0 ? kept.reverse() : kept;
          assert.equal(kv.run(what, key, n, one), removed);
        } else if (what === 'LSET') {
          const index = n < 0 ? list.length + n : n;
          if (index >= 0 && index < list.length) {
            list[index] = one;
            assert.equal(kv.run(what, key, n, one), 'OK');
          }
        } else if (what === 'LINSERT') {
          const pivot = list.indexOf(one);
          if (pivot >= 0) list.splice(n < 0 ? pivot : pivot + 1, 0, two);
          const reply = kv.run(what, key, n < 0 ? 'BEFORE' : 'AFTER', one, two);
          assert.equal(reply, pivot >= 0 ? list.length : list.length === 0 ? 0 : -1);
        } else if (what === 'LTRIM') {
          const from = n < 0 ? Math.max(0, list.length + n) : n;
          model[key] = list.slice(from);
          assert.equal(kv.run(what, key, n, -1), 'OK');
        } else {
          const moved = n < 0 ? list.shift() : list.pop();
          if (moved !== undefined) model[other]!.push(moved);
          assert.equal(kv.run(what, key, other, n < 0 ? 'LEFT' : 'RIGHT', 'RIGHT'), moved ?? null);
        }
        for (const name of ['a', 'b']) {
          assert.deepEqual(kv.run('LRANGE', name, 0, -1), model[name]);
          assert.equal(kv.run('EXISTS', name), model[name]!.length > 0 ? 1 : 0);
        }
      }
      const replay = replayOf(kv);
      for (const name of ['a', 'b'])
        assert.deepEqual(replay.run('LRANGE', name, 0, -1), model[name]);
      kv.run('DEL', 'a', 'b');
      while (kv.engine.keyspace.large.reclaim(1000));
      assert.equal(kv.engine.keyspace.arena.usedBytes, before);
    }),
    { numRuns: 60 },
  );
});
