/** Clients that need a key of a disk that is slow, hangs or fails; all others go on. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { silentLogger } from '../../core/observe/index.ts';
import {
  createSimClock,
  createSimRandom,
  createSimThreads,
  SimDisk,
} from '../../core/runtime/sim/index.ts';
import { createLsmWorker } from '../../core/store/index.ts';
import { Persistence } from '../persistence/index.ts';
import { startTestServer, type TestServer, type TestSocket } from '../testing/server.ts';

const servers: { server: TestServer }[] = [];
after(async () => {
  for (const { server } of servers) await server.stop();
});

/** Too large to be read on the loop: whoever needs it waits. */
const text = (name: string) => name.repeat(100_000);

/** A store on sockets whose keys are on a simulated disk: `hot` is in memory, all others are not. */
class SlowStore {
  readonly server: TestServer;
  readonly clock = createSimClock();
  readonly disk = new SimDisk(this.clock, createSimRandom(5));
  persistence!: Persistence;

  constructor(server: TestServer) {
    this.server = server;
  }

  async open(): Promise<this> {
    const { clock, disk, server } = this;
    const random = createSimRandom(6);
    disk.mkdirSync('/kv');
    // With another one a filter may take a new key for one that is on the disk, and it waits.
    server.engine.keyspace.adoptSeed(1);
    this.persistence = await clock.settle(
      Persistence.open({
        engine: server.engine,
        disk,
        clock,
        random,
        log: silentLogger(),
        folder: '/kv',
        policy: 'everysec',
        segmentBytes: 64 * 1024 * 1024,
        flushLogBytes: 1e12,
        memtableBytes: 64 * 1024,
        worker: createLsmWorker(createSimThreads({ disk, clock, random })),
      }),
    );
    server.engine.persistence = this.persistence;
    server.server.useLog(this.persistence.log);
    const client = await server.connect();
    for (const name of ['a', 'b', 'c']) await client.ask('SET', name, text(name));
    for (let i = 0; i < 4; i++) await client.ask('RPUSH', 'list', text(`item${i}`));
    await client.ask('SADD', 'set', ...Array.from({ length: 1500 }, (_, n) => `member ${n}`));
    const { flusher } = this.persistence;
    this.persistence.startFlush();
    await clock.runUntil(() => flusher.completed > 0);
    // Compactions end.
    await clock.advance(5000);
    for (const db of server.engine.keyspace.databases) db.dropAll();
    await client.ask('SET', 'hot', 'here');
    return this;
  }

  hang(on: boolean): void {
    this.disk.hang('read', on);
  }

  /** Lets reads end, and those who waited go on. */
  async pass(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      await this.clock.advance(250);
      await turn();
    }
  }

  /** Waits until so many loads are under way. */
  async untilLoading(count: number): Promise<void> {
    while (this.server.engine.cold!.loadsUnderWay < count) await turn();
  }

  /** Sends a command that needs the disk, which hangs. */
  async park(client: TestSocket, ...words: string[]): Promise<void> {
    const { waits } = this.server.engine.cold!;
    client.send(...words);
    while (this.server.engine.cold!.waits === waits) await turn();
  }
}

async function start(): Promise<SlowStore> {
  const store = new SlowStore(await startTestServer());
  servers.push(store);
  return store.open();
}

describe('a disk that hangs', () => {
  test('holds up who needs it, the others go on, and replies come in order', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    one.raw('GET hot\r\nSTRLEN a\r\nGET hot\r\nAPPEND hot ed\r\nSTRLEN b\r\nGET hot\r\n');
    assert.deepEqual(await one.replies(1), ['here']);
    await store.untilLoading(1);
    assert.equal(await two.ask('GET', 'hot'), 'here');
    assert.equal(await two.ask('SET', 'hot', 'now'), 'OK');
    store.hang(false);
    await store.pass();
    assert.deepEqual(await one.replies(5), [100_000, 'now', 5, 100_000, 'nowed']);
  });

  test('is read once for all who wait for one key', async () => {
    const store = await start();
    const clients = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    await store.park(clients[0]!, 'STRLEN', 'a');
    clients[1]!.send('GETRANGE', 'a', '0', '2');
    const [other] = [await store.server.connect()];
    assert.equal(await other.ask('GET', 'hot'), 'here');
    assert.equal(store.server.engine.cold!.loadsUnderWay, 1);
    store.hang(false);
    await store.pass();
    assert.deepEqual(await clients[0]!.replies(1), [100_000]);
    assert.deepEqual(await clients[1]!.replies(1), ['aaa']);
    assert.equal(store.server.engine.cold!.loads, 1);
  });

  test('loads all keys of a command at the same time', async () => {
    const store = await start();
    const client = await store.server.connect();
    store.hang(true);
    client.send('EXISTS', 'a', 'b', 'c');
    await store.untilLoading(3);
    store.hang(false);
    await store.pass();
    assert.deepEqual(await client.replies(1), [3]);
  });

  test('does not keep a client that goes, and the key is there for the next', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    await store.park(one, 'STRLEN', 'a');
    one.socket.destroy();
    assert.equal(await two.ask('GET', 'hot'), 'here');
    store.hang(false);
    await store.pass();
    while (store.server.engine.sessions.count > 2) await turn();
    assert.equal(await two.ask('STRLEN', 'a'), 100_000);
  });

  test('does not keep a client that is killed', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    const id = Number(await one.ask('CLIENT', 'ID'));
    store.hang(true);
    await store.park(one, 'APPEND', 'a', 'x');
    assert.equal(await two.ask('CLIENT', 'KILL', 'ID', id), 1);
    assert.equal(await one.end(), '');
    store.hang(false);
    await store.pass();
    assert.equal(await two.ask('STRLEN', 'a'), 100_000);
  });

  test('lets a client that has sent its last go when it has its replies', async () => {
    const store = await start();
    const client = await store.server.connect();
    store.hang(true);
    await store.park(client, 'STRLEN', 'a');
    client.socket.end();
    await turn();
    store.hang(false);
    await store.pass();
    assert.equal(await client.end(), ':100000\r\n');
  });

  for (const [what, change, seen] of [
    ['deleted', ['EVAL', "return redis.call('DEL', 'a')", '0'], 0],
    ['replaced', ['EVAL', "redis.call('SET', 'a', 'other') return 1", '0'], 5],
    ['changed', ['EVAL', "redis.call('SETRANGE', 'a', 100000, 'xyz') return 1", '0'], 100_003],
    ['flushed away', ['FLUSHALL'], 0],
    ['in another database', ['SWAPDB', '0', '1'], 0],
    ['renamed', ['EVAL', "redis.call('RENAME', 'a', 'z') return 1", '0'], 0],
  ] as const) {
    test(`shows a key as it is when its reader goes on: ${what} meanwhile`, async () => {
      const store = await start();
      const [one, two] = [await store.server.connect(), await store.server.connect()];
      store.hang(true);
      await store.park(one, 'STRLEN', 'a');
      await two.ask(...change);
      store.hang(false);
      await store.pass();
      assert.deepEqual(await one.replies(1), [seen]);
      const keys = (await two.ask('KEYS', '*')) as string[];
      assert.equal(await two.ask('DBSIZE'), keys.length);
    });
  }

  test('holds up a whole transaction, and none of it runs before all of it can', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    one.raw('WATCH w\r\nMULTI\r\nSET hot changed\r\nSTRLEN a\r\nSTRLEN b\r\nEXEC\r\nPING\r\n');
    assert.deepEqual(await one.replies(5), ['OK', 'OK', 'QUEUED', 'QUEUED', 'QUEUED']);
    await store.untilLoading(1);
    assert.equal(await two.ask('GET', 'hot'), 'here');
    store.hang(false);
    await store.pass();
    await store.pass();
    assert.deepEqual(await one.replies(2), [['OK', 100_000, 100_000], 'PONG']);
  });

  test('spoils a transaction whose watched key changes while it waits', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    one.raw('WATCH hot\r\nMULTI\r\nSTRLEN a\r\nEXEC\r\n');
    assert.deepEqual(await one.replies(3), ['OK', 'OK', 'QUEUED']);
    await store.untilLoading(1);
    assert.equal(await two.ask('SET', 'hot', 'other'), 'OK');
    store.hang(false);
    await store.pass();
    assert.deepEqual(await one.replies(1), [null]);
  });

  test('holds up scripts that name their keys, and commands that would block', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    await store.park(one, 'EVAL', "return redis.call('STRLEN', KEYS[1])", '1', 'a');
    await store.park(two, 'BLPOP', 'list', '0');
    const other = await store.server.connect();
    assert.equal(await other.ask('GET', 'hot'), 'here');
    store.hang(false);
    await store.pass();
    assert.deepEqual(await one.replies(1), [100_000]);
    assert.deepEqual(await two.replies(1), [['list', text('item0')]]);
  });

  test('holds up who needs a collection in parts, whose pages are read while others run', async () => {
    const store = await start();
    const [one, two] = [await store.server.connect(), await store.server.connect()];
    const { engine } = store.server;
    const key = Buffer.from('set');
    const hold = engine.cold!.holdOf(engine.keyspace.databases[0]!, key, 0, key.length);
    assert.ok(hold > 0);
    one.send('SCARD', 'set');
    assert.equal(await two.ask('GET', 'hot'), 'here');
    await store.pass();
    assert.deepEqual(await one.replies(1), [1500]);
  });
});

describe('a disk that fails', () => {
  test('gives who needs it an error that says so, and the value when it is well again', async () => {
    const store = await start();
    const client = await store.server.connect();
    store.disk.failAll('read', 'EIO');
    client.raw('STRLEN a\r\nGET hot\r\n');
    await store.untilLoading(1);
    await store.pass();
    const [error, hot] = await client.replies(2);
    assert.match((error as { error: string }).error, /^ERR a stored key can not be read: .*\.tbl/);
    assert.equal(hot, 'here');
    assert.equal(store.server.engine.stats.errors.get('ERR'), 1);
    store.disk.heal();
    client.send('STRLEN', 'a');
    await store.untilLoading(1);
    await store.pass();
    assert.deepEqual(await client.replies(1), [100_000]);
  });

  test('keeps a command of several keys from running in part', async () => {
    const store = await start();
    const client = await store.server.connect();
    store.disk.failAll('read', 'EIO');
    client.raw('DEL hot a\r\nGET hot\r\n');
    await store.untilLoading(1);
    await store.pass();
    const [error, hot] = await client.replies(2);
    assert.match((error as { error: string }).error, /can not be read/);
    assert.equal(hot, 'here');
    client.raw('MULTI\r\nDEL hot\r\nSTRLEN a\r\nEXEC\r\nGET hot\r\n');
    await store.untilLoading(1);
    await store.pass();
    const replies = await client.replies(5);
    assert.match((replies[3] as { error: string }).error, /^EXECABORT .*can not be read/);
    assert.equal(replies[4], 'here');
    store.disk.heal();
    client.send('EXISTS', 'hot', 'a');
    await store.pass();
    assert.deepEqual(await client.replies(1), [2]);
  });

  test('tells everyone who has waited for it', async () => {
    const store = await start();
    const clients = [await store.server.connect(), await store.server.connect()];
    store.hang(true);
    await store.park(clients[0]!, 'STRLEN', 'a');
    clients[1]!.send('STRLEN', 'a');
    await (await store.server.connect()).ask('PING');
    for (const name of store.disk.listSync('/kv/lsm').filter((name) => name.endsWith('.tbl'))) {
      const path = `/kv/lsm/${name}`;
      const { sizeBytes } = store.disk.statSync(path)!;
      for (let at = 0; at < sizeBytes; at += 4096) store.disk.flipBit(path, at, 3);
    }
    store.hang(false);
    await store.pass();
    for (const client of clients) {
      const [reply] = await client.replies(1);
      assert.match((reply as { error: string }).error, /can not be read: LSM corrupt .*\.tbl/);
    }
  });
});
