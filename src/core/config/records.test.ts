import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { applyConfig } from './apply.ts';
import { balancer } from './balancer-fixture.ts';
import type { Sources } from './gather.ts';
import { jsonSchema } from './json-schema.ts';
import { duration, integer, text } from './kinds.ts';
import { type Config, defaultsOf, loadConfig } from './load.ts';
import { problemText } from './problem.ts';
import { exampleYaml, referenceMarkdown } from './reference.ts';
import { records, section } from './section.ts';
import { required } from './setting.ts';
import { shownSettings } from './show.ts';

const sections = [balancer];

function load(yaml: string, rest: Partial<Sources> = {}) {
  return loadConfig(sections, {
    file: { name: 'f', text: yaml },
    readFile: () => 'from file',
    ...rest,
  });
}

function config(yaml: string, rest: Partial<Sources> = {}): Config {
  const loaded = load(yaml, rest);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(problemText).join('\n'));
  return loaded.config;
}

function problemsOf(yaml: string, rest: Partial<Sources> = {}): string[] {
  const loaded = load(yaml, rest);
  assert.equal(loaded.ok, false);
  return loaded.ok ? [] : loaded.problems.map(problemText);
}

const TWO_POOLS = `balancer:
  pools:
    - name: app
      health: { every: 5s }
      servers:
        - { name: a, address: 10.0.0.1:80 }
        - name: b
          address: 10.0.0.2:80
          weight: 3
    - name: static
  routes:
    - { name: all, pool: app }
`;

test('records are read in their order, each with its name, its values and the defaults of the rest', () => {
  const { pools, routes, listeners } = config(TWO_POOLS).of(balancer);
  const [app, other] = pools;
  assert.deepEqual([app?.name, other?.name], ['app', 'static']);
  assert.deepEqual(app?.health, { everyMs: 5000, path: undefined });
  assert.equal(app?.servers[0]?.weight, 1);
  assert.deepEqual(app?.servers[1], {
    name: 'b',
    address: '10.0.0.2:80',
    weight: 3,
    password: undefined,
    pinned: 0,
  });
  assert.deepEqual(other?.servers, []);
  assert.equal(routes[0]?.pool, 'app');
  assert.deepEqual(listeners, []);
  // The types derive: an address is a text, never undefined.
  const address: string | undefined = app?.servers[0]?.address;
  assert.equal(address, '10.0.0.1:80');
});

test('nothing written, nothing behind the key and an empty list are no records', () => {
  for (const yaml of ['', 'balancer:\n', 'balancer:\n  pools:\n', 'balancer: { pools: [] }']) {
    assert.deepEqual(config(yaml).of(balancer), defaultsOf(balancer));
  }
});

test('every mistake within records is told with line and column', () => {
  assert.deepEqual(
    problemsOf(`balancer:
  pools:
    - name: app
      polcy: random
      servers:
        - { name: a, address: x, wieght: 1 }
        - { name: a, address: x, weight: 999, nonsense: 1 }
        - { name: b }
        - { address: x, weight: [1] }
    - random
    - name: 1st
    - { name: other, health: 3, servers: { a: 1 } }
  routes: all
  listeners: [{ name: a }, { name: b }, { name: c }, { name: d }, { name: e }]
`),
    [
      'f:4:7: balancer.pools.app.polcy is not a setting; did you mean balancer.pools.app.policy?',
      'f:6:34: balancer.pools.app.servers.a.wieght is not a setting; did you mean balancer.pools.app.servers.a.weight?',
      'f:7:11: balancer.pools.app.servers.a is there twice, wanted one server of a name',
      'f:7:47: balancer.pools.app.servers[1].nonsense is not a setting',
      'f:8:11: balancer.pools.app.servers.b.address is missing, wanted a text of at most 1024 characters',
      'f:9:11: balancer.pools.app.servers[3].name is missing, wanted 1 to 63 letters, digits, - and _, of which the first is a letter',
      'f:10:7: balancer.pools[1] is "random", wanted a pool: lines of key: value',
      'f:11:13: balancer.pools[2].name is "1st", wanted 1 to 63 letters, digits, - and _, of which the first is a letter',
      'f:12:30: balancer.pools.other.health is no map, wanted lines of key: value',
      'f:12:42: balancer.pools.other.servers is a map, wanted a list with a server each',
      'f:13:11: balancer.routes is "all", wanted a list with a route each',
      'f:14:14: balancer.listeners has 5 entries, wanted at most 4',
    ],
  );
});

test('a rule between records is told at the setting to blame', () => {
  assert.deepEqual(problemsOf('balancer:\n  routes:\n    - name: all\n      pool: app\n'), [
    'f:4:13: balancer.routes.all.pool is app, and there is no such pool',
  ]);
});

test('rules between records are left out while records are broken', () => {
  assert.deepEqual(
    problemsOf('balancer:\n  pools: [{ nam: app }]\n  routes: [{ name: all, pool: app }]\n'),
    [
      'f:2:11: balancer.pools[0].name is missing, wanted 1 to 63 letters, digits, - and _, of which the first is a letter',
      'f:2:13: balancer.pools[0].nam is not a setting; did you mean balancer.pools[0].name?',
    ],
  );
});

test('--set changes a record of the file by its name, and says so when there is none', () => {
  const values = config(TWO_POOLS, {
    set: ['balancer.pools.app.servers.a.weight=7', 'balancer.routes.all.hosts=a.example,b.example'],
  }).of(balancer);
  assert.equal(values.pools[0]?.servers[0]?.weight, 7);
  assert.deepEqual(values.routes[0]?.hosts, ['a.example', 'b.example']);
  assert.deepEqual(
    problemsOf(TWO_POOLS, {
      set: [
        'balancer.pools.ap.servers.a.weight=7',
        'balancer.pools.app.servers.zz.weight=7',
        'balancer.pools.app.servers.a.wieght=7',
        'balancer.pools=[]',
      ],
    }),
    [
      '--set balancer.pools.ap.servers.a.weight: balancer.pools.ap.servers.a.weight: the file has no pool ap in balancer.pools; did you mean app?',
      '--set balancer.pools.app.servers.zz.weight: balancer.pools.app.servers.zz.weight: the file has no server zz in balancer.pools.app.servers; did you mean a?',
      '--set balancer.pools.app.servers.a.wieght: balancer.pools.app.servers.a.wieght is not a setting; did you mean balancer.pools.app.servers.a.weight?',
      '--set balancer.pools: balancer.pools is a list; --set changes single settings of what the file has',
    ],
  );
});

test('a variable within records is refused with the reason', () => {
  assert.deepEqual(
    problemsOf(TWO_POOLS, { environment: { PLINTH_BALANCER_POOLS_APP_POLICY: 'random' } }),
    [
      'environment PLINTH_BALANCER_POOLS_APP_POLICY: PLINTH_BALANCER_POOLS_APP_POLICY is within balancer.pools, a list that variables cannot change; use the file or --set',
    ],
  );
});

test('settings of records are shown by path with their place, secrets hidden', () => {
  const yaml = TWO_POOLS.replace('weight: 3', 'password_file: /run/secrets/b');
  const shown = shownSettings(sections, config(yaml));
  const of = (path: string) => shown.find((each) => each.path === path);
  assert.deepEqual(of('balancer.pools.app.health.every'), {
    path: 'balancer.pools.app.health.every',
    value: '5s',
    from: 'f:4:24',
  });
  assert.equal(of('balancer.pools.app.servers.a.weight')?.from, 'default');
  assert.equal(JSON.stringify(of('balancer.pools.app.servers.b.password')?.value), '"[secret]"');
});

test('the reference has a row for each list and for each setting of its records', () => {
  const page = referenceMarkdown(sections);
  assert.ok(
    page.includes(
      '| `balancer.pools` | `[]` | a list of at most 8, each a pool with a `name` of its own | yes | Servers that do the same. Add one for each kind of server. |',
    ),
  );
  assert.match(page, /\| `balancer\.pools\.\*\.servers\.\*\.address` \| must be said \|/);
  assert.match(page, /`balancer\.pools\.\*\.servers\.\*\.password_file`/);
});

test('the example file loads as it is, and shows a record that is right once uncommented', () => {
  const example = exampleYaml(sections);
  assert.deepEqual(config(example).of(balancer), defaultsOf(balancer));
  const uncommented = example
    .split('\n')
    .filter((line) => !/^\s*# .*\.$/.test(line))
    .map((line) => line.replace('# ', '').replace(/(address|pool): null/, '$1: example'))
    .filter((line) => !/^\s*# /.test(line));
  const { pools } = config(uncommented.join('\n')).of(balancer);
  assert.equal(pools[0]?.name, 'example');
  assert.equal(pools[0]?.servers[0]?.address, 'example');
});

test('the JSON Schema of records wants a name and what is required, and knows no other key', () => {
  const schema = jsonSchema(sections) as { properties: { balancer: { properties: never } } };
  const { pools } = schema.properties.balancer.properties as {
    pools: { type: unknown; maxItems: unknown; items: { properties: never } };
  };
  assert.deepEqual(pools.type, ['array', 'null']);
  assert.equal(pools.maxItems, 8);
  const { servers } = pools.items.properties as { servers: { items: Record<string, unknown> } };
  assert.deepEqual(servers.items.required, ['name', 'address']);
  assert.equal(servers.items.additionalProperties, false);
  assert.deepEqual(Object.keys(servers.items.properties as object), [
    'name',
    'address',
    'weight',
    'password',
    'password_file',
    'pinned',
  ]);
  assert.deepEqual((servers.items.properties as { address: unknown }).address, {
    description: 'What it does.',
    type: 'string',
    maxLength: 1024,
  });
});

async function change(from: string, to: string) {
  const before = config(from);
  const given: unknown[] = [];
  const applied = await applyConfig(sections, before, config(to), [
    {
      section: balancer,
      prepare: async (next) => {
        given.push(next);
        return { commit: () => {}, abort: () => {} };
      },
    },
  ]);
  assert.ok(applied.ok);
  return { before: before.of(balancer), after: applied.config.of(balancer), applied, given };
}

test('differences are told by the names of records: changed, added, removed and moved', async () => {
  const { applied, after } = await change(
    TWO_POOLS,
    `balancer:
  pools:
    - { name: static }
    - { name: new, health: { path: /up }, servers: [{ name: s, address: y, password: hush }] }
    - name: app
      policy: random
      health: { every: 5s }
      servers: [{ name: b, address: '10.0.0.2:80', weight: 4, pinned: 1 }]
  routes:
    - { name: all, pool: app }
  listeners: [{ name: web }]
`,
  );
  assert.deepEqual(JSON.parse(JSON.stringify(applied.applied)), [
    {
      path: 'balancer.pools.new',
      from: null,
      to: { health: { path: '/up' }, servers: { s: { address: 'y', password: '[secret]' } } },
    },
    { path: 'balancer.pools', from: ['app', 'static'], to: ['static', 'app'] },
    { path: 'balancer.pools.app.policy', from: 'round-robin', to: 'random' },
    { path: 'balancer.pools.app.servers.a', from: { address: '10.0.0.1:80' }, to: null },
    { path: 'balancer.pools.app.servers.b.weight', from: 3, to: 4 },
  ]);
  assert.deepEqual(
    applied.needRestart.map(({ path }) => path),
    ['balancer.pools.app.servers.b.pinned', 'balancer.listeners.web'],
  );
  assert.deepEqual(
    after.pools.map(({ name }) => name),
    ['static', 'new', 'app'],
  );
  assert.equal(after.pools[2]?.servers[0]?.pinned, 0);
  assert.deepEqual(after.listeners, []);
});

test('what has not changed is the same object as before', async () => {
  const { before, after } = await change(TWO_POOLS, TWO_POOLS.replace('weight: 3', 'weight: 4'));
  assert.notEqual(after.pools, before.pools);
  assert.equal(after.pools[1], before.pools[1]);
  assert.equal(after.pools[0]?.servers[0], before.pools[0]?.servers[0]);
  assert.equal(after.routes, before.routes);
});

test('a change that holds only with one that needs a restart waits for it too', async () => {
  const fixed = section(
    'balancer',
    'x',
    {
      pools: records('x', {}, { one: 'pool', max: 9 }),
      pool: text({ default: '', about: 'x', reloadable: true }),
      other: integer({ default: 0, about: 'x', reloadable: true }),
    },
    ({ pools, pool }) =>
      pool === '' || pools.some(({ name }) => name === pool)
        ? []
        : [{ key: 'pool', says: 'is no pool' }],
  );
  const read = (text: string): Config => {
    const loaded = loadConfig([fixed], { file: { name: 'f', text }, readFile: () => '' });
    assert.ok(loaded.ok);
    return loaded.config;
  };
  const next = read('balancer: { pools: [{ name: a }], pool: a, other: 3 }');
  const system = {
    section: fixed,
    prepare: async () => assert.fail('nothing is to be applied'),
  };
  const applied = await applyConfig([fixed], read(''), next, [system]);
  assert.ok(applied.ok);
  assert.deepEqual(
    applied.needRestart.map(({ path }) => path),
    ['balancer.pools.a', 'balancer.pool', 'balancer.other'],
  );
  assert.deepEqual(applied.config.of(fixed), { pools: [], pool: '', other: 0 });
});

test('when the decision fails all that was prepared is aborted', async () => {
  const steps: string[] = [];
  const system = {
    section: balancer,
    prepare: async () => ({
      commit: () => void steps.push('commit'),
      abort: () => void steps.push('abort'),
    }),
  };
  await assert.rejects(
    applyConfig(sections, config(''), config(TWO_POOLS), [system], () => {
      steps.push('decide');
      throw new Error('no room');
    }),
    /no room/,
  );
  assert.deepEqual(steps, ['decide', 'abort']);
});

test('a setting outside records cannot be required, and a record has no field called name', () => {
  const must = required(text({ default: undefined, about: 'x' }));
  assert.throws(() => section('a', 'x', { must }), /only a setting within records/);
  assert.throws(() => records('x', { name: must }, { one: 'x', max: 1 }), /no field of its own/);
});

test('thousands of records load and differ without delay', async () => {
  const many = section('many', 'x', {
    all: records(
      'x',
      { weight: integer({ default: 1, about: 'x', reloadable: true }) },
      { one: 'one', max: 20_000, reloadable: true },
    ),
  });
  const yaml = (weight: number) =>
    `many:\n  all:\n${Array.from({ length: 1000 }, (_, i) => `    - { name: s${i}, weight: ${weight} }\n`).join('')}`;
  const [from, to] = [1, 2].map((weight) => {
    const text = yaml(weight);
    const loaded = loadConfig([many], { file: { name: 'f', text }, readFile: () => '' });
    assert.ok(loaded.ok);
    return loaded.config;
  }) as [Config, Config];
  const applied = await applyConfig([many], from, to, [
    { section: many, prepare: async () => ({ commit: () => {}, abort: () => {} }) },
  ]);
  assert.ok(applied.ok);
  assert.equal(applied.applied.length, 1000);
  assert.equal(parse(yaml(1)).many.all.length, 1000);
});

test('two fields that have one key without their units are a mistake of the table', () => {
  const list = records(
    'Rows.',
    { burst: integer({ default: 1, about: '' }), burstMs: duration({ default: 1, about: '' }) },
    { one: 'row', max: 2 },
  );
  assert.throws(() => section('twice', 'Twice.', { list }), /one key/);
});
