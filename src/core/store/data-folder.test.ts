import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createNodeDisk, createNodeSpawn } from '../runtime/node/index.ts';
import { DataFolderError, openDataFolder } from './data-folder.ts';

const disk = createNodeDisk();
const root = mkdtempSync(join(tmpdir(), 'plinth-folder-'));
after(() => rmSync(root, { recursive: true }));

const holder = `
  import { openDataFolder } from ${JSON.stringify(import.meta.resolve('./data-folder.ts'))};
  import { createNodeDisk } from ${JSON.stringify(import.meta.resolve('../runtime/node/index.ts'))};
  await openDataFolder(createNodeDisk(), process.argv[1]);
  console.log('held');
  setInterval(() => {}, 1000);
`;

async function holdElsewhere(path: string): Promise<{ pid: number; die(): Promise<unknown> }> {
  let held = (): void => {};
  const ready = new Promise<void>((resolve) => {
    held = resolve;
  });
  const command = [process.execPath, '--input-type=module', '-e', holder, path] as const;
  const child = await createNodeSpawn().spawn({
    command: [...command],
    onOutput: (chunk) => {
      if (chunk.includes('held')) held();
    },
  });
  await ready;
  return {
    pid: child.pid,
    die() {
      child.kill('SIGKILL');
      return child.exited;
    },
  };
}

test('a data folder is made with the folders above it and gives each system a folder', async () => {
  const folder = await openDataFolder(disk, join(root, 'new', 'data'));
  assert.equal(folder.subfolder('kv'), join(root, 'new', 'data', 'kv'));
  assert.equal(disk.statSync(join(folder.path, 'kv'))?.isDirectory, true);
  folder.release();
});

test('a data folder in use is refused with the pid of its user, and free again once that was killed', async () => {
  const path = join(root, 'shared');
  const other = await holdElsewhere(path);
  await assert.rejects(openDataFolder(disk, path), (error) => {
    assert.ok(error instanceof DataFolderError);
    assert.equal(error.code, 'in-use');
    assert.equal(error.holderPid, other.pid);
    assert.match(error.message, new RegExp(`process ${other.pid}`));
    return true;
  });
  await other.die();
  const folder = await openDataFolder(disk, path);
  folder.release();
});

test('a data folder is refused to a second opener in the same process until it is released', async () => {
  const path = join(root, 'twice');
  const folder = await openDataFolder(disk, path);
  await assert.rejects(openDataFolder(disk, path), { code: 'in-use', holderPid: process.pid });
  folder.release();
  folder.release();
  (await openDataFolder(disk, path)).release();
});

test('a path that is a file is refused as a data folder', async () => {
  const path = join(root, 'file');
  writeFileSync(path, '');
  await assert.rejects(openDataFolder(disk, path), { code: 'not-a-folder' });
  await assert.rejects(openDataFolder(disk, join(path, 'below')), { code: 'not-a-folder' });
});
