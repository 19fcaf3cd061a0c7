/**
 * Two socket.io servers that speak to each other through @socket.io/redis-adapter.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { waitUntil } from '../../../support/process.ts';
import { onEachTarget } from '../../../support/targets.ts';

for (const kind of ['plain', 'sharded'] as const) {
  onEachTarget(`socket.io over the ${kind} adapter`, {}, (server) => {
    const clients: Redis[] = [];
    const servers: Server[] = [];
    const sockets: Socket[] = [];
    const got: [string, string][] = [];

    const startOne = async () => {
      const publisher = new Redis({ host: server().host, port: server().port });
      const subscriber = publisher.duplicate();
      clients.push(publisher, subscriber);
      const web = createServer();
      const adapter =
        kind === 'plain'
          ? createAdapter(publisher, subscriber)
          : createShardedAdapter(publisher, subscriber);
      servers.push(new Server(web, { adapter }));
      return new Promise<string>((resolve) => {
        web.listen(0, '127.0.0.1', () => {
          const address = web.address();
          resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
        });
      });
    };
    const startSocket = async (url: string, name: string) => {
      const socket = io(url, { transports: ['websocket'], forceNew: true });
      sockets.push(socket);
      socket.on('hello', (text: string) => got.push([name, text]));
      await new Promise<void>((resolve) => socket.once('connect', resolve));
    };
    /** The names that received this text, once so many came in. */
    const receivers = async (text: string, count: number) => {
      const names = () => got.filter(([, each]) => each === text).map(([name]) => name);
      await waitUntil(`${count} of ${text}`, () => names().length >= count);
      return names().sort();
    };

    before(async () => {
      const urls = [await startOne(), await startOne()];
      const [left, right] = urls as [string, string];
      await startSocket(left, 'left-1');
      await startSocket(left, 'left-2');
      await startSocket(right, 'right-1');
      await waitUntil('the servers to know each other', async () => {
        const all = await servers[0]?.fetchSockets().catch(() => []);
        return all?.length === 3;
      });
    });
    after(async () => {
      for (const socket of sockets) socket.disconnect();
      for (const each of servers) await each.close();
      // What the adapters still say when they close is answered before the goodbye.
      for (const client of clients) await client.quit();
    });

    test('broadcasts to the sockets of both servers', async () => {
      servers[0]?.emit('hello', 'all');
      assert.deepEqual(await receivers('all', 3), ['left-1', 'left-2', 'right-1']);
    });

    test('reaches the members of a room wherever they are', async () => {
      const ids = sockets.map((socket) => String(socket.id));
      servers[1]?.in([ids[0] ?? '', ids[2] ?? '']).socketsJoin('room');
      await waitUntil('two in the room', async () => {
        return (await servers[0]?.in('room').fetchSockets())?.length === 2;
      });
      servers[1]?.to('room').emit('hello', 'room');
      assert.deepEqual(await receivers('room', 2), ['left-1', 'right-1']);
      servers[0]
        ?.to('room')
        .except(ids[0] ?? '')
        .emit('hello', 'except');
      assert.deepEqual(await receivers('except', 1), ['right-1']);
      servers[0]?.in('room').socketsLeave('room');
      await waitUntil('an empty room', async () => {
        return (await servers[1]?.in('room').fetchSockets())?.length === 0;
      });
    });

    test('lets servers speak to each other and answer', async () => {
      let heard = '';
      servers[1]?.on('note', (text: string) => {
        heard = text;
      });
      servers[0]?.serverSideEmit('note', 'psst');
      await waitUntil('the note', () => heard === 'psst');
      servers[1]?.on('question', (answer: (text: string) => void) => answer('42'));
      const answers = await servers[0]?.serverSideEmitWithAck('question');
      assert.deepEqual(answers, ['42']);
    });

    test('collects acknowledgements of clients on both servers', async () => {
      for (const [index, socket] of sockets.entries()) {
        socket.on('ask', (answer: (value: number) => void) => answer(index));
      }
      const answers = (await servers[1]?.timeout(10_000).emitWithAck('ask')) as number[];
      assert.deepEqual(answers.sort(), [0, 1, 2]);
    });

    test('disconnects sockets of the other server', async () => {
      servers[0]?.in(String(sockets[2]?.id)).disconnectSockets();
      await waitUntil('the end of the socket', () => sockets[2]?.connected === false);
      await waitUntil('two sockets', async () => (await servers[1]?.fetchSockets())?.length === 2);
    });
  });
}
