/** The settings of guard and access as a file has them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Fields,
  fieldsByKey,
  group,
  loadConfig,
  section,
  type ValuesOf,
} from '../../core/config/index.ts';
import { accessConflicts, accessRules } from '../access/index.ts';
import { guardConflicts, guardFields } from './guard-fields.ts';

const fields = { guard: group('For tests.', guardFields), access: accessRules };
const edge = section('edge', 'For tests.', fields, ({ guard, access }) => [
  ...guardConflicts(guard, 'guard'),
  ...accessConflicts(access),
]);

function load(text: string): ValuesOf<typeof fields> | string {
  const loaded = loadConfig([edge], {
    file: { name: 'plinth.yaml', text },
    readFile: () => 'a secret out of a file',
  });
  if (loaded.ok) return loaded.config.of(edge);
  return loaded.problems.map((problem) => problem.text).join('\n');
}

test('a file with a bit of everything', () => {
  const values = load(`
edge:
  guard:
    memory: 16mb
    allow_networks: [10.0.0.0/8]
    penalties: { block: 30s, block_max: 10m }
    adaptive: { factor: 2.5, lag: 30ms, load_share: 0.9, release: 5s }
    rules:
      - name: api
        per_second: 10
        burst: 40
        sent_per_second: 1mb
        sent_burst: 10mb
        over: close
        challenge: attack
        challenge_holds: 2h
  access:
    - name: films
      geo: { only_countries: [DE, AT], status: 451 }
      cors: { origins: ["https://app.example"], max_age: 1h }
      hotlink: { hosts: ["*.example.com"] }
      signed:
        by: either
        lifetime_max: 1d
        keys:
          - name: k1
            secret: 0123456789abcdef
          - name: k2
            secret_file: /run/secrets/films
`);
  assert.ok(typeof values !== 'string', String(values));
  const [api] = values.guard.rules;
  assert.deepEqual(
    [api?.over, api?.challenge, api?.challengeHoldsMs, api?.sentBurstBytes],
    ['close', 'attack', 7_200_000, 10 * 1024 * 1024],
  );
  assert.equal(values.guard.adaptive.lagMs, 30);
  const [films] = values.access;
  assert.deepEqual(
    films?.signed.keys.map(({ name, secret }) => [name, secret.reveal()]),
    [
      ['k1', '0123456789abcdef'],
      ['k2', 'a secret out of a file'],
    ],
  );
  assert.equal(films?.geo.status, '451');
});

test('what is wrong is said by the name that the file has for it', () => {
  assert.match(
    String(load('edge: { guard: { rules: [{ name: a, per_second: 5, burst: 0 }] } }')),
    /edge\.guard\.rules\.a\.burst is 0, and no request could pass/,
  );
  assert.match(
    String(load('edge: { access: [{ name: a, signed: { by: url } }] }')),
    /edge\.access\.a\.signed\.by is url and needs a key/,
  );
});

test('no two settings have one key', () => {
  const count = (table: Fields): void => {
    assert.equal(fieldsByKey(table).size, Object.keys(table).length);
    for (const field of Object.values(table)) if (field.is !== 'setting') count(field.fields);
  };
  count(fields);
});
