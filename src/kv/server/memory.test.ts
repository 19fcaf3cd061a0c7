/** What happens where memory ends: to the one who asked for more, and to nobody else. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { Reply } from '../testing/decode.ts';
import { createTestStore } from '../testing/harness.ts';
import {
  startTestServer,
  type TestBounds,
  type TestServer,
  type TestSocket,
} from '../testing/server.ts';

const MEBIBYTE = 1024 * 1024;
const SEGMENT_BYTES = 8 * MEBIBYTE;
const servers: TestServer[] = [];

async function start(bounds: TestBounds): Promise<TestServer> {
  const server = await startTestServer({}, bounds);
  servers.push(server);
  return server;
}

after(async () => {
  for (const server of servers) await server.stop();
});

/** A system that gives so much in all and so much at once. */
class System {
  leftBytes = Number.POSITIVE_INFINITY;
  atOnceMax = Number.POSITIVE_INFINITY;

  readonly allocate = (bytes: number): ArrayBuffer => {
    // The store's next segment may be asked for at any moment: that it is there is not what is tried.
    const tooLarge = bytes > this.atOnceMax && bytes !== SEGMENT_BYTES;
    if (bytes > this.leftBytes || tooLarge) {
      throw new RangeError('Array buffer allocation failed');
    }
    this.leftBytes -= bytes;
    return new ArrayBuffer(bytes);
  };
}

const endings = (server: TestServer, reason: 'reply-too-large' | 'memory-limit'): number =>
  server.server.listeners[0]!.endings.of(reason);

const isOom = (reply: Reply): boolean =>
  typeof reply === 'object' && reply !== null && 'error' in reply && reply.error.startsWith('OOM ');

/** Sends commands to which there is no answer but the end of the connection. */
async function endedBy(server: TestServer, ...commands: string[][]): Promise<void> {
  const before = endings(server, 'reply-too-large');
  const client = await server.connect();
  for (const command of commands) client.send(...command);
  await client.end();
  assert.equal(endings(server, 'reply-too-large'), before + 1);
}

describe('a reply without room', () => {
  async function withBig(bounds: TestBounds): Promise<{ server: TestServer; client: TestSocket }> {
    const server = await start(bounds);
    const client = await server.connect();
    assert.equal(await client.ask('SET', 'big', 'x'.repeat(2_000_000)), 'OK');
    return { server, client };
  }

  test('ends its client; what its command did is done, and others are served', async () => {
    const { server, client } = await withBig({ replyBytesMax: 5_000_000 });
    const gets = Array.from({ length: 4 }, () => ['GET', 'big']);
    await endedBy(
      server,
      ['MULTI'],
      ['SET', 'before', '1'],
      ...gets,
      ['SET', 'behind', '2'],
      ['EXEC'],
    );
    await endedBy(server, ['MGET', 'big', 'big', 'big']);
    await endedBy(server, [
      'EVAL',
      'return {KEYS[1], {ARGV[1], ARGV[1], ARGV[1]}}',
      '1',
      'k',
      'x'.repeat(1_900_000),
    ]);
    assert.deepEqual(await client.ask('MGET', 'before', 'behind'), ['1', '2']);
    assert.equal(await client.ask('STRLEN', 'big'), 2_000_000);
  });

  test('is not missed by a client that wants none', async () => {
    const { client } = await withBig({ replyBytesMax: 5_000_000 });
    client.raw('PING\r\nCLIENT REPLY SKIP\r\nMGET big big big\r\nPING\r\n');
    assert.deepEqual(await client.replies(2), ['PONG', 'PONG']);
    client.raw('CLIENT REPLY OFF\r\nMGET big big big\r\nCLIENT REPLY ON\r\n');
    assert.deepEqual(await client.replies(1), ['OK']);
  });

  test('ends a client that waited for it, and not the one that woke it', async () => {
    const { server, client } = await withBig({ replyBytesMax: 5_000_000 });
    const [waiting, other] = [await server.connect(), await server.connect()];
    waiting.send('BLMPOP', 0, 1, 'list', 'LEFT', 'COUNT', 10);
    while (server.engine.blocking.count === 0)
      await new Promise((resolve) => setImmediate(resolve));
    const element = 'x'.repeat(2_000_000);
    client.raw('MULTI\r\n');
    for (let i = 0; i < 3; i++) client.send('RPUSH', 'list', element);
    client.raw('EXEC\r\nPING\r\n');
    const replies = await client.replies(6);
    assert.deepEqual(replies.slice(-2), [[1, 2, 3], 'PONG']);
    await waiting.end();
    assert.equal(endings(server, 'reply-too-large'), 1);
    assert.equal(await other.ask('EXISTS', 'list'), 0);
  });

  test('ends its client too when it is the system that has no memory for it', async () => {
    const system = new System();
    const { server, client } = await withBig(system);
    system.atOnceMax = MEBIBYTE;
    await endedBy(server, ['GETDEL', 'big']);
    assert.equal(await client.ask('EXISTS', 'big'), 0);
  });

  test('is an error for a script, which goes on', async () => {
    const system = new System();
    const { client } = await withBig(system);
    system.atOnceMax = MEBIBYTE;
    const script =
      "local e = redis.pcall('GET', 'big'); redis.call('SET', 'seen', 1); return e.err";
    assert.equal(await client.ask('EVAL', script, 0), 'ERR the reply is too large for a script');
    assert.equal(await client.ask('GET', 'seen'), '1');
  });
});

describe('a request without room', () => {
  test('ends its client while it still comes, and no other', async () => {
    const system = new System();
    const server = await start(system);
    const [client, other] = [await server.connect(), await server.connect()];
    system.atOnceMax = MEBIBYTE;
    client.raw(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n${'x'.repeat(2_000_000)}`);
    await client.end();
    assert.equal(endings(server, 'memory-limit'), 1);
    assert.equal(await other.ask('PING'), 'PONG');
  });
});

describe('a store without room', () => {
  test('refuses writes with OOM, serves the rest, and takes writes again once there is room', async () => {
    const system = new System();
    system.leftBytes = 60 * MEBIBYTE;
    const server = await start(system);
    const client = await server.connect();
    const value = 'v'.repeat(300_000);
    let stored = 0;
    for (;;) {
      const reply = await client.ask('SET', `k${stored}`, value);
      if (isOom(reply)) break;
      assert.equal(reply, 'OK');
      stored++;
    }
    assert.ok(stored > 20, `${stored} were stored`);
    const refused: [string, ...string[]][] = [
      ['SADD', 's', 'm'],
      ['APPEND', 'k0', 'x'],
      ['EVAL', "return redis.call('SET', KEYS[1], 'v')", '1', 'k0'],
    ];
    for (const command of refused) assert.ok(isOom(await client.ask(...command)), command[0]);
    assert.equal(await client.ask('GET', 'k0'), value);
    assert.equal(await client.ask('DBSIZE'), stored);
    for (let nth = 0; nth < stored; nth++) assert.equal(await client.ask('DEL', `k${nth}`), 1);
    assert.equal(await client.ask('SET', 'k', value), 'OK');
    assert.equal(await client.ask('GET', 'k'), value);
  });

  test('refuses large values as a whole: what was there before is still there', () => {
    const system = new System();
    const kv = createTestStore(system);
    const large = Buffer.alloc(20 * MEBIBYTE, 'y');
    assert.equal(kv.run('MSET', 'a', '1', 'b', '2'), 'OK');
    kv.effects();
    system.atOnceMax = 30 * MEBIBYTE;
    assert.ok(isOom(kv.run('MSET', 'a', 'changed', 'b', large, 'c', large)));
    assert.deepEqual(kv.effects(), []);
    system.atOnceMax = 16 * MEBIBYTE;
    assert.ok(isOom(kv.run('SET', 'a', large)));
    assert.ok(isOom(kv.run('SETRANGE', 'a', 20 * MEBIBYTE, 'x')));
    assert.ok(isOom(kv.run('SETBIT', 'c', 8 * 20 * MEBIBYTE, 1)));
    assert.deepEqual(kv.effects(), []);
    assert.deepEqual(kv.run('MGET', 'a', 'b', 'c'), ['1', '2', null]);
  });

  test('lets a script end by OOM, also one that goes on in slices, and the next one runs', async () => {
    const system = new System();
    const server = await start(system);
    const client = await server.connect();
    system.atOnceMax = MEBIBYTE;
    const call = "return redis.call('SET', 'k', string.rep('x', 2^21))";
    assert.ok(isOom(await client.ask('EVAL', call, 0)));
    assert.ok(isOom(await client.ask('EVAL', `for i = 1, 3e7 do end ${call}`, 0)));
    assert.equal(await client.ask('EVAL', 'return 1', 0), 1);
    assert.equal(await client.ask('EXISTS', 'k'), 0);
  });

  test('shows a monitor of the longest commands only the begin', async () => {
    const server = await start({});
    const [monitor, client] = [await server.connect(), await server.connect()];
    assert.equal(await monitor.ask('MONITOR'), 'OK');
    const value = '\u0001'.repeat(3 * MEBIBYTE);
    assert.equal(await client.ask('SET', 'k', value, 'EX', 100), 'OK');
    const [line] = await monitor.replies(1);
    assert.match(
      String(line),
      /^\d+\.\d+ \[0 [^ ]+\] "SET" "k" "(\\x01)+" \.\.\. \(\d+ more bytes\)$/,
    );
    assert.ok(String(line).length < 5 * MEBIBYTE);
  });

  test('ends what a script or a transaction writes without end by OOM', async () => {
    const server = await start({});
    const client = await server.connect();
    Object.defineProperty(server.engine.effects, 'payloadBytes', { value: 2 ** 31 });
    client.raw('MULTI\r\nSET k v\r\nGET k\r\nEXEC\r\n');
    const [refused, read] = (await client.replies(4))[3] as Reply[];
    assert.ok(isOom(refused!));
    assert.equal(read, null);
    assert.ok(isOom(await client.ask('EVAL', "return redis.call('SET', KEYS[1], 'v')", 1, 'k')));
  });
});
