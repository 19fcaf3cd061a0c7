import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessConflicts } from './access-fields.ts';
import { type RulePatch, ruleOf } from './rule-fixture.ts';

const conflictsOf = (patch: RulePatch): string[] =>
  accessConflicts([ruleOf(patch, 'films')], 'access').map(({ key }) => key);

test('what does not go together is named by its key', () => {
  const cases: [RulePatch, string][] = [
    [{ signed: { by: 'url' } }, 'access.films.signed.by'],
    [{ signed: { keys: [{ name: 'k1', secret: 'short' }] } }, 'access.films.signed.keys.k1.secret'],
    [{ hotlink: { hosts: ['https://a.example'] } }, 'access.films.hotlink.hosts'],
    [{ hotlink: { hosts: ['a.*.example'] } }, 'access.films.hotlink.hosts'],
    [{ hotlink: { redirect: 'a\r\nb: c' } }, 'access.films.hotlink.redirect'],
    [{ geo: { denyNetworks: ['10.0.0.1/8'] } }, 'access.films.geo.deny_networks'],
    [{ geo: { allowNetworks: ['home'] } }, 'access.films.geo.allow_networks'],
    [{ geo: { onlyCountries: ['Germany'] } }, 'access.films.geo.only_countries'],
    [{ geo: { denyCountries: ['D'] } }, 'access.films.geo.deny_countries'],
    [{ geo: { denyAsns: ['AS1'] } }, 'access.films.geo.deny_asns'],
    [{ geo: { onlyAsns: ['0'] } }, 'access.films.geo.only_asns'],
    [{ geo: { blockedBy: 'a>b' } }, 'access.films.geo.blocked_by'],
    [{ cors: { origins: ['example.com'] } }, 'access.films.cors.origins'],
    [{ cors: { origins: ['https://*'] } }, 'access.films.cors.origins'],
    [{ cors: { origins: ['https://a.example/'] } }, 'access.films.cors.origins'],
    [{ cors: { origins: ['*'], credentials: true } }, 'access.films.cors.credentials'],
    [{ cors: { headers: ['a b'] } }, 'access.films.cors.headers'],
    [{ cors: { methods: ['GET,PUT'] } }, 'access.films.cors.methods'],
    [{ cors: { expose: [''] } }, 'access.films.cors.expose'],
  ];
  for (const [patch, key] of cases) assert.deepEqual(conflictsOf(patch), [key]);
  const fine: RulePatch = {
    signed: { by: 'either', keys: [{ name: 'k1', secret: 'sixteen letters!' }] },
    hotlink: { hosts: ['*.a.example', 'b.example', '*'], redirect: 'https://a.example/x?y#z' },
    geo: { denyNetworks: ['10.0.0.0/8', '::1'], onlyCountries: ['de'], denyAsns: ['64496'] },
    cors: { origins: ['https://a.example:8443', 'http://*.b.example', 'null'], credentials: true },
  };
  assert.deepEqual(conflictsOf(fine), []);
});
