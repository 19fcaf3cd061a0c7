/** Restoring beside and over what is there. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runKvCommand } from '../../support/kv-command.ts';
import { startPlinth } from '../../support/plinth.ts';
import { temporaryFolder } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { textOf } from '../../support/resp-reply.ts';

test('a store that is there is refused, in use or not, and moved aside when asked for', async () => {
  const folder = temporaryFolder('plinth-restore');
  const data = join(folder.path, 'data');
  const plinth = await startPlinth({ data });
  const value = async () => {
    const client = await RespClient.connect(plinth);
    const text = textOf(await client.send(['GET', 'key']));
    client.close();
    return text;
  };
  const write = async (text: string) => {
    const client = await RespClient.connect(plinth);
    await client.must('SET', 'key', text);
    client.close();
  };
  try {
    await write('old');
    const backup = join(data, 'backups', 'b');
    const made = await runKvCommand('backup', 'b', '--server', `127.0.0.1:${plinth.port}`);
    assert.equal(made.code, 0, made.output);
    await write('new');
    const restore = (...more: string[]) => runKvCommand('restore', backup, '--data', data, ...more);
    assert.equal((await restore('--force')).code, 75);
    await plinth.terminate();
    assert.equal((await restore()).code, 73);
    assert.equal((await runKvCommand('verify', data)).code, 0);

    // As a restore leaves it that was killed.
    mkdirSync(join(data, 'kv.restoring'));
    writeFileSync(join(data, 'kv.restoring', 'some'), 'x');
    await assert.rejects(plinth.restart(), /kv\.restoring/);
    const { code, json, output } = await restore('--force');
    assert.equal(code, 0, output);
    const aside = readdirSync(data).filter((name) => name.startsWith('kv.before-'));
    assert.deepEqual([join(data, aside[0] ?? ''), aside.length], [json.movedTo, 1]);
    assert.ok(!existsSync(join(data, 'kv.restoring')));
    await plinth.restart();
    assert.equal(await value(), 'old');
  } finally {
    await plinth.stop();
    folder.remove();
  }
});
