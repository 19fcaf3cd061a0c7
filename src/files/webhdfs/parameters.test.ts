import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  flag,
  integer,
  mode,
  parseQuery,
  readParameters,
  required,
  text,
  words,
} from './parameters.ts';

const parameters = {
  overwrite: flag(false),
  offset: integer(0, { min: 0, max: 100 }),
  permission: mode(0o644),
  owner: text(),
  flag: words(['CREATE', 'REPLACE']),
};

test('parameters are read by name in any case, and have defaults', () => {
  assert.deepEqual(readParameters(parameters, parseQuery('')), {
    overwrite: false,
    offset: 0,
    permission: 0o644,
    owner: undefined,
    flag: new Set(),
  });
  const query = parseQuery(
    'OverWrite=TRUE&offset=7&permission=1777&owner=a%20b+c&flag=create,REPLACE',
  );
  assert.deepEqual(readParameters(parameters, query), {
    overwrite: true,
    offset: 7,
    permission: 0o1777,
    owner: 'a b c',
    flag: new Set(['CREATE', 'REPLACE']),
  });
});

test('what is no value of a parameter is refused by its name', () => {
  for (const query of [
    ...['overwrite=1', 'overwrite=', 'offset=-1', 'offset=101', 'offset=0x1', 'offset=1&offset=2'],
    ...['permission=8', 'permission=2777', 'permission=rwx', 'flag=CREATE,OTHER', 'owner=%ff'],
  ]) {
    const name = query.startsWith('owner') ? 'query' : query.slice(0, query.indexOf('='));
    assert.throws(() => readParameters(parameters, parseQuery(query)), {
      exception: 'IllegalArgumentException',
      message: new RegExp(`^Invalid value for webhdfs parameter "${name}": `),
    });
  }
  assert.throws(() => readParameters({ name: required(text()) }, parseQuery('name=')));
});

test("the largest number of Hadoop's clients is as far as there is", () => {
  const { length } = readParameters(
    { length: integer(undefined, { min: 0 }) },
    parseQuery('length=9223372036854775807'),
  );
  assert.equal(length, Number.MAX_SAFE_INTEGER);
});
