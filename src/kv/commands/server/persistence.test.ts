import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger } from '../../../core/observe/index.ts';
import {
  createNodeDisk,
  createNodeRandom,
  createNodeThreads,
} from '../../../core/runtime/node/index.ts';
import { createLsmWorker } from '../../../core/store/index.ts';
import { Persistence } from '../../persistence/index.ts';
import { createTestStore, type TestStore } from '../../testing/harness.ts';
import { reloadInMemory } from '../../tier/index.ts';
import { digestDatabases } from '../../values/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-kv-admin-'));
const opened: Persistence[] = [];
after(async () => {
  for (const persistence of opened) await persistence.close();
  rmSync(folder, { recursive: true });
});
let stores = 0;

/** A store whose log and checkpoints are on disk. */
async function durableStore(): Promise<{ kv: TestStore; persistence: Persistence }> {
  const kv = createTestStore();
  const disk = createNodeDisk();
  const own = join(folder, String(stores++));
  disk.mkdirSync(own);
  const persistence = await Persistence.open({
    engine: kv.engine,
    disk,
    clock: kv.engine.clock,
    random: createNodeRandom(),
    log: silentLogger(),
    folder: own,
    policy: 'everysec',
    segmentBytes: 64 * 1024,
    flushLogBytes: 1e12,
    worker: createLsmWorker(createNodeThreads()),
  });
  kv.engine.persistence = persistence;
  kv.engine.effects.sink = persistence.log;
  opened.push(persistence);
  return { kv, persistence };
}

function checkpointDone({ flusher }: Persistence): Promise<unknown> {
  return new Promise((resolve) => flusher.whenDone(resolve));
}

async function turns(kv: TestStore, until: () => boolean): Promise<void> {
  while (!until()) await new Promise<void>((resolve) => kv.engine.clock.nextTurn(resolve));
}

const MANY = 3000;

/** Keys of all types, with and without expiry, in two databases. */
function fill(kv: TestStore): void {
  for (let i = 0; i < MANY; i++) kv.run('SET', `string:${i}`, `${i}`);
  kv.run('PEXPIRE', 'string:1', 1e7);
  kv.run('HSET', 'hash', 'f', 'v');
  kv.run('RPUSH', 'list', ...Array.from({ length: 500 }, (_, i) => `${i}`));
  kv.run('SELECT', 2);
  kv.run('ZADD', 'zset', 1.5, 'm');
  kv.run('SADD', 'set', 'a', 'b');
  kv.run('SELECT', 0);
}

test('BGSAVE starts one checkpoint at a time, and LASTSAVE and INFO tell of it', async () => {
  const { kv, persistence } = await durableStore();
  fill(kv);
  assert.equal(kv.run('BGSAVE'), 'Background saving started');
  const busy = { error: 'ERR Background save already in progress' };
  assert.deepEqual(kv.run('BGSAVE'), busy);
  assert.deepEqual(kv.run('SAVE'), busy);
  assert.deepEqual(kv.run('BGREWRITEAOF'), {
    error: 'ERR Background append only file rewriting already in progress',
  });
  assert.equal(kv.run('BGSAVE', 'SCHEDULE'), 'Background saving scheduled');
  assert.match(kv.run('INFO', 'persistence') as string, /rdb_bgsave_in_progress:1/);
  assert.equal(await checkpointDone(persistence), null);
  assert.equal(await checkpointDone(persistence), null);
  const info = kv.run('INFO', 'persistence') as string;
  assert.match(info, /rdb_changes_since_last_save:0\r\n/);
  assert.match(info, /rdb_bgsave_in_progress:0\r\n/);
  assert.match(info, /rdb_saves:2\r\n/);
  assert.match(info, /aof_enabled:1\r\n/);
  assert.equal(kv.run('LASTSAVE'), persistence.flusher.lastDoneSeconds);
  assert.equal(kv.run('BGREWRITEAOF'), 'Background append only file rewriting started');
  await checkpointDone(persistence);
});

test('SAVE answers when the checkpoint is durable, and serves others meanwhile', async () => {
  const { kv } = await durableStore();
  fill(kv);
  const client = kv.connect();
  assert.equal(client.run('SAVE'), undefined);
  assert.equal(kv.run('SET', 'meanwhile', '1'), 'OK');
  assert.deepEqual(client.pushed(), []);
  await turns(kv, () => client.session.blocked === undefined);
  assert.deepEqual(client.pushed(), ['OK']);
});

test('in a transaction a checkpoint is scheduled, and begins behind it', async () => {
  const { kv, persistence } = await durableStore();
  fill(kv);
  kv.run('MULTI');
  kv.run('SET', 'k', 'v');
  kv.run('BGSAVE');
  assert.deepEqual(kv.run('EXEC'), ['OK', 'Background saving scheduled']);
  assert.equal(persistence.flusher.running, false);
  await turns(kv, () => persistence.flusher.completed === 1);
  kv.run('MULTI');
  kv.run('BGREWRITEAOF');
  assert.deepEqual(kv.run('EXEC'), ['Background append only file rewriting scheduled']);
  await turns(kv, () => persistence.flusher.completed === 2);
});

test('WAITAOF answers when the writes of the client are durable', async () => {
  const { kv, persistence } = await durableStore();
  const client = kv.connect();
  assert.deepEqual(client.run('WAITAOF', 1, 0, 0), [1, 0]);
  client.run('SET', 'k', 'v');
  assert.equal(client.run('WAITAOF', 1, 0, 0), undefined);
  await turns(kv, () => client.session.blocked === undefined);
  assert.deepEqual(client.pushed(), [[1, 0]]);
  assert.ok(persistence.log.durableIndex >= persistence.log.lastIndex);
});

test('appendfsync is followed by the log, and appendonly can not be changed', async () => {
  const { kv, persistence } = await durableStore();
  assert.equal(kv.run('CONFIG', 'SET', 'appendfsync', 'always'), 'OK');
  assert.equal(persistence.log.policy, 'always');
  assert.equal(kv.run('CONFIG', 'SET', 'appendfsync', 'no'), 'OK');
  assert.equal(persistence.log.policy, 'never');
  assert.deepEqual(kv.run('CONFIG', 'GET', 'appendonly'), ['appendonly', 'yes']);
  assert.equal(kv.run('CONFIG', 'SET', 'appendonly', 'yes'), 'OK');
  assert.match(
    (kv.run('CONFIG', 'SET', 'appendonly', 'no') as { error: string }).error,
    /restart$/,
  );
});

test('reloading brings back every key, with a log and in memory', async () => {
  const { kv, persistence } = await durableStore();
  const plain = createTestStore();
  for (const [store, reload] of [
    [kv, () => persistence.reload()],
    [plain, () => reloadInMemory(plain.engine)],
  ] as const) {
    fill(store);
    const { databases } = store.engine.keyspace;
    const digest = digestDatabases(databases);
    reload();
    assert.equal(digestDatabases(databases), digest);
    assert.equal(store.run('DBSIZE'), MANY + 2);
    assert.ok(Number(store.run('PTTL', 'string:1')) > 1e6);
    assert.equal(store.run('SET', 'after', '1'), 'OK');
  }
  kv.run('BGSAVE');
  const before = digestDatabases(kv.engine.keyspace.databases);
  assert.throws(() => persistence.reload(), { message: /already in progress/ });
  assert.equal(digestDatabases(kv.engine.keyspace.databases), before);
  await checkpointDone(persistence);
});

test('without persistence there is nothing to save to, and the commands say so', () => {
  const kv = createTestStore();
  for (const name of ['SAVE', 'BGSAVE', 'BGREWRITEAOF']) {
    assert.match((kv.run(name) as { error: string }).error, /^ERR persistence is switched off/);
  }
  assert.equal(kv.run('LASTSAVE'), kv.engine.startedSeconds);
});
