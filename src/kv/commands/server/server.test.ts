import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestStore, type Reply, type TestStore } from '../../testing/harness.ts';

const error = (text: string): { error: string } => ({ error: text });
const DISABLED = error('ERR This instance has cluster support disabled');

/** Command lines and their replies, on one store. */
const replies: readonly (readonly [line: string, reply: Reply])[] = [
  ['CONFIG GET maxmemory', ['maxmemory', '0']],
  ['CONFIG GET timeout MAXCLIENTS time*', ['maxclients', '10000', 'timeout', '0']],
  ['CONFIG GET nomatch', []],
  ['CONFIG GET', error("ERR wrong number of arguments for 'config|get' command")],
  ['CONFIG SET timeout', error("ERR wrong number of arguments for 'config|set' command")],
  ['CONFIG SET timeout 1 x', error("ERR wrong number of arguments for 'config|set' command")],
  ['CONFIG SET timeout 3 maxclients 4', 'OK'],
  ['CONFIG GET timeout', ['timeout', '3']],
  ['CONFIG REWRITE', error('ERR The server is running without a config file')],
  ['CONFIG FOO', error("ERR unknown subcommand 'FOO'. Try CONFIG HELP.")],
  ['ROLE', ['master', 0, []]],
  ['REPLICAOF NO ONE', 'OK'],
  ['SLAVEOF no one', 'OK'],
  ['REPLICAOF a b', error('ERR Invalid master port')],
  ['REPLICAOF 127.0.0.1 6379', error('ERR replication is not supported by this version')],
  ['WAIT 0 0', 0],
  ['WAIT -1 0', 0],
  ['WAIT a 0', error('ERR value is not an integer or out of range')],
  ['WAIT 0 -1', error('ERR timeout is negative')],
  ['WAITAOF 0 0 0', [0, 0]],
  ['WAITAOF 2 0 0', error('ERR value is out of range, value must between 0 and 1')],
  ['WAITAOF 0 -1 0', error('ERR value is out of range, must be positive')],
  [
    'WAITAOF 1 0 0',
    error('ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.'),
  ],
  ['REPLCONF', 'OK'],
  ['REPLCONF listening-port 6380 capa eof capa psync2 ip-address ::1', 'OK'],
  ['REPLCONF listening-port x', error('ERR value is not an integer or out of range')],
  ['REPLCONF rdb-only 1 rdb-filter-only functions', 'OK'],
  ['REPLCONF rdb-filter-only keys', error('ERR Unsupported rdb-filter-only option: keys')],
  ['REPLCONF capa', error('ERR syntax error')],
  ['REPLCONF Foo 1', error('ERR Unrecognized REPLCONF option: Foo')],
  ['FAILOVER ABORT', error('ERR No failover in progress.')],
  ['FAILOVER', error('ERR FAILOVER requires connected replicas.')],
  ['CLUSTER INFO', DISABLED],
  ['CLUSTER SLOTS', DISABLED],
  ['CLUSTER KEYSLOT {user}x', 5474],
  ['CLUSTER FOO', error("ERR unknown subcommand 'FOO'. Try CLUSTER HELP.")],
  ['READONLY', DISABLED],
  ['READWRITE', DISABLED],
  ['ASKING', DISABLED],
  ['MODULE LIST', []],
  ['LATENCY LATEST', []],
  ['LATENCY HISTORY command', []],
  ['LATENCY RESET', 0],
  ['LATENCY GRAPH command', error("ERR No samples available for event 'command'")],
  ['LATENCY HISTOGRAM foo', []],
  ['SHUTDOWN FOO', error('ERR syntax error')],
  ['SHUTDOWN SAVE NOSAVE', error('ERR syntax error')],
  ['SHUTDOWN ABORT', error('ERR No shutdown in progress.')],
  ['BGSAVE FOO', error('ERR syntax error')],
  ['COMMAND COUNT x', error("ERR wrong number of arguments for 'command|count' command")],
  ['COMMAND INFO foo', [null]],
  ['COMMAND DOCS foo', []],
  ['COMMAND LIST FILTERBY MODULE x', []],
  ['COMMAND LIST FILTERBY FOO x', error('ERR syntax error')],
  ['COMMAND LIST FILTERBY ACLCAT foo', []],
  ['COMMAND GETKEYS get a', ['a']],
  ['COMMAND GETKEYS mset a 1 b 2', ['a', 'b']],
  ['COMMAND GETKEYS zunionstore d 2 a b', ['d', 'a', 'b']],
  ['COMMAND GETKEYS ping x', error('ERR The command has no key arguments')],
  ['COMMAND GETKEYS config get a', error('ERR The command has no key arguments')],
  ['COMMAND GETKEYS get a b', error('ERR Invalid number of arguments specified for command')],
  ['COMMAND GETKEYS foo bar', error('ERR Invalid command specified')],
  ['COMMAND GETKEYS zunionstore d 9 a', error('ERR Invalid arguments specified for command')],
  ['COMMAND GETKEYS eval x 0x10', []],
  ['COMMAND GETKEYS eval x 9 a', []],
  ['COMMAND GETKEYS eval x 0', []],
  ['COMMAND GETKEYS xread count 1 s 0', error('ERR Invalid arguments specified for command')],
  ['COMMAND GETKEYSANDFLAGS set a b EX 1', [['a', ['OW', 'update']]]],
  ['COMMAND GETKEYSANDFLAGS set a b GET', [['a', ['RW', 'access', 'update']]]],
  ['COMMAND GETKEYSANDFLAGS bitfield a GET u8 0', [['a', ['RO', 'access']]]],
  [
    'COMMAND GETKEYSANDFLAGS sort a GET # STORE b',
    [
      ['a', ['RO', 'access']],
      ['b', ['OW', 'update']],
    ],
  ],
  ['COMMAND GETKEYS spublish a b', error('ERR The command has no key arguments')],
  ['HOTKEYS GET COUNT 0', error('ERR COUNT must be between 1 and 100')],
  ['HOTKEYS GET COUNT', error('ERR syntax error')],
  ['INFO foo', ''],
];

test('administration answers as Redis does', () => {
  const kv = createTestStore();
  for (const [line, reply] of replies) assert.deepEqual(kv.run(...line.split(' ')), reply, line);
});

test('HELP of every container lists its subcommands', () => {
  const kv = createTestStore();
  for (const name of ['CONFIG', 'COMMAND', 'CLUSTER', 'MODULE', 'LATENCY', 'HOTKEYS']) {
    const lines = kv.run(name, 'HELP') as string[];
    assert.match(lines[0] ?? '', new RegExp(`^${name} <subcommand>`));
  }
});

test('WAIT for replicas that are not there waits for the time given', () => {
  const kv = createTestStore();
  assert.equal(kv.run('WAIT', 1, 100), undefined);
  kv.advance(100);
  kv.run('MULTI');
  kv.run('WAIT', 1, 0);
  assert.deepEqual(kv.run('EXEC'), [0]);
});

test('TIME tells seconds and microseconds of the clock', () => {
  const kv = createTestStore();
  const [seconds, micros] = kv.run('TIME') as string[];
  assert.ok(Math.abs(Number(seconds) - kv.engine.clock.wallMs() / 1000) < 5);
  assert.ok(Number(micros) >= 0 && Number(micros) < 1e6);
});

test('SHUTDOWN asks the process to stop and ends the connection without a reply', () => {
  const kv = createTestStore();
  assert.deepEqual(kv.run('SHUTDOWN'), error('ERR Errors trying to SHUTDOWN. Check logs.'));
  let asked = 0;
  kv.engine.onShutdown = () => {
    asked++;
  };
  const client = kv.connect();
  assert.equal(client.run('SHUTDOWN', 'NOSAVE'), undefined);
  assert.deepEqual([asked, client.session.closing], [1, true]);
});

describe('COMMAND', () => {
  function entry(kv: TestStore, name: string): Reply[] {
    return (kv.run('COMMAND', 'INFO', name) as Reply[][])[0] as Reply[];
  }

  test('INFO describes a command by its row', () => {
    const kv = createTestStore();
    assert.deepEqual(entry(kv, 'get'), [
      'get',
      2,
      ['readonly', 'fast'],
      1,
      1,
      1,
      ['@read', '@string', '@fast'],
      [],
      [
        [
          'flags',
          ['RO', 'access'],
          'begin_search',
          ['type', 'index', 'spec', ['index', 1]],
          'find_keys',
          ['type', 'range', 'spec', ['lastkey', 0, 'keystep', 1, 'limit', 0]],
        ],
      ],
      [],
    ]);
    assert.deepEqual(entry(kv, 'mset').slice(3, 6), [1, -1, 2]);
    assert.deepEqual(entry(kv, 'blpop').slice(3, 6), [1, -2, 1]);
    assert.deepEqual(entry(kv, 'rename').slice(3, 6), [1, 2, 1]);
    assert.deepEqual(entry(kv, 'ping').slice(3, 6), [0, 0, 0]);
    assert.ok((entry(kv, 'eval')[2] as string[]).includes('movablekeys'));
    const subcommands = entry(kv, 'config')[9] as Reply[][];
    assert.deepEqual(
      subcommands.map(([name]) => name),
      ['config|get', 'config|set', 'config|resetstat', 'config|rewrite', 'config|help'],
    );
    assert.equal(entry(kv, 'config|get')[0], 'config|get');
  });

  test('LIST, COUNT and the whole table agree', () => {
    const kv = createTestStore();
    const names = kv.run('COMMAND', 'LIST') as string[];
    const tops = names.filter((name) => !name.includes('|'));
    assert.equal(kv.run('COMMAND', 'COUNT'), tops.length);
    assert.equal((kv.run('COMMAND') as Reply[]).length, tops.length);
    const matching = kv.run('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'GET*') as string[];
    assert.deepEqual([...matching].sort(), names.filter((name) => name.startsWith('get')).sort());
    const geo = kv.run('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', 'geo') as string[];
    assert.ok(geo.includes('geoadd') && !geo.includes('get'));
  });

  test('DOCS tells the arguments of a command', () => {
    const kv = createTestStore();
    const [name, docs] = kv.run('COMMAND', 'DOCS', 'lpos') as [string, Reply[]];
    assert.equal(name, 'lpos');
    assert.equal(docs[docs.indexOf('group') + 1], 'list');
    const args = docs[docs.indexOf('arguments') + 1] as Reply[];
    assert.deepEqual(args[0], ['name', 'key', 'type', 'key', 'key_spec_index', 0]);
    assert.deepEqual(args[2], [
      'name',
      'rank',
      'type',
      'integer',
      'token',
      'RANK',
      'flags',
      ['optional'],
    ]);
    const all = kv.run('COMMAND', 'DOCS') as Reply[];
    assert.equal(all.length, Number(kv.run('COMMAND', 'COUNT')) * 2);
  });
});

describe('LATENCY', () => {
  test('notes the slowest command of each second from the threshold on', () => {
    const kv = createTestStore({ settings: { latencyMonitorThreshold: 10 } });
    const { latency } = kv.engine;
    latency.note('command', 9);
    assert.deepEqual(kv.run('LATENCY', 'LATEST'), []);
    latency.note('command', 12.5);
    kv.advance(2000);
    latency.note('command', 30);
    latency.note('expire-cycle', 11);
    const history = kv.run('LATENCY', 'HISTORY', 'command') as number[][];
    assert.deepEqual(
      history.map(([, ms]) => ms),
      [12, 30],
    );
    const latest = kv.run('LATENCY', 'LATEST') as Reply[][];
    assert.deepEqual(
      latest.map(([event, , last, max]) => [event, last, max]),
      [
        ['command', 30, 30],
        ['expire-cycle', 11, 11],
      ],
    );
    assert.match(kv.run('LATENCY', 'GRAPH', 'command') as string, /high 30 ms, low 12 ms/);
    assert.match(
      kv.run('LATENCY', 'DOCTOR') as string,
      /command .*: 2 latency spikes, average 21 ms/,
    );
    assert.equal(kv.run('LATENCY', 'RESET', 'command', 'foo'), 1);
    assert.equal(kv.run('LATENCY', 'RESET'), 1);
    assert.deepEqual(kv.run('LATENCY', 'LATEST'), []);
  });

  test('keeps the last 160 seconds with a sample', () => {
    const kv = createTestStore({ settings: { latencyMonitorThreshold: 1 } });
    for (let i = 0; i < 200; i++) {
      kv.engine.latency.note('aof-write', 5);
      kv.advance(1000);
    }
    assert.equal((kv.run('LATENCY', 'HISTORY', 'aof-write') as Reply[]).length, 160);
  });

  test('HISTOGRAM counts calls cumulatively', () => {
    const kv = createTestStore();
    for (let i = 0; i < 5; i++) kv.run('GET', 'x');
    const [name, [, calls, , buckets]] = kv.run('LATENCY', 'HISTOGRAM', 'get') as [
      string,
      [string, number, string, number[]],
    ];
    assert.deepEqual([name, calls, buckets.at(-1)], ['get', 5, 5]);
  });
});

describe('HOTKEYS', () => {
  test('finds the key that most commands use, and forgets it on RESET', () => {
    const kv = createTestStore();
    for (let i = 0; i < 5000; i++) {
      kv.run('GET', i % 2 === 0 ? 'hot' : `cold:${i}`);
    }
    const [first] = kv.run('HOTKEYS', 'GET', 'COUNT', '1') as Reply[][];
    assert.deepEqual(first?.slice(0, 4), ['db', 0, 'key', 'hot']);
    kv.run('HOTKEYS', 'RESET');
    assert.deepEqual(kv.run('HOTKEYS', 'GET'), []);
  });

  test('finds the biggest keys by a walk in the background', () => {
    const kv = createTestStore();
    for (let i = 0; i < 13; i++) kv.run('SET', `k${i}`, 'x'.repeat(2 ** i));
    kv.run('SELECT', 3);
    kv.run('RPUSH', 'l', ...Array.from({ length: 2000 }, () => 'element'));
    assert.equal(kv.run('HOTKEYS', 'SCAN'), 'OK');
    assert.deepEqual(
      kv.run('HOTKEYS', 'SCAN'),
      error('ERR a walk for big keys is already under way'),
    );
    while (kv.engine.bigKeys.slice());
    const reply = kv.run('HOTKEYS', 'BIG', 'COUNT', '2') as Reply[];
    assert.deepEqual([reply[1], reply[5]], ['idle', 14]);
    const keys = reply[7] as Reply[][];
    assert.deepEqual(
      keys.map((key) => key.slice(0, 6)),
      [
        ['db', 3, 'key', 'l', 'type', 'list'],
        ['db', 0, 'key', 'k12', 'type', 'string'],
      ],
    );
  });
});
