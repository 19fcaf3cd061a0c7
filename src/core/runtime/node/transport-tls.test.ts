import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ListenError } from '../transport.ts';
import { createNodeTransport } from './transport.ts';
import { accepting, closed, eventually, TestAuthority } from './transport-fixture.ts';

const authority = new TestAuthority('our authority');
const stranger = new TestAuthority('another authority');
const server = authority.issue('localhost');
const alice = authority.issue('alice');
const mallory = stranger.issue('alice');
after(() => {
  authority.remove();
  stranger.remove();
});
const transport = await createNodeTransport();
await transport.prepareTls();

function client(port: number, more: ConnectionOptions = {}): TLSSocket {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.cert, ...more });
  socket.on('error', () => {});
  return socket;
}

test('a client certificate of our authority: its name and issuer are known', async () => {
  const { listener, next } = await accepting(transport, {
    tls: { ...server, ca: authority.cert, requestCert: true },
  });
  const socket = client(listener.port, alice);
  const { stream } = await next();
  const certificate = stream.peerCertificate();
  assert.equal(certificate?.subjectCommonName, 'alice');
  assert.equal(certificate.issuerCommonName, 'our authority');
  assert.equal(certificate.authorized, true);
  assert.match(certificate.fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal(stream.encrypted, true);
  socket.destroy();
  stream.destroy();
  await listener.close();
});

test("no certificate or a stranger's, one required: the handshake fails", async () => {
  const { listener, handshakeEnds } = await accepting(transport, {
    tls: { ...server, ca: authority.cert, requestCert: true },
  });
  for (const given of [{}, mallory]) {
    const socket = client(listener.port, given);
    await closed(socket);
  }
  await eventually(() => handshakeEnds.length === 2);
  assert.deepEqual(handshakeEnds, ['handshake-failed', 'handshake-failed']);
  assert.equal(listener.handshaking, 0);
  await listener.close();
});

test("a stranger's certificate, not required to be trusted: known as not authorized", async () => {
  const { listener, next } = await accepting(transport, {
    tls: { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
  });
  const strangers = client(listener.port, mallory);
  assert.equal((await next()).stream.peerCertificate()?.authorized, false);
  const nobody = client(listener.port);
  assert.equal((await next()).stream.peerCertificate(), undefined);
  strangers.destroy();
  nobody.destroy();
  await listener.close();
});

test('bytes that are no TLS: the handshake fails and others are served', async () => {
  const { listener, handshakeEnds, next } = await accepting(transport, { tls: server });
  const garbage = connectPlain(listener.port, '127.0.0.1');
  garbage.on('error', () => {});
  garbage.write('PING\r\n'.repeat(100));
  garbage.resume();
  await closed(garbage);
  await eventually(() => handshakeEnds.length === 1);
  assert.deepEqual(handshakeEnds, ['handshake-failed']);
  const socket = client(listener.port);
  const recorder = await next();
  socket.write('hello');
  await recorder.until(() => recorder.text === 'hello');
  socket.destroy();
  await listener.close();
});

test('a byte now and then does not hold a handshake open', async () => {
  const { listener, handshakeEnds } = await accepting(transport, {
    tls: server,
    handshakeTimeoutMs: 120,
  });
  const slow = connectPlain(listener.port, '127.0.0.1');
  slow.on('error', () => {});
  // The start of a long ClientHello record (RFC 8446 section 5.1), then silence in small pieces.
  slow.write(Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
  const drip = setInterval(() => slow.write(Buffer.of(0)), 10);
  slow.resume();
  await closed(slow);
  clearInterval(drip);
  await eventually(() => handshakeEnds.length === 1);
  assert.deepEqual(handshakeEnds, ['handshake-timeout']);
  await listener.close();
});

test('an update: new connections see the new certificate, open ones go on', async () => {
  const { listener, next } = await accepting(transport, { tls: server });
  const before = client(listener.port);
  const old = await next();
  listener.updateTls(authority.issue('renewed'));
  const later = client(listener.port);
  await Promise.all([next(), once(later, 'secureConnect')]);
  assert.equal(later.getPeerCertificate().subject.CN, 'renewed');
  assert.equal(before.getPeerCertificate().subject.CN, 'localhost');
  before.write('still here');
  await old.until(() => old.text === 'still here');
  before.destroy();
  later.destroy();
  await listener.close();
});

test('an update that cannot be used: refused whole, the old certificate stays', async () => {
  const { listener, next } = await accepting(transport, { tls: server });
  const broken = { cert: server.cert, key: alice.key };
  assert.throws(
    () => listener.updateTls(broken),
    (error: ListenError) => error.code === 'tls-invalid',
  );
  assert.throws(() => listener.updateTls({ cert: 'no', key: 'no' }), { name: 'ListenError' });
  const socket = client(listener.port);
  await next();
  assert.equal(socket.getPeerCertificate().subject.CN, 'localhost');
  socket.destroy();
  await listener.close();
});

test('a certificate that cannot be used at start: tls-invalid', async () => {
  const tls = { cert: server.cert, key: alice.key };
  await assert.rejects(accepting(transport, { tls }), { name: 'ListenError', code: 'tls-invalid' });
});

test('minVersion TLSv1.3: an older client is turned away', async () => {
  const { listener, handshakeEnds } = await accepting(transport, {
    tls: { ...server, minVersion: 'TLSv1.3' },
  });
  await closed(client(listener.port, { maxVersion: 'TLSv1.2' }));
  await eventually(() => handshakeEnds.length === 1);
  assert.deepEqual(handshakeEnds, ['handshake-failed']);
  await listener.close();
});

test('not admitted: closed before the handshake', async () => {
  const { listener, handshakeEnds } = await accepting(transport, {
    tls: server,
    admit: () => false,
  });
  await closed(client(listener.port));
  assert.deepEqual(handshakeEnds, []);
  await listener.close();
});

test('closing the listener ends the handshakes under way', async () => {
  const { listener, handshakeEnds } = await accepting(transport, { tls: server });
  const mute = connectPlain(listener.port, '127.0.0.1');
  mute.on('error', () => {});
  mute.resume();
  await eventually(() => listener.handshaking === 1);
  await listener.close();
  await closed(mute);
  await eventually(() => handshakeEnds.length === 1);
  assert.deepEqual(handshakeEnds, ['handshake-failed']);
});

test('many TLS connections that break off at any moment leave the process and the others whole', async () => {
  const { listener, next } = await accepting(transport, { tls: server });
  for (let i = 0; i < 40; i++) {
    const socket = client(listener.port);
    const recorder = await next();
    recorder.onChunk = () => {
      recorder.stream.write(Buffer.alloc(200_000, i));
      recorder.stream.write(Buffer.alloc(200_000, i));
      if (i % 4 === 0) recorder.stream.destroy();
      if (i % 4 === 1) recorder.stream.shutdown();
    };
    socket.write('go');
    if (i % 2 === 0) await recorder.until(() => recorder.chunks.length > 0);
    socket.destroy();
  }
  globalThis.gc?.();
  const socket = client(listener.port);
  const last = await next();
  socket.write('last');
  await last.until(() => last.text === 'last');
  socket.destroy();
  await listener.close();
});
