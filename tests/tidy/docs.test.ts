import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generated, outdated } from '../../tools/docs.ts';
import { dependencyGaps, lockGaps } from './dependencies.ts';
import { readText } from './tree.ts';

test('generated documents are up to date (npm run docs writes them)', () => {
  assert.deepEqual(outdated(generated), []);
});

test('canary: a document that differs from its tables, or is missing, is seen', () => {
  const [first] = generated;
  assert.ok(first !== undefined);
  const changed = { path: first.path, text: () => `${first.text()}one more line\n` };
  const missing = { path: 'docs/there-is-no-such-page.md', text: () => 'x' };
  assert.deepEqual(outdated([changed, missing]), [changed.path, missing.path]);
});

const dependencies = readText('docs/dependencies.md');

test('every dependency has its line in docs/dependencies.md, and every line its dependency', () => {
  assert.deepEqual(dependencyGaps(readText('package.json'), dependencies), []);
});

test('canary: a dependency without a line, and a line without a dependency, are seen', () => {
  const manifest = JSON.stringify({ dependencies: { a: '1' }, devDependencies: { b: '1' } });
  const page = '| `a` | for x | y | z | MIT |\n| `c` | for x | y | z | MIT |\n';
  assert.deepEqual(dependencyGaps(manifest, page), [
    'b has no line in docs/dependencies.md',
    'docs/dependencies.md has a line for c, which is no dependency',
  ]);
  assert.deepEqual(dependencyGaps('{"dependencies":{"a":"1"}}', '| `a` | for x |\n'), [
    'the line for a has 2 cells, wanted 5',
  ]);
});

test('the lock file holds the packages of every platform', () => {
  assert.deepEqual(lockGaps(readText('package-lock.json')), []);
});

test('canary: a platform without its package is seen', () => {
  const packages = {
    'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-windows': '1' } },
    'node_modules/a-linux': {},
  };
  assert.deepEqual(lockGaps(JSON.stringify({ packages })), ['a-windows']);
});
