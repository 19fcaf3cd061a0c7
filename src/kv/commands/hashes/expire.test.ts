import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expireSomeFields } from '../../engine/field-expiry.ts';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

/** Runs lines of words against their replies. */
function check(kv: TestStore, lines: [string, Reply][]): void {
  for (const [line, reply] of lines) {
    assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  }
}

/** Both forms of a hash behave alike: a setting of 0 entries makes every hash a table. */
const forms = [{}, { hashMaxListpackEntries: 0 }];

for (const settings of forms) {
  const form = 'hashMaxListpackEntries' in settings ? 'large' : 'small';

  test(`fields of a ${form} hash expire and are not shown any more`, () => {
    const kv = createTestStore({ settings });
    check(kv, [
      ['HSET h a 1 b 2 c 3', 3],
      ['HPEXPIRE h 5000 FIELDS 3 a b z', [1, 1, -2]],
      ['HTTL h FIELDS 3 a c z', [5, -1, -2]],
      ['HPERSIST h FIELDS 3 b c z', [1, -1, -2]],
    ]);
    kv.advance(5001);
    check(kv, [
      ['HGET h a', null],
      ['HLEN h', 2],
      ['HEXISTS h a', 0],
      ['HSTRLEN h a', 0],
      ['HMGET h a b', [null, '2']],
      ['HTTL h FIELDS 1 a', [-2]],
      ['HEXPIRE h 1 FIELDS 1 a', [-2]],
      ['HPERSIST h FIELDS 1 a', [-2]],
      ['HRANDFIELD h 5', kv.run('HKEYS', 'h')],
    ]);
    assert.deepEqual((kv.run('HKEYS', 'h') as string[]).sort(), ['b', 'c']);
    assert.deepEqual((kv.run('HVALS', 'h') as string[]).sort(), ['2', '3']);
    assert.equal((kv.run('HGETALL', 'h') as string[]).length, 4);
    assert.equal((kv.run('HSCAN', 'h', '0') as [string, string[]])[1].length, 4);
  });

  test(`the conditions of HEXPIRE on a ${form} hash`, () => {
    const kv = createTestStore({ settings });
    kv.run('HSET', 'h', 'a', '1', 'b', '2');
    check(kv, [
      ['HEXPIRE h 100 XX FIELDS 1 a', [0]],
      ['HEXPIRE h 100 GT FIELDS 1 a', [0]],
      ['HEXPIRE h 100 NX FIELDS 1 a', [1]],
      ['HEXPIRE h 200 NX FIELDS 1 a', [0]],
      ['HEXPIRE h 50 GT FIELDS 1 a', [0]],
      ['HEXPIRE h 150 GT FIELDS 1 a', [1]],
      ['HEXPIRE h 160 LT FIELDS 1 a', [0]],
      ['HEXPIRE h 140 LT FIELDS 2 a b', [1, 1]],
      ['HTTL h FIELDS 2 a b', [140, 140]],
      ['HEXPIRE h 130 XX FIELDS 1 b', [1]],
    ]);
  });

  test(`a time that is past removes fields of a ${form} hash, and the key with the last`, () => {
    const kv = createTestStore({ settings });
    kv.run('HSET', 'h', 'a', '1', 'b', '2');
    kv.effects();
    check(kv, [
      ['HEXPIRE h 0 FIELDS 1 a', [2]],
      ['HGETALL h', ['b', '2']],
      ['HEXPIREAT h 1 FIELDS 2 b a', [2, -2]],
      ['HLEN h', 0],
    ]);
    assert.deepEqual(kv.effects(), [
      ['HDEL', 'h', 'a'],
      ['HDEL', 'h', 'b'],
    ]);
    assert.deepEqual(kv.run('HEXPIRE', 'h', '5', 'FIELDS', '2', 'a', 'b'), [-2, -2]);
  });

  test(`writing a field of a ${form} hash takes its expiry away, counting keeps it`, () => {
    const kv = createTestStore({ settings });
    kv.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    kv.run('HEXPIRE', 'h', '100', 'FIELDS', '3', 'a', 'b', 'c');
    kv.effects();
    check(kv, [
      ['HSET h a 1', 0],
      ['HINCRBY h b 1', 3],
      ['HINCRBYFLOAT h c 1.5', '4.5'],
      ['HTTL h FIELDS 3 a b c', [-1, 100, 100]],
    ]);
    assert.deepEqual(kv.effects(), [
      ['HSET', 'h', 'a', '1'],
      ['HINCRBY', 'h', 'b', '1'],
      ['HSETEX', 'h', 'KEEPTTL', 'FIELDS', '1', 'c', '4.5'],
    ]);
  });

  test(`an expired field of a ${form} hash is overwritten as if it were not there`, () => {
    const kv = createTestStore({ settings });
    kv.run('HSET', 'h', 'a', '5', 'b', '5', 'c', '5', 'd', '5', 'e', '5');
    kv.run('HPEXPIRE', 'h', '10', 'FIELDS', '4', 'a', 'b', 'c', 'd');
    kv.advance(11);
    kv.effects();
    check(kv, [
      ['HSET h a 1', 1],
      ['HINCRBY h b 1', 1],
      ['HSETNX h c 1', 1],
      ['HDEL h d', 0],
    ]);
    assert.deepEqual(kv.effects(), [
      ['HSET', 'h', 'a', '1'],
      ['HSET', 'h', 'b', '1'],
      ['HSET', 'h', 'c', '1'],
      ['HDEL', 'h', 'd'],
    ]);
    assert.deepEqual(kv.run('HTTL', 'h', 'FIELDS', '4', 'a', 'b', 'c', 'd'), [-1, -1, -1, -2]);
  });

  test(`the cycle removes due fields of a ${form} hash hash by hash and logs them`, () => {
    const kv = createTestStore({ settings });
    const { engine } = kv;
    const { db } = kv.session;
    kv.run('HSET', 'h', 'a', '1', 'b', '2', 'c', '3');
    kv.run('HSET', 'g', 'x', '1');
    kv.run('HPEXPIRE', 'h', '10', 'FIELDS', '2', 'a', 'b');
    kv.run('HPEXPIRE', 'h', '30', 'FIELDS', '1', 'c');
    kv.run('HPEXPIRE', 'g', '20', 'FIELDS', '1', 'x');
    kv.effects();
    assert.equal(expireSomeFields(engine, db), false);
    kv.advance(21);
    assert.equal(expireSomeFields(engine, db), true);
    assert.equal(expireSomeFields(engine, db), true);
    assert.equal(expireSomeFields(engine, db), false);
    engine.executor.commitBackground();
    const [first, second] = kv.effects();
    assert.deepEqual(first?.toSorted(), ['HDEL', 'a', 'b', 'h']);
    assert.deepEqual(second, ['HDEL', 'g', 'x']);
    assert.equal(db.size, 1);
    assert.equal(db.fieldExpiries.size, 1);
    kv.run('HPERSIST', 'h', 'FIELDS', '1', 'c');
    kv.advance(100);
    assert.equal(expireSomeFields(engine, db), true);
    assert.equal(db.fieldExpiries.size, 0);
    assert.deepEqual(kv.run('HGETALL', 'h'), ['c', '3']);
  });
}

test('relative times are logged as points in time', () => {
  const kv = createTestStore();
  kv.run('HSET', 'h', 'a', '1', 'b', '2');
  kv.effects();
  kv.run('HEXPIRE', 'h', '100', 'FIELDS', '2', 'a', 'b');
  const at = kv.engine.keyspace.nowMs + 100_000;
  assert.deepEqual(kv.effects(), [['HPEXPIREAT', 'h', String(at), 'FIELDS', '2', 'a', 'b']]);
  assert.deepEqual(kv.run('HPEXPIRETIME', 'h', 'FIELDS', '1', 'a'), [at]);
  assert.deepEqual(kv.run('HEXPIRETIME', 'h', 'FIELDS', '1', 'a'), [Math.ceil(at / 1000)]);
});

test('HGETEX, HSETEX and HGETDEL combine reading or writing with expiry or removal', () => {
  const kv = createTestStore();
  check(kv, [
    ['HSETEX h EX 100 FIELDS 2 a 1 b 2', 1],
    ['HTTL h FIELDS 2 a b', [100, 100]],
    ['HSETEX h FNX FIELDS 2 b 3 c 3', 0],
    ['HSETEX h FXX FIELDS 2 b 3 c 3', 0],
    ['HSETEX h FXX KEEPTTL FIELDS 1 b 3', 1],
    ['HGETEX h FIELDS 3 a b z', ['1', '3', null]],
    ['HGETEX h PERSIST FIELDS 2 a z', ['1', null]],
    ['HTTL h FIELDS 2 a b', [-1, 100]],
    ['HGETEX h PX 7000 FIELDS 1 a', ['1']],
    ['HTTL h FIELDS 1 a', [7]],
    ['HGETEX none FIELDS 1 a', [null]],
    ['HGETDEL h FIELDS 2 a z', ['1', null]],
    ['HGETDEL h FIELDS 1 b', ['3']],
    ['HLEN h', 0],
    ['HSETEX h PXAT 1 FIELDS 1 a 1', 1],
    ['HGETALL h', []],
  ]);
});

test('what HSETEX and HGETEX did is logged in points in time', () => {
  const kv = createTestStore();
  kv.run('HSETEX', 'h', 'EX', '100', 'FIELDS', '1', 'a', '1');
  const at = String(kv.engine.keyspace.nowMs + 100_000);
  assert.deepEqual(kv.effects(), [['HSETEX', 'h', 'PXAT', at, 'FIELDS', '1', 'a', '1']]);
  kv.run('HGETEX', 'h', 'PERSIST', 'FIELDS', '1', 'a');
  assert.deepEqual(kv.effects(), [['HPERSIST', 'h', 'FIELDS', '1', 'a']]);
  kv.run('HGETEX', 'h', 'PXAT', at, 'FIELDS', '1', 'a');
  assert.deepEqual(kv.effects(), [['HPEXPIREAT', 'h', at, 'FIELDS', '1', 'a']]);
  kv.run('HPEXPIRE', 'h', '10', 'FIELDS', '1', 'a');
  kv.advance(11);
  kv.effects();
  kv.run('HSETEX', 'h', 'KEEPTTL', 'FIELDS', '1', 'a', '2');
  assert.deepEqual(kv.effects(), [
    ['HSETEX', 'h', 'FIELDS', '1', 'a', '2'],
    ['HSETEX', 'h', 'KEEPTTL', 'FIELDS', '1', 'a', '2'],
  ]);
  assert.deepEqual(kv.run('HTTL', 'h', 'FIELDS', '1', 'a'), [-1]);
});

test('broken arguments of the expiry commands are refused', () => {
  const kv = createTestStore();
  kv.run('HSET', 'h', 'a', '1');
  const mandatory = {
    error: 'ERR Mandatory argument FIELDS is missing or not at the right position',
  };
  const mismatch = { error: 'ERR The `numfields` parameter must match the number of arguments' };
  check(kv, [
    ['HEXPIRE h x FIELDS 1 a', { error: 'ERR value is not an integer or out of range' }],
    ['HEXPIRE h -1 FIELDS 1 a', { error: 'ERR invalid expire time, must be >= 0' }],
    ['HEXPIRE h 70368744178 FIELDS 1 a', { error: "ERR invalid expire time in 'hexpire' command" }],
    [
      'HPEXPIREAT h 70368744177664 FIELDS 1 a',
      { error: "ERR invalid expire time in 'hpexpireat' command" },
    ],
    ['HEXPIRE h 1 FOO 1 a', mandatory],
    ['HEXPIRE h 1 NX 1 a b', mandatory],
    ['HEXPIRE h 1 FIELDS 2 a', mismatch],
    ['HEXPIRE h 1 FIELDS 1 a b', mismatch],
    ['HEXPIRE h 1 FIELDS 0 a', { error: 'ERR Parameter `numFields` should be greater than 0' }],
    ['HTTL h FIELDS 0 a', { error: 'ERR Number of fields must be a positive integer' }],
    ['HTTL h FOO 1 a', mandatory],
    ['HPERSIST h FIELDS 3 a', mismatch],
    ['HGETDEL h FIELDS 2 a', mismatch],
    [
      'HGETEX h EX 1 PX 1 FIELDS 1 a',
      { error: 'ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified' },
    ],
    [
      'HSETEX h FNX FXX FIELDS 1 a 1',
      { error: 'ERR Only one of FXX or FNX arguments can be specified' },
    ],
    ['HSETEX h FOO FIELDS 1 a 1', { error: 'ERR unknown argument: FOO' }],
    ['HSETEX h FIELDS 2 a 1 b', { error: 'ERR wrong number of arguments' }],
    ['HSETEX h FNX EX 10 a 1', { error: 'ERR unknown argument: a' }],
  ]);
});

test('removing the key forgets its expiring fields and gives all memory back', () => {
  const kv = createTestStore();
  const { db } = kv.session;
  const before = kv.engine.keyspace.arena.usedBytes;
  kv.run('HSETEX', 'h', 'EX', '100', 'FIELDS', '2', 'a', '1', 'b', '2');
  assert.equal(db.fieldExpiries.size, 1);
  kv.run('HDEL', 'h', 'a', 'b');
  assert.equal(db.fieldExpiries.size, 0);
  assert.equal(kv.engine.keyspace.arena.usedBytes, before);
});

test('a replay sees fields whose time has passed since', () => {
  const kv = createTestStore();
  kv.engine.keyspace.expiresOnLookup = false;
  kv.run('HSET', 'h', 'a', '1');
  kv.run('HPEXPIREAT', 'h', '1000', 'FIELDS', '1', 'a');
  assert.equal(kv.run('HGET', 'h', 'a'), '1');
  kv.run('HPERSIST', 'h', 'FIELDS', '1', 'a');
  kv.engine.keyspace.expiresOnLookup = true;
  assert.equal(kv.run('HGET', 'h', 'a'), '1');
});
