import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { makeFolders } from './make-folders.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-folders-'));
after(() => rmSync(root, { recursive: true }));

test('missing folders are made from the top down with the mode, those that are there are left alone', () => {
  const path = join(root, 'a', 'b', 'c');
  makeFolders(path, 0o700);
  makeFolders(path, 0o755);
  for (const each of [join(root, 'a'), path]) {
    assert.equal(statSync(each).mode & 0o777, 0o700);
  }
});

test('a file in the way is EEXIST, below a file ENOTDIR, a link to nowhere EEXIST', () => {
  const file = join(root, 'file');
  writeFileSync(file, '');
  assert.throws(() => makeFolders(file, 0o700), { code: 'EEXIST' });
  assert.throws(() => makeFolders(join(file, 'x', 'y'), 0o700), { code: 'ENOTDIR' });
  const link = join(root, 'link');
  symlinkSync(join(root, 'nowhere'), link);
  assert.throws(() => makeFolders(link, 0o700), { code: 'EEXIST' });
});

test('a file system that makes no folders fails at once', {
  skip: process.platform !== 'linux' && '/proc is of Linux',
}, () => {
  for (const path of ['/proc/plinth', '/proc/plinth/a/b']) {
    assert.throws(() => makeFolders(path, 0o700), { code: 'ENOENT', path: '/proc/plinth' });
  }
});
