import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

const WRONGTYPE = { error: 'WRONGTYPE Operation against a key holding the wrong kind of value' };
const INVALID_ID = { error: 'ERR Invalid stream ID specified as stream command argument' };
const SYNTAX = { error: 'ERR syntax error' };
const NOT_INTEGER = { error: 'ERR value is not an integer or out of range' };
const MAX = '18446744073709551615';

/** Runs lines of words against their replies. */
function check(lines: [string, Reply][], kv = createTestStore()): TestStore {
  for (const [line, reply] of lines) assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  return kv;
}

test('entries are added under ids that only go up', () => {
  const small = 'ERR The ID specified in XADD is equal or smaller than the target stream top item';
  check([
    ['XADD s 0-0 a 1', { error: 'ERR The ID specified in XADD must be greater than 0-0' }],
    ['EXISTS s', 0],
    ['XADD s NOMKSTREAM 1-1 a 1', null],
    ['EXISTS s', 0],
    ['XADD s 0-* a 1', '0-1'],
    ['XADD s 1-1 a 1', '1-1'],
    ['XADD s 1-1 a 1', { error: small }],
    ['XADD s 1 a 1', { error: small }],
    ['XADD s 1-* a 2 b 3', '1-2'],
    ['XADD s 5-* a 2', '5-0'],
    [`XADD s 5-${MAX} a 2`, `5-${MAX}`],
    ['XADD s 5-* a 2', { error: small }],
    ['XADD s 6 a', { error: "ERR wrong number of arguments for 'xadd' command" }],
    ['XADD s 6 a 1 b', { error: "ERR wrong number of arguments for 'xadd' command" }],
    ['XADD s x a 1', INVALID_ID],
    ['XADD s - a 1', INVALID_ID],
    ['XLEN s', 5],
    ['XLEN none', 0],
    [`XADD s ${MAX}-${MAX} a 1`, `${MAX}-${MAX}`],
    [
      'XADD s * a 1',
      {
        error: 'ERR The stream has exhausted the last possible ID, unable to add more items',
      },
    ],
    ['OBJECT ENCODING s', 'stream'],
    ['TYPE s', 'stream'],
    ['SET str x', 'OK'],
    ['XADD str 1 a 1', WRONGTYPE],
    ['XLEN str', WRONGTYPE],
  ]);
});

test('an id that the store gives goes on from a last one ahead of the clock', () => {
  const kv = createTestStore();
  const ahead = Date.now() + 3_600_000;
  assert.equal(kv.run('XADD', 's', `${ahead}-7`, 'a', '1'), `${ahead}-7`);
  assert.equal(kv.run('XADD', 's', '*', 'a', '1'), `${ahead}-8`);
  kv.effects();
  kv.run('XADD', 't', '*', 'a', '1');
  const [effect] = kv.effects();
  assert.match(effect![2]!, /^\d{13}-0$/);
  assert.deepEqual(effect, ['XADD', 't', effect![2]!, 'a', '1']);
});

test('ranges are read in both directions with open and closed ends', () => {
  const e = (id: string, value: string): Reply => [id, ['f', value]];
  check([
    ['XADD s 1-0 f a', '1-0'],
    ['XADD s 1-1 f b', '1-1'],
    ['XADD s 2-0 f c', '2-0'],
    [`XADD s ${MAX}-5 f d`, `${MAX}-5`],
    ['XRANGE s - +', [e('1-0', 'a'), e('1-1', 'b'), e('2-0', 'c'), e(`${MAX}-5`, 'd')]],
    ['XRANGE s 1 1', [e('1-0', 'a'), e('1-1', 'b')]],
    ['XRANGE s (1-0 (2-0', [e('1-1', 'b')]],
    ['XRANGE s - + COUNT 2', [e('1-0', 'a'), e('1-1', 'b')]],
    ['XRANGE s - + COUNT 0', null],
    ['XRANGE s - + COUNT -5', null],
    ['XRANGE none - + COUNT 0', []],
    ['XRANGE s 3 2', []],
    ['XREVRANGE s + - COUNT 2', [e(`${MAX}-5`, 'd'), e('2-0', 'c')]],
    ['XREVRANGE s (2-0 1-1', [e('1-1', 'b')]],
    [`XRANGE s (${MAX}-${MAX} +`, { error: 'ERR invalid start ID for the interval' }],
    ['XRANGE s - (0-0', { error: 'ERR invalid end ID for the interval' }],
    ['XRANGE s (- +', INVALID_ID],
    ['XRANGE s - + COUNT x', NOT_INTEGER],
    ['XRANGE s - + COUNT', SYNTAX],
    ['XRANGE s - + FOO 1', SYNTAX],
  ]);
});

test('trimming takes the oldest, whole blocks alone when it may be approximate', () => {
  const kv = createTestStore({ settings: { streamNodeMaxEntries: 5 } });
  for (let i = 1; i <= 23; i++) kv.run('XADD', 's', `${i}-0`, 'f', 'v');
  check(
    [
      ['XTRIM s MAXLEN ~ 14', 5],
      ['XLEN s', 18],
      ['XTRIM s MAXLEN 16', 2],
      ['XTRIM s MINID ~ 12', 3],
      ['XTRIM s MINID = 13', 2],
      ['XTRIM s MAXLEN ~ 0 LIMIT 4', 3],
      ['XTRIM s MAXLEN ~ 0 LIMIT 0', 8],
      ['XADD s MAXLEN = 0 30 f v', '30-0'],
      ['XLEN s', 0],
      ['EXISTS s', 1],
      ['XADD s MINID 40 31 f v', '31-0'],
      ['XLEN s', 0],
      [
        'XTRIM s MAXLEN 1 MINID 1',
        {
          error: 'ERR syntax error, MAXLEN and MINID options at the same time are not compatible',
        },
      ],
      [
        'XTRIM s MAXLEN 1 LIMIT 1',
        { error: 'ERR syntax error, LIMIT cannot be used without the special ~ option' },
      ],
      ['XTRIM s MAXLEN -1', { error: 'ERR The MAXLEN argument must be >= 0.' }],
      ['XTRIM s MAXLEN ~ 1 LIMIT -1', { error: 'ERR The LIMIT argument must be >= 0.' }],
      [
        'XTRIM s LIMIT 0',
        { error: 'ERR syntax error, XTRIM must be called with a trimming strategy' },
      ],
      ['XTRIM s FOO 1', SYNTAX],
      ['XTRIM none MAXLEN 0', 0],
    ],
    kv,
  );
  assert.deepEqual(kv.effects().slice(23), [
    ['XTRIM', 's', 'MAXLEN', '=', '18'],
    ['XTRIM', 's', 'MAXLEN', '16'],
    ['XTRIM', 's', 'MINID', '=', '11-0'],
    ['XTRIM', 's', 'MINID', '=', '13'],
    ['XTRIM', 's', 'MAXLEN', '=', '8'],
    ['XTRIM', 's', 'MAXLEN', '=', '0'],
    ['XADD', 's', 'MAXLEN', '=', '0', '30', 'f', 'v'],
    ['XADD', 's', 'MINID', '40', '31', 'f', 'v'],
  ]);
  kv.run('XADD', 's', 'MAXLEN', '~', '0', '50', 'f', 'v');
  assert.deepEqual(kv.effects(), [['XADD', 's', 'MAXLEN', '=', '0', '50-0', 'f', 'v']]);
});

test('deleted entries are gone, and the stream remembers the greatest of them', () => {
  check([
    ['XADD s 1 f a', '1-0'],
    ['XADD s 2 f b', '2-0'],
    ['XADD s 3 f c', '3-0'],
    ['XDEL s 2 2 9', 1],
    ['XDEL s 1 x', INVALID_ID],
    ['XLEN s', 2],
    ['XDEL s 3', 1],
    [
      'XINFO STREAM s',
      [
        'length',
        1,
        'radix-tree-keys',
        1,
        'radix-tree-nodes',
        2,
        'last-generated-id',
        '3-0',
        'max-deleted-entry-id',
        '3-0',
        'entries-added',
        3,
        'recorded-first-entry-id',
        '1-0',
        'groups',
        0,
        'first-entry',
        ['1-0', ['f', 'a']],
        'last-entry',
        ['1-0', ['f', 'a']],
      ],
    ],
    ['XSETID s 9-9 ENTRIESADDED 50 MAXDELETEDID 4-0', 'OK'],
    [
      'XSETID s 0-5',
      { error: 'ERR The ID specified in XSETID is smaller than the target stream top item' },
    ],
    [
      'XSETID s 3-9',
      { error: 'ERR The ID specified in XSETID is smaller than current max_deleted_entry_id' },
    ],
    [
      'XSETID s 9-9 ENTRIESADDED 0',
      {
        error: 'ERR The entries_added specified in XSETID is smaller than the target stream length',
      },
    ],
    ['XSETID none 1', { error: 'ERR no such key' }],
    [
      'XADD s 9-9 f d',
      { error: 'ERR The ID specified in XADD is equal or smaller than the target stream top item' },
    ],
    ['XDEL s 1', 1],
    ['EXISTS s', 1],
    ['XDEL none 1', 0],
  ]);
});

test('XREAD gives what is behind the ids, as a map in RESP3', () => {
  const kv = check([
    ['XADD s 1 f a', '1-0'],
    ['XADD s 2 f b', '2-0'],
    ['XADD t 7 f c', '7-0'],
    [
      'XREAD STREAMS s t none 1 0 0',
      [
        ['s', [['2-0', ['f', 'b']]]],
        ['t', [['7-0', ['f', 'c']]]],
      ],
    ],
    ['XREAD COUNT 1 STREAMS s 0', [['s', [['1-0', ['f', 'a']]]]]],
    ['XREAD STREAMS s +', [['s', [['2-0', ['f', 'b']]]]]],
    ['XREAD STREAMS s $', null],
    ['XREAD STREAMS s 2', null],
    ['XREAD STREAMS none 0', null],
    ['XREAD STREAMS s', { error: "ERR wrong number of arguments for 'xread' command" }],
    [
      'XREAD STREAMS s t 0',
      {
        error:
          "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.",
      },
    ],
    [
      'XREAD STREAMS s >',
      {
        error:
          'ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.',
      },
    ],
    ['XREAD BLOCK -1 STREAMS s $', { error: 'ERR timeout is negative' }],
    ['XREAD BLOCK x STREAMS s $', { error: 'ERR timeout is not an integer or out of range' }],
    ['SET str x', 'OK'],
    ['XREAD STREAMS s str 0 0', WRONGTYPE],
  ]);
  kv.resp3 = true;
  const reply = kv.run('XREAD', 'STREAMS', 's', 't', '1', '0');
  assert.deepEqual(reply, {
    map: [
      ['s', [['2-0', ['f', 'b']]]],
      ['t', [['7-0', ['f', 'c']]]],
    ],
  });
});

test('a stream copied, dumped or restored is the same stream', () => {
  const kv = check([
    ['XADD s 1 f a g b', '1-0'],
    ['XADD s 2 h c', '2-0'],
    ['XDEL s 1', 1],
    ['XGROUP CREATE s g 0', 'OK'],
  ]);
  kv.run('XREADGROUP', 'GROUP', 'g', 'c', 'STREAMS', 's', '>');
  assert.equal(kv.run('COPY', 's', 't'), 1);
  assert.deepEqual(kv.run('XINFO', 'STREAM', 't', 'FULL'), kv.run('XINFO', 'STREAM', 's', 'FULL'));
});

test('all memory of a stream is given back with its key', () => {
  const kv = createTestStore();
  const { arena, large } = kv.engine.keyspace;
  const before = arena.usedBytes;
  kv.run('XGROUP', 'CREATE', 's', 'g', '$', 'MKSTREAM');
  for (let i = 1; i <= 3000; i++) kv.run('XADD', 's', `${i}-0`, 'field', 'value');
  kv.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '2000', 'STREAMS', 's', '>');
  assert.ok(arena.usedBytes > before + 100_000);
  kv.run('DEL', 's');
  while (large.reclaim(100));
  assert.equal(arena.usedBytes, before);
});
