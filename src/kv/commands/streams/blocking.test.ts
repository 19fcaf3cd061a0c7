import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply } from '../../testing/harness.ts';

const gone = (key: string): Reply => ({
  error: `NOGROUP No such key '${key}' or consumer group 'g' in XREADGROUP with GROUP option`,
});

test('XREAD waits for what comes behind the last id at the time of the call', () => {
  const kv = createTestStore();
  kv.run('XADD', 's', '1', 'f', 'a');
  const reader = kv.connect();
  assert.equal(reader.run('XREAD', 'BLOCK', '0', 'STREAMS', 's', 't', '$', '$'), undefined);
  kv.run('XDEL', 's', '1');
  assert.deepEqual(reader.pushed(), []);
  kv.run('XADD', 's', '2', 'f', 'b');
  kv.run('XADD', 's', '3', 'f', 'c');
  assert.deepEqual(reader.pushed(), [[['s', [['2-0', ['f', 'b']]]]]]);
});

test('XREAD that waits for a key is not disturbed by another type or a deletion', () => {
  const kv = createTestStore();
  const reader = kv.connect();
  reader.run('XREAD', 'BLOCK', '1000', 'STREAMS', 's', '0');
  kv.run('SET', 's', 'x');
  kv.run('DEL', 's');
  assert.deepEqual(reader.pushed(), []);
  kv.advance(1001);
  assert.deepEqual(reader.pushed(), [null]);
});

test('of the consumers that wait the first is served', () => {
  const kv = createTestStore();
  kv.run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  const first = kv.connect();
  const second = kv.connect();
  first.run('XREADGROUP', 'GROUP', 'g', 'a', 'BLOCK', '0', 'STREAMS', 's', '>');
  second.run('XREADGROUP', 'GROUP', 'g', 'b', 'BLOCK', '0', 'STREAMS', 's', '>');
  kv.run('XADD', 's', '1', 'f', 'v');
  assert.deepEqual(first.pushed(), [[['s', [['1-0', ['f', 'v']]]]]]);
  assert.deepEqual(second.pushed(), []);
  kv.run('XADD', 's', '2', 'f', 'v');
  assert.deepEqual(second.pushed(), [[['s', [['2-0', ['f', 'v']]]]]]);
  assert.deepEqual(kv.run('XPENDING', 's', 'g'), [
    2,
    '1-0',
    '2-0',
    [
      ['a', '1'],
      ['b', '1'],
    ],
  ]);
});

test('consumers that wait hear that their group or key is gone', () => {
  for (const [words, reply] of [
    [['DEL', 's'], gone('s')],
    [['XGROUP', 'DESTROY', 's', 'g'], gone('s')],
    [
      ['SET', 's', 'x'],
      { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' },
    ],
  ] as [string[], Reply][]) {
    const kv = createTestStore();
    kv.run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
    const reader = kv.connect();
    reader.run('XREADGROUP', 'GROUP', 'g', 'a', 'BLOCK', '0', 'STREAMS', 's', '>');
    kv.run(...words);
    assert.deepEqual(reader.pushed(), [reply], words.join(' '));
  }
});

test('the history of a consumer never waits', () => {
  const kv = createTestStore();
  kv.run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  assert.deepEqual(kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'BLOCK', '0', 'STREAMS', 's', '0'), [
    ['s', []],
  ]);
});
