/**
 * Backups whose disk fills up, and whose server is killed in the middle: what is left never passes for a
 * backup, and nothing stays of it. The full disk needs the right to mount a tmpfs.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runKvCommand } from '../../support/kv-command.ts';
import { startPlinth } from '../../support/plinth.ts';
import { temporaryFolder } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { show } from '../../support/resp-reply.ts';
import { smallDisk } from '../../support/small-disk.ts';

const MEBIBYTE = 1024 * 1024;

async function fill(client: RespClient, mebibytes: number): Promise<void> {
  for (let nth = 0; nth < mebibytes; nth++) {
    const value = String(nth % 10).repeat(64 * 1024);
    await client.pipeline(Array.from({ length: 16 }, (_, n) => ['SET', `${nth}:${n}`, value]));
  }
}

const probe = smallDisk(MEBIBYTE);
probe?.remove();
const permitted = probe === undefined ? { skip: 'missing peer: the right to mount a tmpfs' } : {};

test('a disk that fills up while a backup is copied keeps nothing of it', permitted, async () => {
  const disk = smallDisk(6 * MEBIBYTE);
  assert.ok(disk !== undefined);
  const root = join(disk.path, 'backups');
  const plinth = await startPlinth({ kv: { backup_folder: root } });
  const client = await RespClient.connect(plinth);
  try {
    const backUp = (name: string) =>
      runKvCommand('backup', name, '--server', `127.0.0.1:${plinth.port}`);
    await fill(client, 2);
    const small = await backUp('small');
    assert.equal(small.code, 0, small.output);
    assert.ok(Number(small.json.copied_bytes) > MEBIBYTE);
    await fill(client, 10);
    const large = await backUp('large');
    assert.deepEqual([large.code, large.json.code], [73, 'disk-full'], large.output);
    assert.deepEqual(readdirSync(root), ['small']);
    assert.ok(!existsSync(join(plinth.data, 'kv', 'backup')));
    assert.equal(show(await client.send(['SET', 'and', 'on'])), '+OK');
    assert.equal((await runKvCommand('verify', join(root, 'small'))).code, 0);
    // Restoring onto a disk without room ends as well, and leaves no store.
    const data = join(disk.path, 'data');
    const restored = await runKvCommand('restore', join(root, 'small'), '--data', data);
    assert.deepEqual([restored.code, restored.json.code], [73, 'disk-full'], restored.output);
    assert.ok(!existsSync(join(data, 'kv')) && !existsSync(join(data, 'kv.restoring')));
  } finally {
    client.close();
    await plinth.stop();
    disk.remove();
  }
});

test('a server that is killed within a backup leaves a whole one or none', async () => {
  const folder = temporaryFolder('plinth-backup-kill');
  const plinth = await startPlinth({ data: join(folder.path, 'data') });
  const root = join(plinth.data, 'backups');
  let cut = 0;
  try {
    for (const [nth, waitMs] of [0, 15, 40].entries()) {
      const client = await RespClient.connect(plinth);
      await fill(client, 4);
      await client.must('BACKUP', 'START', `b${nth}`);
      await sleep(waitMs);
      await plinth.kill9();
      client.close();
      await plinth.restart();
      const whole = existsSync(join(root, `b${nth}`));
      if (whole) assert.equal((await runKvCommand('verify', join(root, `b${nth}`))).code, 0);
      else cut++;
      const left = existsSync(root) ? readdirSync(root) : [];
      assert.deepEqual(
        left.filter((name) => name.endsWith('.partial')),
        [],
      );
      assert.ok(!existsSync(join(plinth.data, 'kv', 'backup')));
    }
    assert.ok(cut > 0);
  } finally {
    await plinth.stop();
    folder.remove();
  }
});
