import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

type Step = readonly [command: string, reply: Reply];

/** Runs commands, one word list each, and compares the replies. */
function check(kv: TestStore, steps: readonly Step[]): void {
  for (const [command, reply] of steps) {
    assert.deepEqual(kv.run(...command.split(' ')), reply, command);
  }
}

const error = (text: string) => ({ error: text });
const SYNTAX = error('ERR syntax error');

/** A key of every type, small and large. */
function fill(kv: TestStore): string[] {
  const many = Array.from({ length: 600 }, (_, i) => `m${i}`);
  const pairs = many.flatMap((name) => [name, 'v']);
  kv.run('SET', 'int', '12');
  kv.run('SET', 'embstr', 'hello');
  kv.run('SET', 'raw', 'x'.repeat(100));
  kv.run('SADD', 'intset', 3, 1, 2);
  kv.run('SADD', 'set', 'a', 'b');
  kv.run('SADD', 'large-set', ...many);
  kv.run('HSET', 'hash', 'f', 'v', 'g', 'w');
  kv.run('HSET', 'large-hash', ...pairs);
  kv.run('ZADD', 'zset', 1, 'a', '0.1', 'b');
  kv.run('ZADD', 'large-zset', ...many.flatMap((name, i) => [i, name]));
  kv.run('RPUSH', 'list', 'a', '1', 'b');
  kv.run('RPUSH', 'large-list', ...many, 'x'.repeat(9000));
  for (let i = 1; i < 300; i++) kv.run('XADD', 'stream', `${i}-1`, 'field', i);
  kv.run('XGROUP', 'CREATE', 'stream', 'group', 0);
  kv.run('XREADGROUP', 'GROUP', 'group', 'me', 'COUNT', 5, 'STREAMS', 'stream', '>');
  return (kv.run('KEYS', '*') as string[]).toSorted();
}

function digestOf(kv: TestStore, key: string): Reply {
  return (kv.run('DEBUG', 'DIGEST-VALUE', key) as Reply[])[0];
}

test('keys are counted, typed and removed', () => {
  const kv = createTestStore();
  fill(kv);
  kv.effects();
  check(kv, [
    ['EXISTS int int nosuch', 2],
    ['TOUCH int raw nosuch', 2],
    ['TYPE large-zset', 'zset'],
    ['TYPE nosuch', 'none'],
    ['DBSIZE', 13],
    ['DEL int nosuch embstr', 2],
    ['UNLINK large-set nosuch', 1],
    ['DBSIZE', 10],
    ['DEL', error("ERR wrong number of arguments for 'del' command")],
  ]);
  assert.deepEqual(kv.effects(), [
    ['DEL', 'int', 'nosuch', 'embstr'],
    ['UNLINK', 'large-set', 'nosuch'],
  ]);
});

test('expiry is set under conditions and logged as a point in time', () => {
  const kv = createTestStore();
  kv.run('SET', 'k', 'v');
  kv.effects();
  const invalid = (name: string) => error(`ERR invalid expire time in '${name}' command`);
  check(kv, [
    ['EXPIRE k 100 XX', 0],
    ['EXPIRE k 100 GT', 0],
    ['EXPIRE k 100 NX', 1],
    ['EXPIRE k 200 NX', 0],
    ['EXPIRE k 50 GT', 0],
    ['EXPIRE k 150 GT', 1],
    ['EXPIRE k 200 LT', 0],
    ['EXPIRE k 120 XX LT', 1],
    ['TTL k', 120],
    ['EXPIRE nosuch 100', 0],
    [
      'EXPIRE k 1 NX XX',
      error('ERR NX and XX, GT or LT options at the same time are not compatible'),
    ],
    ['EXPIRE k 1 GT LT', error('ERR GT and LT options at the same time are not compatible')],
    ['EXPIRE k 1 SOON', error('ERR Unsupported option SOON')],
    ['EXPIRE k x', error('ERR value is not an integer or out of range')],
    ['EXPIRE k 9223372036854775807', invalid('expire')],
    ['PEXPIRE k 9223372036854775807', invalid('pexpire')],
    ['EXPIREAT k 9223372036854776', invalid('expireat')],
    ['PERSIST k', 1],
    ['PERSIST k', 0],
    ['PTTL k', -1],
    ['PTTL nosuch', -2],
    ['PEXPIREAT k 33177117420123', 1],
    ['EXPIRETIME k', 33177117420],
    ['PEXPIRETIME k', 33177117420123],
  ]);
  const logged = kv.effects();
  assert.deepEqual(new Set(logged.map((effect) => effect[0])), new Set(['PEXPIREAT', 'PERSIST']));
  assert.deepEqual(logged.at(-1), ['PEXPIREAT', 'k', '33177117420123']);
  check(kv, [
    ['EXPIRE k -1', 1],
    ['EXISTS k', 0],
  ]);
  assert.deepEqual(kv.effects(), [['DEL', 'k']]);
});

test('a key is gone when its time has come, and that is logged', () => {
  const kv = createTestStore();
  kv.run('SET', 'k', 'v', 'PX', 50_000);
  kv.run('SET', 'other', 'v');
  kv.effects();
  kv.advance(50_001);
  check(kv, [
    ['KEYS *', ['other']],
    ['SCAN 0', ['0', ['other']]],
    ['GET k', null],
    ['RANDOMKEY', 'other'],
  ]);
  assert.deepEqual(kv.effects(), [['DEL', 'k']]);
});

test('RENAME, MOVE and COPY keep value, encoding and expiry of every type', () => {
  const kv = createTestStore();
  const keys = fill(kv);
  for (const key of keys) {
    kv.run('PEXPIREAT', key, 33177117420000);
    const encoding = kv.run('OBJECT', 'ENCODING', key);
    const digest = digestOf(kv, key);
    const holds = (name: string, where: string): void => {
      assert.equal(kv.run('OBJECT', 'ENCODING', name), encoding, `${key} ${where}`);
      assert.equal(digestOf(kv, name), digest, `${key} ${where}`);
      assert.equal(kv.run('PEXPIRETIME', name), 33177117420000, `${key} ${where}`);
    };
    assert.equal(kv.run('RENAME', key, 'renamed'), 'OK');
    holds('renamed', 'renamed');
    assert.equal(kv.run('COPY', 'renamed', 'copied'), 1);
    holds('copied', 'copied');
    assert.equal(kv.run('MOVE', 'copied', 1), 1);
    assert.equal(kv.run('EXISTS', 'copied'), 0);
    kv.run('SELECT', 1);
    holds('copied', 'moved');
    assert.equal(kv.run('COPY', 'copied', 'copied', 'DB', 0), 1);
    kv.run('SELECT', 0);
    holds('copied', 'copied to another database');
    assert.equal(kv.run('DEL', 'copied', 'renamed'), 2);
    kv.run('SELECT', 1);
    kv.run('DEL', 'copied');
    kv.run('SELECT', 0);
  }
});

test('fields that expire go along with a hash that is renamed, moved or copied', () => {
  const kv = createTestStore();
  for (const fields of [['f', 'v', 'g', 'w'], Array.from({ length: 1200 }, (_, i) => `f${i}`)]) {
    kv.run('HSET', 'h', 'f', 'v', ...fields);
    kv.run('HPEXPIRE', 'h', 50_000, 'FIELDS', 1, 'f');
    kv.run('COPY', 'h', 'c');
    kv.run('RENAME', 'h', 'r');
    kv.run('MOVE', 'r', 1);
    kv.advance(50_001);
    kv.engine.background.tick();
    while (kv.engine.background.slice());
    assert.ok(kv.effects().some((effect) => effect.join(' ') === 'HDEL c f'));
    assert.equal(kv.run('HEXISTS', 'c', 'f'), 0);
    kv.run('SELECT', 1);
    assert.equal(kv.run('HEXISTS', 'r', 'f'), 0);
    assert.equal(kv.run('HLEN', 'r'), (kv.run('HKEYS', 'r') as Reply[]).length);
    kv.run('FLUSHALL');
    kv.run('SELECT', 0);
  }
});

test('RENAME, MOVE and COPY refuse what can not be', () => {
  const kv = createTestStore();
  kv.run('SET', 'a', '1');
  kv.run('SET', 'b', '2');
  const same = error('ERR source and destination objects are the same');
  const range = error('ERR DB index is out of range');
  check(kv, [
    ['RENAME nosuch b', error('ERR no such key')],
    ['RENAME a a', 'OK'],
    ['RENAMENX a a', 0],
    ['RENAMENX a b', 0],
    ['RENAMENX a c', 1],
    ['COPY c c', same],
    ['COPY c b', 0],
    ['COPY c b REPLACE', 1],
    ['GET b', '1'],
    ['COPY nosuch b REPLACE', 0],
    ['COPY c d DB 16', range],
    ['COPY c d DB', SYNTAX],
    ['MOVE c 0', same],
    ['MOVE c 99', range],
    ['MOVE c x', error('ERR value is not an integer or out of range')],
    ['MOVE nosuch 1', 0],
    ['MOVE c 1', 1],
    ['SET c again', 'OK'],
    ['MOVE c 1', 0],
  ]);
});

test('a value of every type survives DUMP and RESTORE with its encoding', () => {
  const kv = createTestStore();
  for (const key of fill(kv)) {
    const payload = Buffer.from(kv.run('DUMP', key) as string, 'latin1');
    assert.deepEqual(
      kv.run('RESTORE', key, 0, payload),
      error('BUSYKEY Target key name already exists.'),
    );
    assert.equal(kv.run('RESTORE', 'copy', 0, payload), 'OK');
    assert.equal(digestOf(kv, 'copy'), digestOf(kv, key), key);
    assert.equal(kv.run('OBJECT', 'ENCODING', 'copy'), kv.run('OBJECT', 'ENCODING', key), key);
    if (key === 'stream') {
      const pending = (name: string) => kv.run('XPENDING', name, 'group') as Reply[];
      assert.equal(pending(key)[0], 5);
      assert.deepEqual(pending('copy'), pending(key));
    }
    kv.run('DEL', 'copy');
  }
  assert.equal(kv.run('DUMP', 'nosuch'), null);
});

test('RESTORE reads its options, refuses damage and logs points in time', () => {
  const kv = createTestStore();
  kv.run('SADD', 's', ...Array.from({ length: 600 }, (_, i) => `m${i}`));
  const payload = Buffer.from(kv.run('DUMP', 's') as string, 'latin1');
  kv.run('DEL', 's');
  while (kv.engine.keyspace.large.reclaim(100));
  const before = kv.engine.keyspace.arena.usedBytes;
  const damaged = Buffer.from(payload);
  damaged[20]! ^= 1;
  assert.deepEqual(
    kv.run('RESTORE', 's', 0, damaged),
    error('ERR DUMP payload version or checksum are wrong'),
  );
  assert.equal(kv.engine.keyspace.arena.usedBytes, before);
  assert.deepEqual(
    kv.run('RESTORE', 's', -1, payload),
    error('ERR Invalid TTL value, must be >= 0'),
  );
  assert.deepEqual(kv.run('RESTORE', 's', 0, payload, 'IDLETIME', 1, 'FREQ', 1), SYNTAX);
  kv.effects();
  assert.equal(kv.run('RESTORE', 's', 5000, payload, 'IDLETIME', 77), 'OK');
  const effect = kv.effects()[0]!;
  assert.equal(effect.at(-1), 'ABSTTL');
  assert.equal(Number(effect[2]), kv.run('PEXPIRETIME', 's'));
  assert.equal(kv.run('OBJECT', 'IDLETIME', 's'), 77);
  // The time has passed: the old value goes and nothing comes.
  assert.equal(kv.run('RESTORE', 's', 1, payload, 'REPLACE', 'ABSTTL'), 'OK');
  assert.deepEqual(kv.effects(), [['DEL', 's']]);
  assert.equal(kv.run('EXISTS', 's'), 0);
});

test('digests are those of Redis, whatever the order and encoding', () => {
  const kv = createTestStore();
  check(kv, [['DEBUG DIGEST', '0'.repeat(40)]]);
  kv.run('SET', 'foo', 'bar');
  kv.run('SADD', 's', 'a', 'b', '1');
  kv.run('ZADD', 'z', '0.1', 'a', '1e20', 'b');
  kv.run('HSET', 'h', 'f', 'v');
  kv.run('RPUSH', 'l', 'a', '1');
  kv.run('PEXPIREAT', 'foo', 33177117420000);
  // As redis-server 7.0.15 answers for the same data.
  assert.equal(kv.run('DEBUG', 'DIGEST'), REDIS_DIGEST);
  kv.run('SELECT', 1);
  kv.run('SADD', 's', '1', 'b', 'a', ...Array.from({ length: 600 }, (_, i) => `m${i}`));
  kv.run('SREM', 's', ...Array.from({ length: 600 }, (_, i) => `m${i}`));
  const large = digestOf(kv, 's');
  kv.run('SELECT', 0);
  assert.equal(digestOf(kv, 's'), large);
});

const REDIS_DIGEST = '1893930ac3cf6bbb8341269523e2179c2dc898a9';

test('OBJECT and MEMORY describe a key', () => {
  const kv = createTestStore();
  fill(kv);
  check(kv, [
    ['OBJECT ENCODING int', 'int'],
    ['OBJECT ENCODING raw', 'raw'],
    ['OBJECT ENCODING nosuch', null],
    ['OBJECT REFCOUNT int', 2147483647],
    ['OBJECT REFCOUNT raw', 1],
    ['OBJECT IDLETIME raw', 0],
    ['OBJECT', error("ERR wrong number of arguments for 'object' command")],
    ['OBJECT NOPE x', error("ERR unknown subcommand 'NOPE'. Try OBJECT HELP.")],
    ['MEMORY USAGE nosuch', null],
    ['MEMORY USAGE raw SAMPLES -1', SYNTAX],
    ['MEMORY PURGE', 'OK'],
  ]);
  assert.match(
    (kv.run('OBJECT', 'FREQ', 'raw') as { error: string }).error,
    /policy is not selected/,
  );
  kv.advance(5000);
  assert.equal(kv.run('OBJECT', 'IDLETIME', 'raw'), 5);
  const small = kv.run('MEMORY', 'USAGE', 'set') as number;
  assert.ok(small > 20 && (kv.run('MEMORY', 'USAGE', 'large-set') as number) > small * 100);
  kv.resp3 = true;
  const stats = kv.run('MEMORY', 'STATS') as { map: [Reply, Reply][] };
  assert.ok(stats.map.some(([name, value]) => name === 'keys.count' && value === 13));
});

test('DEBUG answers what test suites ask', () => {
  const kv = createTestStore();
  kv.run('SET', 'k', 'hello');
  assert.match(
    kv.run('DEBUG', 'OBJECT', 'k') as string,
    /^Value at:0x[0-9a-f]+ refcount:1 encoding:embstr serializedlength:6 lru:\d+ lru_seconds_idle:0$/,
  );
  check(kv, [
    ['DEBUG OBJECT nosuch', error('ERR no such key')],
    ['DEBUG SLEEP 0', 'OK'],
    ['DEBUG STRINGMATCH-LEN 100000 a*b*c*d', 0],
    ['DEBUG ERROR FOO', error('FOO')],
    ['DEBUG PROTOCOL null', null],
    ['DEBUG PROTOCOL map', [0, 0, 1, 1, 2, 0]],
    ['DEBUG RELOAD', error('ERR there is no persistence to reload from')],
    [
      'DEBUG NOPE',
      error("ERR unknown subcommand or wrong number of arguments for 'NOPE'. Try DEBUG HELP."),
    ],
  ]);
  kv.engine.reload = () => kv.engine.database(0)!.clear();
  check(kv, [
    ['DEBUG RELOAD NOSAVE', 'OK'],
    ['DBSIZE', 0],
  ]);
});

test('RESTORE refuses a time to live beyond 64 bits, and keeps the latest moment loggable', () => {
  const kv = createTestStore();
  kv.run('SET', 'a', 'x');
  const payload = Buffer.from(kv.run('DUMP', 'a') as string, 'latin1');
  check(kv, [
    ['SET b old', 'OK'],
    ['SCAN \0junk MATCH b', ['0', ['b']]],
    ['EXPIRE a 10 a\0b', error('ERR Unsupported option a')],
    ['OBJECT a\0b', error("ERR unknown subcommand 'a'. Try OBJECT HELP.")],
  ]);
  const most = '9223372036854775807';
  assert.deepEqual(
    kv.run('RESTORE', 'b', most, payload, 'REPLACE'),
    error("ERR invalid expire time in 'restore' command"),
  );
  assert.equal(kv.run('GET', 'b'), 'old');
  assert.equal(kv.run('RESTORE', 'b', most, payload, 'REPLACE', 'ABSTTL'), 'OK');
  assert.equal(kv.run('GET', 'b'), 'x');
  assert.ok(BigInt(String(kv.run('PEXPIRETIME', 'b'))) < 2n ** 63n);
});
