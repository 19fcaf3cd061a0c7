import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNodeDisk } from '../../core/runtime/node/index.ts';
import { createTestStore } from '../testing/harness.ts';
import { aclFileOn } from './disk-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'acl-'));
after(() => rmSync(folder, { recursive: true }));

test('users go to the disk and come back; a file that can not be written is told', () => {
  const path = join(folder, 'users.acl');
  const store = createTestStore();
  store.engine.acl.store = aclFileOn(createNodeDisk(), path);
  assert.equal(store.run('ACL', 'LOAD'), 'OK', 'no file has no users');
  store.run('ACL', 'SETUSER', 'al', 'on', '>pw', '+get', '~a*');
  assert.equal(store.run('ACL', 'SAVE'), 'OK');
  assert.match(readFileSync(path, 'latin1'), /^user al on .*\nuser default on nopass .*\n$/);
  assert.ok(!readFileSync(path, 'latin1').includes('pw'), 'passwords are kept as hashes');
  writeFileSync(path, `${readFileSync(path, 'latin1')}# a remark\n\nuser bo off\n`);
  assert.equal(store.run('ACL', 'LOAD'), 'OK');
  assert.deepEqual(store.run('ACL', 'USERS'), ['al', 'bo', 'default']);
  store.engine.acl.store = aclFileOn(createNodeDisk(), join(folder, 'none', 'users.acl'));
  assert.match((store.run('ACL', 'SAVE') as { error: string }).error, /^ERR There was an error/);
});
