import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

const SYNTAX = { error: 'ERR syntax error' };
const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };

function check(lines: [string, Reply][], kv = createTestStore()) {
  for (const [line, reply] of lines) assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  return kv;
}

const sources: [string, Reply][] = [
  ['ZADD a 1 x 2 y 3 z', 3],
  ['ZADD b 10 y 20 z 30 w', 3],
  ['SADD s z w q', 3],
];

test('unions add up weighted scores', () => {
  check([
    ...sources,
    ['ZUNION 2 a b', ['x', 'y', 'z', 'w']],
    ['ZUNION 2 a b WITHSCORES', ['x', '1', 'y', '12', 'z', '23', 'w', '30']],
    ['ZUNION 2 a s WITHSCORES', ['q', '1', 'w', '1', 'x', '1', 'y', '2', 'z', '4']],
    [
      'ZUNION 2 a b WEIGHTS 2 0.5 AGGREGATE MAX WITHSCORES',
      ['x', '2', 'y', '5', 'z', '10', 'w', '15'],
    ],
    ['ZUNION 2 a b AGGREGATE MIN WITHSCORES', ['x', '1', 'y', '2', 'z', '3', 'w', '30']],
    ['ZUNION 2 a a WITHSCORES', ['x', '2', 'y', '4', 'z', '6']],
    ['ZUNION 2 none nothing', []],
  ]);
});

test('intersections keep what all sources have', () => {
  check([
    ...sources,
    ['ZINTER 2 a b WITHSCORES', ['y', '12', 'z', '23']],
    ['ZINTER 3 a b s WITHSCORES WEIGHTS 1 1 -30', ['z', '-7']],
    ['ZINTER 2 a a AGGREGATE MAX WITHSCORES', ['x', '1', 'y', '2', 'z', '3']],
    ['ZINTER 2 a none', []],
    ['ZINTERCARD 2 a b', 2],
    ['ZINTERCARD 2 a b LIMIT 1', 1],
    ['ZINTERCARD 2 a b LIMIT 0', 2],
    ['ZINTERCARD 2 a s', 1],
    ['ZINTERCARD 2 a b LIMIT -1', { error: "ERR LIMIT can't be negative" }],
    ['ZINTERCARD 2 a b LIMIT x', { error: "ERR LIMIT can't be negative" }],
    ['ZINTERCARD 2 a b WITHSCORES', SYNTAX],
  ]);
});

test('differences keep the scores of the first source', () => {
  check([
    ...sources,
    ['ZDIFF 2 a b WITHSCORES', ['x', '1']],
    ['ZDIFF 2 a s', ['x', 'y']],
    ['ZDIFF 2 s a WITHSCORES', ['q', '1', 'w', '1']],
    ['ZDIFF 2 none a', []],
    ['ZDIFF 2 a a', []],
    ['ZDIFF 2 a b WEIGHTS 1 2', SYNTAX],
  ]);
});

test('infinities that cancel out make zero', () => {
  check([
    ['ZADD a inf x 1 y', 2],
    ['ZADD b -inf x 1 y', 2],
    ['ZUNION 2 a b WITHSCORES', ['x', '0', 'y', '2']],
    ['ZINTER 2 a b WITHSCORES', ['x', '0', 'y', '2']],
    ['ZUNION 1 a WEIGHTS 0 WITHSCORES', ['x', '0', 'y', '0']],
  ]);
});

test('results are stored over what was there, also over a source', () => {
  const kv = check([
    ...sources,
    ['SET dst text', 'OK'],
    ['ZUNIONSTORE dst 2 a b', 4],
    ['ZRANGE dst 0 -1 WITHSCORES', ['x', '1', 'y', '12', 'z', '23', 'w', '30']],
    ['ZINTERSTORE a 2 a b', 2],
    ['ZRANGE a 0 -1 WITHSCORES', ['y', '12', 'z', '23']],
    ['ZDIFFSTORE s 2 s b', 1],
    ['ZRANGE s 0 -1 WITHSCORES', ['q', '1']],
    ['ZDIFFSTORE dst 2 b b', 0],
    ['ZCARD dst', 0],
    ['ZUNIONSTORE dst 1 b WITHSCORES', SYNTAX],
  ]);
  assert.equal(kv.session.db.size, 3);
});

test('broken arguments are refused', () => {
  check([
    ...sources,
    ['SET str x', 'OK'],
    ['ZUNION 0 a', { error: "ERR at least 1 input key is needed for 'zunion' command" }],
    ['ZDIFFSTORE d 0 a', { error: "ERR at least 1 input key is needed for 'zdiffstore' command" }],
    ['ZUNION x a', { error: 'ERR value is not an integer or out of range' }],
    ['ZUNION 3 a b', SYNTAX],
    ['ZUNION 2 a str WEIGHTS x y', WRONGTYPE],
    ['ZUNION 2 a b WEIGHTS 1 x', { error: 'ERR weight value is not a float' }],
    ['ZUNION 2 a b WEIGHTS 1', SYNTAX],
    ['ZUNION 2 a b AGGREGATE AVG', SYNTAX],
    ['ZUNION 2 a b AGGREGATE', SYNTAX],
  ]);
});

test('random members come from the set, as often as asked', () => {
  const kv = createTestStore();
  for (let i = 0; i < 400; i++) kv.run('ZADD', 'z', i, `m${i}`);
  const list = (reply: Reply): Reply[] => {
    assert.ok(Array.isArray(reply));
    return reply;
  };
  for (const count of [1, 20, 200, 400, 1000]) {
    const drawn = list(kv.run('ZRANDMEMBER', 'z', count));
    assert.equal(drawn.length, Math.min(count, 400));
    assert.equal(new Set(drawn).size, drawn.length);
    assert.ok(
      drawn.every((member) => /^m([0-9]|[1-9][0-9]|[1-3][0-9][0-9])$/.test(String(member))),
    );
    assert.equal(list(kv.run('ZRANDMEMBER', 'z', -count)).length, count);
  }
  const scored = list(kv.run('ZRANDMEMBER', 'z', -50, 'WITHSCORES'));
  assert.equal(scored.length, 100);
  for (let i = 0; i < 100; i += 2) assert.equal(scored[i], `m${scored[i + 1]}`);
  assert.match(String(kv.run('ZRANDMEMBER', 'z')), /^m\d+$/);
  check([
    ['ZRANDMEMBER none', null],
    ['ZRANDMEMBER none 3', []],
    ['ZADD z 1 a', 1],
    ['ZRANDMEMBER z 0', []],
    ['ZRANDMEMBER z 1 SCORES', SYNTAX],
    ['ZRANDMEMBER z 1 WITHSCORES x', SYNTAX],
    ['ZRANDMEMBER z x', { error: 'ERR value is not an integer or out of range' }],
  ]);
});
