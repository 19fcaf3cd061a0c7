import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balancer } from './balancer-fixture.ts';
import { text } from './kinds.ts';
import { type Config, loadConfig } from './load.ts';
import { namesIn } from './located.ts';
import { planPatch } from './patch-plan.ts';
import { problemText } from './problem.ts';
import { type AnySection, section } from './section.ts';
import { editYaml } from './yaml-edit.ts';

const other = section('other', 'x', { word: text({ default: 'plain', about: 'x' }) });
const sections: readonly AnySection[] = [balancer, other];

function config(yaml: string): Config {
  const loaded = loadConfig(sections, { file: { name: 'f', text: yaml }, readFile: () => 's' });
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(problemText).join('\n'));
  return loaded.config;
}

function plan(yaml: string, patch: unknown) {
  const names = sections.map((each) => namesIn(each, config(yaml).of(each)));
  return planPatch(sections, patch, (path) => names.flatMap((namesOf) => namesOf(path)));
}

/** The file after a patch; patched once more it must stay as it is. */
function patched(yaml: string, patch: unknown): string {
  const planned = plan(yaml, patch);
  assert.ok(planned.ok, planned.ok ? '' : planned.problems.map(problemText).join('\n'));
  const changed = editYaml(yaml, planned.plan.edit, 'f');
  assert.ok(changed.ok, changed.ok ? '' : changed.why);
  config(changed.text);
  const again = plan(changed.text, patch);
  assert.ok(again.ok);
  assert.deepEqual(editYaml(changed.text, again.plan.edit, 'f'), changed);
  return changed.text;
}

const FILE = `# Our balancer.
balancer:
    enabled:   yes      # keep
    pools:   # by team
    # The application.
    - name: app
      policy: 'random'  # since June

      servers:
      # Rack 1
      - {name: a,  address: "10.0.0.1:80"}   # old
      - name: b
        address: 10.0.0.2:80
        weight: 3   # big
      # Rack 2
      - { name: c, address: 10.0.0.3:80 }
      # - { name: d }
    - name: static

    routes:
    - { name: all, pool: app }

# The end.
`;

test('a value that changes is the only thing that changes', () => {
  assert.equal(
    patched(FILE, { balancer: { pools: { app: { servers: { b: { weight: 12 } } } } } }),
    FILE.replace('weight: 3 ', 'weight: 12 '),
  );
  assert.equal(
    patched(FILE, { balancer: { pools: { app: { servers: { a: { address: 'x:1' } } } } } }),
    FILE.replace('"10.0.0.1:80"', 'x:1'),
  );
});

test('a value that is there already changes nothing, whatever its quotes', () => {
  const same = { policy: 'random', servers: { a: { address: '10.0.0.1:80' }, b: { weight: 3 } } };
  assert.equal(patched(FILE, { balancer: { enabled: 'yes', pools: { app: same } } }), FILE);
});

test('a new setting comes last, indented as the file is', () => {
  assert.equal(
    patched(FILE, {
      balancer: {
        pools: {
          app: {
            health: { every: '9s', path: '/up: now' },
            servers: { b: { pinned: 1 }, c: { weight: 2 } },
          },
        },
      },
    }),
    FILE.replace('weight: 3   # big\n', 'weight: 3   # big\n        pinned: 1\n')
      .replace('10.0.0.3:80 }', '10.0.0.3:80, weight: 2 }')
      .replace(
        '# - { name: d }\n',
        '# - { name: d }\n      health:\n          every: 9s\n          path: "/up: now"\n',
      ),
  );
});

test('a new record comes last in its list, behind the comments there', () => {
  assert.equal(
    patched(FILE, {
      balancer: {
        pools: {
          app: { servers: { d: { address: '[::1]:80', weight: 2 } } },
          next: { servers: { s: { address: 'y' } } },
        },
        listeners: { web: { port: 80 }, other: {} },
      },
    }),
    FILE.replace(
      '# - { name: d }\n',
      '# - { name: d }\n      - name: d\n        address: "[::1]:80"\n        weight: 2\n',
    )
      .replace(
        '- name: static\n',
        '- name: static\n    - name: next\n      servers:\n          - name: s\n            address: y\n',
      )
      .replace(
        'pool: app }\n',
        'pool: app }\n    listeners:\n        - name: web\n          port: 80\n        - name: other\n',
      ),
  );
});

test('what is removed takes its own lines along and nothing else', () => {
  assert.equal(
    patched(FILE, {
      balancer: {
        enabled: null,
        pools: { app: { policy: null, servers: { b: null } }, static: null },
      },
    }),
    FILE.replace('    enabled:   yes      # keep\n', '')
      .replace("      policy: 'random'  # since June\n", '')
      .replace('      - name: b\n        address: 10.0.0.2:80\n        weight: 3   # big\n', '')
      .replace('    - name: static\n', ''),
  );
});

test('the last record of a list leaves an empty list, and the next one is a record again', () => {
  const file = 'balancer:\n  pools:\n    # none yet\n    - name: app\nother:\n  word: x\n';
  const empty = patched(file, { balancer: { pools: { app: null } } });
  assert.equal(empty, 'balancer:\n  pools: []\n    # none yet\nother:\n  word: x\n');
  assert.equal(
    patched(empty, { balancer: { pools: { b: { policy: 'random' } } } }),
    'balancer:\n  pools:\n    - name: b\n      policy: random\n    # none yet\nother:\n  word: x\n',
  );
  assert.equal(
    patched('balancer: { pools: [{ name: app }] }\n', { balancer: { pools: { app: null } } }),
    'balancer: { pools: [] }\n',
  );
});

test('a file without sections, or with comments only, gets them at its end', () => {
  const patch = { balancer: { pools: { app: {} } }, other: { word: '' } };
  const added = 'balancer:\n  pools:\n    - name: app\nother:\n  word: ""\n';
  assert.equal(patched('', patch), added);
  assert.equal(patched('# Nothing yet.\n', patch), `# Nothing yet.\n${added}`);
  assert.equal(patched('# Nothing yet.', patch), `# Nothing yet.\n${added.trimEnd()}`);
  assert.equal(patched('---\n', patch), `---\n${added}`);
  assert.equal(
    patched('balancer:\n  # enabled: true\n\n# other:\n', { other: { word: 'y' } }),
    'balancer:\n  # enabled: true\n\n# other:\nother:\n  word: y\n',
  );
  assert.equal(
    patched('balancer:\n  # enabled: true\nother:\n', { balancer: { enabled: false } }),
    'balancer:\n  enabled: false\n  # enabled: true\nother:\n',
  );
});

test('a file with other line ends keeps them, and one without a last line break stays so', () => {
  assert.equal(
    patched('balancer:\r\n  enabled: no\r\n', { balancer: { pools: { a: {} } } }),
    'balancer:\r\n  enabled: no\r\n  pools:\r\n    - name: a\r\n',
  );
  assert.equal(
    patched('balancer:\n  enabled: no', { other: { word: 'x' }, balancer: { pools: { a: {} } } }),
    'balancer:\n  enabled: no\n  pools:\n    - name: a\nother:\n  word: x',
  );
});

test('values between brackets are edited between brackets', () => {
  const file = 'balancer: {enabled: no, pools: [{name: a}, {name: b, policy: random}], routes: }\n';
  assert.equal(
    patched(file, { balancer: { enabled: true, pools: { a: null, c: { policy: 'random' } } } }),
    'balancer: {enabled: true, pools: [{name: b, policy: random}, { name: c, policy: random }], routes: }\n',
  );
  assert.equal(
    patched(file, { balancer: { pools: { b: { policy: null } }, routes: { r: { pool: 'a' } } } }),
    'balancer: {enabled: no, pools: [{name: a}, { name: b }], routes: [{ name: r, pool: a }] }\n',
  );
});

test('a list keeps the lines of items that stay', () => {
  const file = `balancer:
  pools: [{ name: app }]
  routes:
    - name: all
      hosts:
        - a.example # main
        - b.example
        # the last one
        - c.example
      pool: app
`;
  const hosts = (list: string[]) =>
    patched(file, { balancer: { routes: { all: { hosts: list } } } });
  assert.equal(hosts(['a.example', 'x: y', 'c.example']), file.replace('- b.example', '- "x: y"'));
  assert.equal(
    hosts(['0.example', 'a.example', 'b.example', 'c.example']),
    file.replace('        - a', '        - 0.example\n        - a'),
  );
  assert.equal(hosts(['a.example', 'b.example']), file.replace('        - c.example\n', ''));
  assert.equal(
    hosts([]),
    file.replace('hosts:', 'hosts: []').replace(/ +- [abc].example.*\n/g, ''),
  );
  assert.equal(
    patched(file.replace(/hosts:[\s\S]*c.example/, 'hosts: [ a ]'), {
      balancer: { routes: { all: { hosts: ['a', 'b'] } } },
    }),
    file.replace(/hosts:[\s\S]*c.example/, 'hosts: [a, b]'),
  );
});

test('an array says all records and their order; comments above a record go with it', () => {
  assert.equal(
    patched(FILE, {
      balancer: {
        pools: {
          app: {
            servers: ['c', { name: 'b', address: 'new:1' }, { name: 'e', address: 'e:1' }, 'a'],
          },
        },
      },
    }),
    FILE.replace(
      / {6}# Rack 1[\s\S]*# - \{ name: d \}\n/,
      `      # Rack 2
      - { name: c, address: 10.0.0.3:80 }
      - name: b
        address: new:1
      # - { name: d }
      - name: e
        address: e:1
      # Rack 1
      - {name: a,  address: "10.0.0.1:80"}   # old
`,
    ),
  );
  assert.equal(
    patched('balancer: { pools: [{name: a}, {name: b},{name: c}] }', {
      balancer: { pools: ['c', 'a'] },
    }),
    'balancer: { pools: [{name: c}, {name: a}] }',
  );
});

test('the first line of a record may go, what follows moves up to the dash', () => {
  assert.equal(
    patched(
      'balancer:\n  pools:\n    - policy: random\n      health: {every: 1s}\n      name: a\n',
      {
        balancer: { pools: { a: { policy: null, health: null } } },
      },
    ),
    'balancer:\n  pools:\n    - name: a\n',
  );
});

test('text that means something else to YAML is quoted and read back as it is', () => {
  for (const word of [
    '',
    ' ',
    'null',
    '~',
    'true',
    '7',
    '1.10',
    '0x1f',
    'a: b',
    'a #b',
    '- a',
    '{',
    '"',
    "'",
    'é☃',
    '\u0007\n\t',
    '*a',
    '&a',
    '!x',
    '%',
    '@',
    '`',
    '2026-01-01',
    'a:',
    '...',
    '---',
  ]) {
    const yaml = patched('other: { word: x }\n', { other: { word } });
    assert.equal(config(yaml).of(other).word, word);
    assert.equal(config(patched('', { other: { word } })).of(other).word, word);
  }
});

test('secrets: the mask leaves them, a value takes the place of a file, null removes both', () => {
  const at = (patch: unknown) => ({ balancer: { pools: { app: { servers: { a: patch } } } } });
  const file = (rest: string) =>
    `balancer:\n  pools:\n    - name: app\n      servers:\n        - name: a\n          address: x\n${rest}`;
  const withFile = file('          password_file: /run/a\n');
  assert.equal(patched(withFile, at({ password: '[secret]' })), withFile);
  assert.equal(patched(withFile, at({ password: 'p:1' })), file('          password: p:1\n'));
  assert.equal(
    patched(file('          password: p\n'), at({ password_file: '/run/b' })),
    file('          password_file: /run/b\n'),
  );
  assert.equal(patched(withFile, at({ password: null })), file(''));
});

test('forms that cannot be edited are refused with the reason, not damaged', () => {
  const comments = 'balancer: {\n  enabled: no, # why\n  pools: []\n}\n';
  for (const [yaml, patch, why] of [
    [comments, { balancer: { enabled: null } }, /comments between brackets/],
    ['? balancer\n', { balancer: { enabled: true } }, /key without a colon/],
    ['balancer:\n  enabled: &x no\n', { balancer: { enabled: null } }, undefined],
  ] as const) {
    const planned = plan(yaml, patch);
    assert.ok(planned.ok);
    const changed = editYaml(yaml, planned.plan.edit, 'f');
    if (why === undefined) assert.ok(changed.ok);
    else assert.match(changed.ok ? changed.text : changed.why, why);
  }
});

function refused(patch: unknown): string[] {
  const planned = plan(FILE, patch);
  assert.equal(planned.ok, false);
  return planned.ok ? [] : planned.problems.map((each) => `${each.path}: ${each.text}`);
}

test('a patch that does not fit the tables of settings is refused, each mistake by its path', () => {
  assert.deepEqual(refused([]), [': the patch is an array, wanted an object']);
  assert.deepEqual(refused(JSON.parse('{"__proto__": {}, "balancr": 1, "other": []}')), [
    '__proto__: __proto__ is not a section',
    'balancr: balancr is not a section; did you mean balancer?',
    'other: other is an array, wanted an object',
  ]);
  assert.deepEqual(
    refused({
      balancer: {
        enabled: {},
        pools: {
          'a.b': {},
          constructor: 3,
          app: {
            name: 'x',
            polcy: 1,
            health: 'on',
            servers: { a: { weight: [1], password_file: 1 } },
          },
        },
        routes: ['nobody', { pool: 'x' }, 'all', { name: 'all' }, { name: 'r', hosts: ['a', {}] }],
        listeners: 'all',
      },
    }),
    [
      'balancer.enabled: balancer.enabled is an object, wanted true or false',
      'balancer.pools.a.b: balancer.pools has the name "a.b", wanted 1 to 63 letters, digits, - and _, of which the first is a letter',
      'balancer.pools.constructor: balancer.pools.constructor is 3, wanted an object',
      'balancer.pools.app.name: balancer.pools.app.name is "x", wanted "app": a record gets another name by removing it and adding one',
      'balancer.pools.app.polcy: balancer.pools.app.polcy is not a setting; did you mean balancer.pools.app.policy?',
      'balancer.pools.app.health: balancer.pools.app.health is "on", wanted an object',
      'balancer.pools.app.servers.a.weight: balancer.pools.app.servers.a.weight is an array, wanted a whole number from 0 to 256',
      'balancer.pools.app.servers.a.password_file: balancer.pools.app.servers.a.password_file is 1, wanted the path of a file',
      'balancer.routes: balancer.routes[0]: there is no route nobody that could stay as it is',
      'balancer.routes: balancer.routes[1].name is missing, wanted 1 to 63 letters, digits, - and _, of which the first is a letter',
      'balancer.routes: balancer.routes.all is there twice, wanted one route of a name',
      'balancer.routes.r.hosts: balancer.routes.r.hosts is an array, wanted a list of at most 1000, each a text of at most 1024 characters',
      'balancer.listeners: balancer.listeners is "all", wanted an object with a listener by name, or an array of them',
    ],
  );
});
