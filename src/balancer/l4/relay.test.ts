import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { closed, eventually } from '../../core/runtime/node/transport-fixture.ts';
import { type Proxied, proxied, TestBackends } from './l4-fixture.ts';

const servers: Server[] = [];
const listening: Proxied[] = [];
const sockets = new Set<Socket>();

after(async () => {
  for (const socket of sockets) socket.destroy();
  for (const { listener } of listening) await listener.stop();
  for (const server of servers) server.close();
});

/** @returns the port. */
async function serve(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

function client(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  sockets.add(socket);
  socket.on('error', () => {});
  return socket;
}

async function relay(
  port: number,
  ...more: Parameters<typeof proxied> extends [unknown, ...infer R] ? R : never
) {
  const backends = new TestBackends(port);
  const one = await proxied({ kind: 'one', backends }, ...more);
  listening.push(one);
  return { ...one, backends, target: backends.targets[0]! };
}

function sha(): { add(bytes: Buffer): void; text(): string } {
  const hash = createHash('sha256');
  return { add: (bytes) => hash.update(bytes), text: () => hash.digest('hex') };
}

interface Plan {
  readonly pieces: readonly number[];
  /** Read so much, then pause for a turn or some. */
  readonly pauseEvery: number;
  readonly endsFirst: boolean;
}

const plan: fc.Arbitrary<Plan> = fc.record({
  pieces: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.integer({ min: 1, max: 4000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 30_000, max: 70_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 200_000, max: 900_000 }) },
    ),
    { maxLength: 12 },
  ),
  pauseEvery: fc.constantFrom(0, 1000, 50_000, 300_000),
  endsFirst: fc.boolean(),
});

/** Sends as planned, reads as planned, and ends when the plan says. Resolves with both hashes. */
async function play(socket: Socket, { pieces, pauseEvery, endsFirst }: Plan, seed: number) {
  const [sent, got] = [sha(), sha()];
  let unpaused = 0;
  socket.on('data', (bytes: Buffer) => {
    got.add(bytes);
    unpaused += bytes.length;
    if (pauseEvery === 0 || unpaused < pauseEvery) return;
    unpaused = 0;
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  const peerEnded = once(socket, 'end');
  let state = seed;
  for (const size of pieces) {
    const piece = Buffer.alloc(size);
    for (let at = 0; at + 4 <= size; at += 997) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
      piece.writeInt32LE(state, at);
    }
    sent.add(piece);
    if (!socket.write(piece)) await once(socket, 'drain');
    if (size % 3 === 0) await new Promise(setImmediate);
  }
  if (!endsFirst) await peerEnded;
  socket.end();
  await peerEnded;
  return { sent: sent.text(), got: got.text() };
}

for (const tier of ['streams', 'handle'] as const) {
  describe(`relay on ${tier}`, { timeout: 60_000 }, () => {
    test('any pieces, pauses and half-closes: both sides get every byte in order', async () => {
      const accepted: ((socket: Socket) => void)[] = [];
      const { port, proxy } = await relay(
        await serve((socket) => accepted.shift()!(socket)),
        {},
        { tier },
      );
      let sessions = 0;
      await fc.assert(
        fc.asyncProperty(plan, plan, async (one, other) => {
          const atServer = new Promise<Socket>((resolve) => accepted.push(resolve));
          const socket = client(port);
          // Somebody has to end first.
          const clientSide = play(
            socket,
            { ...one, endsFirst: one.endsFirst || !other.endsFirst },
            1,
          );
          const serverSide = play(await atServer, other, 2);
          const [near, far] = await Promise.all([clientSide, serverSide]);
          assert.equal(near.sent, far.got);
          assert.equal(near.got, far.sent);
          sessions++;
        }),
        { numRuns: 25 },
      );
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('complete'), sessions);
    });

    test('a client that ends is half-closed: the server hears it and still answers', async () => {
      const { port, proxy } = await relay(
        await serve((socket) => {
          let text = '';
          socket.on('data', (bytes) => {
            text += String(bytes);
          });
          socket.on('end', () => socket.end(`got ${text}`));
        }),
        {},
        { tier },
      );
      const socket = client(port);
      socket.end('all');
      const chunks: Buffer[] = [];
      socket.on('data', (bytes: Buffer) => chunks.push(bytes));
      await once(socket, 'end');
      assert.equal(String(Buffer.concat(chunks)), 'got all');
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('complete'), 1);
      assert.deepEqual(proxy.stats(), { open: 0, bytesUp: 3, bytesDown: 7 });
    });

    test('a server that ends first goes on hearing the client', async () => {
      let heard = '';
      const { port, proxy } = await relay(
        await serve((socket) => {
          socket.end('bye');
          socket.on('data', (bytes) => {
            heard += String(bytes);
          });
        }),
        {},
        { tier },
      );
      const socket = client(port);
      socket.resume();
      await once(socket, 'end');
      socket.end('still here');
      await eventually(() => proxy.open === 0);
      assert.equal(heard, 'still here');
      assert.equal(proxy.endings.of('complete'), 1);
    });

    test('a server that breaks off: the client sees a reset', async () => {
      const { port, proxy, target } = await relay(
        await serve((socket) => socket.once('data', () => socket.resetAndDestroy())),
        {},
        { tier },
      );
      const socket = client(port);
      socket.write('x');
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      assert.equal(error.code, 'ECONNRESET');
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('server-reset'), 1);
      assert.deepEqual(target.results, ['failure']);
    });

    test('a client that breaks off: the server sees a reset', async () => {
      let code = '';
      let greeted: Socket | undefined;
      const { port, proxy, target } = await relay(
        await serve((socket) => {
          greeted = socket;
          socket.on('error', (error: NodeJS.ErrnoException) => {
            code = error.code ?? '';
          });
          socket.write('hello');
        }),
        {},
        { tier },
      );
      const socket = client(port);
      await once(socket, 'data');
      socket.resetAndDestroy();
      await eventually(() => code !== '');
      assert.equal(code, 'ECONNRESET');
      await closed(greeted!);
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('client-reset'), 1);
      assert.deepEqual(target.results, ['success']);
      assert.equal(target.open, 0);
    });

    test('a reader that stands still holds one read, and gets everything when it goes on', async () => {
      const size = 40_000_000;
      let given = 0;
      const { port, proxy, listener } = await relay(
        await serve((socket) => {
          const piece = Buffer.alloc(100_000, 7);
          const more = (): void => {
            while (given < size) {
              given += piece.length;
              if (!socket.write(piece)) {
                socket.once('drain', more);
                return;
              }
            }
            socket.end();
          };
          more();
        }),
        {},
        { tier },
      );
      const socket = client(port);
      socket.pause();
      let last = -1;
      while (last !== given) {
        last = given;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      assert.ok(given < size, 'the kernel took all of it: the test shows nothing');
      assert.ok(
        listener.stats().bufferedBytes <= 262_144,
        `${listener.stats().bufferedBytes} held`,
      );
      let got = 0;
      socket.on('data', (bytes: Buffer) => {
        got += bytes.length;
      });
      socket.resume();
      await once(socket, 'end');
      socket.end();
      assert.equal(got, size);
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('complete'), 1);
    });

    test('silence on both sides ends a session, a byte either way keeps it', async () => {
      const { port, proxy } = await relay(
        await serve((socket) => socket.on('data', (bytes) => socket.write(bytes))),
        { idleMs: 300 },
        { tier },
      );
      const silent = client(port);
      const talking = client(port);
      talking.resume();
      const talk = setInterval(() => talking.write('x'), 40);
      await once(silent.resume(), 'end');
      await eventually(() => proxy.endings.of('idle-timeout') === 1);
      await new Promise((resolve) => setTimeout(resolve, 400));
      assert.equal(proxy.open, 1);
      clearInterval(talk);
      await once(talking, 'end');
      await eventually(() => proxy.endings.of('idle-timeout') === 2);
      for (const socket of [silent, talking]) socket.destroy();
    });

    test('a server that takes nothing more: the session ends for idleness, both sides told', async () => {
      let code = '';
      const { port, proxy, listener } = await relay(
        await serve((socket) => {
          socket.pause();
          socket.on('error', (error: NodeJS.ErrnoException) => {
            code = error.code ?? '';
          });
          setTimeout(() => socket.resume(), 1500);
        }),
        { idleMs: 200 },
        { tier },
      );
      const socket = client(port);
      socket.write(Buffer.alloc(30_000_000));
      await closed(socket.resume());
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('idle-timeout'), 1);
      assert.equal(listener.endings.of('idle-timeout'), 1);
      await eventually(() => code !== '');
      assert.equal(code, 'ECONNRESET');
    });

    test('stop resets both sides and names the reason; cutting a server spares the others', async () => {
      const port1 = await serve(() => {});
      const port2 = await serve(() => {});
      const backends = new TestBackends(port1, port2);
      const { port, proxy, listener } = await proxied({ kind: 'one', backends }, {}, { tier });
      const clients = [client(port), client(port), client(port)];
      for (const socket of clients) socket.once('end', () => socket.end());
      const [first, second] = backends.targets;
      await eventually(() => first!.taken + second!.taken === 3);
      assert.equal(proxy.sessionsAt(first!), 2);
      assert.equal(proxy.cutAt(first!), 2);
      await eventually(() => proxy.open === 1);
      assert.equal(proxy.endings.of('cut'), 2);
      assert.equal(proxy.sessionsAt(second!), 1);
      await listener.stop();
      await eventually(() => proxy.open === 0);
      assert.equal(proxy.endings.of('stopped'), 1);
      assert.equal(first!.open + second!.open, 0);
      for (const socket of clients) await closed(socket.resume());
    });
  });
}

test('2,000 connections at once: every one answered, none left', { timeout: 60_000 }, async () => {
  const { port, proxy, target } = await relay(
    await serve((socket) => socket.on('data', (bytes) => socket.end(bytes))),
  );
  const answers: Promise<string>[] = [];
  for (let i = 0; i < 2000; i++) {
    const socket = client(port);
    answers.push(
      new Promise((resolve) => {
        let text = '';
        socket.on('data', (bytes) => {
          text += String(bytes);
        });
        socket.on('close', () => resolve(text));
      }),
    );
    socket.write(`I am ${i}`);
    socket.once('end', () => socket.end());
    if (i % 100 === 99) await new Promise(setImmediate);
  }
  const all = await Promise.all(answers);
  all.forEach((text, i) => {
    assert.equal(text, `I am ${i}`);
  });
  await eventually(() => proxy.open === 0);
  assert.equal(proxy.endings.of('complete'), 2000);
  assert.equal(target.open, 0);
});
