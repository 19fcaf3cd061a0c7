/** One suite for every way to move bytes: each tier, on TCP, on a Unix socket and under TLS. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { TransportListenOptions, TransportTier } from '../transport.ts';
import { createNodeTransport } from './transport.ts';
import { accepting, type Recorder, TestAuthority } from './transport-fixture.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-transport-'));
const authority = new TestAuthority('contract authority');
const tls = authority.issue('localhost');
after(() => {
  rmSync(folder, { recursive: true });
  authority.remove();
});

interface Kind {
  readonly name: string;
  readonly tier: TransportTier;
  readonly over: 'tcp' | 'unix' | 'tls';
}

const kinds: readonly Kind[] = [
  { name: 'streams on TCP', tier: 'streams', over: 'tcp' },
  { name: 'onread on TCP', tier: 'onread', over: 'tcp' },
  { name: 'handle on TCP', tier: 'handle', over: 'tcp' },
  { name: 'streams on a Unix socket', tier: 'streams', over: 'unix' },
  { name: 'onread on a Unix socket', tier: 'onread', over: 'unix' },
  { name: 'handle on a Unix socket', tier: 'handle', over: 'unix' },
  { name: 'TLS', tier: 'handle', over: 'tls' },
];

interface Pair {
  readonly server: Recorder;
  readonly client: Socket;
}

let sockets = 0;

/** Runs `work` on one connected pair and releases everything. */
async function withPair(kind: Kind, work: (pair: Pair) => Promise<void>): Promise<void> {
  const transport = await createNodeTransport(kind.tier);
  assert.equal(transport.tier, kind.tier);
  const path = join(folder, `s${++sockets}`);
  const more: Partial<TransportListenOptions> =
    kind.over === 'tcp' ? {} : kind.over === 'unix' ? { address: { path } } : { tls };
  const { listener, next } = await accepting(transport, more);
  const client = clientOf(kind, listener.port, path);
  client.on('error', () => {});
  const server = await next();
  try {
    await work({ server, client });
  } finally {
    client.destroy();
    server.stream.destroy();
    await server.until(() => server.closes === 1);
    await listener.close();
  }
}

function clientOf({ over }: Kind, port: number, path: string): Socket {
  if (over === 'unix') return connect({ path, allowHalfOpen: true });
  const address = { port, host: '127.0.0.1', allowHalfOpen: true };
  if (over === 'tcp') return connect(address);
  return connectTls({ ...address, ca: authority.cert, servername: 'localhost' });
}

for (const kind of kinds) {
  describe(`transport ${kind.name}`, () => {
    const it = (name: string, work: (pair: Pair) => Promise<void>): void => {
      test(name, { timeout: 20_000 }, () => withPair(kind, work));
    };

    it('bytes of every length arrive as they were sent, in both directions', async (pair) => {
      const { server, client } = pair;
      const sent = pattern(70_000, 3);
      for (let at = 0, size = 1; at < sent.length; at += size, size = size * 2 + 1) {
        client.write(sent.subarray(at, at + size));
      }
      server.onChunk = (chunk) => {
        server.stream.write(Buffer.from(chunk));
      };
      const back = await readExactly(client, sent.length);
      assert.equal(hash(Buffer.concat(server.chunks)), hash(sent));
      assert.equal(hash(back), hash(sent));
    });

    it('1-byte writes keep their order', async ({ server, client }) => {
      const sent = pattern(500, 9);
      for (const byte of sent) server.stream.write(Buffer.of(byte));
      assert.deepEqual(await readExactly(client, sent.length), sent);
    });

    it('writev sends its pieces in order, empty ones too', async ({ server, client }) => {
      const list = [Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cde'), Buffer.from('f')];
      server.stream.writev(list);
      list.length = 0;
      assert.equal(String(await readExactly(client, 6)), 'abcdef');
    });

    it('a reader that pauses gets 50 MB whole, and memory said to be free may be reused', async (pair) => {
      const { server, client } = pair;
      const total = 50_000_000;
      const expected = createHash('sha1');
      const received = createHash('sha1');
      let got = 0;
      let chunks = 0;
      client.on('data', (chunk: Buffer) => {
        received.update(chunk);
        got += chunk.length;
        if (++chunks % 64 === 0) {
          client.pause();
          setTimeout(() => client.resume(), 1);
        }
      });
      let scratch = Buffer.alloc(150_001);
      let heldOnce = false;
      for (let sent = 0, turn = 0; sent < total; turn++) {
        const size = Math.min(total - sent, turn % 3 === 0 ? 150_001 : 1000 + turn);
        const piece = scratch.subarray(0, size).fill(turn & 0xff);
        piece.writeUInt32LE(turn, 0);
        expected.update(piece);
        sent += size;
        if (!server.stream.write(piece)) {
          heldOnce = true;
          scratch = Buffer.alloc(150_001);
        }
        if (server.stream.bufferedBytes > 1_000_000) {
          const drains = server.drains;
          await server.until(() => server.drains > drains);
          assert.equal(server.stream.bufferedBytes, 0);
        }
      }
      server.stream.shutdown();
      await once(client, 'end');
      assert.equal(got, total);
      assert.equal(received.digest('hex'), expected.digest('hex'));
      assert.ok(heldOnce, 'the reader was never slower than the writer');
    });

    it('a paused stream delivers nothing, and all of it once resumed', async (pair) => {
      const { server, client } = pair;
      client.write('first');
      await server.until(() => server.text === 'first');
      server.stream.pause();
      client.write('second');
      await settle();
      assert.equal(server.text, 'first');
      server.stream.resume();
      await server.until(() => server.text === 'firstsecond');
    });

    it('pause inside onData holds back what follows', async ({ server, client }) => {
      server.onChunk = () => server.stream.pause();
      client.write('a');
      await server.until(() => server.chunks.length === 1);
      client.write('b');
      await settle();
      assert.equal(server.text, 'a');
      server.onChunk = null;
      server.stream.resume();
      await server.until(() => server.text === 'ab');
    });

    it('after the peer has ended the reply still arrives, then both ends close cleanly', async (pair) => {
      const { server, client } = pair;
      client.end('question');
      await server.until(() => server.ends === 1);
      assert.equal(server.closes, 0);
      server.stream.write(Buffer.from('answer'));
      server.stream.shutdown();
      assert.equal(String(await readExactly(client, 6)), 'answer');
      await server.until(() => server.closes === 1);
      assert.equal(server.error, null);
      assert.equal(server.text, 'question');
    });

    it('after our shutdown the peer is still read, and writes are dropped', async (pair) => {
      const { server, client } = pair;
      server.stream.write(Buffer.from('bye'));
      server.stream.shutdown();
      assert.equal(server.stream.write(Buffer.from('lost')), true);
      client.resume();
      await once(client, 'end');
      client.end('late');
      await server.until(() => server.closes === 1);
      assert.equal(server.text, 'late');
    });

    it('destroy forgets what is buffered and closes once, later', async ({ server, client }) => {
      const large = Buffer.alloc(20_000_000);
      server.stream.write(large);
      assert.ok(server.stream.bufferedBytes > 0);
      server.stream.destroy();
      server.stream.destroy();
      server.stream.pause();
      server.stream.resume();
      assert.equal(server.closes, 0);
      assert.equal(server.stream.bufferedBytes, 0);
      await server.until(() => server.closes === 1);
      client.resume();
      await gone(client);
      assert.equal(server.closes, 1);
      assert.equal(server.drains, 0);
    });

    it('destroy inside onData stops everything but the closing', async ({ server, client }) => {
      server.onChunk = () => server.stream.destroy();
      client.write(pattern(300_000, 1));
      await server.until(() => server.closes === 1);
      await settle();
      assert.equal(server.chunks.length, 1);
      assert.equal(server.ends, 0);
    });

    if (kind.over !== 'unix') {
      it('a reset by the peer closes with an error', async ({ server, client }) => {
        client.write('x');
        await server.until(() => server.text === 'x');
        // TLS cannot be reset through its own socket; ending it while we send has the same effect.
        if (kind.over === 'tcp') client.resetAndDestroy();
        else client.destroy();
        const write = (): void => {
          server.stream.write(Buffer.alloc(100_000));
        };
        while (server.closes === 0) {
          write();
          await settle();
        }
        assert.ok(server.error === 'ECONNRESET' || server.error === 'EPIPE', `${server.error}`);
      });
    }

    if (kind.over === 'tcp') {
      it('reset tells the peer that bytes were lost', async ({ server, client }) => {
        client.removeAllListeners('error');
        const failed = once(client, 'error');
        server.stream.write(Buffer.alloc(10_000_000));
        server.stream.reset();
        await server.until(() => server.closes === 1);
        client.resume();
        const [error] = (await failed) as [NodeJS.ErrnoException];
        assert.equal(error.code, 'ECONNRESET');
      });

      it("the addresses are the peer's", async ({ server, client }) => {
        if (client.connecting) await once(client, 'connect');
        assert.equal(server.stream.remoteAddress, '127.0.0.1');
        assert.equal(server.stream.remotePort, client.localPort);
        assert.equal(server.stream.localPort, client.remotePort);
        assert.equal(server.stream.encrypted, false);
      });
    }

    it('many small writes to a peer that does not read are buffered near their size', async (pair) => {
      const { server, client } = pair;
      client.pause();
      const plug = pattern(8_000_000, 5);
      const small = Buffer.from('message');
      server.stream.write(plug);
      const before = server.stream.bufferedBytes;
      assert.ok(before > 0);
      for (let i = 0; i < 10_000; i++) assert.equal(server.stream.write(small), true);
      assert.ok(server.stream.bufferedBytes >= 70_000);
      server.stream.shutdown();
      const all = await readExactly(client, plug.length + 70_000);
      assert.equal(hash(all.subarray(0, plug.length)), hash(plug));
      assert.equal(all.toString('latin1', plug.length), 'message'.repeat(10_000));
    });
  });
}

function pattern(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = seed; i < length; i++) {
    x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = x >>> 16;
  }
  return bytes;
}

function hash(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex');
}

async function readExactly(client: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let got = 0;
  const done = Promise.withResolvers<void>();
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    got += chunk.length;
    if (got >= length) done.resolve();
  };
  client.on('data', take);
  client.once('end', done.resolve);
  client.resume();
  await done.promise;
  client.off('data', take);
  return Buffer.concat(chunks);
}

/** Resolves when the client knows of the end, a clean one or not. */
function gone(client: Socket): Promise<void> {
  return new Promise((resolve) => {
    client.once('end', resolve);
    client.once('close', () => resolve());
  });
}

/** Long enough for what was sent on loopback to arrive if it were going to. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 15));
}
