import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { TransportTier } from '../runtime/index.ts';
import { createNodeClock, createNodeTransport } from '../runtime/node/index.ts';
import { closed, eventually, TestAuthority } from '../runtime/node/transport-fixture.ts';
import type { Connection, ConnectionHandler } from './connection.ts';
import type { EndingReason } from './ending-reasons.ts';
import { listen } from './listen.ts';
import type { Listener, ListenOptions } from './listener.ts';

/** Echoes, and notes what it was told. */
class Echo implements ConnectionHandler {
  readonly connection: Connection;
  text = '';
  drains = 0;
  ends = 0;
  readonly reasons: EndingReason[] = [];
  onDrainRequested?: () => void;

  constructor(connection: Connection) {
    this.connection = connection;
  }
  onData(chunk: Buffer): void {
    this.text += chunk.toString('latin1');
    if (chunk.length < 100) this.connection.write(Buffer.from(chunk));
  }
  onDrain(): void {
    this.drains++;
  }
  onEnd(): void {
    this.ends++;
    this.connection.close('client-closed');
  }
  onClose(reason: EndingReason): void {
    this.reasons.push(reason);
  }
}

interface Served {
  readonly listener: Listener;
  readonly handlers: Echo[];
  client(): Socket;
  /** Waits until this many handlers were made. */
  accepted(count: number): Promise<void>;
}

async function serve(tier: TransportTier, more: Partial<ListenOptions> = {}): Promise<Served> {
  const handlers: Echo[] = [];
  const listener = await listen({
    transport: await createNodeTransport(tier),
    clock: createNodeClock(),
    address: { host: '127.0.0.1', port: 0 },
    onConnection: (connection) => {
      const handler = new Echo(connection);
      handlers.push(handler);
      return handler;
    },
    ...more,
  });
  const client = (): Socket => {
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  };
  return { listener, handlers, client, accepted: (n) => eventually(() => handlers.length === n) };
}

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return String(answer);
}

async function textUntilEnd(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  await closed(socket);
  return text;
}

for (const tier of ['streams', 'handle'] as const) {
  describe(`listener on ${tier}`, { timeout: 20_000 }, () => {
    test('a client that ends: answered, closed, counted as client-closed', async () => {
      const { listener, handlers, client } = await serve(tier);
      const socket = client();
      assert.equal(await ask(socket, 'hello'), 'hello');
      assert.equal(listener.connections, 1);
      socket.end();
      await closed(socket);
      await eventually(() => handlers[0]!.reasons.length === 1);
      assert.deepEqual(handlers[0]!.reasons, ['client-closed']);
      assert.equal(listener.connections, 0);
      assert.equal(listener.endings.of('client-closed'), 1);
      await listener.stop();
    });

    test('a client that breaks off: reset', async () => {
      const { listener, handlers, client } = await serve(tier);
      const socket = client();
      await ask(socket, 'x');
      socket.resetAndDestroy();
      await eventually(() => handlers[0]!.reasons.length === 1);
      assert.deepEqual(handlers[0]!.reasons, ['reset']);
      await listener.stop();
    });

    test('close: the last bytes arrive although the client goes on sending', async () => {
      const { listener, handlers, client } = await serve(tier);
      const socket = client();
      await ask(socket, 'x');
      const [handler] = handlers;
      socket.write('y'.repeat(3_000_000));
      handler!.connection.pause();
      const last = Buffer.alloc(2_000_000, 'z');
      handler!.connection.write(last);
      handler!.connection.close('protocol-error');
      handler!.connection.close('killed');
      assert.equal(handler!.connection.closing, true);
      assert.equal(handler!.connection.write(Buffer.from('more')), true);
      assert.equal((await textUntilEnd(socket)).length, last.length);
      await eventually(() => handler!.reasons.length === 1);
      assert.deepEqual(handler!.reasons, ['protocol-error']);
      await listener.stop();
    });

    test('close, the client never takes the last bytes: flush-timeout', async () => {
      const { listener, handlers, client } = await serve(tier, { flushTimeoutMs: 60 });
      const socket = client();
      await ask(socket, 'x');
      socket.pause();
      handlers[0]!.connection.write(Buffer.alloc(20_000_000));
      handlers[0]!.connection.close('client-quit');
      await eventually(() => handlers[0]!.reasons.length === 1);
      assert.deepEqual(handlers[0]!.reasons, ['flush-timeout']);
      socket.destroy();
      await listener.stop();
    });

    test('close, the client took all but never ends: cut off, the reason stays', async () => {
      const { listener, handlers, client } = await serve(tier, { flushTimeoutMs: 60 });
      const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
      await ask(socket, 'x');
      handlers[0]!.connection.close('client-quit');
      await eventually(() => handlers[0]!.reasons.length === 1);
      assert.deepEqual(handlers[0]!.reasons, ['client-quit']);
      socket.destroy();
      client().destroy();
      await listener.stop();
    });

    test('shutdown: the client has the end of what was said and is still heard', async () => {
      const { listener, handlers } = await serve(tier);
      const socket = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true });
      await ask(socket, 'x');
      const [handler] = handlers;
      handler!.connection.write(Buffer.from('last'));
      handler!.connection.shutdown();
      const ended = once(socket, 'end');
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
      });
      await ended;
      assert.equal(text, 'last');
      assert.equal(handler!.connection.closing, false);
      socket.end('y'.repeat(500));
      await eventually(() => handler!.ends === 1);
      assert.equal(handler!.text.length, 501);
      await eventually(() => handler!.reasons.length === 1);
      assert.deepEqual(handler!.reasons, ['client-closed']);
      await listener.stop();
    });

    test('reset: the client sees a broken connection, the reason is the one given', async () => {
      const { listener, handlers, client } = await serve(tier);
      const socket = client();
      await ask(socket, 'x');
      const broken = closed(socket);
      let code = '';
      socket.on('error', (error: NodeJS.ErrnoException) => {
        code = error.code ?? '';
      });
      handlers[0]!.connection.reset('upstream-failed');
      await broken;
      assert.equal(code, 'ECONNRESET');
      await eventually(() => handlers[0]!.reasons.length === 1);
      assert.deepEqual(handlers[0]!.reasons, ['upstream-failed']);
      await listener.stop();
    });

    test('a silent client: idle-timeout; a talking, a paused and an exempt one stay', async () => {
      const { listener, handlers, client, accepted } = await serve(tier, { idleTimeoutMs: 150 });
      const [silent, talking, paused, exempt] = [client(), client(), client(), client()];
      await accepted(4);
      const byPort = (socket: Socket): Echo =>
        handlers.find((one) => one.connection.remotePort === socket.localPort)!;
      await Promise.all([ask(silent, 's'), ask(talking, 't'), ask(paused, 'p'), ask(exempt, 'e')]);
      byPort(paused).connection.pause();
      byPort(exempt).connection.setIdleTimeout(0);
      const talk = setInterval(() => talking.write('.'), 20);
      silent.resume();
      await closed(silent);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(listener.endings.of('idle-timeout'), 1);
      assert.equal(listener.connections, 3);
      clearInterval(talk);
      for (const socket of [talking, paused, exempt]) socket.destroy();
      await listener.stop();
    });

    test('a client that does not read: output-limit, others unharmed', async () => {
      const { listener, handlers, client, accepted } = await serve(tier, {
        bufferedBytesMax: 1_000_000,
      });
      const greedy = client();
      greedy.pause();
      await accepted(1);
      const { connection } = handlers[0]!;
      const piece = Buffer.alloc(300_000);
      while (!connection.closing) {
        assert.ok(connection.bufferedBytes <= 1_000_000);
        connection.write(piece);
        await new Promise(setImmediate);
      }
      await eventually(() => handlers[0]!.reasons.length === 1);
      assert.deepEqual(handlers[0]!.reasons, ['output-limit']);
      assert.equal(await ask(client(), 'fine'), 'fine');
      greedy.destroy();
      await listener.stop();
    });

    test('above connectionsMax: told why and closed; there is room again after one left', async () => {
      const { listener, client, accepted } = await serve(tier, {
        connectionsMax: 2,
        onReject: () => Buffer.from('-ERR max number of clients reached\r\n'),
      });
      const [first] = [client(), client()];
      await accepted(2);
      const refused = client();
      refused.write('PING\r\n');
      assert.equal(await textUntilEnd(refused), '-ERR max number of clients reached\r\n');
      assert.equal(listener.stats().rejected, 1);
      assert.equal(listener.endings.of('connections-limit'), 1);
      first!.destroy();
      await eventually(() => listener.connections === 1);
      assert.equal(await ask(client(), 'in'), 'in');
      listener.setConnectionsMax(1);
      assert.match(await textUntilEnd(client()), /^-ERR/);
      await listener.stop();
    });

    test('1,000 connections: all answered, ids rise, all ended by stop', async () => {
      const { listener, handlers, client } = await serve(tier, { backlog: 2000 });
      const sockets = Array.from({ length: 1000 }, client);
      const answers = await Promise.all(sockets.map((socket, i) => ask(socket, `n${i}`)));
      assert.deepEqual(
        answers,
        sockets.map((_, i) => `n${i}`),
      );
      assert.equal(listener.stats().open, 1000);
      const ids = handlers.map((handler) => handler.connection.id);
      assert.deepEqual(
        ids,
        ids.toSorted((a, b) => a - b),
      );
      await listener.stop();
      assert.equal(listener.endings.of('server-stop'), 1000);
      assert.ok(handlers.every((handler) => handler.reasons.length === 1));
      for (const socket of sockets) socket.destroy();
    });

    test('drain: no new connection, running work ends, the rest is cut off and told', async () => {
      const { listener, handlers, client, accepted } = await serve(tier);
      const [polite, stuck, plain] = [client(), client(), client()];
      await accepted(3);
      const of = (socket: Socket): Echo =>
        handlers.find((one) => one.connection.remotePort === socket.localPort)!;
      of(polite!).onDrainRequested = () => {
        of(polite!).connection.write(Buffer.from('bye'));
        of(polite!).connection.close('server-drain');
      };
      of(stuck!).onDrainRequested = () => {};
      const { port } = listener;
      const drained = listener.drain(100);
      assert.equal(await textUntilEnd(polite!), 'bye');
      await closed(plain!.resume());
      await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
      assert.equal(await drained, 1);
      assert.equal(listener.connections, 0);
      assert.equal(listener.endings.of('server-drain'), 3);
      stuck!.destroy();
      await listener.stop();
    });
  });
}

test('drain with nobody there resolves at once, stop may come twice', async () => {
  const { listener } = await serve('handle');
  assert.equal(await listener.drain(60_000), 0);
  await listener.stop();
  await listener.stop();
});

test('TLS: served, counted, limited before the handshake, renewed', {
  timeout: 20_000,
}, async () => {
  const authority = new TestAuthority('downstream authority');
  const { listener, handlers } = await serve('handle', {
    tls: authority.issue('localhost'),
    connectionsMax: 1,
  });
  const client = (): Socket => {
    const socket = connectTls({ port: listener.port, host: '127.0.0.1', ca: authority.cert });
    socket.on('error', () => {});
    return socket;
  };
  const first = client();
  assert.equal(await ask(first, 'secret'), 'secret');
  assert.equal(handlers[0]!.connection.encrypted, true);
  await closed(client());
  assert.equal(listener.stats().rejected, 1);
  first.end();
  await closed(first);
  await eventually(() => listener.connections === 0);
  const garbage = connect(listener.port, '127.0.0.1');
  garbage.on('error', () => {});
  garbage.end('no TLS at all, no TLS at all, no TLS at all');
  await closed(garbage.resume());
  await eventually(() => listener.endings.of('handshake-failed') === 1);
  listener.updateTls(authority.issue('renewed'));
  assert.equal(await ask(client(), 'again'), 'again');
  const { accepted, handshaking } = listener.stats();
  assert.deepEqual({ accepted, handshaking }, { accepted: 4, handshaking: 0 });
  await listener.stop();
  const counted = listener.endings.reasons.reduce((sum, one) => sum + listener.endings.of(one), 0);
  assert.equal(counted, accepted);
  authority.remove();
});
