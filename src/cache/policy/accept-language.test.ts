import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normaliseAcceptLanguage } from './accept-language.ts';

test('lists that mean the same have one form, RFC 9110 section 12.5.4', () => {
  for (const [list, form] of [
    ['de', 'de'],
    ['DE-ch, en', 'de-ch,en'],
    ['en;q=0.5,de', 'de,en;q=0.5'],
    ['de;q=1.0 , EN ; q=0.50', 'de,en;q=0.5'],
    [', de,, en;q=1', 'de,en'],
    ['*;q=0, de', 'de,*;q=0'],
    ['', ''],
  ] as const) {
    assert.equal(normaliseAcceptLanguage(list), form, list);
  }
});

test('the order of equal weights is kept', () => {
  assert.notEqual(normaliseAcceptLanguage('de, en'), normaliseAcceptLanguage('en, de'));
});

test('what is no list of languages stands for itself', () => {
  for (const list of ['de;q=2', 'de;x=1', 'de;q=1;q=0', 'de en', 'DE_CH', ';q=1']) {
    assert.equal(normaliseAcceptLanguage(list), list);
  }
});
