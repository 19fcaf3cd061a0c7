import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

const NO_GROUP = { error: "NOGROUP No such key 's' or consumer group 'x'" };
const SYNTAX = { error: 'ERR syntax error' };

/** Runs lines of words against their replies. */
function check(lines: [string, Reply][], kv = createTestStore()): TestStore {
  for (const [line, reply] of lines) assert.deepEqual(kv.run(...line.split(' ')), reply, line);
  return kv;
}

/** A store with a stream `s` of entries 1-0 .. count-0 and a group `g` at its start. */
function grouped(count = 3): TestStore {
  const kv = createTestStore();
  for (let i = 1; i <= count; i++) kv.run('XADD', 's', `${i}-0`, 'f', `v${i}`);
  kv.run('XGROUP', 'CREATE', 's', 'g', '0');
  kv.effects();
  return kv;
}

const entry = (n: number): Reply => [`${n}-0`, ['f', `v${n}`]];

test('groups are created, moved and destroyed', () => {
  const missing =
    'ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.';
  check([
    ['XGROUP CREATE s g $', { error: missing }],
    ['XGROUP CREATE s g $ MKSTREAM', 'OK'],
    ['XGROUP CREATE s g $', { error: 'BUSYGROUP Consumer Group name already exists' }],
    ['XGROUP CREATE s h 5 ENTRIESREAD 2', 'OK'],
    [
      'XGROUP CREATE s i x',
      { error: 'ERR Invalid stream ID specified as stream command argument' },
    ],
    [
      'XGROUP CREATE s i 0 ENTRIESREAD -2',
      { error: 'ERR value for ENTRIESREAD must be positive or -1' },
    ],
    [
      'XGROUP CREATE s i 0 FOO',
      {
        error: "ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.",
      },
    ],
    ['XGROUP SETID s x 0', { error: "NOGROUP No such consumer group 'x' for key name 's'" }],
    ['XGROUP SETID s g 3-3 ENTRIESREAD 1', 'OK'],
    ['XGROUP CREATECONSUMER s g c', 1],
    ['XGROUP CREATECONSUMER s g c', 0],
    ['XGROUP DELCONSUMER s g c', 0],
    ['XGROUP DESTROY s x', 0],
    ['XGROUP DESTROY s h', 1],
    [
      'XINFO GROUPS s',
      [
        [
          'name',
          'g',
          'consumers',
          0,
          'pending',
          0,
          'last-delivered-id',
          '3-3',
          'entries-read',
          1,
          'lag',
          0,
        ],
      ],
    ],
    ['XINFO CONSUMERS s x', { error: "NOGROUP No such consumer group 'x' for key name 's'" }],
    ['XINFO GROUPS none', { error: 'ERR no such key' }],
  ]);
});

test('entries are delivered once to a group and stay pending until acknowledged', () => {
  const kv = grouped();
  check(
    [
      ['XREADGROUP GROUP g a COUNT 1 STREAMS s >', [['s', [entry(1)]]]],
      ['XREADGROUP GROUP g b STREAMS s >', [['s', [entry(2), entry(3)]]]],
      ['XREADGROUP GROUP g a STREAMS s >', null],
      [
        'XPENDING s g',
        [
          3,
          '1-0',
          '3-0',
          [
            ['a', '1'],
            ['b', '2'],
          ],
        ],
      ],
      ['XREADGROUP GROUP g b STREAMS s 2', [['s', [entry(3)]]]],
      ['XDEL s 3', 1],
      ['XREADGROUP GROUP g b STREAMS s 0', [['s', [entry(2), ['3-0', null]]]]],
      ['XACK s g 1 3 9', 2],
      ['XACK s g 1', 0],
      ['XACK none g 1', 0],
      ['XPENDING s g', [1, '2-0', '2-0', [['b', '1']]]],
      ['XGROUP DELCONSUMER s g b', 1],
      ['XPENDING s g', [0, null, null, null]],
    ],
    kv,
  );
});

test('a read to a group is logged as claims that give the same state', () => {
  const kv = grouped();
  kv.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '2', 'STREAMS', 's', '>');
  const effects = kv.effects();
  const time = effects[1]![8]!;
  assert.match(time, /^\d{13}$/);
  assert.deepEqual(effects, [
    ['XGROUP', 'CREATECONSUMER', 's', 'g', 'c'],
    [
      ...['XCLAIM', 's', 'g', 'c', '0', '1-0', '2-0', 'TIME', time, 'RETRYCOUNT', '1'],
      ...['FORCE', 'JUSTID', 'LASTID', '2-0'],
    ],
    ['XGROUP', 'SETID', 's', 'g', '2-0', 'ENTRIESREAD', '2'],
  ]);
  kv.run('XREADGROUP', 'GROUP', 'g', 'c', 'NOACK', 'STREAMS', 's', '>');
  assert.deepEqual(kv.effects(), [['XGROUP', 'SETID', 's', 'g', '3-0', 'ENTRIESREAD', '3']]);
});

test('XREADGROUP refuses what makes no sense', () => {
  const no = "NOGROUP No such key 's' or consumer group 'x' in XREADGROUP with GROUP option";
  check(
    [
      ['XREADGROUP GROUP x c STREAMS s >', { error: no }],
      [
        'XREADGROUP GROUP g c STREAMS none >',
        {
          error: "NOGROUP No such key 'none' or consumer group 'g' in XREADGROUP with GROUP option",
        },
      ],
      ['XREADGROUP GROUP g c FOO 1 STREAMS s >', SYNTAX],
      [
        'XREADGROUP COUNT 1 NOACK STREAMS s t > >',
        { error: 'ERR Missing GROUP option for XREADGROUP' },
      ],
    ],
    grouped(),
  );
});

test('XPENDING lists entries of a range, an owner or an idle time', () => {
  const kv = grouped();
  kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', '1', 'STREAMS', 's', '>');
  kv.run('XREADGROUP', 'GROUP', 'g', 'b', 'STREAMS', 's', '>');
  kv.advance(5000);
  kv.run('XCLAIM', 's', 'g', 'b', '0', '1', 'JUSTID');
  const list = (...words: string[]) =>
    (kv.run('XPENDING', 's', 'g', ...words) as Reply[][]).map((row) => [row[0], row[1], row[3]]);
  assert.deepEqual(list('-', '+', '10'), [
    ['1-0', 'b', 1],
    ['2-0', 'b', 1],
    ['3-0', 'b', 1],
  ]);
  assert.deepEqual(list('IDLE', '5000', '-', '+', '10'), [
    ['2-0', 'b', 1],
    ['3-0', 'b', 1],
  ]);
  assert.deepEqual(list('(1', '3', '1'), [['2-0', 'b', 1]]);
  assert.deepEqual(list('-', '+', '10', 'a'), []);
  assert.deepEqual(list('-', '+', '10', 'nobody'), []);
  check(
    [
      ['XPENDING s x', NO_GROUP],
      ['XPENDING s g -', SYNTAX],
    ],
    kv,
  );
});

test('claims move entries between consumers and forget deleted ones', () => {
  const kv = grouped();
  kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', '2', 'STREAMS', 's', '>');
  kv.effects();
  check(
    [
      ['XCLAIM s g b 1000000 1', []],
      ['XCLAIM s g b 0 1 3', [entry(1)]],
      ['XCLAIM s g b 0 3 FORCE JUSTID', ['3-0']],
      ['XDEL s 1', 1],
      ['XCLAIM s g b 0 1', []],
      [
        'XPENDING s g',
        [
          2,
          '2-0',
          '3-0',
          [
            ['a', '1'],
            ['b', '1'],
          ],
        ],
      ],
      ['XCLAIM s g b 0 2 BOGUS', { error: "ERR Unrecognized XCLAIM option 'BOGUS'" }],
      ['XCLAIM s g b x 2', { error: 'ERR Invalid min-idle-time argument for XCLAIM' }],
      ['XCLAIM s g b 0 2 IDLE x', { error: 'ERR Invalid IDLE option argument for XCLAIM' }],
      ['XCLAIM s x b 0 2', NO_GROUP],
      ['XCLAIM s g b 0 2 TIME 1000 RETRYCOUNT 7 JUSTID', ['2-0']],
      ['XCLAIM s g b 0 99 LASTID 50', []],
    ],
    kv,
  );
  const effects = kv.effects().map((words) => words.join(' '));
  assert.ok(effects.includes('XACK s g 1-0'));
  assert.ok(effects.includes('XCLAIM s g b 0 2-0 TIME 1000 RETRYCOUNT 7 FORCE JUSTID LASTID 2-0'));
  assert.ok(effects.includes('XGROUP SETID s g 50-0 ENTRIESREAD 2'));
});

test('XAUTOCLAIM walks over what is pending, some at a time', () => {
  const kv = grouped(5);
  kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>');
  kv.run('XDEL', 's', '2');
  check(
    [
      ['XAUTOCLAIM s g b 0 - COUNT 3', ['4-0', [entry(1), entry(3)], ['2-0']]],
      ['XAUTOCLAIM s g b 0 4 COUNT 3 JUSTID', ['0-0', ['4-0', '5-0'], []]],
      ['XAUTOCLAIM s g b 100000 -', ['0-0', [], []]],
      ['XAUTOCLAIM s g b 0 - COUNT 0', { error: 'ERR COUNT must be > 0' }],
      ['XAUTOCLAIM s x b 0 -', NO_GROUP],
      ['XPENDING s g', [4, '1-0', '5-0', [['b', '4']]]],
    ],
    kv,
  );
});

test('the lag of a group is known until a deletion hides it', () => {
  const kv = grouped(5);
  const progress = () => {
    const [group] = kv.run('XINFO', 'GROUPS', 's') as Reply[][];
    return [group![9], group![11]];
  };
  assert.deepEqual(progress(), [null, 5]);
  kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', '2', 'STREAMS', 's', '>');
  assert.deepEqual(progress(), [2, 3]);
  kv.run('XDEL', 's', '4');
  assert.deepEqual(progress(), [2, null]);
  kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'STREAMS', 's', '>');
  assert.deepEqual(progress(), [5, 0]);
});

test('XDELEX and XACKDEL heed the groups that know of an entry', () => {
  const kv = grouped(6);
  kv.run('XGROUP', 'CREATE', 's', 'h', '0');
  for (const group of ['g', 'h']) {
    kv.run('XREADGROUP', 'GROUP', group, 'a', 'COUNT', '5', 'STREAMS', 's', '>');
  }
  check(
    [
      ['XDELEX s IDS 2 1 99', [1, -1]],
      ['XPENDING s g', [5, '1-0', '5-0', [['a', '5']]]],
      ['XDELEX s DELREF IDS 1 2', [1]],
      ['XPENDING s g', [4, '1-0', '5-0', [['a', '4']]]],
      ['XDELEX s ACKED IDS 2 3 6', [2, 2]],
      ['XACKDEL s g ACKED IDS 1 3', [2]],
      ['XACKDEL s h ACKED IDS 1 3', [1]],
      ['XACKDEL s g IDS 2 4 4', [1, -1]],
      ['XRANGE s - +', [entry(5), entry(6)]],
      ['XDELEX none IDS 1 1', [-1]],
      ['XACKDEL s nobody IDS 1 5', [-1]],
      ['XDELEX s IDS 0 1', { error: 'ERR Number of IDs must be a positive integer' }],
      [
        'XDELEX s IDS 2 1',
        { error: 'ERR The `numids` parameter must match the number of arguments' },
      ],
      ['XDELEX s FOO IDS 1 1', SYNTAX],
    ],
    kv,
  );
});

test('XTRIM and XADD heed the groups that know of an entry', () => {
  const kv = grouped(6);
  kv.run('XREADGROUP', 'GROUP', 'g', 'a', 'COUNT', '4', 'STREAMS', 's', '>');
  check(
    [
      ['XACK s g 2 3', 2],
      ['XTRIM s MAXLEN = 5', 1],
      ['XPENDING s g', [2, '1-0', '4-0', [['a', '2']]]],
      ['XTRIM s MINID 6 ACKED', 2],
      ['XRANGE s - +', [entry(4), entry(5), entry(6)]],
      ['XTRIM s ACKED MAXLEN 0', 0],
      ['XTRIM s MAXLEN 2 DELREF', 1],
      // What was trimmed without a word about references is still pending.
      ['XPENDING s g', [1, '1-0', '1-0', [['a', '1']]]],
      ['XADD s DELREF MAXLEN 1 7 f v', '7-0'],
      ['XLEN s', 1],
      ['XADD s ACKED MAXLEN 1 8 f v', '8-0'],
      ['XLEN s', 2],
      ['XADD s KEEPREF MAXLEN ~ 1 LIMIT 0 9 f v', '9-0'],
      ['XTRIM s MAXLEN 1 KEEPREF ACKED', SYNTAX],
      [
        'XTRIM s DELREF LIMIT 0',
        { error: 'ERR syntax error, XTRIM must be called with a trimming strategy' },
      ],
    ],
    kv,
  );
});

test('counts of entries beyond 53 bits end there, so that what is logged can be read again', () => {
  const kv = grouped();
  const most = '9223372036854775807';
  check(
    [
      [`XGROUP SETID s g 0 ENTRIESREAD ${most}`, 'OK'],
      [`XSETID s 3-0 ENTRIESADDED ${most}`, 'OK'],
    ],
    kv,
  );
  kv.effects();
  kv.run('XREADGROUP', 'GROUP', 'g', 'c', 'COUNT', '1', 'STREAMS', 's', '>');
  const counts = kv.effects().flatMap((effect) => effect.slice(effect.indexOf('ENTRIESREAD') + 1));
  assert.ok(counts.includes(String(2 ** 53)), counts.join(' '));
  const about = kv.run('XINFO', 'STREAM', 's') as Reply[];
  assert.equal(about[about.indexOf('entries-added') + 1], Number.MAX_SAFE_INTEGER);
});

test('who watches a stream is not disturbed by its groups', () => {
  const kv = grouped();
  const other = kv.connect();
  for (const line of ['XGROUP CREATE s h 0', 'XGROUP SETID s h 1', 'XGROUP DESTROY s h']) {
    kv.run('WATCH', 's', 'new');
    other.run(...line.split(' '));
    kv.run('MULTI');
    assert.deepEqual(kv.run('EXEC'), [], line);
  }
  kv.run('WATCH', 'new');
  other.run('XGROUP', 'CREATE', 'new', 'h', '0', 'MKSTREAM');
  kv.run('MULTI');
  assert.equal(kv.run('EXEC'), null);
  assert.deepEqual(kv.run('XINFO', 'CONSUMERS', 's', 'a\0b'), {
    error: "NOGROUP No such consumer group 'a' for key name 's'",
  });
  assert.deepEqual(kv.run('XCLAIM', 's', 'g', 'c', '0', '1-0', 'a\0b'), {
    error: "ERR Unrecognized XCLAIM option 'a'",
  });
});
