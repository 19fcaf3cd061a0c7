import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { languageNormaliser } from './accept-language.ts';
import { deviceOf } from './device.ts';
import { matchesOne } from './glob.ts';
import { requestFor } from './key-fixture.ts';

test('RFC 4647 section 3.4: the language of a request among those there are', () => {
  const normalise = languageNormaliser(['en', 'de', 'pt-BR', 'zh-Hant']);
  const rows: readonly (readonly [string, string])[] = [
    ['de', 'de'],
    ['DE-ch', 'de'],
    ['fr, de;q=0.5', 'de'],
    ['de;q=0.5, en;q=0.9', 'en'],
    ['de, en', 'de'],
    ['pt-br', 'pt-BR'],
    ['pt', 'en'],
    ['zh-Hant-CN-x-private1-y', 'zh-Hant'],
    ['zh-Hant-x-a', 'zh-Hant'],
    ['fr', 'en'],
    ['', 'en'],
    ['*', 'en'],
    ['fr, *;q=0.1', 'en'],
    ['*;q=0.5, de', 'de'],
    ['en;q=0, *', 'de'],
    ['en;q=0', 'de'],
    ['*;q=0', ''],
    ['*;q=0, de;q=0.1', 'de'],
    ['de;q=0, de-ch', 'en'],
    ['de;q=9', 'de'],
    ['%%, de', 'de'],
    ['en-US,en;q=0.9,de;q=0.8', 'en'],
  ];
  for (const [value, wanted] of rows) assert.equal(normalise(value), wanted, value);
});

test('property: whatever a client says, the language is one that there is, or none', () => {
  const normalise = languageNormaliser(['en', 'de']);
  const range = fc.constantFrom('en', 'de-CH', 'de', '*', 'fr', ';q=0', ';q=0.5', ',', '-', ' ');
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(range).map((all) => all.join('')),
      ),
      (value) => {
        assert.ok(['en', 'de', ''].includes(normalise(value)));
      },
    ),
  );
});

test('devices by their hint, else by the words of their browsers', () => {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['desktop', []],
    ['desktop', ['User-Agent: Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0']],
    [
      'mobile',
      ['User-Agent: Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148'],
    ],
    ['mobile', ['User-Agent: Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile Safari']],
    ['tablet', ['User-Agent: Mozilla/5.0 (Linux; Android 14; SM-X910) Chrome/126.0 Safari']],
    ['tablet', ['User-Agent: Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) Mobile/15E148']],
    ['tablet', ['User-Agent: Mozilla/5.0 (Android 14; Tablet; rv:128.0) Firefox/128.0']],
    ['mobile', ['Sec-CH-UA-Mobile: ?1', 'User-Agent: Mozilla/5.0 (X11; Linux x86_64)']],
    ['desktop', ['Sec-CH-UA-Mobile: ?0', 'User-Agent: Mobile']],
    ['tablet', ['Sec-CH-UA-Mobile: ?0', 'User-Agent: Mozilla/5.0 (Linux; Android 14; SM-X910)']],
    ['mobile', ['Sec-CH-UA-Mobile: yes', 'User-Agent: Opera Mini']],
    ['desktop', [`User-Agent: ${'x'.repeat(600)} Mobile`]],
  ];
  for (const [wanted, lines] of rows) {
    assert.equal(deviceOf(requestFor('/', { lines }).fields), wanted, lines.join());
  }
});

test('property: stars stand for any text', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '*', '.'), { maxLength: 8 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(text, text, (pattern, name) => {
      const escaped = pattern.replaceAll('.', '\\.').replaceAll('*', '.*');
      assert.equal(matchesOne([pattern], name), new RegExp(`^${escaped}$`).test(name));
    }),
    { numRuns: 2000 },
  );
});
