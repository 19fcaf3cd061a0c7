/** One suite for every way to move bytes: each tier, accepted and dialled, on TCP, on a Unix socket and under TLS. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { connected } from '../network.ts';
import type { TransportListenOptions, TransportTier } from '../transport.ts';
import { createNodeNetwork } from './network.ts';
import { createNodeTransport } from './transport.ts';
import { accepting, Recorder, TestAuthority } from './transport-fixture.ts';

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
  readonly dialled: boolean;
}

const tiers: readonly TransportTier[] = ['streams', 'onread', 'handle'];
const kinds = [false, true].flatMap((dialled) =>
  (['tcp', 'unix', 'tls'] as const).flatMap((over) =>
    tiers.map((tier): Kind => {
      const where = { tcp: 'on TCP', unix: 'on a Unix socket', tls: 'under TLS' }[over];
      return { name: `${tier} ${where}, ${dialled ? 'dialled' : 'accepted'}`, tier, over, dialled };
    }),
  ),
);

/** Our end, of the tier under test, and the other end, a socket of Node's. */
interface Pair {
  readonly ours: Recorder;
  readonly peer: Socket;
}

let sockets = 0;

/** Runs `work` on one connected pair and releases everything. */
function withPair(kind: Kind, work: (pair: Pair) => Promise<void>): Promise<void> {
  return kind.dialled ? withDialled(kind, work) : withAccepted(kind, work);
}

async function withAccepted(kind: Kind, work: (pair: Pair) => Promise<void>): Promise<void> {
  const transport = await createNodeTransport(kind.tier);
  assert.equal(transport.tier, kind.tier);
  if (kind.over === 'tls') await transport.prepareTls();
  const path = join(folder, `s${++sockets}`);
  const more: Partial<TransportListenOptions> =
    kind.over === 'tcp' ? {} : kind.over === 'unix' ? { address: { path } } : { tls };
  const { listener, next } = await accepting(transport, more);
  assert.equal(transport.tlsNative !== undefined, kind.over === 'tls' && kind.tier === 'handle');
  const peer = clientOf(kind, listener.port, path);
  peer.on('error', () => {});
  const ours = await next();
  try {
    await work({ ours, peer });
  } finally {
    await release({ ours, peer });
    await listener.close();
  }
}

async function withDialled(kind: Kind, work: (pair: Pair) => Promise<void>): Promise<void> {
  const transport = await createNodeTransport(kind.tier);
  assert.equal(transport.dialNative !== undefined, kind.tier === 'handle');
  const network = createNodeNetwork(transport);
  if (kind.over === 'tls') await transport.prepareTls();
  assert.equal(transport.tlsNative !== undefined, kind.over === 'tls' && kind.tier === 'handle');
  const server =
    kind.over === 'tls'
      ? createTlsServer({ ...tls, allowHalfOpen: true })
      : createServer({ allowHalfOpen: true });
  const path = join(folder, `s${++sockets}`);
  server.listen(kind.over === 'unix' ? { path } : { host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const accepted = once(server, kind.over === 'tls' ? 'secureConnection' : 'connection');
  const stream = await connected(network.dial, {
    address: kind.over === 'unix' ? { path } : { host: '127.0.0.1', port },
    timeoutMs: 10_000,
    ...(kind.over === 'tls' ? { tls: network.tlsClient({ ca: authority.cert }) } : {}),
  });
  const ours = new Recorder(stream);
  stream.attach(ours);
  const [peer] = (await accepted) as [Socket];
  peer.on('error', () => {});
  try {
    await work({ ours, peer });
  } finally {
    await release({ ours, peer });
    server.close();
  }
}

async function release({ ours, peer }: Pair): Promise<void> {
  peer.destroy();
  ours.stream.destroy();
  await ours.until(() => ours.closes === 1);
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
      const { ours, peer } = pair;
      const sent = pattern(70_000, 3);
      for (let at = 0, size = 1; at < sent.length; at += size, size = size * 2 + 1) {
        peer.write(sent.subarray(at, at + size));
      }
      ours.onChunk = (chunk) => {
        ours.stream.write(Buffer.from(chunk));
      };
      const back = await readExactly(peer, sent.length);
      assert.equal(hash(Buffer.concat(ours.chunks)), hash(sent));
      assert.equal(hash(back), hash(sent));
    });

    it('1-byte writes keep their order', async ({ ours, peer }) => {
      const sent = pattern(500, 9);
      for (const byte of sent) ours.stream.write(Buffer.of(byte));
      assert.deepEqual(await readExactly(peer, sent.length), sent);
    });

    it('writev sends its pieces in order, empty ones too', async ({ ours, peer }) => {
      const list = [Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cde'), Buffer.from('f')];
      ours.stream.writev(list);
      list.length = 0;
      assert.equal(String(await readExactly(peer, 6)), 'abcdef');
    });

    it('a reader that pauses gets 50 MB whole, and memory said to be free may be reused', async (pair) => {
      const { ours, peer } = pair;
      const total = 50_000_000;
      const expected = createHash('sha1');
      const received = createHash('sha1');
      let got = 0;
      let chunks = 0;
      peer.on('data', (chunk: Buffer) => {
        received.update(chunk);
        got += chunk.length;
        if (++chunks % 64 === 0) {
          peer.pause();
          setTimeout(() => peer.resume(), 1);
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
        if (!ours.stream.write(piece)) {
          heldOnce = true;
          scratch = Buffer.alloc(150_001);
        }
        if (ours.stream.bufferedBytes > 1_000_000) {
          const drains = ours.drains;
          await ours.until(() => ours.drains > drains);
          assert.equal(ours.stream.bufferedBytes, 0);
        }
      }
      ours.stream.shutdown();
      await once(peer, 'end');
      assert.equal(got, total);
      assert.equal(received.digest('hex'), expected.digest('hex'));
      assert.ok(heldOnce, 'the reader was never slower than the writer');
    });

    it('a paused stream delivers nothing, and all of it once resumed', async (pair) => {
      const { ours, peer } = pair;
      peer.write('first');
      await ours.until(() => ours.text === 'first');
      ours.stream.pause();
      peer.write('second');
      await settle();
      assert.equal(ours.text, 'first');
      ours.stream.resume();
      await ours.until(() => ours.text === 'firstsecond');
    });

    it('what is resumed twice, or paused twice, is no different', async ({ ours, peer }) => {
      ours.stream.resume();
      ours.stream.pause();
      ours.stream.pause();
      ours.stream.resume();
      ours.stream.resume();
      peer.write('still read');
      await ours.until(() => ours.text === 'still read');
    });

    it('pause inside onData holds back what follows', async ({ ours, peer }) => {
      ours.onChunk = () => ours.stream.pause();
      peer.write('a');
      await ours.until(() => ours.chunks.length === 1);
      peer.write('b');
      await settle();
      assert.equal(ours.text, 'a');
      ours.onChunk = null;
      ours.stream.resume();
      await ours.until(() => ours.text === 'ab');
    });

    it('after the peer has ended the reply still arrives, then both ends close cleanly', async (pair) => {
      const { ours, peer } = pair;
      peer.end('question');
      await ours.until(() => ours.ends === 1);
      assert.equal(ours.closes, 0);
      ours.stream.write(Buffer.from('answer'));
      ours.stream.shutdown();
      assert.equal(String(await readExactly(peer, 6)), 'answer');
      await ours.until(() => ours.closes === 1);
      assert.equal(ours.error, null);
      assert.equal(ours.text, 'question');
    });

    it('after our shutdown the peer is still read, and writes are dropped', async (pair) => {
      const { ours, peer } = pair;
      ours.stream.write(Buffer.from('bye'));
      ours.stream.shutdown();
      assert.equal(ours.stream.write(Buffer.from('lost')), true);
      peer.resume();
      await once(peer, 'end');
      peer.end('late');
      await ours.until(() => ours.closes === 1);
      assert.equal(ours.text, 'late');
    });

    it('destroy forgets what is buffered and closes once, later', async ({ ours, peer }) => {
      const large = Buffer.alloc(20_000_000);
      ours.stream.write(large);
      assert.ok(ours.stream.bufferedBytes > 0);
      ours.stream.destroy();
      ours.stream.destroy();
      ours.stream.pause();
      ours.stream.resume();
      assert.equal(ours.closes, 0);
      assert.equal(ours.stream.bufferedBytes, 0);
      await ours.until(() => ours.closes === 1);
      peer.resume();
      await gone(peer);
      assert.equal(ours.closes, 1);
      assert.equal(ours.drains, 0);
    });

    it('destroy inside onData stops everything but the closing', async ({ ours, peer }) => {
      ours.onChunk = () => ours.stream.destroy();
      peer.write(pattern(300_000, 1));
      await ours.until(() => ours.closes === 1);
      await settle();
      assert.equal(ours.chunks.length, 1);
      assert.equal(ours.ends, 0);
    });

    if (kind.over !== 'unix') {
      it('a reset by the peer closes with an error', async ({ ours, peer }) => {
        peer.write('x');
        await ours.until(() => ours.text === 'x');
        // TLS cannot be reset through its own socket; ending it while we send has the same effect.
        if (kind.over === 'tcp') peer.resetAndDestroy();
        else peer.destroy();
        const write = (): void => {
          ours.stream.write(Buffer.alloc(100_000));
        };
        while (ours.closes === 0) {
          write();
          await settle();
        }
        assert.ok(ours.error === 'ECONNRESET' || ours.error === 'EPIPE', `${ours.error}`);
      });
    }

    if (kind.over === 'tcp') {
      it('reset tells the peer that bytes were lost', async ({ ours, peer }) => {
        peer.removeAllListeners('error');
        const failed = once(peer, 'error');
        ours.stream.write(Buffer.alloc(10_000_000));
        ours.stream.reset();
        await ours.until(() => ours.closes === 1);
        peer.resume();
        const [error] = (await failed) as [NodeJS.ErrnoException];
        assert.equal(error.code, 'ECONNRESET');
      });

      it("the addresses are the peer's", async ({ ours, peer }) => {
        if (peer.connecting) await once(peer, 'connect');
        assert.equal(ours.stream.remoteAddress, '127.0.0.1');
        assert.equal(ours.stream.remotePort, peer.localPort);
        assert.equal(ours.stream.localAddress, '127.0.0.1');
        assert.equal(ours.stream.localPort, peer.remotePort);
        assert.equal(ours.stream.encrypted, false);
      });
    }

    it('what lies in a buffer of its own stays while the stream is paused', async (pair) => {
      const { ours, peer } = pair;
      const kept: Buffer[] = [];
      const copies: Buffer[] = [];
      ours.stream.useReadBuffer(Buffer.alloc(65_536));
      assert.equal(ours.stream.chunksStay, true);
      ours.onChunk = (chunk) => {
        kept.push(chunk);
        copies.push(Buffer.from(chunk));
        ours.stream.pause();
      };
      peer.write(pattern(20_000, 4));
      await ours.until(() => kept.length === 1);
      peer.write(pattern(100_000, 5));
      // Another stream reads meanwhile.
      await withPair(kind, async (other) => {
        other.peer.write(pattern(50_000, 6));
        await other.ours.until(() => other.ours.text.length === 50_000);
      });
      assert.deepEqual(kept, copies);
      while (ours.text.length < 120_000) {
        const before = kept.length;
        ours.stream.resume();
        await ours.until(() => kept.length > before);
        await settle();
        assert.deepEqual(kept.at(-1), copies.at(-1));
      }
      const sent = Buffer.concat([pattern(20_000, 4), pattern(100_000, 5)]);
      assert.equal(hash(Buffer.concat(ours.chunks)), hash(sent));
    });

    it('buffers exchanged at every read: a chunk stays until its buffer is given again', async (pair) => {
      const { ours, peer } = pair;
      const buffers = Array.from({ length: 4 }, () => Buffer.alloc(10_000));
      const kept: { chunk: Buffer; copy: Buffer }[] = [];
      let turn = 0;
      ours.onChunk = (chunk) => {
        ours.stream.useReadBuffer(buffers[turn++ % 4]!);
        kept.push({ chunk, copy: Buffer.from(chunk) });
        // The chunk at hand and the two before it lie in buffers that wait for their turn.
        for (const one of kept.slice(1).slice(-3)) assert.deepEqual(one.chunk, one.copy);
      };
      ours.stream.useReadBuffer(buffers[turn++]!);
      const sent = pattern(400_000, 8);
      peer.write(sent);
      await ours.until(() => ours.chunks.reduce((sum, one) => sum + one.length, 0) >= 400_000);
      assert.equal(hash(Buffer.concat(ours.chunks)), hash(sent));
    });

    it('a buffer taken back is not written to any more', async ({ ours, peer }) => {
      for (const inside of [false, true]) {
        const own = Buffer.alloc(4096);
        ours.stream.useReadBuffer(own);
        const before = ours.text;
        ours.onChunk = inside ? () => ours.stream.useReadBuffer(null) : null;
        peer.write('first');
        await ours.until(() => ours.text === `${before}first`);
        if (!inside) ours.stream.useReadBuffer(null);
        own.fill(1);
        peer.write('second');
        await ours.until(() => ours.text === `${before}firstsecond`);
        assert.ok(own.every((byte) => byte === 1));
      }
    });

    it('a buffer taken back by who pauses too is not written to, and what comes then is right', async ({
      ours,
      peer,
    }) => {
      const own = Buffer.alloc(4096);
      ours.stream.useReadBuffer(own);
      peer.write('first');
      await ours.until(() => ours.text === 'first');
      ours.onChunk = () => {
        ours.stream.useReadBuffer(null);
        ours.stream.pause();
      };
      peer.write('second');
      await ours.until(() => ours.text === 'firstsecond');
      ours.onChunk = null;
      own.fill(1);
      peer.write('third');
      await settle();
      ours.stream.resume();
      await ours.until(() => ours.chunks.length > 2);
      peer.write('fourth');
      await ours.until(() => ours.chunks.length > 3);
      assert.equal(ours.text, 'firstsecondthirdfourth');
      assert.ok(own.every((byte) => byte === 1));
    });

    it('many small writes to a peer that does not read are buffered near their size', async (pair) => {
      const { ours, peer } = pair;
      peer.pause();
      const plug = pattern(8_000_000, 5);
      const small = Buffer.from('message');
      ours.stream.write(plug);
      const before = ours.stream.bufferedBytes;
      assert.ok(before > 0);
      for (let i = 0; i < 10_000; i++) assert.equal(ours.stream.write(small), true);
      assert.ok(ours.stream.bufferedBytes >= 70_000);
      ours.stream.shutdown();
      const all = await readExactly(peer, plug.length + 70_000);
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

async function readExactly(peer: Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let got = 0;
  const done = Promise.withResolvers<void>();
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    got += chunk.length;
    if (got >= length) done.resolve();
  };
  peer.on('data', take);
  peer.once('end', done.resolve);
  peer.resume();
  await done.promise;
  peer.off('data', take);
  return Buffer.concat(chunks);
}

/** Resolves when the peer knows of the end, a clean one or not. */
function gone(peer: Socket): Promise<void> {
  return new Promise((resolve) => {
    peer.once('end', resolve);
    peer.once('close', () => resolve());
  });
}

/** Long enough for what was sent on loopback to arrive if it were going to. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 15));
}
