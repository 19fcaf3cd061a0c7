import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../../core/observe/index.ts';
import type { ServiceRecord } from '../../core/runtime/index.ts';
import { createSimClock, SimNames } from '../../core/runtime/sim/index.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { dnsLook, type NameLookOptions } from './dns-source.ts';
import { type Look, PolledSource } from './polled-source.ts';
import { srvLook, srvMembers, weightScale } from './srv-source.ts';

const EVERY_MS = 5_000;

function setUp(
  lookOf: (options: NameLookOptions) => () => Promise<Look>,
  { system = false, everyMs = EVERY_MS } = {},
) {
  const clock = createSimClock();
  const names = new SimNames(clock);
  const lists: (readonly Member[])[] = [];
  const lines: Record<string, unknown>[] = [];
  const resolver = names.resolver({ timeoutMs: 100, tries: 1, untoldTtlMs: everyMs });
  const source = new PolledSource({
    ...{ kind: 'dns', clock, everyMs, facts: { pool: 'app' } },
    look: lookOf({ resolver, system, everyMs }),
    close: () => resolver.close(),
    log: createLogger({ level: 'info', sink: { write: (line) => lines.push(JSON.parse(line)) } }),
  });
  return {
    ...{ clock, names, lists, lines, source },
    start: () => source.start((members) => void lists.push(members)),
    last: () => (lists.at(-1) ?? []).map(({ spec }) => spec.name),
    problems: () => lines.map(({ level, problem }) => [level, problem]),
  };
}

const web = (options: NameLookOptions) => dnsLook('web.test', 80, options);
const http = (options: NameLookOptions) => srvLook('_http._tcp.test', options);
const record = (host: string, more: Partial<ServiceRecord> = {}): ServiceRecord => ({
  host,
  ...{ port: 80, priority: 0, weight: 1, ...more },
});

test('addresses become servers that are named by them, in an order of their own', async () => {
  const { clock, names, start, last, lists } = setUp(web);
  names.setAddresses('web.test', ['10.0.0.10', '::1', '10.0.0.9', '10.0.0.9'], 2_000);
  start();
  assert.equal(lists.length, 0);
  await clock.advance(100);
  assert.deepEqual(last(), ['10.0.0.9:80', '10.0.0.10:80', '[::1]:80']);
  assert.deepEqual(lists[0]?.[2]?.address, { host: '::1', port: 80 });
  names.setAddresses('web.test', ['::1', '10.0.0.9', '10.0.0.10'], 2_000);
  await clock.advance(10_000);
  assert.equal(lists.length, 1, 'another order is no change');
  names.setAddresses('web.test', ['10.0.0.9'], 2_000);
  await clock.advance(2_100);
  assert.deepEqual(last(), ['10.0.0.9:80']);
});

test('the name is asked again when the time of its answer is over, within a second and the longest time', async () => {
  const asked = async (ttlMs: number, everyMs: number): Promise<number> => {
    const { clock, names, start } = setUp(web, { everyMs });
    names.latencyMs = 0;
    names.setAddresses('web.test', ['10.0.0.1'], ttlMs);
    start();
    await clock.advance(9_999);
    return names.asked.get('address web.test') ?? 0;
  };
  assert.equal(await asked(2_000, 5_000), 5);
  assert.equal(await asked(0, 5_000), 10);
  assert.equal(await asked(3_600_000, 5_000), 2);
  assert.equal(await asked(3_600_000, 500), 20);
});

test('a failure keeps the last list and is told once, and so is its end', async () => {
  const { clock, names, start, last, lists, problems, source } = setUp(web);
  names.setAddresses('web.test', ['10.0.0.1'], 1_000);
  start();
  await clock.advance(5_000);
  names.setProblem('web.test', 'timeout');
  await clock.advance(60_000);
  assert.deepEqual(last(), ['10.0.0.1:80']);
  assert.deepEqual(problems(), [['warn', 'web.test: no name server answered in time']]);
  assert.equal(source.status().state, 'failing');
  assert.equal(source.status().members, 1);
  names.setProblem('web.test', 'no-such-name');
  await clock.advance(60_000);
  assert.equal(lists.length, 1, 'not even a name that is gone takes all servers away');
  names.setProblem('web.test', null);
  await clock.advance(60_000);
  assert.equal(lists.length, 1);
  assert.deepEqual(
    problems().map(([level]) => level),
    ['warn', 'warn', 'info'],
  );
  assert.equal(source.status().state, 'good');
});

test('after failures it is asked less and less often, but at least every longest time', async () => {
  const { clock, names, start, source } = setUp(web, { everyMs: 3_600_000 });
  assert.equal(source.status().state, 'looking');
  start();
  await clock.advance(3_600_000);
  const asked = names.asked.get('address web.test') ?? 0;
  assert.ok(asked >= 120 && asked <= 126, String(asked));
});

test('the system is asked for what DNS has never known, and only then', async () => {
  const { clock, names, start, last, lists } = setUp(web, { system: true });
  // The simulated system knows what the table has, DNS has a problem with it.
  names.setAddresses('web.test', ['10.0.0.1'], 1_000);
  start();
  await clock.advance(3_000);
  assert.equal(names.asked.get('system web.test'), undefined);
  names.setProblem('web.test', 'no-such-name');
  await clock.advance(30_000);
  assert.equal(names.asked.get('system web.test'), undefined);
  assert.deepEqual(last(), ['10.0.0.1:80']);
  assert.equal(lists.length, 1);
  const other = setUp(web, { system: true });
  other.start();
  await other.clock.advance(100);
  assert.equal(other.names.asked.get('system web.test'), 1);
});

test('after stop nothing is asked and nothing told, an answer on its way included', async () => {
  const { clock, names, start, source, lists, lines } = setUp(web);
  names.setAddresses('web.test', ['10.0.0.1'], 1_000);
  start();
  source.stop();
  await clock.advance(60_000);
  assert.equal(names.asked.get('address web.test'), 1);
  assert.deepEqual([lists, lines], [[], []]);
});

test('services become the servers of their targets, with port, priority and weight', async () => {
  const { clock, names, start, lists, last } = setUp(http);
  names.setAddresses('a.test', ['10.0.0.1', '10.0.0.2'], 60_000);
  names.setAddresses('b.test', ['10.0.0.3'], 60_000);
  names.setServices('_http._tcp.test', [
    record('b.test', { priority: 20, port: 81 }),
    record('a.test', { priority: 10, weight: 3 }),
    record('a.test', { priority: 10, weight: 7, port: 8080 }),
  ]);
  start();
  await clock.advance(100);
  assert.deepEqual(
    lists[0]?.map(({ spec: { name, priority, weight } }) => [name, priority, weight]),
    [
      ['10.0.0.1:80', 0, 3],
      ['10.0.0.1:8080', 0, 7],
      ['10.0.0.2:80', 0, 3],
      ['10.0.0.2:8080', 0, 7],
      ['10.0.0.3:81', 1, 1],
    ],
  );
  names.setServices('_http._tcp.test', [record('b.test', { priority: 20, port: 81 })]);
  await clock.advance(EVERY_MS + 100);
  assert.deepEqual(last(), ['10.0.0.3:81']);
});

test('a target that cannot be looked up keeps its addresses, and the others theirs', async () => {
  const { clock, names, start, last, problems } = setUp(http);
  names.setAddresses('a.test', ['10.0.0.1'], 1_000);
  names.setAddresses('b.test', ['10.0.0.2'], 1_000);
  names.setServices('_http._tcp.test', [record('a.test'), record('b.test')]);
  start();
  await clock.advance(100);
  names.setProblem('a.test', 'server-failed');
  names.setAddresses('b.test', ['10.0.0.3'], 1_000);
  await clock.advance(30_000);
  assert.deepEqual(last(), ['10.0.0.1:80', '10.0.0.3:80']);
  assert.deepEqual(problems(), [['warn', 'a.test: the name servers failed or refused']]);
});

test('targets none of which has an address take nobody away', async () => {
  const { clock, names, start, last, source } = setUp(http);
  names.setServices('_http._tcp.test', [record('a.test')]);
  start();
  await clock.advance(100);
  assert.equal(source.status().state, 'failing');
  names.setAddresses('a.test', ['10.0.0.1'], 1_000);
  await clock.advance(EVERY_MS);
  assert.deepEqual(last(), ['10.0.0.1:80']);
  names.setProblem('_http._tcp.test', 'no-records');
  await clock.advance(60_000);
  assert.deepEqual(last(), ['10.0.0.1:80']);
});

test('weights keep their proportions, fit, and are never none', () => {
  const scaled = (...weights: number[]) => weights.map(weightScale(weights));
  assert.deepEqual(scaled(1, 5, 1000), [1, 5, 1000]);
  assert.deepEqual(scaled(0, 0), [1, 1]);
  assert.deepEqual(scaled(0, 1), [1, 1000]);
  assert.deepEqual(scaled(65_535, 6_554, 1), [1000, 100, 1]);
});

test('the servers of services depend on the set of records alone, and names are unique', () => {
  const one = fc.record({
    host: fc.constantFrom('a', 'b', 'c'),
    port: fc.integer({ min: 1, max: 3 }),
    priority: fc.integer({ min: 0, max: 3 }),
    weight: fc.integer({ min: 0, max: 65_535 }),
  });
  const addresses: Record<string, string[]> = {
    a: ['10.0.0.1'],
    b: ['10.0.0.1', '10.0.0.2'],
    c: [],
  };
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), (records) => {
      const members = srvMembers(records, (host) => addresses[host] ?? []);
      const turned = srvMembers(records.toReversed(), (host) => addresses[host] ?? []);
      assert.deepEqual(members, turned);
      assert.equal(new Set(members.map(({ spec }) => spec.name)).size, members.length);
      for (const { spec } of members) assert.ok(spec.weight >= 1 && spec.weight <= 1000);
    }),
  );
});
