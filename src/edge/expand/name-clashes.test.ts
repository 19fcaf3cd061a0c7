import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameClashes } from './name-clashes.ts';

const site = (name: string, ...rules: string[]) => ({
  name,
  rules: rules.map((rule) => ({ name: rule })),
});

const keys = (...sites: ReturnType<typeof site>[]): string[] =>
  nameClashes(sites).map(({ key }) => key);

test('sites and rules with names of their own make no clash', () => {
  assert.deepEqual(keys(site('www', 'a', 'b'), site('api', 'a', 'b'), site('www-2')), []);
});

test('a rule of one site and a whole other site that make one route are told, by the second of them', () => {
  assert.deepEqual(keys(site('a', 'b'), site('a-b')), ['sites.a-b']);
  assert.deepEqual(keys(site('a-b'), site('a', 'b')), ['sites.a.rules.b']);
  assert.deepEqual(keys(site('a', 'b-c'), site('a-b', 'c')), ['sites.a-b.rules.c']);
});

test('a site that would be taken for what another one does towards PoPs, or for the checks of health, is told', () => {
  assert.deepEqual(keys(site('www'), site('www-tier')), ['sites.www-tier']);
  assert.deepEqual(keys(site('www', 'https')), ['sites.www.rules.https']);
  const [clash] = nameClashes([site('health')]);
  assert.equal(clash?.key, 'sites.health');
  assert.match(
    clash?.says ?? '',
    /^makes a route of the name that the check between PoPs has too:/,
  );
});
