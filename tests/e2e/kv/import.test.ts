/**
 * Import from Debian's redis-server: its files, and live as its replica, under writes and with links
 * that break. In the end nothing differs, by the import's own comparison and by DEBUG DIGEST-VALUE.
 */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allTypes, writeTo } from '../../support/all-types.ts';
import { resultOf, runImport, startImport as start } from '../../support/import-command.ts';
import { requirePeer } from '../../support/peers.ts';
import { type Plinth, startPlinth } from '../../support/plinth.ts';
import { type Child, temporaryFolder, waitUntil } from '../../support/process.ts';
import { startRedis } from '../../support/redis-server.ts';
import { RespClient } from '../../support/resp-client.ts';
import { show, textOf } from '../../support/resp-reply.ts';
import type { Server } from '../../support/server.ts';

const DATABASES = 16;
const library = "#!lua name=lib\nredis.register_function('f', function() return 'yes' end)";
const folder = temporaryFolder('plinth-import');
let source: Server;
let target: Plinth;
let redis: RespClient;
let plinth: RespClient;
const children: Child[] = [];
const startImport = (...args: Parameters<typeof start>): Child => {
  const child = start(...args);
  children.push(child);
  return child;
};
const from = (): string => `redis://127.0.0.1:${source.port}`;

/** Writes to every database until told to stop; gives how many commands were sent. */
function writeLoad(): { stop(): Promise<number> } {
  let stopped = false;
  let sent = 0;
  const run = async (): Promise<number> => {
    const client = await RespClient.connect(source);
    for (let i = 0; !stopped; i++) {
      const batch = Array.from({ length: 40 }, (_, j) => writeTo(i % 2, i * 40 + j)).flat();
      await client.pipeline([['SELECT', i % DATABASES], ...batch]);
      sent += batch.length;
      await sleep(2);
    }
    client.close();
    return sent;
  };
  const running = run();
  return {
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

async function fillSource(): Promise<void> {
  for (let db = 0; db < DATABASES; db++) {
    await redis.must('SELECT', db);
    for (const suffix of db % 4 === 0 ? [0, 1] : [0]) {
      for (const command of allTypes(suffix)) await redis.must(...command);
    }
  }
  await redis.must('SELECT', 0);
  await redis.must('FUNCTION', 'LOAD', library);
}

/** Every key of both sides, by what each server says of it. */
async function contents(client: RespClient): Promise<string[]> {
  const lines: string[] = [];
  for (let db = 0; db < DATABASES; db++) {
    await client.must('SELECT', db);
    const keys = await client.must('KEYS', '*');
    assert.ok(keys.type === 'array');
    const names = keys.items.map(textOf).sort();
    for (const name of names) {
      const digest = show(await client.must('DEBUG', 'DIGEST-VALUE', name));
      const ends = show(await client.must('PEXPIRETIME', name));
      lines.push(`${db} ${name} ${ends} ${digest}`);
    }
  }
  return lines;
}

describe('kv import from redis-server', requirePeer('redis-server'), () => {
  before(async () => {
    // A backlog that holds all that is written while a link is down, on the slowest machine.
    const replication = ['--repl-backlog-size', '256mb', '--repl-diskless-sync-delay', '0'];
    source = await startRedis([
      '--enable-debug-command',
      'yes',
      '--dir',
      folder.path,
      ...replication,
    ]);
    target = await startPlinth({ kv: { databases: DATABASES } });
    redis = await RespClient.connect(source);
    plinth = await RespClient.connect(target);
  });
  beforeEach(async () => {
    for (const client of [redis, plinth]) {
      await client.must('FLUSHALL');
      await client.must('FUNCTION', 'FLUSH');
    }
    await redis.must('CONFIG', 'SET', 'rdb-key-save-delay', 0);
    await fillSource();
  });
  // A test that failed leaves no import behind for the next.
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (!child.hasExited()) child.process.kill('SIGKILL');
      await child.exited;
    }
  });
  after(async () => {
    redis?.close();
    plinth?.close();
    await source?.stop();
    await target?.stop();
    folder.remove();
  });

  test('a file: every type, database and time to end, and functions', async () => {
    await redis.must('SAVE');
    const { code, json, output } = await runImport(
      target,
      join(folder.path, 'dump.rdb'),
      '--verify',
      'all',
    );
    assert.equal(code, 0, output);
    assert.equal(json.comparison?.same, true, output);
    assert.equal(json.comparison?.databases.length, DATABASES);
    assert.deepEqual(await contents(plinth), await contents(redis));
    assert.equal(show(await plinth.must('FCALL', 'f', 0)), show(await redis.must('FCALL', 'f', 0)));
  });

  test('a file that is damaged, cut or none is named, and where it breaks', async () => {
    await redis.must('SAVE');
    const path = join(folder.path, 'broken.rdb');
    copyFileSync(join(folder.path, 'dump.rdb'), path);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    const cut = await runImport(target, path);
    assert.deepEqual([cut.code, cut.json.code], [74, 'snapshot-bad'], cut.output);
    assert.match(cut.output, /truncated at byte \d+/);
    writeFileSync(path, 'not an RDB file at all');
    const partial = await contents(plinth);
    const none = await runImport(target, path, '--replace');
    assert.deepEqual([none.code, none.json.code], [74, 'snapshot-bad'], none.output);
    writeFileSync(path, Buffer.concat([Buffer.from('REDIS0080'), bytes.subarray(9)]));
    const newer = await runImport(target, path, '--replace');
    assert.deepEqual([newer.code, newer.json.code], [74, 'snapshot-too-new'], newer.output);
    assert.deepEqual(await contents(plinth), partial, 'nothing is removed for a file that is none');
    const missing = await runImport(target, join(folder.path, 'missing.rdb'));
    assert.deepEqual([missing.code, missing.json.code], [66, 'file-unreadable'], missing.output);
  });

  test('a store that holds keys is left alone without --replace', async () => {
    await plinth.must('SELECT', 5);
    await plinth.must('SET', 'mine', '1');
    const refused = await runImport(target, '--from', from(), '--once');
    assert.deepEqual([refused.code, refused.json.code], [73, 'target-not-empty'], refused.output);
    assert.equal(textOf(await plinth.must('GET', 'mine')), '1');
    const done = await runImport(
      target,
      '--from',
      from(),
      '--once',
      '--replace',
      '--verify',
      'all',
    );
    assert.equal(done.code, 0, done.output);
    assert.deepEqual(await contents(plinth), await contents(redis));
  });

  for (const diskless of ['yes', 'no']) {
    test(`live under writes, diskless ${diskless}: no difference, then or afterwards`, async () => {
      await redis.must('CONFIG', 'SET', 'repl-diskless-sync', diskless);
      const load = writeLoad();
      const result = await runImport(target, '--from', from(), '--once', '--verify', 'all');
      const sent = await load.stop();
      assert.equal(result.code, 0, result.output);
      assert.ok(sent > 0);
      assert.equal(result.json.refused, 0, result.output);
      assert.equal(result.json.comparison?.same, true, result.output);
      assert.ok((result.json.comparison?.databases ?? []).every(({ compared }) => compared > 20));
    });
  }

  test('live until it is told to end: writes stop, what is left is the same', async () => {
    const child = startImport(target, '--from', from(), '--verify', 'all');
    await waitUntil('the snapshot', () => /commands since/.test(child.output()), 30_000);
    const load = writeLoad();
    await sleep(500);
    await load.stop();
    child.process.kill('SIGINT');
    const result = await resultOf(child);
    assert.equal(result.code, 0, result.output);
    assert.ok((result.json.commands ?? 0) > 0, result.output);
    await waitUntil('short keys to end', async () => {
      const both = [await contents(plinth), await contents(redis)];
      return both.every((lines) => !lines.some((line) => line.includes('short:')));
    });
    assert.deepEqual(await contents(plinth), await contents(redis));
  });

  test('a link that breaks in the stream goes on where it stopped', async () => {
    const child = startImport(target, '--from', from(), '--verify', 'all');
    await waitUntil('the snapshot', () => /commands since/.test(child.output()), 30_000);
    const load = writeLoad();
    for (let i = 0; i < 3; i++) {
      await sleep(300);
      await redis.must('CLIENT', 'KILL', 'TYPE', 'replica');
      await waitUntil('the link', async () =>
        textOf(await redis.must('INFO', 'replication')).includes('state=online'),
      );
    }
    child.process.kill('SIGINT');
    const result = await resultOf(child);
    await load.stop();
    assert.equal(result.code, 0, result.output);
    assert.equal(result.json.resumed, 3, result.output);
    assert.equal(result.json.comparison?.same, true, result.output);
  });

  test('a link that breaks in the snapshot ends it, says how far it came, and it can begin again', async () => {
    const gate = await startGate(source.port, 40_000);
    const cut = await runImport(target, '--from', `redis://127.0.0.1:${gate.port}`, '--once');
    gate.close();
    assert.deepEqual([cut.code, cut.json.code], [69, 'source-lost'], cut.output);
    assert.match(cut.output, /bytes of the snapshot and \d+ keys: start again with --replace/);
    const again = await runImport(
      target,
      '--from',
      from(),
      '--once',
      '--replace',
      '--verify',
      'all',
    );
    assert.equal(again.code, 0, again.output);
    assert.deepEqual(await contents(plinth), await contents(redis));
  });

  test('a key that ends while the snapshot is on its way and is given more time stays', async () => {
    await redis.must('FLUSHALL');
    for (let i = 0; i < 300; i++) await redis.must('SET', `filler:${i}`, 'x');
    await redis.must('SET', 'session', 'alive', 'PX', 700);
    // Some 1.5 seconds for the snapshot; the session is kept alive meanwhile.
    await redis.must('CONFIG', 'SET', 'rdb-key-save-delay', 5000);
    const running = runImport(target, '--from', from(), '--once', '--verify', 'all');
    let done = false;
    void running.then(() => {
      done = true;
    });
    while (!done) {
      await redis.must('PEXPIRE', 'session', 700);
      await sleep(50);
    }
    await redis.must('PERSIST', 'session');
    const result = await running;
    assert.equal(result.code, 0, result.output);
    assert.equal(result.json.comparison?.same, true, result.output);
  });

  test('values too large for one payload come in pieces, and are the same', async () => {
    await redis.must('FLUSHALL');
    await redis.must('SET', 'string', 'abcdefgh'.repeat(1_500_000), 'EX', 5000);
    const parts = Array.from({ length: 12 }, (_, part) =>
      Array.from({ length: 250 }, (_, i) => `${part * 250 + i}-${'x'.repeat(4000)}`),
    );
    for (const part of parts) {
      await redis.pipeline([
        ['RPUSH', 'list', ...part],
        ['SADD', 'set', ...part],
        ['HSET', 'hash', ...part.flatMap((text) => [text, text.slice(0, 9)])],
        ['ZADD', 'zset', ...part.flatMap((text, i) => [i / 3, text])],
      ]);
    }
    await redis.must('PEXPIRE', 'hash', 5_000_000);
    const result = await runImport(target, '--from', from(), '--once', '--verify', 'all');
    assert.equal(result.code, 0, result.output);
    assert.equal(result.json.comparison?.same, true, result.output);
    assert.deepEqual(await contents(plinth), await contents(redis));
  });

  test('a source that is itself a replica is copied with the stream of its master', async () => {
    const settings = ['--replicaof', '127.0.0.1', String(source.port)];
    const replica = await startRedis([...settings, '--repl-diskless-sync-delay', '0']);
    try {
      const client = await RespClient.connect(replica);
      await waitUntil('the link to the master', async () =>
        textOf(await client.must('INFO', 'replication')).includes('master_link_status:up'),
      );
      const chained = `redis://127.0.0.1:${replica.port}`;
      const child = startImport(target, '--from', chained, '--verify', 'all');
      await redis.must('SELECT', 9);
      await waitUntil('the snapshot', async () => {
        // The stream is in a database that it may not name again.
        await redis.must('INCR', 'counter');
        return /commands since/.test(child.output());
      });
      child.process.kill('SIGINT');
      const result = await resultOf(child);
      client.close();
      assert.equal(result.code, 0, result.output);
      assert.equal(result.json.comparison?.same, true, result.output);
    } finally {
      await replica.stop();
    }
  });

  test('WAIT at the source counts the store, once it has applied what was written', async () => {
    const child = startImport(target, '--from', from());
    await waitUntil('the snapshot', () => /commands since/.test(child.output()), 30_000);
    await redis.must('SELECT', 0);
    await redis.must('SET', 'written', 'here');
    const counted = await redis.must('WAIT', 1, 10_000);
    await plinth.must('SELECT', 0);
    assert.equal(textOf(await plinth.must('GET', 'written')), 'here');
    assert.equal(textOf(counted), '1');
    child.process.kill('SIGINT');
    const { code, output } = await resultOf(child);
    assert.equal(code, 0, output);
  });

  test('a target that goes, or has fewer databases, ends the import and is named', async () => {
    const small = await startPlinth({ kv: { databases: 4 } });
    try {
      const refused = await runImport(small, '--from', from(), '--once');
      assert.deepEqual([refused.code, refused.json.code], [73, 'target-refused'], refused.output);
      assert.match(refused.output, /database 4: it has 4/);
      await redis.must('FLUSHALL');
      await redis.must('SELECT', 1);
      await redis.must('SET', 'k', 'v');
      const child = startImport(small, '--from', from(), '--replace');
      await waitUntil('the snapshot', () => /commands since/.test(child.output()), 30_000);
      await small.kill9();
      const lost = await resultOf(child);
      assert.deepEqual([lost.code, lost.json.code], [69, 'target-lost'], lost.output);
    } finally {
      await small.stop();
    }
  });

  test('a difference is found, named and told by the exit code', async () => {
    const child = startImport(target, '--from', from(), '--verify', 'all');
    await waitUntil('the snapshot', () => /commands since/.test(child.output()), 30_000);
    await plinth.must('SELECT', 3);
    await plinth.must('HSET', 'hash:0', 'f', 'changed');
    await plinth.must('DEL', 'list:0');
    await plinth.must('SET', 'extra', '1');
    await plinth.must('PERSIST', 'string-ending:0');
    await plinth.must('FUNCTION', 'FLUSH');
    child.process.kill('SIGINT');
    const { code, json, output } = await resultOf(child);
    assert.equal(code, 1, output);
    assert.deepEqual(
      json.comparison?.differences.map(({ db, key, kind }) => `${db} ${key} ${kind}`).sort(),
      [
        '3 extra only-at-target',
        '3 hash:0 other-value',
        '3 list:0 only-at-source',
        '3 string-ending:0 other-expiry',
      ],
    );
    assert.equal(json.comparison?.functionsSame, false);
  });

  test('a refused password, and a source that is none, are named', async () => {
    await redis.must('CONFIG', 'SET', 'requirepass', 'secret');
    try {
      const none = await runImport(target, '--from', from(), '--once');
      assert.deepEqual([none.code, none.json.code], [77, 'auth-refused'], none.output);
      const wrong = await runImport(target, '--from', `redis://:no@127.0.0.1:${source.port}`);
      assert.deepEqual([wrong.code, wrong.json.code], [77, 'auth-refused'], wrong.output);
      const right = `redis://:secret@127.0.0.1:${source.port}`;
      const done = await runImport(target, '--from', right, '--once', '--verify', 'sample');
      assert.equal(done.code, 0, done.output);
    } finally {
      await redis.must('CONFIG', 'SET', 'requirepass', '');
    }
    const itself = `redis://127.0.0.1:${target.port}`;
    const before = await contents(plinth);
    const other = await runImport(target, '--from', itself, '--once', '--replace');
    assert.deepEqual([other.code, other.json.code], [69, 'not-a-source'], other.output);
    assert.ok(before.length > 0);
    assert.deepEqual(
      await contents(plinth),
      before,
      'nothing is removed before a snapshot is there',
    );
    const nobody = await runImport(target, '--from', 'redis://127.0.0.1:1', '--once');
    assert.deepEqual([nobody.code, nobody.json.code], [69, 'unreachable'], nobody.output);
  });
});

/** Passes bytes on; a connection ends when so many came from the server. */
function startGate(port: number, bytesMax: number): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const gate = createServer((client) => {
    const server = connect({ host: '127.0.0.1', port });
    let passed = 0;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    client.on('data', (chunk) => server.write(chunk));
    server.on('data', (chunk) => {
      passed += chunk.length;
      client.write(chunk);
      if (passed > bytesMax) end();
    });
    client.on('close', end);
    server.on('close', end);
  });
  return new Promise((resolve) => {
    gate.listen(0, '127.0.0.1', () => {
      const address = gate.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        close: () => {
          for (const socket of sockets) socket.destroy();
          gate.close();
        },
      });
    });
  });
}
