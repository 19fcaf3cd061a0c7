/** A backup of a store under writes, one upon it, and both on their way back. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningKv, startKv } from '../../../src/kv/index.ts';
import { runKvCommand } from '../../support/kv-command.ts';
import { type Plinth, startPlinth } from '../../support/plinth.ts';
import { temporaryFolder } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { show, textOf } from '../../support/resp-reply.ts';

const KEYS = 3000;

const folder = temporaryFolder('plinth-backup');
let plinth: Plinth;
let client: RespClient;

before(async () => {
  plinth = await startPlinth({
    data: join(folder.path, 'data'),
    kv: { flush_log: 64 * 1024, databases: 4 },
  });
  client = await RespClient.connect(plinth);
});
after(async () => {
  client.close();
  await plinth.stop();
  folder.remove();
});

const backups = () => join(plinth.data, 'backups');
const server = () => ['--server', `127.0.0.1:${plinth.port}`];

/** Writes without a rest until told otherwise: two counters in one transaction, and keys that come and go. */
function writeOn(address: { host: string; port: number }) {
  let going = true;
  const acknowledged = { pairs: 0 };
  const ended = (async () => {
    const writer = await RespClient.connect(address);
    for (let n = 0; going; n++) {
      const batch = [['MULTI'], ['INCR', 'left'], ['INCR', 'right'], ['EXEC']];
      batch.push(
        ['SET', `churn:${n % 500}`, 'x'.repeat(n % 2000)],
        ['DEL', `churn:${(n * 7) % 500}`],
      );
      batch.push(['HSET', 'big', `field${n % 3000}`, String(n)]);
      await writer.pipeline(batch);
      acknowledged.pairs++;
    }
    writer.close();
  })();
  return {
    acknowledged,
    stop: () => {
      going = false;
      return ended;
    },
  };
}

/** Starts a store, in this process, of what a restore has made. */
async function openRestored(dataFolder: string): Promise<{ kv: RunningKv; reader: RespClient }> {
  const kv = await startKv({ dataFolder, databases: 4 });
  return { kv, reader: await RespClient.connect({ host: '127.0.0.1', port: kv.port }) };
}

async function number(from: RespClient, key: string): Promise<number> {
  return Number(textOf(await from.send(['GET', key])));
}

describe('backups under writes', () => {
  test('two backups hold what was acknowledged before them, each of one moment', async () => {
    const setup: string[][] = [];
    for (let n = 0; n < KEYS; n++) setup.push(['SET', `key:${n}`, `value ${n}`]);
    setup.push([
      'FUNCTION',
      'LOAD',
      "#!lua name=l\nredis.register_function('f', function() return 7 end)",
    ]);
    setup.push(['SELECT', '3'], ['RPUSH', 'list', 'a', 'b'], ['SELECT', '0']);
    setup.push(['SET', 'ends', 'later', 'EX', '10000']);
    await client.pipeline(setup);
    const writes = writeOn(plinth);
    const counted: number[] = [];
    for (const name of ['first', 'second']) {
      await client.must('SET', `before:${name}`, '1');
      const least = await number(client, 'left').then((n) => n || 0);
      const result = await runKvCommand('backup', name, ...server());
      assert.equal(result.code, 0, result.output);
      assert.equal(result.json.folder, join(backups(), name));
      assert.equal(result.json.copied_bytes, 0);
      counted.push(least);
    }
    await writes.stop();
    assert.ok(writes.acknowledged.pairs > 0);
    assert.deepEqual(readdirSync(backups()), ['first', 'second']);
    assert.ok(!existsSync(join(plinth.data, 'kv', 'backup')));

    for (const [nth, name] of ['first', 'second'].entries()) {
      const backup = join(backups(), name);
      const data = join(folder.path, `restored-${name}`);
      const result = await runKvCommand('restore', backup, '--data', data);
      assert.equal(result.code, 0, result.output);
      const { kv, reader } = await openRestored(data);
      const left = await number(reader, 'left');
      assert.equal(left, await number(reader, 'right'));
      assert.ok(left >= counted[nth]!);
      assert.equal(
        show(await reader.send(['EXISTS', 'before:first', 'before:second'])),
        `:${nth + 1}`,
      );
      const gets = Array.from({ length: KEYS }, (_, n) => ['GET', `key:${n}`]);
      const values = await reader.pipeline(gets);
      assert.ok(values.every((reply, n) => textOf(reply) === `value ${n}`));
      assert.equal(show(await reader.send(['DBSIZE'])), `:${Number(result.json.keys) - 1}`);
      assert.equal(show(await reader.send(['FCALL', 'f', '0'])), ':7');
      assert.ok(Number(textOf(await reader.send(['TTL', 'ends']))) > 9000);
      await reader.must('SELECT', 3);
      assert.equal(show(await reader.send(['LRANGE', 'list', '0', '-1'])), '*[$"a" $"b"]');
      // What is written behind a restore survives the next start.
      await reader.must('SET', 'behind', 'it');
      reader.close();
      await kv.stop();
      const next = await openRestored(data);
      await next.reader.must('SELECT', 3);
      assert.equal(textOf(await next.reader.send(['GET', 'behind'])), 'it');
      next.reader.close();
      await next.kv.stop();
    }
  });
});

describe('backups that are refused', () => {
  const start = async (...words: string[]) =>
    show(await client.send(['BACKUP', 'START', ...words]));

  test('outside of the folder of backups, in a taken folder, upon what is no backup', async () => {
    for (const name of [
      '..',
      '.',
      '',
      '../other',
      '/tmp/other',
      'a/../../../x',
      'x\0y',
      'a.partial',
    ]) {
      assert.match(await start(name), /^-ERR .*(backup)/, name);
    }
    mkdirSync(join(backups(), 'taken', 'in'), { recursive: true });
    assert.match(await start('taken'), /^-BACKUPEXISTS /);
    assert.match(await start('x', 'UPON', 'y'), /^-ERR syntax/);
    assert.match(await start('x', 'BASE', '../y'), /^-ERR /);
    const based = await runKvCommand('backup', 'upon', '--base', 'taken', ...server());
    assert.equal(based.code, 73);
    assert.equal(based.json.code, 'bad-base');
    assert.ok(!existsSync(join(backups(), 'upon')) && !existsSync(join(backups(), 'upon.partial')));
    assert.match(show(await client.send(['BACKUP', 'CANCEL'])), /^-ERR no backup/);
  });

  test('by users without the right, inside transactions, beside another', async () => {
    await client.must('ACL', 'SETUSER', 'plain', 'on', '>secret', '+@all', '-@admin', '~*');
    const plain = await RespClient.connect(plinth);
    await plain.must('AUTH', 'plain', 'secret');
    assert.match(show(await plain.send(['BACKUP', 'START', 'mine'])), /^-NOPERM/);
    plain.close();
    const login = ['--user', 'plain', '--password', 'secret'];
    assert.equal((await runKvCommand('backup', 'mine', ...login, ...server())).code, 77);
    const replies = await client.pipeline([
      ['BACKUP', 'START', 'one'],
      ['BACKUP', 'START', 'other'],
      ['BACKUP', 'CANCEL'],
      ['MULTI'],
      ['BACKUP', 'START', 'third'],
      ['DISCARD'],
    ]);
    assert.match(show(replies[1]!), /^-BACKUPBUSY/);
    assert.equal(show(replies[2]!), '+OK');
    assert.match(show(replies[4]!), /^-ERR .*transaction/i);
    for (let state = 'flushing'; state !== 'cancelled'; ) {
      state = /\$"state" \$"(\w+)"/.exec(show(await client.send(['BACKUP', 'STATUS'])))?.[1] ?? '';
      assert.ok(['flushing', 'linking', 'copying', 'cancelled'].includes(state), state);
    }
    assert.ok(!existsSync(join(backups(), 'one')));
  });

  test('by a server that is not there', async () => {
    assert.equal((await runKvCommand('backup', 'x', '--server', '127.0.0.1:1')).code, 69);
  });
});

describe('backups that do not hold', () => {
  test('a flipped bit is found with its file and offset, and nothing is restored of it', async () => {
    await runKvCommand('backup', 'sound', ...server());
    const bad = join(folder.path, 'bad');
    cpSync(join(backups(), 'sound'), bad, { recursive: true });
    const [table] = readdirSync(join(bad, 'lsm')).filter((name) => name.endsWith('.tbl'));
    const path = join(bad, 'lsm', String(table));
    flip(path);
    const { code, json } = await runKvCommand('verify', bad);
    const damage = json.damage as { file: string; offset: number | null }[];
    assert.equal(code, 74);
    assert.deepEqual(
      [damage[0]?.file, typeof damage[0]?.offset, damage.length],
      [path, 'number', 1],
    );
    const data = join(folder.path, 'never');
    assert.equal((await runKvCommand('restore', bad, '--data', data)).code, 74);
    assert.ok(!existsSync(data));
  });

  test('what is none is told apart from what is damaged', async () => {
    assert.equal((await runKvCommand('verify', join(folder.path, 'none'))).code, 66);
    const { code, json } = await runKvCommand('verify', join(backups(), 'taken'));
    assert.deepEqual([code, json.code], [66, 'incomplete']);
    assert.equal((await runKvCommand('verify', plinth.data)).code, 75);
  });
});

/** Changes one bit in the middle of a file. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(path, bytes);
}
