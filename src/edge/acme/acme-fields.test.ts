import assert from 'node:assert/strict';
import { test } from 'node:test';
import { group, loadConfig, problemText, section } from '../../core/config/index.ts';
import { acmeConflicts, acmeFields } from './acme-fields.ts';

const edge = section(
  'edge',
  'The network.',
  { acme: group('Certificates.', acmeFields) },
  (values) => acmeConflicts(values.acme).map(({ key, says }) => ({ key: `acme.${key}`, says })),
);

function load(yaml: string): string | object {
  const text = `edge:\n  acme:\n${yaml.replaceAll(/^/gm, '    ')}\n`;
  const loaded = loadConfig([edge], { file: { name: 'test', text }, readFile: () => 'key\n' });
  return loaded.ok ? loaded.config.of(edge).acme : loaded.problems.map(problemText).join('\n');
}

test('nothing is asked of an authority unless it is wanted and its terms are agreed to', () => {
  assert.equal((load('challenge: http-01') as { enabled: boolean }).enabled, false);
  assert.match(String(load('enabled: true')), /terms_agreed has to be true where enabled is/);
  const settings = load('{ enabled: true, terms_agreed: true, settle: 5s }') as typeof acmeFields;
  assert.equal((settings as unknown as { settleMs: number }).settleMs, 5000);
});

test('what can not be used is named with what is wanted', () => {
  assert.match(String(load('directory: http://ca.test/dir')), /directory.* wanted an https: URL/);
  assert.match(String(load('directory: nowhere')), /directory.* wanted an https: URL/);
  for (const contact of ['nobody', 'a@b.org?subject=x', 'a@b.org,c@d.org', 'mailto:a b@c.org']) {
    assert.match(String(load(`contact: [ "${contact}" ]`)), /contact.* wanted an e-mail address/);
  }
  assert.match(String(load('eab_key_id: k')), /eab_key_id needs eab_hmac_key too/);
  assert.match(String(load('eab_hmac_key: k')), /eab_hmac_key needs eab_key_id too/);
  assert.equal(typeof load('{ eab_key_id: k, eab_hmac_key_file: /key }'), 'object');
  assert.match(String(load('key_type: dsa')), /one of ecdsa-p256/);
});
