import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coordinatorOf, type PurgeBusSettings, purgeBusConflicts } from './purge-fields.ts';

const NO_TLS = { certFile: undefined, keyFile: undefined, caFile: undefined };
const SETTINGS: PurgeBusSettings = { coordinator: undefined, leaseMs: 3000, tls: NO_TLS };
const POPS = [
  { name: 'fra', shield: false },
  { name: 'ams', shield: true },
  { name: 'nyc', shield: true },
];

test('the PoP that is named orders purges, else the first shield, else the first', () => {
  assert.equal(coordinatorOf({ ...SETTINGS, coordinator: 'nyc' }, POPS), 'nyc');
  assert.equal(coordinatorOf(SETTINGS, POPS), 'ams');
  assert.equal(coordinatorOf(SETTINGS, POPS.slice(0, 1)), 'fra');
});

test('a coordinator that is no PoP, and half of a certificate, are refused', () => {
  const keysOf = (settings: Partial<PurgeBusSettings>) =>
    purgeBusConflicts({ ...SETTINGS, ...settings }, POPS).map(({ key }) => key);
  assert.deepEqual(keysOf({}), []);
  assert.deepEqual(keysOf({ coordinator: 'mars' }), ['coordinator']);
  assert.deepEqual(keysOf({ tls: { ...NO_TLS, certFile: 'a' } }), ['tls.cert_file']);
  assert.deepEqual(keysOf({ tls: { ...NO_TLS, caFile: 'a' } }), ['tls.ca_file']);
  assert.deepEqual(keysOf({ tls: { certFile: 'a', keyFile: 'b', caFile: 'c' } }), []);
});
