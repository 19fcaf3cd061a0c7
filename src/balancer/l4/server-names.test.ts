import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type NameRow, ServerNames } from './server-names.ts';

test('exact before wildcard, the longest wildcard first, then the default', () => {
  const rows: NameRow<string>[] = [
    { hosts: ['*.example.com'], value: 'any' },
    { hosts: ['www.example.com', 'Example.ORG.'], value: 'exact' },
    { hosts: ['*.deep.example.com'], value: 'deep' },
    { hosts: ['www.example.com'], value: 'too late' },
  ];
  const names = new ServerNames(rows, 'default');
  const table: [string, string][] = [
    ['www.example.com', 'exact'],
    ['WWW.example.com', 'exact'],
    ['example.org', 'exact'],
    ['api.example.com', 'any'],
    ['a.b.example.com', 'any'],
    ['a.deep.example.com', 'deep'],
    ['deep.example.com', 'any'],
    ['example.com', 'default'],
    ['notexample.com', 'default'],
    ['com', 'default'],
    ['', 'default'],
  ];
  for (const [name, value] of table) assert.equal(names.find(name), value, name);
  assert.equal(new ServerNames(rows, undefined).find('example.net'), undefined);
  assert.equal(new ServerNames(rows, undefined).find(''), undefined);
});

test('any rows and name: found as a search through all rows finds it', () => {
  const label = fc.constantFrom('a', 'b', 'c');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const host = fc.oneof(
    name,
    name.map((text) => `*.${text}`),
  );
  fc.assert(
    fc.property(fc.array(host, { maxLength: 8 }), name, (hosts, wanted) => {
      const rows = hosts.map((one) => ({ hosts: [one], value: one }));
      const fits = hosts
        .filter((one) => one === wanted || (one.startsWith('*.') && wanted.endsWith(one.slice(1))))
        .sort((a, b) => Number(b === wanted) - Number(a === wanted) || b.length - a.length);
      assert.equal(new ServerNames(rows, 'none').find(wanted), fits[0] ?? 'none');
    }),
    { numRuns: 1000 },
  );
});
