import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestStore, type TestStore } from '../testing/harness.ts';
import { infoSections } from './index.ts';
import { human } from './section.ts';

/** Fields of INFO by name. */
function info(kv: TestStore, ...sections: string[]): Map<string, string> {
  const lines = (kv.run('INFO', ...sections) as string).split('\r\n');
  return new Map(
    lines
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );
}

function titles(kv: TestStore, ...sections: string[]): string[] {
  return [...(kv.run('INFO', ...sections) as string).matchAll(/^# (\w+)/gm)].map(
    ([, name]) => name!,
  );
}

test('sections are chosen by name, default, all and everything', () => {
  const kv = createTestStore();
  const every = infoSections.map(({ title }) => title);
  const defaults = infoSections.filter((section) => section.isDefault).map(({ title }) => title);
  assert.deepEqual(titles(kv), defaults);
  assert.deepEqual(titles(kv, 'default'), defaults);
  assert.deepEqual(titles(kv, 'ALL'), every);
  assert.deepEqual(titles(kv, 'everything'), every);
  assert.deepEqual(titles(kv, 'Keyspace', 'server'), ['Server', 'Keyspace']);
});

test('fields tell what has happened', () => {
  const kv = createTestStore({ settings: { maxmemory: 1 << 30 } });
  kv.run('SET', 'a', '1', 'PX', 100_000);
  kv.run('SET', 'b', '1');
  kv.run('GET', 'a');
  kv.run('GET', 'x');
  kv.run('LPUSH', 'a', 'x');
  kv.run('GET');
  const fields = info(kv, 'everything');
  assert.equal(fields.get('redis_mode'), 'standalone');
  assert.match(fields.get('redis_version') ?? '', /^7\.2\./);
  assert.equal(fields.get('keyspace_hits'), '1');
  assert.equal(fields.get('keyspace_misses'), '1');
  assert.equal(fields.get('maxmemory_human'), '1.00G');
  assert.equal(fields.get('used_memory'), String(kv.engine.keyspace.usedBytes));
  assert.equal(fields.get('connected_clients'), '1');
  assert.match(fields.get('db0') ?? '', /^keys=2,expires=1,avg_ttl=(99|100)\d{3}$/);
  assert.match(
    fields.get('cmdstat_get') ?? '',
    /^calls=2,usec=\d+,.*rejected_calls=1,failed_calls=0$/,
  );
  assert.match(fields.get('cmdstat_lpush') ?? '', /failed_calls=1$/);
  assert.equal(fields.get('errorstat_WRONGTYPE'), 'count=1');
  assert.match(fields.get('latency_percentiles_usec_get') ?? '', /^p50=[\d.]+,p99=[\d.]+,p99.9=/);
  assert.equal(fields.get('aof_enabled'), '0');
});

test('RESETSTAT sets counters back, and percentiles follow their settings', () => {
  const kv = createTestStore();
  kv.run('GET', 'x');
  kv.run('CONFIG', 'RESETSTAT');
  const fields = info(kv, 'everything');
  assert.equal(fields.get('keyspace_misses'), '0');
  assert.equal(fields.has('cmdstat_get'), false);
  kv.run('GET', 'x');
  kv.run('CONFIG', 'SET', 'latency-tracking-info-percentiles', '90');
  assert.match(info(kv, 'latencystats').get('latency_percentiles_usec_get') ?? '', /^p90=[\d.]+$/);
  kv.run('CONFIG', 'SET', 'latency-tracking', 'no');
  assert.equal(info(kv, 'latencystats').size, 0);
});

test('what ACL refused is counted by its reason', () => {
  const kv = createTestStore();
  kv.run(
    'ACL',
    'SETUSER',
    'al',
    'on',
    '>pw',
    '+get',
    '+auth',
    '+info',
    '+publish',
    '~a',
    'resetchannels',
  );
  const al = kv.connect();
  al.run('AUTH', 'al', 'no');
  al.run('AUTH', 'al', 'pw');
  al.run('SET', 'a', '1');
  al.run('GET', 'b');
  al.run('PUBLISH', 'c', 'x');
  const denied = (): (string | undefined)[] =>
    ['auth', 'cmd', 'key', 'channel'].map((name) =>
      info(kv, 'stats').get(`acl_access_denied_${name}`),
    );
  assert.deepEqual(denied(), ['1', '1', '1', '1']);
  kv.run('CONFIG', 'RESETSTAT');
  assert.deepEqual(denied(), ['0', '0', '0', '0']);
});

test('bytes are shown to people as Redis does', () => {
  assert.deepEqual([0, 1023, 1024, 1361168, 25276502016].map(human), [
    '0B',
    '1023B',
    '1.00K',
    '1.30M',
    '23.54G',
  ]);
});
