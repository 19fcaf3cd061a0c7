/** What only sockets show: order of replies, limits, ends of connections. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../core/downstream/index.ts';
import { FREE } from '../session/held.ts';
import type { OutputLimits } from '../session/output-limits.ts';
import type { Settings } from '../settings.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import type { ColdKeys } from '../tier/index.ts';
import { isLocal, refusalOf } from './refused.ts';

const servers: TestServer[] = [];

async function start(settings: Partial<Settings> = {}): Promise<TestServer> {
  const server = await startTestServer(settings);
  servers.push(server);
  return server;
}

after(async () => {
  for (const server of servers) await server.stop();
});

function normalLimit(hardBytes: number): OutputLimits {
  const none = { hardBytes: 0, softBytes: 0, softSeconds: 0 };
  return { normal: { ...none, hardBytes }, replica: none, pubsub: none };
}

describe('order', () => {
  test('messages and replies of a pipeline come in the order in which they arose', async () => {
    const server = await start();
    const client = await server.connect();
    client.raw('HELLO 3\r\nSUBSCRIBE a\r\nPUBLISH a 1\r\nPING\r\nPUBLISH a 2\r\nECHO x\r\n');
    const [, ...rest] = await client.replies(8);
    assert.deepEqual(rest, [
      { push: ['subscribe', 'a', 1] },
      1,
      { push: ['message', 'a', '1'] },
      'PONG',
      1,
      { push: ['message', 'a', '2'] },
      'x',
    ]);
  });

  test('CLIENT REPLY leaves out replies, not messages', async () => {
    const server = await start();
    const client = await server.connect();
    client.raw('CLIENT REPLY SKIP\r\nSET k 1\r\nGET k\r\nCLIENT REPLY OFF\r\nGET k\r\nSET k 2\r\n');
    client.raw('SUBSCRIBE a\r\nUNSUBSCRIBE a\r\nGET k\r\nCLIENT REPLY ON\r\nGET k\r\n');
    assert.deepEqual(await client.replies(5), [
      '1',
      ['subscribe', 'a', 1],
      ['unsubscribe', 'a', 0],
      'OK',
      '2',
    ]);
  });

  test('the protocol of a client that is served meanwhile does not leak into replies', async () => {
    const server = await start();
    const [waiting, client] = [await server.connect(), await server.connect()];
    await waiting.ask('HELLO', 3);
    waiting.send('BLPOP', 'list', 0);
    while (server.engine.blocking.count === 0) await client.ask('PING');
    client.raw('LPUSH list x\r\nGET none\r\nHGETALL none\r\n');
    assert.deepEqual(await client.replies(3), [1, null, []]);
    assert.deepEqual(await waiting.replies(1), [['list', 'x']]);
    client.raw('GET none\r\n');
    await client.replies(1);
  });

  test('paused commands run after UNPAUSE, in order', async () => {
    const server = await start();
    const [client, other] = [await server.connect(), await server.connect()];
    await other.ask('CLIENT', 'PAUSE', 1_000_000, 'WRITE');
    client.raw('GET k\r\nSET k 1\r\nGET k\r\n');
    assert.deepEqual(await client.replies(1), [null]);
    assert.equal(await other.ask('GET', 'k'), null);
    assert.equal(await other.ask('CLIENT', 'UNPAUSE'), 'OK');
    assert.deepEqual(await client.replies(2), ['OK', '1']);
  });
});

describe('keys on the disk', () => {
  test('let those go on whose key is there, and do not disturb the others', async () => {
    const server = await start();
    const { engine } = server;
    const { colds } = engine.keyspace.databases[0]!;
    const clients = [await server.connect(), await server.connect(), await server.connect()];
    const unread = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    const asked: string[] = [];
    const cold: Pick<ColdKeys, 'holdOf'> = {
      holdOf(_db, buf, start, length) {
        const key = buf.toString('latin1', start, start + length);
        asked.push(key);
        return unread.get(key) ?? FREE;
      },
    };
    engine.cold = cold as ColdKeys;
    colds.set(1, 0);
    for (const [i, key] of ['a', 'b', 'b'].entries()) clients[i]!.send('APPEND', key, 'x');
    while (asked.length < 3) await turn();
    asked.sort();
    unread.delete('a');
    engine.onFlushProgress?.(1);
    assert.deepEqual(await clients[0]!.replies(1), [1]);
    assert.deepEqual(asked, ['a', 'b', 'b', 'a']);
    unread.clear();
    engine.onFlushProgress?.();
    const lengths = [...(await clients[1]!.replies(1)), ...(await clients[2]!.replies(1))];
    assert.deepEqual(lengths.sort(), [1, 2]);
    colds.set(0, 0);
    engine.cold = undefined;
  });
});

describe('ends', () => {
  test('HTTP on this port ends the connection before anything runs', async () => {
    const server = await start();
    for (const start of ['POST / HTTP/1.1\r\n', 'host: example.org\r\n']) {
      const client = await server.connect();
      client.raw(`${start}SET posted 1\r\n`);
      assert.equal(await client.end(), '');
    }
    assert.equal(await (await server.connect()).ask('EXISTS', 'posted'), 0);
  });

  test('QUIT and CLIENT KILL of itself answer, then end; what follows does not run', async () => {
    const server = await start();
    const [quitting, killing] = [await server.connect(), await server.connect()];
    quitting.raw('QUIT\r\nSET late 1\r\n');
    assert.equal(await quitting.end(), '+OK\r\n');
    killing.raw('CLIENT KILL TYPE normal SKIPME no\r\nSET late 1\r\n');
    assert.equal(await killing.end(), ':1\r\n');
    assert.equal(await (await server.connect()).ask('EXISTS', 'late'), 0);
  });

  test('a killed client that waits is gone, and its element stays', async () => {
    const server = await start();
    const [waiting, client] = [await server.connect(), await server.connect()];
    const id = Number(await waiting.ask('CLIENT', 'ID'));
    waiting.send('BLPOP', 'list', 0);
    while (server.engine.blocking.count === 0) await client.ask('PING');
    client.raw(`CLIENT KILL ID ${id}\r\nRPUSH list x\r\nLLEN list\r\nCLIENT LIST ID ${id}\r\n`);
    assert.deepEqual(await client.replies(4), [1, 1, 1, '']);
    assert.equal(await waiting.end(), '');
  });

  test('a client above maxclients is told so, and the place of one that leaves is free', async () => {
    const server = await start({ maxclients: 1 });
    const first = await server.connect();
    await first.ask('PING');
    assert.equal(await (await server.connect()).end(), '-ERR max number of clients reached\r\n');
    first.raw('QUIT\r\n');
    await first.end();
    while (server.engine.sessions.count > 0) await new Promise(setImmediate);
    assert.equal(await (await server.connect()).ask('PING'), 'PONG');
  });

  test('a request above client-query-buffer-limit ends its connection', async () => {
    const server = await start({ clientQueryBufferLimit: 100_000 });
    const client = await server.connect();
    client.raw(`*2\r\n$4\r\nECHO\r\n$500000\r\n${'x'.repeat(400_000)}`);
    assert.equal(await client.end(), '');
    assert.equal(
      await (await server.connect()).ask('ECHO', 'x'.repeat(90_000)),
      'x'.repeat(90_000),
    );
  });
});

describe('output', () => {
  test('a pipeline whose replies go above the limit ends its connection', async () => {
    const server = await start({ clientOutputBufferLimits: normalLimit(1_000_000) });
    const client = await server.connect();
    await client.ask('SET', 'big', 'x'.repeat(200_000));
    client.socket.pause();
    client.raw('GET big\r\n'.repeat(100));
    while (server.engine.stats.outputLimitDisconnections === 0) await new Promise(setImmediate);
    client.socket.resume();
    await client.end();
    assert.equal(server.engine.stats.commands < 100, true);
    assert.equal(await (await server.connect()).ask('STRLEN', 'big'), 200_000);
  });

  test('a client that reads slowly holds up its own requests only, and gets every reply', async () => {
    const server = await start();
    const client = await server.connect();
    const other = await server.connect();
    const size = 1_000_000;
    await client.ask('SET', 'big', 'x'.repeat(size));
    client.socket.pause();
    let bytes = 0;
    client.socket.removeAllListeners('data');
    client.socket.pause();
    client.raw(`${'GET big\r\n'.repeat(60)}SET done 1\r\n`);
    for (let i = 0; i < 50; i++) assert.equal(await other.ask('EXISTS', 'done'), 0);
    const expected = 60 * (size + `$${size}\r\n\r\n`.length) + '+OK\r\n'.length;
    const all = new Promise<void>((resolve) => {
      client.socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes === expected) resolve();
      });
    });
    client.socket.resume();
    await all;
    assert.equal(await other.ask('EXISTS', 'done'), 1);
  });
});

test('in protected mode others than this machine are refused while there is no password', async () => {
  const { engine } = await start();
  const far = { remoteAddress: '10.0.0.1', remotePort: 1 } as Connection;
  const near = { remoteAddress: '127.0.0.1', remotePort: 1 } as Connection;
  assert.match(String(refusalOf(engine, far, 0)), /^-DENIED [^\r\n]+\r\n$/);
  assert.equal(refusalOf(engine, near, 0), undefined);
  engine.acl.setDefaultPassword('secret');
  assert.equal(refusalOf(engine, far, 0), undefined);
  engine.acl.setDefaultPassword('');
  engine.settings.protectedMode = false;
  assert.equal(refusalOf(engine, far, 0), undefined);
});

test('only loopback addresses and Unix sockets are of this machine', () => {
  const from = (remoteAddress: string, remotePort = 1) =>
    isLocal({ remoteAddress, remotePort } as Parameters<typeof isLocal>[0]);
  for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1']) {
    assert.ok(from(address), address);
  }
  for (const address of ['10.0.0.1', '::ffff:10.0.0.1', '1.127.0.0', 'fe80::1']) {
    assert.ok(!from(address), address);
  }
  assert.ok(from('/run/store.sock', 0));
});
