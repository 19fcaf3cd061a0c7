import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seventeenDigits } from '../../command/numbers.ts';
import { Type } from '../../keyspace/index.ts';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';
import { encodingOf } from '../../values/zset/index.ts';

const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };
const SYNTAX = { error: 'ERR syntax error' };
const NOT_FLOAT = { error: 'ERR value is not a valid float' };
const BAD_BOUND = { error: 'ERR min or max is not a float' };
const BAD_LEX = { error: 'ERR min or max not valid string range item' };

/** Runs lines of words against their replies; a word of two quotes is empty. */
function check(lines: [string, Reply][], kv = createTestStore()): TestStore {
  for (const [line, reply] of lines) {
    const words = line.split(' ').map((word) => (word === "''" ? '' : word));
    assert.deepEqual(kv.run(...words), reply, line);
  }
  return kv;
}

function encoding(kv: TestStore, key: string): string {
  const db = kv.session.db;
  const record = db.peek(Buffer.from(key), 0, key.length);
  assert.equal(db.typeOf(record), Type.zset);
  return encodingOf(db, record);
}

/** Names of the keyspace events from here on. */
function watchEvents(kv: TestStore): string[] {
  const events: string[] = [];
  kv.engine.settings.notifyKeyspaceEvents = 0x7fffffff;
  kv.engine.notify = (_db, buf, start, length, _class, event) => {
    events.push(`${event} ${buf.toString('latin1', start, start + length)}`);
  };
  return events;
}

test('ZADD adds, updates and obeys its options', () => {
  check([
    ['ZADD z 1 a 2 b 3 c', 3],
    ['ZADD z 5 a 9 d', 1],
    ['ZADD z CH 6 a 2 b 1 e', 2],
    ['ZADD z NX 100 a 7 f', 1],
    ['ZADD z XX 8 a 8 g', 0],
    ['ZADD z XX CH 9 a 8 g', 1],
    ['ZADD z GT CH 5 a 10 f 1 new', 2],
    ['ZADD z LT CH 20 a 1 f', 1],
    ['ZADD z INCR 2.5 a', '11.5'],
    ['ZADD z NX INCR 1 a', null],
    ['ZADD z XX INCR 1 nobody', null],
    ['ZADD z GT INCR -1 a', null],
    ['ZADD none XX 1 a', 0],
    ['ZADD none XX INCR 1 a', null],
    ['ZINCRBY z -1.5 a', '10'],
    ['ZINCRBY fresh 3 a', '3'],
    [
      'ZRANGE z 0 -1 WITHSCORES',
      ['e', '1', 'f', '1', 'new', '1', 'b', '2', 'c', '3', 'd', '9', 'a', '10'],
    ],
  ]);
});

test('ZADD refuses what Redis refuses and changes nothing then', () => {
  const kv = check([
    ['SET str x', 'OK'],
    ['ZADD str 1 a', WRONGTYPE],
    ['ZINCRBY str 1 a', WRONGTYPE],
    ['ZADD z 1', { error: "ERR wrong number of arguments for 'zadd' command" }],
    ['ZADD z 1 a 2', SYNTAX],
    ['ZADD z NX CH', SYNTAX],
    ['ZADD z NX XX 1 a', { error: 'ERR XX and NX options at the same time are not compatible' }],
    [
      'ZADD z GT LT 1 a',
      { error: 'ERR GT, LT, and/or NX options at the same time are not compatible' },
    ],
    [
      'ZADD z NX GT 1 a',
      { error: 'ERR GT, LT, and/or NX options at the same time are not compatible' },
    ],
    ['ZADD z INCR 1 a 2 b', { error: 'ERR INCR option supports a single increment-element pair' }],
    ['ZADD z 1 a nan b', NOT_FLOAT],
    ['ZADD z 1 a 1e400 b', NOT_FLOAT],
    ['ZADD z 1e-400 a', NOT_FLOAT],
    ['ZADD z 1_0 a', NOT_FLOAT],
    ["ZADD z '' a", NOT_FLOAT],
    ['ZADD z inf a', 1],
    ['ZINCRBY z -inf a', { error: 'ERR resulting score is not a number (NaN)' }],
    ['ZADD z INCR -inf a', { error: 'ERR resulting score is not a number (NaN)' }],
    ['ZCARD z', 1],
  ]);
  assert.deepEqual(kv.effects(), [
    ['SET', 'str', 'x'],
    ['ZADD', 'z', 'inf', 'a'],
  ]);
});

test('scores are printed as Redis prints doubles', () => {
  const cases: [string, string][] = [
    ['1', '1'],
    ['-0', '-0'],
    ['1.50', '1.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['+7', '7'],
    ['0.1', '0.1'],
    ['123456789.125', '123456789.125'],
    ['1e20', '1e+20'],
    ['1e-7', '1e-7'],
    ['inf', 'inf'],
    ['-Infinity', '-inf'],
    ['9007199254740993', '9007199254740992'],
    ['0x10', '16'],
  ];
  const kv = createTestStore();
  for (const [given, printed] of cases) {
    kv.run('ZADD', 'z', given, 'm');
    assert.equal(kv.run('ZSCORE', 'z', 'm'), printed, given);
  }
});

test('members are asked for by name', () => {
  check([
    ['ZADD z 1 a 2 b 2 c', 3],
    ['ZCARD z', 3],
    ['ZCARD none', 0],
    ['ZSCORE z b', '2'],
    ['ZSCORE z x', null],
    ['ZSCORE none x', null],
    ['ZMSCORE z a x c', ['1', null, '2']],
    ['ZMSCORE none a x', [null, null]],
    ['ZRANK z c', 2],
    ['ZREVRANK z c', 0],
    ['ZRANK z c WITHSCORE', [2, '2']],
    ['ZRANK z x', null],
    ['ZRANK z x WITHSCORE', null],
    ['ZRANK z a nonsense', SYNTAX],
    ['ZRANK z a WITHSCORE x', { error: "ERR wrong number of arguments for 'zrank' command" }],
    ['ZREM z a x c', 2],
    ['ZREM none a', 0],
    ['ZREM z b b', 1],
    ['ZCARD z', 0],
  ]);
});

test('ranges by rank', () => {
  check([
    ['ZADD z 1 a 2 b 3 c 4 d', 4],
    ['ZRANGE z 0 -1', ['a', 'b', 'c', 'd']],
    ['ZRANGE z -2 100', ['c', 'd']],
    ['ZRANGE z 3 1', []],
    ['ZRANGE z 4 5', []],
    ['ZRANGE z 1 2 REV WITHSCORES', ['c', '3', 'b', '2']],
    ['ZREVRANGE z 0 0 WITHSCORES', ['d', '4']],
    ['ZREVRANGE z 0 1 REV', SYNTAX],
    ['ZRANGE none 0 -1', []],
    ['ZRANGE z x 1', { error: 'ERR value is not an integer or out of range' }],
    ['ZRANGE z 0 -1 LIMIT 1 -1', ['a', 'b', 'c', 'd']],
    [
      'ZRANGE z 0 -1 LIMIT 1 1',
      {
        error:
          'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
      },
    ],
  ]);
});

test('ranges by score', () => {
  check([
    ['ZADD z -inf low 1 a 2 b 2 c 3 d inf high', 6],
    ['ZRANGEBYSCORE z 1 2', ['a', 'b', 'c']],
    ['ZRANGEBYSCORE z (1 (3 WITHSCORES', ['b', '2', 'c', '2']],
    ['ZRANGEBYSCORE z -inf +inf', ['low', 'a', 'b', 'c', 'd', 'high']],
    ['ZRANGEBYSCORE z (-inf (inf', ['a', 'b', 'c', 'd']],
    ['ZRANGEBYSCORE z 3 1', []],
    ['ZRANGEBYSCORE z (2 2', []],
    ['ZREVRANGEBYSCORE z 2 1 LIMIT 1 2', ['b', 'a']],
    ['ZRANGE z 3 1 BYSCORE REV LIMIT 0 2 WITHSCORES', ['d', '3', 'c', '2']],
    ['ZRANGEBYSCORE z 0 9 LIMIT 1 -1', ['b', 'c', 'd']],
    ['ZRANGEBYSCORE z 0 9 LIMIT -1 2', []],
    ['ZRANGEBYSCORE z 0 9 LIMIT 9 2', []],
    ['ZRANGEBYSCORE z 0 9 LIMIT 0 0', []],
    ['ZRANGEBYSCORE z 0 9 LIMIT 0', SYNTAX],
    ['ZRANGEBYSCORE z 0 9 BYSCORE', SYNTAX],
    ['ZRANGEBYSCORE z x 9', BAD_BOUND],
    ['ZRANGEBYSCORE z 1 (nan', BAD_BOUND],
    ["ZRANGEBYSCORE z '' 1e999", ['a', 'b', 'c', 'd', 'high']],
    ['ZCOUNT z 1 (3', 3],
    ['ZCOUNT none 1 3', 0],
    ['ZCOUNT z 1 x', BAD_BOUND],
  ]);
});

test('ranges by bytes', () => {
  check([
    ['ZADD z 0 a 0 aa 0 b 0 c 0 d', 5],
    ['ZRANGEBYLEX z - +', ['a', 'aa', 'b', 'c', 'd']],
    ['ZRANGEBYLEX z [aa (c', ['aa', 'b']],
    ['ZRANGEBYLEX z + -', []],
    ['ZRANGEBYLEX z (a [a', []],
    ['ZREVRANGEBYLEX z [c - LIMIT 1 2', ['b', 'aa']],
    ['ZRANGE z + [b BYLEX REV', ['d', 'c', 'b']],
    ['ZRANGEBYLEX z b c', BAD_LEX],
    ['ZRANGEBYLEX z -x +', BAD_LEX],
    [
      'ZRANGE z - + BYLEX WITHSCORES',
      { error: 'ERR syntax error, WITHSCORES not supported in combination with BYLEX' },
    ],
    ['ZLEXCOUNT z [a (c', 3],
    ['ZLEXCOUNT z - +', 5],
    ['ZREMRANGEBYLEX z [a [aa', 2],
    ['ZREMRANGEBYLEX z x y', BAD_LEX],
    ['ZRANGE z 0 -1', ['b', 'c', 'd']],
  ]);
});

test('removals of ranges take the key with the last member', () => {
  const kv = check([
    ['ZADD z 1 a 2 b 3 c 4 d', 4],
    ['ZREMRANGEBYRANK z 0 0', 1],
    ['ZREMRANGEBYRANK z 5 9', 0],
    ['ZREMRANGEBYSCORE z (2 3', 1],
    ['ZREMRANGEBYSCORE none 0 1', 0],
    ['ZREMRANGEBYSCORE z -inf inf', 2],
  ]);
  assert.equal(kv.session.db.size, 0);
  assert.deepEqual(
    kv.effects().map((words) => words[0]),
    ['ZADD', 'ZREMRANGEBYRANK', 'ZREMRANGEBYSCORE', 'ZREMRANGEBYSCORE'],
  );
});

test('ZRANGESTORE replaces its destination, which may be its source', () => {
  const kv = check([
    ['ZADD z 1 a 2 b 3 c', 3],
    ['SET dst x', 'OK'],
    ['ZRANGESTORE dst z 1 -1', 2],
    ['ZRANGE dst 0 -1 WITHSCORES', ['b', '2', 'c', '3']],
    ['ZRANGESTORE z z (1 inf BYSCORE LIMIT 1 5', 1],
    ['ZRANGE z 0 -1', ['c']],
    ['ZRANGESTORE dst none 0 -1', 0],
    ['ZRANGESTORE dst z 0 -1 WITHSCORES', SYNTAX],
  ]);
  assert.equal(kv.session.db.size, 1);
});

test('RESP3 has doubles, and pairs where members come with scores', () => {
  const kv = createTestStore();
  kv.resp3 = true;
  const d = (n: number) => ({ double: n });
  check(
    [
      ['ZADD z 1 a 2.5 b', 2],
      ['ZSCORE z b', d(2.5)],
      ['ZINCRBY z 1 a', d(2)],
      ['ZADD z INCR inf c', d(Infinity)],
      ['ZMSCORE z a x', [d(2), null]],
      [
        'ZRANGE z 0 1 WITHSCORES',
        [
          ['a', d(2)],
          ['b', d(2.5)],
        ],
      ],
      ['ZRANK z b WITHSCORE', [1, d(2.5)]],
      [
        'ZUNION 1 z WITHSCORES',
        [
          ['a', d(2)],
          ['b', d(2.5)],
          ['c', d(Infinity)],
        ],
      ],
      [
        'ZRANDMEMBER z 3 WITHSCORES',
        [
          ['c', d(Infinity)],
          ['b', d(2.5)],
          ['a', d(2)],
        ],
      ],
      ['ZSCAN z 0', ['0', ['a', '2', 'b', '2.5', 'c', 'inf']]],
      ['ZPOPMIN z', ['a', d(2)]],
      ['ZPOPMAX z 1', [['c', d(Infinity)]]],
      ['ZMPOP 1 z MIN', ['z', [['b', d(2.5)]]]],
    ],
    kv,
  );
});

test('encodings follow the settings at the time of a write', () => {
  const kv = createTestStore();
  for (let i = 0; i < 128; i++) kv.run('ZADD', 'z', i, `m${i}`);
  assert.equal(encoding(kv, 'z'), 'listpack');
  kv.run('ZADD', 'z', 1, 'm0');
  assert.equal(encoding(kv, 'z'), 'listpack');
  kv.run('ZADD', 'z', 1, 'more');
  assert.equal(encoding(kv, 'z'), 'skiplist');
  kv.run('ZREMRANGEBYRANK', 'z', 0, 100);
  assert.equal(encoding(kv, 'z'), 'skiplist');
  kv.run('ZRANGESTORE', 'small', 'z', 0, -1);
  assert.equal(encoding(kv, 'small'), 'listpack');
  kv.run('ZADD', 'long', 1, 'x'.repeat(65));
  assert.equal(encoding(kv, 'long'), 'skiplist');
  kv.run('ZADD', 'many', ...Array.from({ length: 129 }, () => [1, 'same']).flat());
  assert.equal(encoding(kv, 'many'), 'skiplist');
  kv.engine.settings.zsetMaxListpackEntries = 0;
  kv.run('ZADD', 'none', 1, 'a');
  assert.equal(encoding(kv, 'none'), 'skiplist');
});

test('changes keep the expiry, results replace it', () => {
  const kv = createTestStore();
  const db = kv.session.db;
  const expiryOf = (key: string) => db.expiryOf(db.peek(Buffer.from(key), 0, key.length));
  for (const key of ['z', 'dst']) {
    kv.run('ZADD', key, 1, 'a');
    db.setExpiry(db.findForWrite(Buffer.from(key), 0, key.length), kv.engine.keyspace.nowMs + 1e6);
  }
  for (let i = 0; i < 200; i++) kv.run('ZADD', 'z', i, `m${i}`);
  kv.run('ZREMRANGEBYRANK', 'z', 0, 150);
  assert.ok(expiryOf('z') > 0);
  kv.run('ZUNIONSTORE', 'dst', 1, 'z');
  assert.equal(expiryOf('dst'), -1);
});

test('every change tells its event, and a last removal that of the key', () => {
  const kv = createTestStore();
  const events = watchEvents(kv);
  const told = (...words: (string | number)[]) => {
    events.length = 0;
    kv.run(...words);
    return events.filter((event) => !event.startsWith('keymiss'));
  };
  assert.deepEqual(told('ZADD', 'z', 1, 'a'), ['new z', 'zadd z']);
  assert.deepEqual(told('ZADD', 'z', 1, 'a'), []);
  assert.deepEqual(told('ZINCRBY', 'z', 1, 'a'), ['zincr z']);
  assert.deepEqual(told('ZINCRBY', 'z', 0, 'a'), []);
  assert.deepEqual(told('ZUNIONSTORE', 'u', 1, 'z'), ['new u', 'zunionstore u']);
  assert.deepEqual(told('ZINTERSTORE', 'u', 1, 'z'), ['zinterstore u']);
  assert.deepEqual(told('ZDIFFSTORE', 'u', 2, 'z', 'z'), ['del u']);
  assert.deepEqual(told('ZDIFFSTORE', 'u', 2, 'z', 'z'), []);
  assert.deepEqual(told('ZRANGESTORE', 'u', 'z', 0, 0), ['new u', 'zrangestore u']);
  assert.deepEqual(told('ZREM', 'u', 'a'), ['zrem u', 'del u']);
  assert.deepEqual(told('ZPOPMAX', 'z'), ['zpopmax z', 'del z']);
  kv.run('ZADD', 'z', 1, 'a', 2, 'b', 3, 'c');
  assert.deepEqual(told('ZREMRANGEBYSCORE', 'z', 1, 1), ['zremrangebyscore z']);
  assert.deepEqual(told('ZREMRANGEBYLEX', 'z', '-', '[b'), ['zremrangebylex z']);
  assert.deepEqual(told('ZREMRANGEBYRANK', 'z', 0, 0), ['zremrangebyrank z', 'del z']);
});

test('ZSCAN meets every member of a large set, and prints its scores with 17 digits', () => {
  const kv = createTestStore();
  for (let i = 0; i < 500; i++) kv.run('ZADD', 'z', `${i}.1`, `m${i}`);
  const seen = new Map<Reply, Reply>();
  let cursor: Reply = '0';
  do {
    const reply = kv.run('ZSCAN', 'z', String(cursor), 'MATCH', 'm*', 'COUNT', 20);
    assert.ok(Array.isArray(reply) && Array.isArray(reply[1]));
    for (let i = 0; i < reply[1].length; i += 2) seen.set(reply[1][i]!, reply[1][i + 1]!);
    cursor = reply[0]!;
  } while (cursor !== '0');
  assert.equal(seen.size, 500);
  assert.equal(seen.get('m0'), '0.10000000000000001');
  check([
    ['ZSCAN none 0', ['0', []]],
    ['ZSCAN none x', { error: 'ERR invalid cursor' }],
    ['ZADD s 1 a 0.1 b', 2],
    ['ZSCAN s 0', ['0', ['b', '0.1', 'a', '1']]],
    ['ZSCAN s 0 MATCH a', ['0', ['a', '1']]],
    ['ZSCAN s 0 COUNT 0', SYNTAX],
  ]);
});

test('seventeen digits are those of %.17g', () => {
  const cases: [number, string][] = [
    [0.1, '0.10000000000000001'],
    [100, '100'],
    [1e16, '10000000000000000'],
    [1e17, '1e+17'],
    [1.5e300, '1.5000000000000001e+300'],
    [0.0001, '0.0001'],
    [0.00001, '1.0000000000000001e-05'],
    [-2.5, '-2.5'],
    [-0, '-0'],
    [Infinity, 'inf'],
  ];
  for (const [n, text] of cases) assert.equal(seventeenDigits(n), text);
});

test('a bound of scores ends at a zero byte, as C strings do', () => {
  const kv = createTestStore();
  kv.run('ZADD', 'z', 0, 'a', 1, 'b');
  assert.equal(kv.run('ZCOUNT', 'z', '(0', '1\0junk'), 1);
  assert.equal(kv.run('ZCOUNT', 'z', '\0', '0'), 1);
});
