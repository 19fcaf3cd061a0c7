import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonSchema } from './json-schema.ts';
import { address, duration, flag, integer, list, port, secret, size, text } from './kinds.ts';
import { defaultsOf, loadConfig } from './load.ts';
import { editDistance, nearestName } from './problem.ts';
import { exampleYaml, referenceMarkdown } from './reference.ts';
import { group, section } from './section.ts';
import { shownSettings } from './show.ts';

const about = 'What it does.';
const kv = section('kv', 'The store.', {
  enabled: flag({ default: true, about }),
  host: address({ default: '127.0.0.1', about }),
  port: port({ default: 6379, about, change: 'When another runs.' }),
  memoryBytes: size({ default: 67108864, about }),
  idleMs: duration({ default: 0, about, reloadable: true }),
  names: list(text({ default: '', about }), { default: ['a: b', 'c'], about }),
  password: secret({ about }),
  tls: group('TLS.', {
    port: port({ default: undefined, about }),
    depth: integer({ default: 1, about }),
  }),
});
const sections = [kv];
const load = (yaml: string) =>
  loadConfig(sections, { file: { name: 'f', text: yaml }, readFile: () => 's' });

test('the example file with all comments removed loads to the defaults', () => {
  const uncommented = exampleYaml(sections)
    .split('\n')
    .filter((line) => !line.includes('password_file') && !/# (What|The|TLS)/.test(line))
    .map((line) => line.replace('# ', ''))
    .join('\n');
  const loaded = load(uncommented);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  assert.deepEqual(loaded.config.of(kv), defaultsOf(kv));
  assert.match(uncommented, /memory: 64mb/);
});

test('the example file as it is loads to the defaults', () => {
  const loaded = load(exampleYaml(sections));
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.config.of(kv), defaultsOf(kv));
});

test('the reference names each setting with default, wanted, live and both sentences', () => {
  const page = referenceMarkdown(sections);
  assert.ok(
    page.includes(
      '| `kv.port` | `6379` | a port from 0 to 65535 | no | What it does. When another runs. |',
    ),
  );
  assert.match(page, /`kv\.password`, `kv\.password_file` \| — \|/);
  assert.match(page, /`kv\.tls\.depth`/);
  assert.match(page, /`kv\.idle` \| `0` \| .* \| yes \|/);
});

test('the JSON Schema knows every key, its default, and no other', () => {
  const { properties } = jsonSchema(sections) as {
    properties: Record<
      string,
      { additionalProperties: boolean; properties: Record<string, unknown> }
    >;
  };
  const schema = properties.kv!;
  assert.equal(schema.additionalProperties, false);
  assert.deepEqual(Object.keys(schema.properties), [
    'enabled',
    'host',
    'port',
    'memory',
    'idle',
    'names',
    'password',
    'password_file',
    'tls',
  ]);
  assert.deepEqual(schema.properties.port, {
    description: 'What it does. When another runs.',
    type: 'integer',
    minimum: 0,
    maximum: 65535,
    default: 6379,
  });
});

test('the configuration in force shows value and origin, and no secret', () => {
  const loaded = load('kv: { port: 1, password: hush }');
  assert.ok(loaded.ok);
  const shown = shownSettings(sections, loaded.config);
  const of = (path: string) => shown.find((each) => each.path === path);
  assert.deepEqual(of('kv.port'), { path: 'kv.port', value: 1, from: 'f:1:13' });
  assert.deepEqual(of('kv.memory'), { path: 'kv.memory', value: '64mb', from: 'default' });
  assert.doesNotMatch(JSON.stringify(shown), /hush/);
});

test('a swap of neighbours is one edit, and a far name is no suggestion', () => {
  assert.equal(editDistance('prot', 'port'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(nearestName('kv.prot', ['kv.port', 'kv.host']), 'kv.port');
  assert.equal(nearestName('zzzzzzz', ['kv.port']), undefined);
});
