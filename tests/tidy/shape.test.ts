import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LINES_MAX, leftBehind, longest, misnamed, tooLong, withoutReadme } from './shape.ts';
import { sourceFiles } from './tree.ts';

const files = sourceFiles();
const file = (path: string, text = '') => ({ path, text });

test(`no file of code has more than ${LINES_MAX} lines`, (t) => {
  for (const line of longest(files, 5)) t.diagnostic(`among the longest: ${line}`);
  assert.deepEqual(tooLong(files), []);
});

test('every file and folder is named in kebab-case', () => {
  assert.deepEqual(misnamed(files), []);
});

test('every system introduces itself in a README.md', () => {
  assert.deepEqual(withoutReadme(files), []);
});

test('no work was put off, no test switched off, no type check silenced', () => {
  assert.deepEqual(leftBehind(files), []);
});

test('canary: a file that is one line too long is seen, a long test is not', () => {
  const lines = 'x;\n'.repeat(LINES_MAX);
  assert.equal(tooLong([file('src/kv/a.ts', lines)]).length, 0);
  assert.equal(tooLong([file('src/kv/a.ts', `${lines}x;`)]).length, 1);
  assert.equal(tooLong([file('src/kv/a.test.ts', `${lines}x;`)]).length, 0);
});

test('canary: a name that is not kebab-case is seen', () => {
  const wrong = ['src/kv/fooBar.ts', 'src/Kv/a.ts', 'src/kv/a_b.ts', 'src/kv/A.test.ts'];
  assert.deepEqual(misnamed(wrong.map((path) => file(path))), wrong);
  assert.deepEqual(
    misnamed(['src/kv/foo-bar.test.ts', 'src/kv/README.md', 'src/kv/sha1.ts'].map((p) => file(p))),
    [],
  );
});

test('canary: a system without README is seen, one of a single file is not', () => {
  assert.deepEqual(withoutReadme([file('src/kv/a.ts'), file('src/kv/b.ts')]), ['kv']);
  assert.deepEqual(withoutReadme([file('src/kv/a.ts')]), []);
  assert.deepEqual(withoutReadme([file('src/kv/a.ts'), file('src/kv/README.md')]), []);
});

test('canary: everything that may be left behind is seen', () => {
  for (const line of [
    '// TODO: later',
    'throw new Error("not implemented");',
    'test.skip("x", () => {});',
    'it.only("x", () => {});',
    "test('x', { skip: true }, () => {});",
    '// @ts-ignore',
  ]) {
    assert.equal(leftBehind([file('src/kv/a.ts', line)]).length, 1, line);
  }
  assert.equal(leftBehind([file('src/kv/a.ts', 'reader.skip(4); const todoList = 1;')]).length, 0);
});
