import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  SimDisk,
  SimNames,
} from '../../core/runtime/sim/index.ts';
import { Pool } from '../servers/pool.ts';
import { poolSettings } from '../testing/settings.ts';
import { GATHER_MS, MEMBERS_MAX } from './limits.ts';
import { Membership } from './membership.ts';
import { Registrations } from './registrations.ts';

function setUp(yaml: string) {
  const clock = createSimClock();
  const names = new SimNames(clock);
  const disk = new SimDisk(clock, createSimRandom(1));
  const registrations = new Registrations(clock);
  const pool = new Pool([]);
  const lists: string[] = [];
  const lines: Record<string, unknown>[] = [];
  disk.mkdirSync('/etc');
  const log = createLogger({
    level: 'info',
    sink: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const membership = new Membership(
    poolSettings(yaml),
    { clock, names, disk, log, registrations },
    (members) => {
      pool.replace(members.map(({ spec }) => spec));
      lists.push(
        members
          .map(({ spec, state }) => (state === 'up' ? spec.name : `${spec.name}=${state}`))
          .join(' '),
      );
    },
  );
  const write = (text: string): void => {
    const file = disk.openSync('/etc/servers', { mode: 'create' });
    file.truncateSync(0);
    const bytes = Buffer.from(text);
    file.writeSync(bytes, 0, bytes.length, 0);
    file.closeSync();
  };
  return { clock, names, registrations, pool, lists, lines, membership, write };
}

const listed = 'servers: [{ name: a, address: 10.0.0.1:80 }, { name: b, address: 10.0.0.2:80 }]';

test('the servers of the settings are there at once, and changes of them too', () => {
  const { membership, lists } = setUp(listed);
  membership.start();
  assert.deepEqual(lists, ['a b']);
  membership.apply(poolSettings(listed));
  assert.deepEqual(lists, ['a b']);
  const change = 'servers: [{ name: b, address: 10.0.0.2:80, state: draining }]';
  membership.apply(poolSettings(change));
  assert.deepEqual(lists, ['a b', 'b=draining']);
});

test('all sources come together behind the settings, in one change where they come at once', async () => {
  const { clock, names, registrations, membership, write, lists } = setUp(`${listed}
discovery: { file: /etc/servers, dns: web.test:80, srv: _http._tcp.test, registration: true }`);
  write('- { name: f, address: 10.0.0.3:80 }');
  names.setAddresses('web.test', ['10.0.0.4', '10.0.0.1'], 60_000);
  names.setAddresses('s.test', ['10.0.0.5'], 60_000);
  names.setServices('_http._tcp.test', [{ host: 's.test', port: 80, priority: 0, weight: 1 }]);
  membership.start();
  registrations.register('app', { name: 'r', address: '10.0.0.6:80' }, 3_000);
  await clock.advance(GATHER_MS + 50);
  assert.deepEqual(lists, ['a b', 'a b f 10.0.0.4:80 10.0.0.5:80 r']);
  assert.deepEqual(
    ['a', 'f', '10.0.0.4:80', '10.0.0.5:80', 'r', '10.0.0.1:80'].map((each) =>
      membership.sourceOf(each),
    ),
    ['settings', 'file', 'dns', 'srv', 'registration', undefined],
  );
  const { sources, members } = membership.status();
  assert.equal(members, 6);
  assert.deepEqual(
    sources.map(({ kind, state, members: count }) => [kind, state, count]),
    [
      ['file', 'good', 1],
      ['dns', 'good', 2],
      ['srv', 'good', 1],
      ['registration', 'good', 1],
    ],
  );
  await clock.advance(3_000 + GATHER_MS);
  assert.equal(lists.at(-1), 'a b f 10.0.0.4:80 10.0.0.5:80');
  assert.deepEqual(registrations.register('app', { name: 'a', address: 'x:1' }, 3_000), {
    ok: false,
    error: 'name-taken',
  });
});

test('a source that is turned off takes its servers along, one that is changed keeps them until it knows better', async () => {
  const { clock, names, membership, lists } = setUp('discovery: { dns: web.test:80 }');
  names.setAddresses('web.test', ['10.0.0.1'], 60_000);
  membership.start();
  await clock.advance(1_000);
  membership.apply(poolSettings('discovery: { dns: other.test:80 }'));
  await clock.advance(10_000);
  assert.deepEqual(lists, ['10.0.0.1:80']);
  assert.equal(membership.status().sources[0]?.state, 'failing');
  names.setAddresses('other.test', ['10.0.0.2'], 60_000);
  await clock.advance(10_000);
  assert.deepEqual(lists, ['10.0.0.1:80', '10.0.0.2:80']);
  membership.apply(poolSettings());
  assert.equal(lists.at(-1), '');
  assert.deepEqual(membership.status().sources, []);
});

test('settings that do not concern a source leave it running', async () => {
  const { clock, names, membership } = setUp('discovery: { dns: web.test:80 }');
  names.setAddresses('web.test', ['10.0.0.1'], 3_600_000);
  membership.start();
  for (let i = 0; i < 10; i++) {
    membership.apply(poolSettings(`policy: random\ndiscovery: { dns: 'web.test:80' }\n${listed}`));
    await clock.advance(100);
  }
  assert.equal(names.asked.get('address web.test'), 1);
});

test('what an operator says of a found server holds while the server flaps, until it is taken back', async () => {
  const { clock, names, membership, lists, pool } = setUp('discovery: { dns: web.test:80 }');
  names.setAddresses('web.test', ['10.0.0.1', '10.0.0.2'], 1_000);
  membership.start();
  assert.equal(membership.say('10.0.0.1:80', { weight: 7 }), false);
  await clock.advance(1_000);
  assert.equal(membership.say('10.0.0.1:80', { weight: 7 }), true);
  assert.equal(pool.find('10.0.0.1:80')?.weight, 7);
  names.setAddresses('web.test', ['10.0.0.2'], 1_000);
  await clock.advance(3_000);
  assert.equal(lists.at(-1), '10.0.0.2:80');
  names.setAddresses('web.test', ['10.0.0.1', '10.0.0.2'], 1_000);
  await clock.advance(3_000);
  assert.equal(lists.at(-1), '10.0.0.1:80 10.0.0.2:80');
  assert.equal(pool.find('10.0.0.1:80')?.weight, 7);
  assert.equal(membership.say('10.0.0.1:80', undefined), true);
  assert.equal(pool.find('10.0.0.1:80')?.weight, 1);
  assert.equal(membership.say('nobody', undefined), false);
});

test('after stop nothing is told', async () => {
  const { clock, names, registrations, membership, lists } = setUp(
    `${listed}\ndiscovery: { dns: 'web.test:80', registration: true }`,
  );
  names.setAddresses('web.test', ['10.0.0.4'], 1_000);
  membership.start();
  registrations.register('app', { name: 'r', address: '10.0.0.6:80' }, 3_000);
  await clock.advance(GATHER_MS / 2);
  membership.stop();
  await clock.advance(60_000);
  assert.deepEqual(lists, ['a b']);
});

test('servers beyond the limit are left out, which is told once', async () => {
  const { clock, names, membership, lines, pool } = setUp(
    `${listed}\ndiscovery: { dns: 'web.test:80' }`,
  );
  const address = (i: number) => `10.1.${i >> 8}.${i & 255}`;
  const set = (count: number) =>
    names.setAddresses(
      'web.test',
      Array.from({ length: count }, (_, i) => address(i)),
      1_000,
    );
  set(MEMBERS_MAX);
  membership.start();
  await clock.advance(2_000);
  set(MEMBERS_MAX + 1);
  await clock.advance(2_000);
  assert.equal(pool.size, MEMBERS_MAX);
  assert.equal(membership.status().tooMany, 3);
  assert.equal(lines.length, 1);
});

test('servers keep their identity through any flapping of all sources, and the last word is the truth', async () => {
  const some = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 6 });
  const round = fc.record({
    dns: some,
    file: some,
    broken: fc.boolean(),
    waitMs: fc.integer({ min: 1, max: 3_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 10 }), async (rounds) => {
      const { clock, names, membership, pool, write } = setUp(`${listed}
discovery: { dns: 'web.test:80', file: /etc/servers, every: 1s }`);
      membership.start();
      for (const each of rounds) {
        const before = new Map([...pool.servers].map((server) => [server.name, server]));
        names.setProblem('web.test', each.broken ? 'timeout' : null);
        // A name without records keeps its last list as well.
        names.setAddresses(
          'web.test',
          each.dns.map((i) => `10.0.0.${i}`),
          500,
        );
        write(
          each.broken ? '- broken' : JSON.stringify(each.file.map((i) => ({ address: `f${i}:1` }))),
        );
        await clock.advance(each.waitMs);
        for (const server of pool.servers) {
          const known = before.get(server.name);
          // Unless it was away in between it is the same; `before` is at most one change old.
          if (known !== undefined && known.member !== -1) assert.equal(server, known);
        }
        assert.equal(pool.find('a')?.name, 'a');
      }
      const { file } = rounds.at(-1) as (typeof rounds)[number];
      const dns = [...file, 9];
      names.setProblem('web.test', null);
      write(JSON.stringify(file.map((i) => ({ address: `f${i}:1` }))));
      names.setAddresses(
        'web.test',
        dns.map((i) => `10.0.0.${i}`),
        500,
      );
      await clock.advance(60_000);
      const found = [...new Set(dns)].filter((i) => i > 2).sort((a, b) => a - b);
      assert.deepEqual(
        [...pool.servers].map(({ name }) => name),
        ['a', 'b', ...file.map((i) => `f${i}:1`), ...found.map((i) => `10.0.0.${i}:80`)],
      );
    }),
    { numRuns: 30 },
  );
});
