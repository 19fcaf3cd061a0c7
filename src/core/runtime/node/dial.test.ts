import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { connected, type DialOptions, type ListenAddress, type TransportTier } from '../index.ts';
import { createNodeNetwork } from './network.ts';
import { createNodeTransport } from './transport.ts';
import { Recorder } from './transport-fixture.ts';

const accepted: Socket[] = [];
let server: Server;
let port = 0;

before(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    accepted.push(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
after(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port: free } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  return free;
}

for (const tier of ['streams', 'onread', 'handle'] satisfies TransportTier[]) {
  describe(`dial on ${tier}`, async () => {
    const network = createNodeNetwork(await createNodeTransport(tier));

    const failing = (address: ListenAddress, more: Partial<DialOptions> = {}) =>
      connected(network.dial, { address, timeoutMs: 5000, ...more });

    test('what fails is named', async () => {
      const free = await freePort();
      const refused = failing({ host: '127.0.0.1', port: free });
      await assert.rejects(refused, { code: 'refused', detail: 'ECONNREFUSED' });
      await assert.rejects(refused, { message: new RegExp(`127.0.0.1:${free}: nobody listens`) });
      await assert.rejects(failing({ path: '/nowhere/socket' }), { code: 'path-missing' });
      for (const wrong of [-1, 65_536, 1.5]) {
        await assert.rejects(failing({ host: '127.0.0.1', port: wrong }), {
          code: 'socket-failed',
        });
      }
      const noName = failing({ host: 'nobody.invalid', port });
      await assert.rejects(noName, ({ code }: { code: string }) =>
        ['name-unknown', 'name-failed'].includes(code),
      );
    });

    test('a host name is looked up, an address that refuses leaves the others', async () => {
      const stream = await connected(network.dial, {
        address: { host: 'localhost', port },
        timeoutMs: 5000,
      });
      assert.equal(stream.remoteAddress, '127.0.0.1');
      assert.equal(stream.remotePort, port);
      stream.attach(new Recorder(stream));
      stream.destroy();
    });

    test('our end has the address that was asked for, one that is not ours fails', async () => {
      const address = { host: '127.0.0.1', port };
      const stream = await failing(address, { localAddress: '127.0.0.9' });
      assert.equal(stream.localAddress, '127.0.0.9');
      const recorder = new Recorder(stream);
      stream.attach(recorder);
      stream.destroy();
      await recorder.until(() => recorder.closes === 1);
      const foreign = failing(address, { localAddress: '192.0.2.1' });
      await assert.rejects(foreign, { code: 'local-address' });
    });

    test('nothing is told inside the call, nor after cancel', async () => {
      const told: string[] = [];
      const begin = (address: ListenAddress) =>
        network.dial(
          { address, timeoutMs: 5000 },
          {
            onConnected: (stream) => {
              told.push('connected');
              stream.attach(new Recorder(stream));
              stream.destroy();
            },
            onFailed: (code) => told.push(code),
          },
        );
      const free = { host: '127.0.0.1', port: await freePort() };
      const cancelled = [{ host: '127.0.0.1', port }, free, { path: '/nowhere/socket' }].map(begin);
      assert.deepEqual(told, []);
      for (const dialling of cancelled) dialling.cancel();
      begin(free);
      while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      const last = begin({ host: '127.0.0.1', port });
      while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      last.cancel();
      assert.deepEqual(told, ['refused', 'connected']);
    });

    test('no answer in time: timeout', async () => {
      const slow = failing(
        { host: '127.0.0.1', port },
        { timeoutMs: 60, tls: network.tlsClient({ verify: false }) },
      );
      await assert.rejects(slow, { code: 'timeout' });
    });

    test('many connections at once, each with its own bytes', async () => {
      const echo = createServer((socket) => {
        socket.on('error', () => {});
        socket.pipe(socket);
      });
      echo.listen(0, '127.0.0.1');
      await once(echo, 'listening');
      const address = { host: '127.0.0.1', port: (echo.address() as AddressInfo).port };
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const stream = await failing(address, { keepAliveMs: 5000 });
          const recorder = new Recorder(stream);
          stream.attach(recorder);
          const text = `${index} `.repeat(1000);
          stream.write(Buffer.from(text));
          stream.shutdown();
          await recorder.until(() => recorder.closes === 1);
          assert.equal(recorder.text, text);
          assert.equal(recorder.error, null);
        }),
      );
      echo.close();
    });
  });
}
