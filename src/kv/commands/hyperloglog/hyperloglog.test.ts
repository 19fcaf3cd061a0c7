import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createTestStore, type TestStore } from '../../testing/harness.ts';
import { check, checkEffects, checkEvents, replayOf, WRONGTYPE } from '../../testing/lines.ts';

const NOT_A_SKETCH = { error: 'WRONGTYPE Key is not a valid HyperLogLog string value.' };
const CORRUPTED = { error: 'INVALIDOBJ Corrupted HLL object detected' };

function sha1(text: unknown): string {
  return createHash('sha1')
    .update(Buffer.from(text as string, 'latin1'))
    .digest('hex');
}

function addRange(kv: TestStore, key: string, count: number, prefix = 'element'): void {
  for (let from = 0; from < count; from += 500) {
    const size = Math.min(500, count - from);
    kv.run('PFADD', key, ...Array.from({ length: size }, (_, i) => `${prefix}:${from + i}`));
  }
}

test('elements are added, counted and merged', () => {
  check([
    ['PFADD h', 1],
    ['PFADD h', 0],
    ['PFCOUNT h', 0],
    ['PFADD h a b c', 1],
    ['PFADD h a b c', 0],
    ['PFCOUNT h', 3],
    ['PFADD g c d', 1],
    ['PFCOUNT h g none', 4],
    ['PFCOUNT none', 0],
    ['PFCOUNT none other', 0],
    ['PFMERGE m h g none', 'OK'],
    ['PFCOUNT m', 4],
    ['PFMERGE empty', 'OK'],
    ['PFCOUNT empty', 0],
    ['PFMERGE h', 'OK'],
    ['PFCOUNT h', 3],
    ['EXPIRE h 100', 1],
    ['PFADD h x y', 1],
    ['PFMERGE h g', 'OK'],
    ['TTL h', 100],
    ['OBJECT ENCODING h', 'raw'],
    ['TYPE h', 'string'],
    ['PFSELFTEST', 'OK'],
  ]);
});

test('the bytes and the counts are those that Redis 7.0.15 gave for the same elements', () => {
  const kv = createTestStore();
  kv.run('PFADD', 's', 'a', 'b', 'c');
  assert.equal(
    Buffer.from(kv.run('GET', 's') as string, 'latin1').toString('hex'),
    '48594c4c01000000000000000000008060f38050b1844bfb80425a',
  );
  const known: readonly [number, number, number, string][] = [
    [10, 10, 48, 'e3e04df1a81a6ff6519b7fbb700d7061cc170f4c'],
    [100, 99, 285, '4d1b3bef5d497d64c4202942021f568e478230c6'],
    [500, 502, 1050, '54c23f2d1a0d61f405dfba4b94c77c52b6e7983f'],
    [1000, 997, 1897, '600cc26e1c0791fccdb3cde0fabfa0c84550674a'],
    [1500, 1500, 2722, 'e31c9dd1080de9d25485a8f50abe3730da1b9d27'],
    [3000, 3002, 12304, 'a456ded68989065f6ee0edf2d4ef1d5cce15c63f'],
    [20000, 19986, 12304, '0aff780e7abbc86b0d2fda3540cc64226a21b452'],
  ];
  for (const [count, estimate, bytes, hash] of known) {
    kv.run('DEL', 'k');
    addRange(kv, 'k', count);
    assert.equal(kv.run('PFCOUNT', 'k'), estimate);
    assert.equal(kv.run('STRLEN', 'k'), bytes);
    assert.equal(sha1(kv.run('GET', 'k')), hash, `${count} elements`);
  }
  addRange(kv, 'x', 300, 'x');
  addRange(kv, 'y', 300, 'y');
  kv.run('PFMERGE', 'z', 'x', 'y');
  assert.equal(sha1(kv.run('GET', 'z')), '57258a93763cc43d0ebf72109f25d8b9ca80ba1d');
  assert.equal(kv.run('PFCOUNT', 'x', 'y'), 600);
});

test('a sketch is sparse up to hll-sparse-max-bytes', () => {
  const kv = createTestStore({ settings: { hllSparseMaxBytes: 100 } });
  addRange(kv, 'k', 20);
  assert.equal(kv.run('PFDEBUG', 'ENCODING', 'k'), 'sparse');
  addRange(kv, 'k', 100);
  assert.equal(kv.run('PFDEBUG', 'ENCODING', 'k'), 'dense');
  kv.run('PFADD', 'small', 'a');
  kv.run('PFMERGE', 'small', 'k');
  assert.equal(kv.run('PFDEBUG', 'ENCODING', 'small'), 'dense');
  assert.equal(kv.run('PFCOUNT', 'small'), kv.run('PFCOUNT', 'small', 'k'));
});

test('PFDEBUG shows what is inside', () => {
  const kv = createTestStore();
  check(
    [
      ['PFADD h a b c', 1],
      ['PFDEBUG ENCODING h', 'sparse'],
      ['PFDEBUG DECODE h', 'Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603'],
      ['PFDEBUG TODENSE h', 1],
      ['PFDEBUG TODENSE h', 0],
      ['PFDEBUG ENCODING h', 'dense'],
      ['PFDEBUG DECODE h', { error: 'ERR HLL encoding is not sparse' }],
      ['PFDEBUG FOO h', { error: "ERR Unknown PFDEBUG subcommand 'FOO'" }],
      ['PFDEBUG FOO none', { error: 'ERR The specified key does not exist' }],
      ['PFDEBUG GETREG h x', { error: "ERR wrong number of arguments for 'pfdebug' command" }],
      ['PFCOUNT h', 3],
      ['PFADD r a b c', 1],
    ],
    kv,
  );
  const registers = kv.run('PFDEBUG', 'GETREG', 'r') as number[];
  assert.equal(registers.length, 16_384);
  const raised = registers.flatMap((count, index) => (count > 0 ? [[index, count]] : []));
  assert.deepEqual(raised, [
    [8436, 1],
    [12_711, 2],
    [15_780, 1],
  ]);
});

test('what is no sketch, or a broken one, is refused and left as it is', () => {
  const kv = createTestStore();
  check(
    [
      ['SET text hello', 'OK'],
      ['PFADD text a', NOT_A_SKETCH],
      ['PFCOUNT text', NOT_A_SKETCH],
      ['PFCOUNT none text', NOT_A_SKETCH],
      ['PFMERGE m text', NOT_A_SKETCH],
      ['PFMERGE text m', NOT_A_SKETCH],
      ['PFDEBUG ENCODING text', NOT_A_SKETCH],
      ['EXISTS m', 0],
      ['RPUSH l a', 1],
      ['PFADD l a', WRONGTYPE],
      ['PFCOUNT l', WRONGTYPE],
      ['PFMERGE m l', WRONGTYPE],
      ['PFADD h a b c', 1],
      ['APPEND h hello', 32],
      ['PFCOUNT h', CORRUPTED],
      ['PFCOUNT h none', CORRUPTED],
      ['PFMERGE m h', CORRUPTED],
      ['PFDEBUG TODENSE h', CORRUPTED],
      ['PFADD d a', 1],
      ['PFDEBUG TODENSE d', 1],
      ['APPEND d x', 12_305],
      ['PFCOUNT d', NOT_A_SKETCH],
      ['PFADD magic a', 1],
      ['SETRANGE magic 0 0123', 21],
      ['PFCOUNT magic', NOT_A_SKETCH],
      ['PFADD form a', 1],
      ['SETRANGE form 4 x', 21],
      ['PFCOUNT form', NOT_A_SKETCH],
    ],
    kv,
  );
  const short = Buffer.from('HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x00', 'latin1');
  kv.run('SET', 'short', short);
  assert.deepEqual(kv.run('PFADD', 'short', 'q'), CORRUPTED);
  assert.equal(kv.run('GET', 'short'), short.toString('latin1'));
});

test('a count that was reckoned is kept in the value, and logged', () => {
  checkEffects([
    ['PFADD h a', ['PFADD h a']],
    ['PFADD h a', []],
    ['PFCOUNT h', ['PFCOUNT h']],
    ['PFCOUNT h', []],
    ['PFCOUNT h none', []],
    ['PFMERGE m h', ['PFMERGE m h']],
    ['PFDEBUG GETREG m', ['PFDEBUG TODENSE m']],
    ['PFDEBUG GETREG m', []],
  ]);
  checkEvents([
    ['PFADD h a', ['new h', 'pfadd h']],
    ['PFADD h a', []],
    ['PFMERGE m h', ['new m', 'pfadd m']],
    ['PFCOUNT none', []],
  ]);
});

test('a replay of the effects gives the same bytes', () => {
  const kv = createTestStore();
  for (let i = 0; i < 40; i++) {
    addRange(kv, `k${i % 3}`, i * 20, `p${i}`);
    if (i % 5 === 0) kv.run('PFCOUNT', `k${i % 3}`);
    if (i % 7 === 0) kv.run('PFMERGE', 'm', 'k0', 'k1');
  }
  const replay = replayOf(kv);
  for (const key of ['k0', 'k1', 'k2', 'm']) {
    assert.equal(sha1(replay.run('GET', key)), sha1(kv.run('GET', key)), key);
  }
});
