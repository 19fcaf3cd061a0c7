/** What one connection may do to the store and the store to it: cut input, slow reading, leaving, waiting. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { FlushCallback, Log } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { startKv } from '../start.ts';
import {
  startTestServer,
  type TestBounds,
  type TestServer,
  TestSocket,
} from '../testing/server.ts';

const servers: TestServer[] = [];

async function start(bounds: TestBounds = {}): Promise<TestServer> {
  const server = await startTestServer({}, bounds);
  servers.push(server);
  return server;
}

after(async () => {
  for (const server of servers) await server.stop();
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function encode(...words: (string | Buffer)[]): Buffer {
  const pieces = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.from(word);
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}

/** Reads nothing until told to; then everything that comes. */
class SlowReader {
  readonly client: TestSocket;
  bytes = 0;

  constructor(client: TestSocket) {
    this.client = client;
    client.socket.removeAllListeners('data');
    client.socket.pause();
  }

  /** All bytes until the end of the connection. */
  async drain(): Promise<number> {
    this.client.socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
    });
    this.client.socket.resume();
    await this.client.end();
    return this.bytes;
  }
}

describe('input', () => {
  const word = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  const command = fc.oneof(
    word.map((value) => ({ request: encode('ECHO', value), reply: encodeBulk(value) })),
    fc.constant({ request: Buffer.from('PING\r\n'), reply: Buffer.from('+PONG\r\n') }),
    fc.constant({ request: Buffer.from('\r\n*0\r\n'), reply: Buffer.alloc(0) }),
    fc
      .integer({ min: 1000, max: 70_000 })
      .map((length) => Buffer.alloc(length, 'x'))
      .map((value) => ({ request: encode('ECHO', value), reply: encodeBulk(value) })),
  );

  function encodeBulk(value: Buffer): Buffer {
    return Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]);
  }

  async function received(client: TestSocket, bytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    client.socket.removeAllListeners('data');
    await new Promise<void>((resolve) => {
      const look = (chunk?: Buffer): void => {
        if (chunk !== undefined) chunks.push(chunk);
        length += chunk?.length ?? 0;
        if (length >= bytes) resolve();
      };
      client.socket.on('data', look);
      look();
    });
    return Buffer.concat(chunks);
  }

  test('requests are understood wherever they are cut', async () => {
    const server = await start();
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 1, maxLength: 12 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }),
        async (commands, cuts) => {
          const client = await server.connect();
          const all = Buffer.concat(commands.map(({ request }) => request));
          const expected = Buffer.concat(commands.map(({ reply }) => reply));
          const got = received(client, expected.length);
          let from = 0;
          for (const cut of cuts
            .map((part) => Math.floor(part * all.length))
            .sort((a, b) => a - b)) {
            client.socket.write(all.subarray(from, cut));
            from = cut;
            for (let i = 0; i < 3; i++) await turn();
          }
          client.socket.write(all.subarray(from));
          assert.ok((await got).equals(expected));
          client.socket.destroy();
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a byte at a time', async () => {
    const server = await start();
    const client = await server.connect();
    client.socket.setNoDelay(true);
    const all = Buffer.concat([
      encode('SET', 'k', 'a\r\nb'),
      Buffer.from('GET "k"\r\n'),
      encode('GET', 'k'),
    ]);
    for (let at = 0; at < all.length; at++) {
      client.socket.write(all.subarray(at, at + 1));
      await turn();
    }
    assert.deepEqual(await client.replies(3), ['OK', 'a\r\nb', 'a\r\nb']);
  });

  test('ten thousand commands in one piece are answered in order', async () => {
    const server = await start();
    const client = await server.connect();
    client.raw(Array.from({ length: 10_000 }, (_, i) => `INCRBY n ${i}\r\n`).join(''));
    const replies = await client.replies(10_000);
    let sum = 0;
    for (let i = 0; i < 10_000; i++) {
      sum += i;
      assert.equal(replies[i], sum);
    }
  });

  test('a request of very many arguments is taken in pieces', async () => {
    const server = await start();
    const client = await server.connect();
    const count = 200_000;
    client.raw(`*${count + 2}\r\n$5\r\nRPUSH\r\n$1\r\nk\r\n${'$3\r\nabc\r\n'.repeat(count)}`);
    assert.deepEqual(await client.replies(1), [count]);
  });
});

describe('slow readers', () => {
  test('one that has closed its side gets fifty megabytes to the last byte', async () => {
    const server = await start();
    const size = 1_000_000;
    await (await server.connect()).ask('SET', 'big', 'x'.repeat(size));
    const reader = new SlowReader(await server.connect());
    reader.client.raw('GET big\r\n'.repeat(50));
    reader.client.socket.end();
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(await reader.drain(), 50 * (size + `$${size}\r\n\r\n`.length));
  });

  test('QUIT behind replies that were not read yet loses none of them', async () => {
    const server = await start();
    const size = 3_000_000;
    await (await server.connect()).ask('SET', 'big', 'x'.repeat(size));
    const reader = new SlowReader(await server.connect());
    for (const text of ['GET big\r\n', 'GET big\r\n', 'GET big\r\n', 'QUIT\r\n']) {
      const before = server.engine.stats.commands;
      reader.client.raw(text);
      while (server.engine.stats.commands === before) await turn();
      await turn();
    }
    assert.equal(await reader.drain(), 3 * (size + `$${size}\r\n\r\n`.length) + '+OK\r\n'.length);
  });

  test('one that sends request by request and never reads is held up too', async () => {
    const server = await start();
    const size = 500_000;
    const other = await server.connect();
    await other.ask('SET', 'big', 'x'.repeat(size));
    const reader = new SlowReader(await server.connect());
    const count = 200;
    for (let i = 0; i < count; i++) {
      const { inputBytes } = server.engine.stats;
      reader.client.raw('GET big\r\n');
      while (server.engine.stats.inputBytes === inputBytes) await turn();
    }
    await other.ask('PING');
    const pending = [...server.engine.sessions].map(({ output }) => output!.pendingBytes);
    assert.ok(Math.max(...pending) < 40 * 1024 * 1024, `${pending} bytes pending`);
    reader.client.raw('QUIT\r\n');
    assert.equal(
      await reader.drain(),
      count * (size + `$${size}\r\n\r\n`.length) + '+OK\r\n'.length,
    );
  });
});

describe('leaving', () => {
  test('one that closes while it waits takes nothing with it', async () => {
    const server = await start();
    const other = await server.connect();
    for (const leave of ['end', 'destroy'] as const) {
      const waiting = await server.connect();
      waiting.send('BLPOP', 'list', 0);
      while (server.engine.blocking.count === 0) await turn();
      waiting.socket[leave]();
      while (server.engine.blocking.count > 0) await turn();
      assert.equal(await other.ask('RPUSH', 'list', 'x'), 1);
      assert.equal(await other.ask('LPOP', 'list'), 'x');
    }
  });

  test('a command that would wait behind the end of its connection takes nothing', async () => {
    const server = await start();
    const other = await server.connect();
    const waiting = await server.connect();
    waiting.raw('BLPOP list 0\r\nSET late 1\r\n');
    waiting.socket.end();
    assert.equal(await waiting.end(), '');
    assert.equal(await other.ask('RPUSH', 'list', 'x'), 1);
    assert.deepEqual(await other.ask('EXISTS', 'late'), 0);
  });

  test('what was sent before the end is run and answered', async () => {
    const server = await start();
    const client = await server.connect();
    client.raw('SET k 1\r\nGET k\r\n');
    client.socket.end();
    assert.equal(await client.end(), '+OK\r\n$1\r\n1\r\n');
  });
});

describe('waiting', () => {
  test('what a client sends while it waits runs afterwards, in order, and may wait again', async () => {
    const server = await start();
    const [waiting, other] = [await server.connect(), await server.connect()];
    waiting.raw('BLPOP a 0\r\nINCR n\r\nBLPOP b 0\r\nINCR n\r\n');
    while (server.engine.blocking.count === 0) await turn();
    waiting.raw('INCR n\r\n');
    other.raw('RPUSH a 1 2\r\nGET n\r\n');
    assert.deepEqual(await other.replies(2), [2, null]);
    assert.deepEqual(await waiting.replies(2), [['a', '1'], 1]);
    other.raw('RPUSH b 3\r\n');
    assert.deepEqual(await waiting.replies(3), [['b', '3'], 2, 3]);
  });

  test('CLIENT REPLY OFF holds also when others are served by the command', async () => {
    const server = await start();
    const [waiting, client] = [await server.connect(), await server.connect()];
    waiting.send('BLPOP', 'list', 0);
    while (server.engine.blocking.count === 0) await turn();
    client.raw('CLIENT REPLY OFF\r\nRPUSH list x\r\nPING\r\nCLIENT REPLY ON\r\n');
    assert.deepEqual(await client.replies(1), ['OK']);
    assert.deepEqual(await waiting.replies(1), [['list', 'x']]);
  });
});

/** A log that becomes durable when the test says so. */
class SlowLog {
  readonly policy = 'always';
  readonly accepting = true;
  state: Log['state'] = 'open';
  durableIndex = 0;
  lastIndex = 0;
  private readonly waiting: { index: number; done: FlushCallback }[] = [];

  reserve(maxBytes: number): { buffer: Buffer; offset: number } {
    return { buffer: Buffer.alloc(maxBytes), offset: 0 };
  }
  commit(): number {
    return ++this.lastIndex;
  }
  flush(done?: FlushCallback): void {
    if (done !== undefined) this.waiting.push({ index: this.lastIndex, done });
  }
  get waits(): number {
    return this.waiting.length;
  }
  /** The oldest batch is on the disk. */
  sync(): void {
    const batch = this.waiting.shift()!;
    this.durableIndex = batch.index;
    batch.done(null);
  }
  /** Nothing more gets there. */
  fail(): void {
    this.state = 'failed';
    for (const { done } of this.waiting.splice(0)) {
      done(new Error('no disk') as unknown as Parameters<FlushCallback>[0]);
    }
  }
  static for(server: TestServer): SlowLog {
    const log = new SlowLog();
    server.server.useLog(log as unknown as Log);
    return log;
  }
}

/** Counts the turns that the server asks for. */
function countTurns(engine: Engine): () => number {
  const clock = engine.clock as { nextTurn(run: () => void): void };
  const { nextTurn } = clock;
  let turns = 0;
  clock.nextTurn = (run) => {
    turns++;
    nextTurn(run);
  };
  return () => turns;
}

describe('fsync always', () => {
  test('no reply of a turn leaves before its writes are durable, and all come in order', async () => {
    const server = await start();
    const log = SlowLog.for(server);
    const [writer, reader] = [await server.connect(), await server.connect()];
    let seen = 0;
    writer.socket.on('data', () => seen++);
    reader.socket.on('data', () => seen++);
    writer.raw('SET k 1\r\n');
    while (log.waits < 1) await turn();
    reader.raw('GET k\r\n');
    while (log.waits < 2) await turn();
    writer.raw('INCR k\r\nGET k\r\n');
    while (log.waits < 3) await turn();
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(seen, 0);
    log.sync();
    assert.deepEqual(await writer.replies(1), ['OK']);
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(seen, 1);
    log.sync();
    assert.deepEqual(await reader.replies(1), ['1']);
    log.sync();
    assert.deepEqual(await writer.replies(2), [2, '2']);
  });

  test('one that leaves meanwhile gets its replies first, and the loop rests until then', async () => {
    const server = await start();
    const log = SlowLog.for(server);
    const client = await server.connect();
    client.raw('SET k 1\r\nQUIT\r\n');
    while (log.waits < 1) await turn();
    await turn();
    const turns = countTurns(server.engine);
    for (let i = 0; i < 200; i++) await turn();
    assert.ok(turns() < 50, `${turns()} turns while nothing happened`);
    log.sync();
    assert.equal(await client.end(), '+OK\r\n+OK\r\n');
  });

  test('while the disk is behind replies are held up to a limit, then requests wait, and none is lost', async () => {
    const limit = 1_000_000;
    const server = await start({ heldReplyBytesMax: limit });
    const value = 'v'.repeat(100_000);
    const clients = await Promise.all(Array.from({ length: 30 }, () => server.connect()));
    clients[0]!.send('SET', 'k', value);
    assert.deepEqual(await clients[0]!.replies(1), ['OK']);
    const log = SlowLog.for(server);
    const { outlet } = server.engine;
    for (const [nth, client] of clients.entries()) {
      client.raw(`SET own${nth} 1\r\n${'GET k\r\n'.repeat(5)}GET own${nth}\r\n`);
    }
    const slack = value.length + 20_000;
    let most = 0;
    const look = (): void => {
      most = Math.max(most, outlet.heldBytes + outlet.writer.pos);
    };
    while (log.waits < 1) await turn();
    for (let i = 0; i < 50; i++) {
      await turn();
      look();
    }
    assert.ok(most > limit / 2, 'the limit was met');
    const answers = clients.map((client) => client.replies(7));
    let answered = 0;
    for (const answer of answers) answer.then(() => answered++, assert.fail);
    while (answered < clients.length) {
      if (log.waits > 0) log.sync();
      await turn();
      look();
    }
    assert.ok(most <= limit + slack, `${most} bytes were held`);
    for (const answer of answers) {
      assert.deepEqual(await answer, ['OK', value, value, value, value, value, '1']);
    }
    assert.equal(outlet.heldBytes, 0);
  });

  test('when the log fails the writer is ended unanswered, a reader is answered', async () => {
    const server = await start();
    const log = SlowLog.for(server);
    const [writer, reader] = [await server.connect(), await server.connect()];
    writer.raw('SET k 1\r\n');
    while (log.waits < 1) await turn();
    reader.raw('PING\r\n');
    while (log.waits < 2) await turn();
    log.fail();
    assert.equal(await writer.end(), '');
    assert.deepEqual(await reader.replies(1), ['PONG']);
  });

  test('a client that was served after waiting is answered when its element is durably gone', async () => {
    const server = await start();
    const [waiting, client] = [await server.connect(), await server.connect()];
    waiting.send('BLPOP', 'list', 0);
    while (server.engine.blocking.count === 0) await turn();
    const log = SlowLog.for(server);
    client.raw('RPUSH list x\r\n');
    while (log.waits < 1) await turn();
    assert.equal(log.lastIndex, 2);
    log.sync();
    assert.deepEqual(await waiting.replies(1), [['list', 'x']]);
    assert.deepEqual(await client.replies(1), [1]);
  });

  test('on a real disk many clients at once each see their own order, and all of it is there later', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plinth-always-'));
    try {
      const kv = await startKv({ dataFolder: folder, fsync: 'always' });
      const numbers = await Promise.all(
        Array.from({ length: 20 }, () => ask(kv.port, `${'INCR n\r\n'.repeat(50)}QUIT\r\n`)),
      );
      await kv.stop();
      const all = numbers.flatMap((text) => {
        const list = [...text.matchAll(/^:(\d+)/gm)].map((match) => Number(match[1]));
        assert.deepEqual(
          list,
          list.toSorted((a, b) => a - b),
        );
        return list;
      });
      assert.deepEqual(
        all.sort((a, b) => a - b),
        Array.from({ length: 1000 }, (_, i) => i + 1),
      );
      const again = await startKv({ dataFolder: folder });
      assert.equal(await ask(again.port, 'GET n\r\nQUIT\r\n'), '$4\r\n1000\r\n+OK\r\n');
      await again.stop();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

async function ask(port: number, text: string): Promise<string> {
  const client = new TestSocket(connect(port, '127.0.0.1'));
  client.raw(text);
  return client.end();
}
