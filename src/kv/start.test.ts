import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startKv } from './index.ts';

/** Sends inline commands and returns all that comes until the server closes. */
function ask(port: number, commands: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${commands}quit\r\n`));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

test('a store starts on a free port, answers, and stops', async () => {
  const kv = await startKv();
  assert.ok(kv.port > 0);
  assert.equal(await ask(kv.port, 'set a 1\r\nincr a\r\n'), '+OK\r\n:2\r\n+OK\r\n');
  await kv.stop();
  await assert.rejects(ask(kv.port, ''), { code: 'ECONNREFUSED' });
});

test('two stores live side by side and know nothing of each other', async () => {
  const [one, two] = await Promise.all([startKv(), startKv()]);
  await ask(one.port, 'set a 1\r\n');
  assert.equal(await ask(two.port, 'get a\r\n'), '$-1\r\n+OK\r\n');
  await Promise.all([one.stop(), two.stop()]);
});

test('with a folder the data are there after a restart, and a second store is refused the folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-start-'));
  try {
    const first = await startKv({ dataFolder: folder, fsync: 'always' });
    await ask(first.port, 'rpush list a b c\r\n');
    await assert.rejects(startKv({ dataFolder: folder }), /folder/);
    await first.stop();
    const second = await startKv({ dataFolder: folder });
    assert.equal(await ask(second.port, 'llen list\r\n'), ':3\r\n+OK\r\n');
    await second.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('users of the file are there from the start, and a broken file starts nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-start-'));
  const aclFile = join(folder, 'users.acl');
  try {
    writeFileSync(aclFile, 'user default off\nuser al on >pw +@all ~*\n');
    const kv = await startKv({ aclFile });
    assert.equal(
      await ask(kv.port, 'get k\r\nauth al pw\r\nget k\r\n'),
      '-NOAUTH Authentication required.\r\n+OK\r\n$-1\r\n+OK\r\n',
    );
    await kv.stop();
    writeFileSync(aclFile, 'user al on +nonsense\n');
    await assert.rejects(startKv({ aclFile }), /users\.acl:1: Unknown command or category/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
