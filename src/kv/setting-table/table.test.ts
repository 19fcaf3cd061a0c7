import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReplyError } from '../errors.ts';
import { createTestStore } from '../testing/harness.ts';
import { settingRows } from './rows.ts';

function refusal(run: () => void): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ReplyError) return error.message;
    throw error;
  }
  return 'accepted';
}

/** Text of a refusal, as Redis 7 gives it. */
const refused: readonly (readonly [name: string, value: string, why: string])[] = [
  ['maxmemory', 'abc', 'argument must be a memory value'],
  ['maxmemory', '-1', 'argument must be a memory value'],
  ['maxmemory', '1.5gb', 'argument must be a memory value'],
  [
    'maxmemory-policy',
    'foo',
    'argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction',
  ],
  ['maxmemory-samples', '0', 'argument must be between 1 and 2147483647 inclusive'],
  ['maxmemory-clients', '200%', 'percentage argument must be less or equal to 100'],
  ['save', '900 1 300', 'Invalid save parameters'],
  ['daemonize', 'yes', "can't set immutable config"],
  ['databases', '3', "can't set immutable config"],
  ['dir', '/tmp', "can't set protected config"],
  [
    'hash-max-listpack-entries',
    '-1',
    'argument must be between 0 and 9223372036854775807 inclusive',
  ],
  ['list-max-listpack-size', 'x', "argument couldn't be parsed into an integer"],
  [
    'list-max-listpack-size',
    '99999999999',
    'argument must be between -2147483648 and 2147483647 inclusive',
  ],
  ['appendonly', 'foo', "argument must be 'yes' or 'no'"],
  ['appendfsync', 'foo', 'argument(s) must be one of the following: everysec, always, no'],
  ['notify-keyspace-events', 'Q', "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."],
  ['client-output-buffer-limit', 'foo', 'Wrong number of arguments in buffer limit configuration.'],
  [
    'client-query-buffer-limit',
    '1',
    'argument must be between 1048576 and 9223372036854775807 inclusive',
  ],
  [
    'latency-tracking-info-percentiles',
    'a',
    'Invalid latency-tracking-info-percentiles parameters',
  ],
  [
    'latency-tracking-info-percentiles',
    '50 101',
    'latency-tracking-info-percentiles parameters should sit between [0.0,100.0]',
  ],
  ['oom-score-adj-values', '1', 'wrong number of arguments'],
  [
    'shutdown-on-sigterm',
    'nosave save',
    "shutdown options SAVE and NOSAVE can't be used simultaneously",
  ],
  ['maxmemory-samples', '99999999999999999999', "argument couldn't be parsed into an integer"],
  ['hz', '-1', 'argument must be between 0 and 2147483647 inclusive'],
  [
    'active-defrag-ignore-bytes',
    '',
    'argument must be between 1 and 9223372036854775807 inclusive',
  ],
  [
    'latency-tracking-info-percentiles',
    ' 1',
    'Invalid latency-tracking-info-percentiles parameters',
  ],
  ['proc-title-template', '', 'template format is invalid or contains unknown variables'],
  [
    'cluster-announce-hostname',
    'a b',
    'Hostnames may only contain alphanumeric characters, hyphens or dots',
  ],
  ['tls-ciphers', 'x', "can't set immutable config"],
  ['proc-title-template', '{foo}', 'template format is invalid or contains unknown variables'],
];

for (const [name, value, why] of refused) {
  test(`${name} '${value}' is refused as Redis does`, () => {
    const { config } = createTestStore().engine;
    const before = config.get(name);
    const text = `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
    assert.equal(
      refusal(() => config.set([[name, value]])),
      text,
    );
    assert.equal(config.get(name), before);
  });
}

const defaultOutput = 'normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60';
const accepted: readonly (readonly [name: string, value: string, shown: string])[] = [
  ['maxmemory', '10GB', '10737418240'],
  ['maxmemory', '1k', '1000'],
  ['maxmemory-clients', '5%', '5%'],
  ['maxmemory-policy', 'ALLKEYS-LRU', 'allkeys-lru'],
  ['notify-keyspace-events', 'KEA', 'AKE'],
  ['notify-keyspace-events', 'KEAn', 'AKE'],
  ['notify-keyspace-events', 'g$lshzxetd', 'A'],
  ['notify-keyspace-events', 'KEnm', 'nKEm'],
  ['notify-keyspace-events', '', ''],
  ['hz', '100000', '500'],
  ['hz', '0', '1'],
  ['repl-backlog-size', '1', '16384'],
  ['hll-sparse-max-bytes', '', '0'],
  ['client-output-buffer-limit', '', defaultOutput],
  ['tcp-keepalive', '7', '7'],
  ['script-memory-max', '64mb', '67108864'],
  ['cluster-slave-validity-factor', '3', '3'],
  ['save', '', ''],
  ['save', '900 1', '900 1'],
  ['shutdown-on-sigterm', 'now SAVE', 'save now'],
  [
    'client-output-buffer-limit',
    'normal 1mb 2mb 10',
    'normal 1048576 2097152 10 slave 268435456 67108864 60 pubsub 33554432 8388608 60',
  ],
  ['MAXCLIENTS', '5', '5'],
  ['lua-time-limit', '7', '7'],
];

for (const [name, value, shown] of accepted) {
  test(`${name} '${value}' is shown as '${shown}'`, () => {
    const { config } = createTestStore().engine;
    config.set([[name, value]]);
    assert.equal(config.get(name.toLowerCase()), shown);
  });
}

test('every setting that may be set takes back what it shows', () => {
  const { config } = createTestStore().engine;
  for (const row of settingRows) {
    const value = config.get(row.name);
    assert.ok(value !== undefined, row.name);
    if (row.fixed !== undefined) continue;
    config.set([[row.name, value]]);
    assert.equal(config.get(row.name), value, row.name);
  }
});

test('every name and alias is there once, and each row says what it is for', () => {
  const names = settingRows.flatMap((row) => [row.name, ...row.aliases]);
  assert.equal(new Set(names).size, names.length);
  assert.ok(settingRows.every((row) => row.about !== ''));
});

test('several settings are set all or none, and an older name is the same setting', () => {
  const { config, settings } = createTestStore().engine;
  config.set([
    ['hash-max-ziplist-entries', '7'],
    ['timeout', '9'],
  ]);
  assert.deepEqual([settings.hashMaxListpackEntries, settings.timeout], [7, 9]);
  const twice = [
    ['hash-max-ziplist-entries', '1'],
    ['hash-max-listpack-entries', '2'],
  ] as const;
  assert.match(
    refusal(() => config.set(twice)),
    /duplicate parameter$/,
  );
  const unknown = [
    ['timeout', '1'],
    ['foo', '1'],
  ] as const;
  assert.equal(
    refusal(() => config.set(unknown)),
    "ERR Unknown option or number of arguments for CONFIG SET - 'foo'",
  );
  const wrong = [
    ['timeout', '1'],
    ['maxmemory', 'x'],
  ] as const;
  assert.match(
    refusal(() => config.set(wrong)),
    /related to argument 'maxmemory'/,
  );
  assert.deepEqual([settings.hashMaxListpackEntries, settings.timeout], [7, 9]);
});

test('those who follow a setting hear of it after it was set', () => {
  const { config, settings } = createTestStore().engine;
  const seen: number[] = [];
  config.onChange('maxclients', () => seen.push(settings.maxclients));
  config.set([['maxclients', '3']]);
  refusal(() => config.set([['maxclients', '0']]));
  assert.deepEqual(seen, [3]);
});

test('the password of the default user is a setting', () => {
  const { acl, config } = createTestStore().engine;
  config.set([['requirepass', 'secret']]);
  assert.equal(acl.passwordRequired, true);
  config.set([['requirepass', '']]);
  assert.equal(acl.passwordRequired, false);
});
