import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  type AddressInfo,
  connect as connectPlain,
  createServer as createPlainServer,
  type Socket,
} from 'node:net';
import { after, test } from 'node:test';
import { createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { type ByteStream, connected, type DialOptions, type TlsClient } from '../index.ts';
import { createNodeNetwork } from './network.ts';
import { createNodeTransport } from './transport.ts';
import { Recorder, TestAuthority } from './transport-fixture.ts';

const authority = new TestAuthority('our authority');
const stranger = new TestAuthority('another authority');
const pair = authority.issue('localhost');
const alice = authority.issue('alice');
after(() => {
  authority.remove();
  stranger.remove();
});
const transport = await createNodeTransport();
await transport.prepareTls();
const network = createNodeNetwork(transport);

interface Serving {
  readonly port: number;
  readonly sockets: TLSSocket[];
  close(): void;
}

/** A TLS server of Node's that sends back what comes. */
async function serving(options: TlsOptions): Promise<Serving> {
  const sockets: TLSSocket[] = [];
  const server: Server = createServer(options, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    sockets,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function dialled(port: number, tls: TlsClient, more: Partial<DialOptions> = {}) {
  const address = { host: '127.0.0.1', port };
  return connected(network.dial, { address, timeoutMs: 5000, tls, ...more });
}

/** Sends a word, waits for it to come back (TLS 1.3 brings its session then) and closes. */
async function echo(stream: ByteStream): Promise<void> {
  const recorder = new Recorder(stream);
  stream.attach(recorder);
  stream.write(Buffer.from('echo'));
  await recorder.until(() => recorder.text === 'echo' || recorder.closes === 1);
  assert.equal(recorder.text, 'echo');
  stream.destroy();
  await recorder.until(() => recorder.closes === 1);
}

test('the name is sent and verified, the protocol agreed on is known', async () => {
  const { port, sockets, close } = await serving({ ...pair, ALPNProtocols: ['h2', 'http/1.1'] });
  const tls = network.tlsClient({ ca: authority.cert, serverName: 'localhost', alpn: ['h2'] });
  const stream = await dialled(port, tls);
  assert.equal(stream.encrypted, true);
  assert.equal(stream.alpn, 'h2');
  assert.equal(stream.remotePort, port);
  assert.equal(stream.peerCertificate()?.authorized, true);
  await echo(stream);
  assert.equal(sockets[0]?.servername, 'localhost');
  const noAlpn = await dialled(port, network.tlsClient({ ca: authority.cert }));
  assert.equal(noAlpn.alpn, '');
  await echo(noAlpn);
  close();
});

test('a certificate that will not do: why is named, and verification can be left out', async () => {
  const expired = authority.issue('localhost', 'DNS:localhost', -1);
  const table = [
    { serve: pair, options: {}, code: 'tls-unknown-authority' },
    { serve: stranger.issue('x'), options: { ca: authority.cert }, code: 'tls-unknown-authority' },
    {
      serve: pair,
      options: { ca: authority.cert, serverName: 'b.org' },
      code: 'tls-name-mismatch',
    },
    {
      serve: authority.issue('x', 'DNS:other.org'),
      options: { ca: authority.cert },
      code: 'tls-name-mismatch',
    },
    {
      serve: expired,
      options: { ca: authority.cert, serverName: 'localhost' },
      code: 'tls-expired',
    },
  ];
  for (const { serve, options, code } of table) {
    const { port, close } = await serving(serve);
    await assert.rejects(dialled(port, network.tlsClient(options)), { code });
    const stream = await dialled(port, network.tlsClient({ ...options, verify: false }));
    assert.equal(stream.peerCertificate()?.authorized, false);
    await echo(stream);
    close();
  }
});

test('a client certificate is shown when it is asked for; without one the server refuses', async () => {
  const asking = { ...pair, ca: authority.cert, requestCert: true };
  const { port, sockets, close } = await serving({ ...asking, maxVersion: 'TLSv1.2' });
  const shown = network.tlsClient({ ca: authority.cert, certificate: alice });
  await echo(await dialled(port, shown));
  assert.equal(sockets[0]?.getPeerCertificate().subject.CN, 'alice');
  const without = network.tlsClient({ ca: authority.cert });
  await assert.rejects(dialled(port, without), ({ code }: { code: string }) =>
    ['tls-refused', 'tls-closed'].includes(code),
  );
  close();
});

test('no version in common, no TLS at all, an end in the handshake: named', async () => {
  const old = await serving({ ...pair, maxVersion: 'TLSv1.2' });
  const modern = network.tlsClient({ ca: authority.cert, minVersion: 'TLSv1.3' });
  await assert.rejects(dialled(old.port, modern), { code: 'tls-version' });
  old.close();
  const answers = ['HTTP/1.1 400 Bad Request\r\n\r\n', ''];
  const plain = createPlainServer((socket: Socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(answers.shift() ?? ''));
  });
  plain.listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  await assert.rejects(dialled(port, modern), { code: 'tls-not-spoken' });
  await assert.rejects(dialled(port, modern), { code: 'tls-closed' });
  plain.close();
});

test('sessions are resumed with the server they were made with, and only by those who may', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { port, sockets, close } = await serving({ ...pair, maxVersion });
    const reused = async (tls: TlsClient): Promise<boolean> => {
      const before = sockets.length;
      await echo(await dialled(port, tls));
      return sockets[before]!.isSessionReused();
    };
    const tls = network.tlsClient({ ca: authority.cert });
    assert.deepEqual(
      [await reused(tls), await reused(tls), await reused(tls)],
      [false, true, true],
    );
    assert.equal(await reused(network.tlsClient({ ca: authority.cert })), false);
    const never = network.tlsClient({ ca: authority.cert, sessionReuse: false });
    assert.deepEqual([await reused(never), await reused(never)], [false, false]);
    close();
  }
});

test('a preface goes before the handshake', async () => {
  const { port: tlsPort, close } = await serving(pair);
  const seen: Buffer[] = [];
  const front = createPlainServer((socket) => {
    socket.on('error', () => {});
    socket.once('readable', () => {
      seen.push(socket.read(7) as Buffer);
      const back = connectPlain(tlsPort, '127.0.0.1');
      back.on('error', () => {});
      socket.pipe(back).pipe(socket);
    });
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const tls = network.tlsClient({ ca: authority.cert });
  const { port } = front.address() as AddressInfo;
  await echo(await dialled(port, tls, { preface: Buffer.from('PREFACE') }));
  assert.equal(String(seen[0]), 'PREFACE');
  front.close();
  close();
});

test('settings that cannot be used are found when they are given', () => {
  for (const options of [
    { certificate: { cert: alice.cert, key: pair.key } },
    { certificate: { cert: 'no', key: 'no' } },
    { ciphers: 'NO-SUCH-CIPHER' },
  ]) {
    assert.throws(() => network.tlsClient(options), { name: 'DialError', code: 'tls-settings' });
  }
});
