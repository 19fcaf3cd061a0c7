import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldId } from '../../core/wire/index.ts';
import { TestCache } from '../testing/test-cache.ts';

const LINES = ['Cache-Control: max-age=60', 'Vary: Accept-Language'];

test('with the languages that there are, one response a language is stored, and asked for in it', () => {
  const cache = new TestCache({ languages: ['en', 'de'] });
  const asked: (string | undefined)[] = [];
  for (const language of ['de-CH, fr;q=0.5', 'fr', '*;q=0']) {
    cache.ask('/a', [`Accept-Language: ${language}`]);
    asked.push(cache.asked[0]?.request.fields.get(FieldId.acceptLanguage));
    cache.answer(LINES, language);
  }
  assert.deepEqual(asked, ['de', 'en', '*;q=0']);
  const body = (language: string): string => cache.ask('/a', [`Accept-Language: ${language}`]).body;
  assert.equal(body('de'), 'de-CH, fr;q=0.5');
  assert.equal(body('it, de;q=0.1'), 'de-CH, fr;q=0.5');
  assert.equal(body('en-US'), 'fr');
  assert.equal(cache.asked.length, 0);
});

test('without them Accept-Language is taken as it is', () => {
  const cache = new TestCache();
  cache.ask('/a', ['Accept-Language: de-CH']);
  assert.equal(cache.asked[0]?.request.fields.get(FieldId.acceptLanguage), 'de-CH');
  cache.answer(LINES, 'one');
  assert.equal(cache.ask('/a', ['Accept-Language: de']).ending, 'none');
});
