import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheRequirementsPage } from '../../tools/cache-requirements-page.ts';
import { specification } from '../e2e/cache/requirements/requirement.ts';

test('every test that a demand on the cache names is there', () => {
  assert.match(cacheRequirementsPage(), /^# What the cache is held to\n/);
});

test('canary: a demand that names a test that is not there is seen, and so is one with none', () => {
  const named = (name: string) => specification('9111', 'x', [['4.4', 'MUST', 'x', [name]]]);
  assert.throws(() => cacheRequirementsPage([named('there is no such case')]), /no case is called/);
  assert.throws(() => cacheRequirementsPage([named('crowd: no such test')]), /has no test/);
  const none = specification('9111', 'x', [['4.4', 'MUST', 'x', []]]);
  assert.throws(() => cacheRequirementsPage([none]), /no case/);
});
