import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import type { Sources } from './gather.ts';
import { choice, duration, flag, integer, list, path, port, secret, size, text } from './kinds.ts';
import { defaultsOf, loadConfig } from './load.ts';
import { problemText } from './problem.ts';
import type { Secret } from './secret.ts';
import { group, section } from './section.ts';

const kv = section(
  'kv',
  'The store.',
  {
    enabled: flag({ default: true, about: 'x' }),
    port: port({ default: 6379, about: 'x' }),
    memoryBytes: size({ default: 0, max: 1024 ** 4, about: 'x' }),
    idleTimeoutMs: duration({ default: 0, max: 86_400_000, about: 'x', reloadable: true }),
    policy: choice(['noeviction', 'allkeys-lru'], { default: 'noeviction', about: 'x' }),
    renamed: list(text({ default: '', about: 'x', max: 5 }), { default: [], about: 'x' }),
    password: secret({ about: 'x' }),
    tls: group('TLS.', {
      port: port({ default: undefined, about: 'x' }),
      certFile: path({ default: undefined, about: 'x' }),
      keyFile: path({ default: undefined, about: 'x' }),
    }),
  },
  ({ tls }) =>
    tls.certFile !== undefined && tls.keyFile === undefined
      ? [{ key: 'tls.cert_file', says: 'needs kv.tls.key_file too' }]
      : [],
);
const log = section('log', 'Logs.', {
  level: choice(['info', 'debug'], { default: 'info', about: 'x' }),
  depth: integer({ default: 1, max: 9, about: 'x' }),
});
const sections = [kv, log];

function load(yaml: string | undefined, rest: Partial<Sources> = {}) {
  const file = yaml === undefined ? {} : { file: { name: 'plinth.yaml', text: yaml } };
  return loadConfig(sections, {
    ...file,
    readFile: (name) => {
      if (name === '/run/secrets/kv') return 'from file\n';
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
    ...rest,
  });
}

function valuesOf(yaml: string | undefined, rest: Partial<Sources> = {}) {
  const loaded = load(yaml, rest);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.problems.map(problemText).join('\n'));
  return loaded.config.of(kv);
}

function problemsOf(yaml: string | undefined, rest: Partial<Sources> = {}): string[] {
  const loaded = load(yaml, rest);
  assert.equal(loaded.ok, false);
  return loaded.ok ? [] : loaded.problems.map(problemText);
}

test('nothing written gives the defaults', () => {
  for (const yaml of [undefined, '', '# only a comment\n', 'kv:\n', '---\n']) {
    assert.deepEqual(valuesOf(yaml), defaultsOf(kv));
  }
  assert.equal(defaultsOf(kv).port, 6379);
});

test('every kind is read from its usual writing', () => {
  const values = valuesOf(
    `kv:
  enabled: no
  port: 7000
  memory: 64mb
  idle_timeout: 1m30s
  policy: allkeys-lru
  renamed: [a, 'b', 1.10]
  password: "p:w"
  tls:
    port: 7001
`,
  );
  assert.deepEqual(
    { ...values, password: values.password?.reveal() },
    {
      enabled: false,
      port: 7000,
      memoryBytes: 67108864,
      idleTimeoutMs: 90_000,
      policy: 'allkeys-lru',
      renamed: ['a', 'b', '1.10'],
      password: 'p:w',
      tls: { port: 7001, certFile: undefined, keyFile: undefined },
    },
  );
});

test('all problems come at once, with line and column, the value met and the value wanted', () => {
  assert.deepEqual(
    problemsOf(
      `kv:
  port: 70000
  prot: 1
  memory: lots
  renamed: [ok, toolong]
  tls: 7
log:
  level: loud
  depth:
kvv: {}
`,
      { environment: { PLINTH_KV_PROT: '1' }, set: ['kv.policy=lru', 'port', 'log.levle=info'] },
    ),
    [
      'plinth.yaml:2:9: kv.port is "70000", wanted a port from 0 to 65535',
      'plinth.yaml:3:3: kv.prot is not a setting; did you mean kv.port?',
      'plinth.yaml:4:11: kv.memory is "lots", wanted a size from 0 to 1tb such as 64mb',
      'plinth.yaml:5:17: kv.renamed[1] is "toolong", wanted a text of at most 5 characters',
      'plinth.yaml:6:8: kv.tls is no map, wanted lines of key: value',
      'plinth.yaml:8:10: log.level is "loud", wanted one of info, debug',
      'plinth.yaml:9:3: log.depth is nothing, wanted a whole number from 0 to 9',
      'plinth.yaml:10:1: kvv is not a section; did you mean kv?',
      'environment PLINTH_KV_PROT: PLINTH_KV_PROT is not the variable of a setting; did you mean PLINTH_KV_PORT?',
      '--set port: wanted name=value',
      '--set log.levle: log.levle is not a setting; did you mean log.level?',
      '--set kv.policy: kv.policy is "lru", wanted one of noeviction, allkeys-lru',
    ],
  );
});

test('broken YAML is a problem with its line, not an exception', () => {
  assert.match(problemsOf('kv:\n  port: [1\n')[0] as string, /^plinth\.yaml:\d+:\d+: this is not/);
  assert.match(problemsOf('kv: {}\nkv: {}\n')[0] as string, /^plinth\.yaml:2:1: .*unique/);
  assert.match(problemsOf('a: 1\n---\nb: 2\n')[0] as string, /second document/);
  assert.match(problemsOf('kv: &a {}\nlog: *a\n')[0] as string, /^plinth\.yaml:2:6: an alias/);
  assert.match(problemsOf('- 1\n')[0] as string, /the file is no map/);
  assert.match(problemsOf('? [1]\n: 2\n')[0] as string, /a key is a word/);
  assert.match(problemsOf('['.repeat(100_000))[0] as string, /^plinth\.yaml:1:\d+: /);
});

test('any text at all gives values or problems', () => {
  const pieces = fc.constantFrom(
    'kv',
    ':',
    ' ',
    '\n',
    '-',
    '[',
    '{',
    '}',
    '"',
    '&a',
    '*a',
    '1',
    '!',
  );
  const text = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), (yaml) => {
      const loaded = load(yaml);
      assert.ok(loaded.ok || loaded.problems.length > 0);
    }),
  );
});

test('--set wins over the environment, the environment over the file', () => {
  const yaml = 'kv: { port: 1, memory: 1kb, idle_timeout: 1s }';
  const environment = { PLINTH_KV_PORT: '2', PLINTH_KV_MEMORY: '2kb', PLINTH_KV_TLS_PORT: '22' };
  const loaded = load(yaml, { environment, set: ['kv.port=3'] });
  assert.ok(loaded.ok);
  const values = loaded.config.of(kv);
  assert.deepEqual(
    [values.port, values.memoryBytes, values.idleTimeoutMs, values.tls.port],
    [3, 2048, 1000, 22],
  );
  assert.equal(loaded.config.place('kv.port')?.source, '--set kv.port');
  assert.equal(loaded.config.place('kv.memory')?.source, 'environment PLINTH_KV_MEMORY');
  assert.equal(loaded.config.place('kv.idle_timeout')?.line, 1);
  assert.equal(loaded.config.place('kv.policy'), undefined);
});

test('empty variables and the Service variables of Kubernetes are not settings', () => {
  const environment = {
    PLINTH_KV_PORT: 'tcp://10.0.0.1:6379',
    PLINTH_KV_PORT_6379_TCP: 'tcp://10.0.0.1:6379',
    PLINTH_KV_PORT_6379_TCP_ADDR: '10.0.0.1',
    PLINTH_KV_SERVICE_HOST: '10.0.0.1',
    PLINTH_KV_SERVICE_PORT_RESP: '6379',
    PLINTH_KV_MEMORY: '',
    HOME: '/home/ann',
  };
  assert.deepEqual(valuesOf('', { environment }), defaultsOf(kv));
});

test('a list is given outside the file by commas or as YAML', () => {
  assert.deepEqual(valuesOf('', { set: ['kv.renamed=a, b'] }).renamed, ['a', 'b']);
  assert.deepEqual(valuesOf('', { set: ['kv.renamed=["a,b"]'] }).renamed, ['a,b']);
  assert.deepEqual(problemsOf('', { set: ['kv.renamed=[a, toolong]'] }), [
    '--set kv.renamed: kv.renamed[1] is "toolong", wanted a text of at most 5 characters',
  ]);
});

test('a secret comes from a file and never shows itself', () => {
  for (const given of [
    valuesOf('kv: { password_file: /run/secrets/kv }'),
    valuesOf('', { environment: { PLINTH_KV_PASSWORD_FILE: '/run/secrets/kv' } }),
    valuesOf('', { set: ['kv.password_file=/run/secrets/kv'] }),
    valuesOf('kv: { password: other }', { set: ['kv.password_file=/run/secrets/kv'] }),
  ]) {
    const password = given.password as Secret;
    assert.equal(password.reveal(), 'from file');
    for (const shown of [String(password), JSON.stringify({ password }), inspect(given)]) {
      assert.match(shown, /\[secret\]/);
      assert.doesNotMatch(shown, /from file/);
    }
  }
});

test('a wrong secret is reported without its value', () => {
  assert.deepEqual(problemsOf('kv: { password: a, password_file: /x }'), [
    'plinth.yaml:1:20: kv.password is given as a value and as a file, wanted one of them',
  ]);
  assert.deepEqual(problemsOf('kv: { password_file: /nowhere }'), [
    'plinth.yaml:1:22: kv.password_file is "/nowhere", which cannot be read (ENOENT)',
  ]);
  const long = problemsOf(`kv: { password: ${'s3cret'.repeat(1000)} }`).join();
  assert.match(long, /kv\.password is not a text of 1 to 4096 characters/);
  assert.doesNotMatch(long, /s3cret/);
});

test('rules between settings are checked once the settings are right one by one', () => {
  assert.deepEqual(problemsOf('kv:\n  tls:\n    cert_file: a.pem\n'), [
    'plinth.yaml:3:16: kv.tls.cert_file needs kv.tls.key_file too',
  ]);
  assert.equal(problemsOf('kv: { port: x, tls: { cert_file: a.pem } }').length, 1);
});

test('a setting that may be absent is taken back by null', () => {
  assert.equal(valuesOf('kv: { tls: { port: ~ } }').tls.port, undefined);
});

test('a loaded configuration cannot be changed', () => {
  const values = valuesOf('') as unknown as { tls: { port: number }; renamed: string[] };
  assert.throws(() => {
    values.tls.port = 1;
  }, TypeError);
  assert.throws(() => values.renamed.push('x'), TypeError);
});

test('a table with a duration without its unit, or two settings of one name, is refused', () => {
  const about = 'x';
  assert.throws(
    () => section('kv', 'x', { timeout: duration({ default: 0, about }) }),
    /says its unit, timeoutMs/,
  );
  assert.throws(
    () =>
      section('kv', 'x', {
        aB: flag({ default: true, about }),
        a: group('x', { b: flag({ default: true, about }) }),
      }),
    /PLINTH_KV_A_B names two settings/,
  );
});
