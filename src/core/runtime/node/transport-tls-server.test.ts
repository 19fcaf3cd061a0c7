/** What a TLS listener chooses by what the client asks for: certificates, protocols, sessions, prefaces. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { ByteStream, Preface, TlsOptions } from '../index.ts';
import { createNodeTransport } from './transport.ts';
import {
  type Accepting,
  accepting,
  closed,
  eventually,
  TestAuthority,
} from './transport-fixture.ts';

const authority = new TestAuthority('our authority');
const first = authority.issue('first', 'DNS:first.org');
const shop = authority.issue('shop', 'DNS:shop.org,DNS:*.shop.org,IP:127.0.0.1');
const pay = authority.issue('pay', 'DNS:pay.shop.org,DNS:*.shop.org');
const alice = authority.issue('alice');
after(() => authority.remove());
const transport = await createNodeTransport();
await transport.prepareTls();
const several: TlsOptions = { ...first, certificates: [shop, pay] };

function client(port: number, more: ConnectionOptions = {}): TLSSocket {
  const options = {
    port,
    host: '127.0.0.1',
    ca: authority.cert,
    rejectUnauthorized: false,
    ...more,
  };
  const socket = connect(options);
  socket.on('error', () => {});
  return socket;
}

/** Shakes hands, has a word sent back and closes. */
async function visit({ listener, next }: Accepting, more: ConnectionOptions = {}) {
  const socket = client(listener.port, more);
  const session = once(socket, 'session');
  await once(socket, 'secureConnect');
  const recorder = await next();
  const { alpn, serverName } = recorder.stream;
  socket.write('word');
  await recorder.until(() => recorder.text === 'word');
  recorder.stream.write(Buffer.from('word'));
  await once(socket, 'data');
  const commonName = socket.getPeerCertificate().subject?.CN;
  const reused = socket.isSessionReused();
  const kept = more.session === undefined && more.maxVersion !== undefined ? await session : [];
  socket.destroy();
  recorder.stream.destroy();
  await recorder.until(() => recorder.closes === 1);
  return { alpn, serverName, commonName, reused, session: kept[0] as Buffer | undefined };
}

test('the certificate is the one for the name asked for: exact, wildcard, else the first', async () => {
  const door = await accepting(transport, { tls: several });
  const table: [string, string][] = [
    ['shop.org', 'shop'],
    ['SHOP.org', 'shop'],
    ['pay.shop.org', 'pay'],
    ['any.shop.org', 'shop'],
    ['a.b.shop.org', 'first'],
    ['first.org', 'first'],
    ['unknown.org', 'first'],
    ['', 'first'],
  ];
  for (const [servername, commonName] of table) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const seen = await visit(door, { servername, maxVersion });
      assert.equal(seen.commonName, commonName, servername);
      assert.equal(seen.serverName.toLowerCase(), servername.toLowerCase());
    }
  }
  await door.listener.close();
});

test('what authorities say of certificates is sent to clients that ask, of each its own', async () => {
  const [ofFirst, ofPay] = [authority.ocspFor(first), authority.ocspFor(pay)];
  const certificates = [shop, { ...pay, ocsp: ofPay }];
  const door = await accepting(transport, { tls: { ...first, ocsp: ofFirst, certificates } });
  const table: [string, boolean, Buffer | null][] = [
    ['first.org', true, ofFirst],
    ['pay.shop.org', true, ofPay],
    ['shop.org', true, null],
    ['pay.shop.org', false, null],
  ];
  for (const [servername, requestOCSP, expected] of table) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = client(door.listener.port, { servername, requestOCSP, maxVersion });
      let said: Buffer | null = null;
      socket.on('OCSPResponse', (response: Buffer) => {
        said = response;
      });
      await once(socket, 'secureConnect');
      const recorder = await door.next();
      assert.deepEqual(said, expected, `${servername} ${maxVersion}`);
      socket.destroy();
      recorder.stream.destroy();
      await recorder.until(() => recorder.closes === 1);
    }
  }
  await door.listener.close();
});

test('openssl s_client gets the certificate, the protocol and the answer', async () => {
  const door = await accepting(transport, { tls: { ...several, alpn: ['h2', 'http/1.1'] } });
  const child = spawn(
    'openssl',
    [
      's_client',
      '-connect',
      `127.0.0.1:${door.listener.port}`,
      '-servername',
      'pay.shop.org',
    ].concat(['-alpn', 'http/1.1,h2', '-tls1_3']),
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const recorder = await door.next();
  child.stdin.write('ping\n');
  await recorder.until(() => recorder.text === 'ping\n');
  // The server's order decides (RFC 7301 section 3.2).
  assert.equal(recorder.stream.alpn, 'h2');
  recorder.stream.write(Buffer.from('pong from us\n'));
  await eventually(() => output.includes('pong from us'));
  assert.match(output, /subject=.*CN ?= ?pay/);
  assert.match(output, /ALPN protocol: h2/);
  child.kill();
  recorder.stream.destroy();
  await recorder.until(() => recorder.closes === 1);
  await door.listener.close();
});

test('no protocol in common: the handshake fails; a client without any is served', async () => {
  const door = await accepting(transport, { tls: { ...first, alpn: ['h2'] } });
  await closed(client(door.listener.port, { ALPNProtocols: ['http/1.1'] }));
  await eventually(() => door.handshakeEnds.length === 1);
  assert.deepEqual(door.handshakeEnds, ['handshake-failed']);
  assert.equal((await visit(door)).alpn, '');
  await door.listener.close();
});

test('sessions are resumed, after an update too, unless it changes which clients may come', async () => {
  const door = await accepting(transport, { tls: several });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const options = { maxVersion, servername: 'pay.shop.org' };
    const { session, reused } = await visit(door, options);
    assert.equal(reused, false);
    const again = async () => (await visit(door, { ...options, session: session! })).reused;
    assert.equal(await again(), true);
    door.listener.updateTls({ ...several, certificates: [pay] });
    assert.equal(await again(), true);
    door.listener.updateTls({ ...several, ca: authority.cert, requestCert: true });
    await closed(client(door.listener.port, { ...options, session: session! }));
    assert.equal((await visit(door, { ...options, ...alice, session: session! })).reused, false);
    door.listener.updateTls(several);
  }
  await door.listener.close();
});

test('sessionSeconds 0: nothing is resumed', async () => {
  const door = await accepting(transport, { tls: { ...first, sessionSeconds: 0 } });
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = client(door.listener.port, { maxVersion: version });
    let session: Buffer | undefined;
    socket.on('session', (given) => {
      session = given;
    });
    const recorder = await door.next();
    socket.write('word');
    await recorder.until(() => recorder.text === 'word');
    recorder.stream.write(Buffer.from('word'));
    await once(socket, 'data');
    socket.destroy();
    recorder.stream.destroy();
    if (session === undefined) continue;
    assert.equal((await visit(door, { maxVersion: version, session })).reused, false);
  }
  await door.listener.close();
});

test('only suites with forward secrecy and authenticated encryption are taken, if others are not asked for', async () => {
  const shake = async (tls: TlsOptions, ciphers: string): Promise<string> => {
    const door = await accepting(transport, { tls });
    const socket = client(door.listener.port, { ciphers, maxVersion: 'TLSv1.2' });
    const shaken = new Promise<string>((resolve) => {
      socket.once('secureConnect', () => resolve(socket.getCipher().name));
      socket.once('close', () => resolve('refused'));
    });
    const name = await shaken;
    socket.destroy();
    await door.listener.close();
    return name;
  };
  for (const name of [
    'AES128-GCM-SHA256',
    'AES256-SHA',
    'ECDHE-RSA-AES128-SHA',
    'ECDHE-ECDSA-AES128-SHA256',
  ]) {
    assert.equal(await shake(first, name), 'refused', name);
  }
  const modern = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256';
  assert.match(await shake(first, modern), /^ECDHE-(ECDSA|RSA)-AES128-GCM-SHA256$/);
  const old = 'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA';
  assert.match(await shake({ ...first, ciphers: old }, old), /^ECDHE-(ECDSA|RSA)-AES128-SHA$/);
});

test('nobody renegotiates (RFC 9113 section 9.2.1)', async () => {
  const door = await accepting(transport, { tls: several });
  for (const servername of ['first.org', 'shop.org']) {
    const socket = client(door.listener.port, { maxVersion: 'TLSv1.2', servername });
    await once(socket, 'secureConnect');
    const refused = new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(true));
      socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error !== null));
    });
    assert.equal(await refused, true, servername);
    socket.destroy();
    (await door.next()).stream.destroy();
  }
  await door.listener.close();
});

test('certificates that cannot be told apart by name or do not fit their key are refused whole', async () => {
  const nameless = { ...first, certificates: [authority.issue('x', 'IP:127.0.0.1')] };
  const broken = { ...first, certificates: [{ cert: shop.cert, key: pay.key }] };
  for (const tls of [nameless, broken, { ...first, ciphers: 'NO-SUCH-CIPHER' }]) {
    await assert.rejects(accepting(transport, { tls }), {
      name: 'ListenError',
      code: 'tls-invalid',
    });
  }
  const door = await accepting(transport, { tls: several });
  assert.throws(() => door.listener.updateTls(broken), { code: 'tls-invalid' });
  assert.equal((await visit(door, { servername: 'shop.org' })).commonName, 'shop');
  await door.listener.close();
});

/** Takes `NAME;` of at most ten bytes. */
class Naming implements Preface {
  name = '';

  take(bytes: Buffer): number | 'more' | 'refuse' {
    const end = bytes.indexOf(';');
    if (end > 10 || (end < 0 && bytes.length > 10)) return 'refuse';
    if (end < 0) return 'more';
    this.name = bytes.toString('latin1', 0, end);
    return end + 1;
  }
}

/** Sends `preface` in these pieces and shakes hands behind it. */
async function behind(port: number, pieces: readonly string[]): Promise<TLSSocket> {
  const raw: Socket = connectPlain({ port, host: '127.0.0.1', noDelay: true });
  raw.on('error', () => {});
  await once(raw, 'connect');
  for (const [index, piece] of pieces.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    raw.write(piece, 'latin1');
  }
  return client(port, { socket: raw });
}

test('what comes before the handshake is read first, in one piece with it or in many', async () => {
  const seen: [ByteStream, string][] = [];
  const transport = await createNodeTransport();
  const { listener, next, handshakeEnds } = await accepting(transport, {
    tls: first,
    preface: (address) => (address === '127.0.0.1' ? new Naming() : null),
    onPreface: (stream, preface) => seen.push([stream, (preface as Naming).name]),
  });
  for (const pieces of [['alice;'], ['b', 'o', 'b', ';'], [';']]) {
    const socket = await behind(listener.port, pieces);
    await once(socket, 'secureConnect');
    const recorder = await next();
    socket.write('hello');
    await recorder.until(() => recorder.text === 'hello');
    assert.deepEqual(seen.at(-1), [recorder.stream, pieces.join('').slice(0, -1)]);
    socket.destroy();
    recorder.stream.destroy();
    await recorder.until(() => recorder.closes === 1);
  }
  assert.deepEqual(handshakeEnds, []);
  await closed(await behind(listener.port, ['far too long a name;']));
  await closed(client(listener.port));
  const early = connectPlain(listener.port, '127.0.0.1');
  early.on('error', () => {});
  early.end('ali');
  early.resume();
  await closed(early);
  await eventually(() => handshakeEnds.length === 3);
  assert.equal(listener.handshaking, 0);
  await listener.close();
});
