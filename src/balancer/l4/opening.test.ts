import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import { createNodeNetwork, createNodeTransport } from '../../core/runtime/node/index.ts';
import { closed, eventually, TestAuthority } from '../../core/runtime/node/transport-fixture.ts';
import { encodeProxyHeader, encodeProxyLine, parseProxyHeader } from '../../core/wire/index.ts';
import { networksOf, type Proxied, proxied, TestBackends } from './l4-fixture.ts';
import { Opening } from './opening.ts';
import { ServerNames } from './server-names.ts';
import type { StreamRoute, StreamSettings } from './stream-proxy.ts';

const servers: Server[] = [];
const listening: Proxied[] = [];
const sockets = new Set<Socket>();
const authority = new TestAuthority('L4 test');

after(async () => {
  authority.remove();
  for (const socket of sockets) socket.destroy();
  for (const { listener } of listening) await listener.stop();
  for (const server of servers) server.close();
});

function keep(socket: Socket): Socket {
  sockets.add(socket);
  socket.on('error', () => {});
  return socket;
}

async function portOf(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', keep);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** Says what it was sent, all of it, when the client ends. */
function mirror(): Promise<number> {
  return portOf(
    createServer({ allowHalfOpen: true }, (socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (bytes: Buffer) => chunks.push(bytes));
      socket.on('end', () => socket.end(Buffer.concat(chunks)));
    }),
  );
}

async function deadPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  server.close();
  return port;
}

async function proxy(route: StreamRoute, settings: Partial<StreamSettings> = {}): Promise<Proxied> {
  const one = await proxied(route, settings);
  listening.push(one);
  return one;
}

function toOne(backends: TestBackends, settings?: Partial<StreamSettings>): Promise<Proxied> {
  return proxy({ kind: 'one', backends }, settings);
}

/** Sends the pieces, each a turn later, and ends. Resolves with what came. */
async function talk(port: number, ...pieces: (Buffer | string)[]): Promise<Buffer> {
  const socket = keep(connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  const chunks: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => chunks.push(bytes));
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  socket.end();
  await closed(socket);
  return Buffer.concat(chunks);
}

describe('choosing and dialling', { timeout: 20_000 }, () => {
  test('a server that is dead: the next one is tried, what the client said meanwhile arrives', async () => {
    const backends = new TestBackends(await deadPort(), await mirror());
    const { port, proxy } = await toOne(backends);
    assert.equal(String(await talk(port, 'early ', 'late')), 'early late');
    await eventually(() => proxy.open === 0);
    assert.deepEqual(
      backends.targets.map(({ results }) => results),
      [['failure'], ['success']],
    );
    assert.equal(proxy.endings.of('complete'), 1);
  });

  test('all are dead, or the budget is: the client is reset, the reason is counted', async () => {
    const backends = new TestBackends(await deadPort(), await deadPort());
    const { port, proxy } = await toOne(backends);
    assert.equal((await talk(port, 'x')).length, 0);
    await eventually(() => proxy.open === 0);
    assert.equal(proxy.endings.of('dial-failed'), 1);
    assert.deepEqual(
      backends.targets.map(({ begun }) => begun),
      [1, 1],
    );
    backends.attemptsMax = 1;
    await talk(port, 'x');
    await eventually(() => proxy.endings.of('dial-failed') === 2);
    assert.equal(backends.targets[0]!.begun + backends.targets[1]!.begun, 3);
  });

  test('there is no server: no-server', async () => {
    const { port, proxy, listener } = await toOne(new TestBackends());
    assert.equal((await talk(port, 'x')).length, 0);
    await eventually(() => proxy.open === 0);
    assert.equal(proxy.endings.of('no-server'), 1);
    assert.equal(listener.endings.of('upstream-failed'), 1);
  });

  test('a client that leaves while its server is dialled: the server is told once', async () => {
    let cancelled = 0;
    const backends = new TestBackends(1);
    const one = await proxied(
      { kind: 'one', backends },
      {},
      { dial: () => ({ cancel: () => cancelled++ }) },
    );
    listening.push(one);
    const { port, proxy } = one;
    const socket = keep(connect(port, '127.0.0.1'));
    await eventually(() => backends.targets[0]!.begun === 1);
    socket.resetAndDestroy();
    await eventually(() => proxy.open === 0);
    assert.equal(proxy.endings.of('client-left'), 1);
    assert.deepEqual(backends.targets[0]!.results, ['unknown']);
    assert.equal(cancelled, 1);
  });
});

describe('PROXY protocol', { timeout: 20_000 }, () => {
  const from = {
    family: 'inet',
    transport: 'stream',
    sourceAddress: '203.0.113.7',
    sourcePort: 4711,
    destinationAddress: '198.51.100.1',
    destinationPort: 443,
  } as const;

  test('out: a server hears who the client is, before anything else', async () => {
    for (const version of ['v1', 'v2'] as const) {
      const backends = new TestBackends(await mirror());
      backends.proxyProtocol = version;
      const { port } = await toOne(backends);
      const heard = await talk(port, 'hello');
      const parsed = parseProxyHeader(heard);
      assert.equal(parsed.kind, 'header');
      if (parsed.kind !== 'header') return;
      const { clientPort } = backends.facts[0]!;
      assert.equal(parsed.header.version, version === 'v1' ? 1 : 2);
      assert.deepEqual(parsed.header.endpoints, {
        ...from,
        sourceAddress: '127.0.0.1',
        sourcePort: clientPort,
        destinationAddress: '127.0.0.1',
        destinationPort: port,
      });
      assert.equal(String(heard.subarray(parsed.bytes)), 'hello');
    }
  });

  test('in, from a trusted network: believed and passed on, in any pieces', async () => {
    for (const header of [encodeProxyLine(from), encodeProxyHeader(from)]) {
      for (const cut of [0, 1, 11, header.length - 1]) {
        const backends = new TestBackends(await mirror());
        backends.proxyProtocol = 'v2';
        const { port } = await toOne(backends, {
          proxyProtocol: true,
          trusted: networksOf('127.0.0.0/8'),
        });
        const all = Buffer.concat([header, Buffer.from('hello')]);
        const heard = await talk(port, all.subarray(0, cut), all.subarray(cut));
        const parsed = parseProxyHeader(heard);
        assert.equal(parsed.kind, 'header');
        if (parsed.kind !== 'header') return;
        assert.deepEqual(parsed.header.endpoints, from);
        assert.equal(String(heard.subarray(parsed.bytes)), 'hello');
        assert.equal(backends.facts[0]!.clientAddress, '203.0.113.7');
        assert.equal(backends.facts[0]!.localPort, 443);
      }
    }
  });

  test('in, from a stranger: it is the stream’s own, nothing is believed', async () => {
    const backends = new TestBackends(await mirror());
    const settings = { proxyProtocol: true, trusted: networksOf('10.0.0.0/8') };
    const { port } = await toOne(backends, settings);
    const line = encodeProxyLine(from);
    assert.deepEqual(await talk(port, line), line);
    assert.equal(backends.facts[0]!.clientAddress, '127.0.0.1');
  });

  test('in, none or late: reset, and counted by reason', async () => {
    const settings = {
      proxyProtocol: true,
      trusted: networksOf('127.0.0.1'),
      openingMs: 100,
    };
    const { port, proxy } = await toOne(new TestBackends(await mirror()), settings);
    assert.equal((await talk(port, 'GET / HTTP/1.1\r\n')).length, 0);
    await eventually(() => proxy.endings.of('proxy-header-invalid') === 1);
    const slow = keep(connect(port, '127.0.0.1'));
    slow.write('PROXY TCP4');
    await closed(slow.resume());
    await eventually(() => proxy.endings.of('proxy-header-timeout') === 1);
    await talk(port, 'PROXY');
    await eventually(() => proxy.endings.of('client-left') === 1);
  });
});

describe('by SNI', { timeout: 20_000 }, () => {
  /** A TLS server that says its name and what it heard. */
  async function tlsServer(name: string): Promise<TestBackends> {
    const server = createTlsServer(authority.issue(name, `DNS:${name}`), (socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes: Buffer) => socket.end(`${name} heard ${bytes}`));
    });
    return new TestBackends(await portOf(server));
  }

  async function ask(port: number, servername: string): Promise<string> {
    const socket = connectTls({ port, host: '127.0.0.1', servername, ca: authority.cert });
    keep(socket);
    await once(socket, 'secureConnect');
    socket.write('hello');
    const chunks: Buffer[] = [];
    socket.on('data', (bytes: Buffer) => chunks.push(bytes));
    await once(socket, 'end');
    return String(Buffer.concat(chunks));
  }

  test('exact and wildcard names reach their servers, whose certificates clients verify', async () => {
    const [a, b] = [await tlsServer('a.test'), await tlsServer('x.b.test')];
    const names = new ServerNames(
      [
        { hosts: ['a.test'], value: a },
        { hosts: ['*.b.test'], value: b },
      ],
      undefined,
    );
    const { port, proxy } = await bySni(names);
    assert.equal(await ask(port, 'a.test'), 'a.test heard hello');
    assert.equal(await ask(port, 'x.b.test'), 'x.b.test heard hello');
    assert.equal(a.facts[0]!.serverName, 'a.test');
    const [error] = (await once(
      keep(connectTls({ port, host: '127.0.0.1', servername: 'c.test' })),
      'error',
    )) as [NodeJS.ErrnoException];
    assert.match(String(error.code), /UNRECOGNIZED_NAME/);
    await eventually(() => proxy.endings.of('name-unknown') === 1);
  });

  test('no name: the default, or unrecognized_name; no TLS: reset', async () => {
    const fallback = await tlsServer('any.test');
    const named = await bySni(new ServerNames([], fallback));
    const bare = connectTls({ port: named.port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(keep(bare), 'secureConnect');
    bare.destroy();
    const strict = await bySni(new ServerNames<TestBackends>([], undefined));
    const refused = connectTls({ port: strict.port, host: '127.0.0.1', rejectUnauthorized: false });
    const [error] = (await once(keep(refused), 'error')) as [NodeJS.ErrnoException];
    assert.match(String(error.code), /UNRECOGNIZED_NAME/);
    await eventually(() => strict.proxy.endings.of('name-missing') === 1);
    assert.equal((await talk(named.port, 'GET / HTTP/1.1\r\n\r\n')).length, 0);
    await eventually(() => named.proxy.endings.of('not-tls') === 1);
    // A record of a handshake whose message cannot be a ClientHello.
    const alert = await talk(named.port, Buffer.from('160301000402000000', 'hex'));
    assert.deepEqual([...alert], [21, 3, 3, 0, 2, 2, 50]);
    await eventually(() => named.proxy.endings.of('hello-invalid') === 1);
  });

  test('TLS to a server, behind a PROXY header: read by name on the way, the client known', async () => {
    const behind = await tlsServer('a.test');
    const names = new ServerNames([{ hosts: ['a.test'], value: behind }], undefined);
    const second = await bySni(names, { proxyProtocol: true, trusted: networksOf('127.0.0.1') });
    const backends = new TestBackends(second.port);
    backends.proxyProtocol = 'v2';
    const { tlsClient } = createNodeNetwork(await createNodeTransport());
    const tls = tlsClient({ ca: authority.cert, serverName: 'a.test' });
    Object.assign(backends.targets[0]!, { tls });
    const first = await toOne(backends);
    assert.equal(String(await talk(first.port, 'hello')), 'a.test heard hello');
    assert.equal(behind.facts[0]!.clientPort, backends.facts[0]!.clientPort);
    assert.equal(behind.facts[0]!.serverName, 'a.test');
    await eventually(() => first.proxy.open + second.proxy.open === 0);
    assert.equal(first.proxy.endings.of('complete'), 1);

    const wrong = tlsClient({ ca: authority.cert, serverName: 'b.test' });
    Object.assign(backends.targets[0]!, { tls: wrong });
    assert.equal((await talk(first.port, 'hello')).length, 0);
    await eventually(() => first.proxy.endings.of('dial-failed') === 1);
  });

  test('a hello that trickles in is cut off in time, one in pieces is read', async () => {
    const backends = await tlsServer('a.test');
    const names = new ServerNames([{ hosts: ['a.test'], value: backends }], undefined);
    const { port, proxy } = await bySni(names, { openingMs: 150 });
    const slow = keep(connect(port, '127.0.0.1'));
    slow.write(Buffer.from('16030102', 'hex'));
    await closed(slow.resume());
    await eventually(() => proxy.endings.of('hello-timeout') === 1);
    assert.equal(backends.facts.length, 0);

    // In front of it stands one that cuts every write into single bytes.
    const slicer = createServer((near) => {
      const far = keep(connect({ port, host: '127.0.0.1', noDelay: true }));
      let queue = Promise.resolve();
      near.on('data', (bytes: Buffer) => {
        queue = queue.then(async () => {
          for (let at = 0; at < bytes.length; at += 5) {
            far.write(bytes.subarray(at, at + 5));
            if (at < 100) await new Promise(setImmediate);
          }
        });
      });
      far.pipe(near);
    });
    assert.equal(await ask(await portOf(slicer), 'a.test'), 'a.test heard hello');
  });

  function bySni(names: ServerNames<TestBackends>, settings?: Partial<StreamSettings>) {
    return proxy({ kind: 'by-name', names }, settings);
  }
});

test('openings of which little has come: they hold that, not the blocks it was copied into', () => {
  const openings: Opening[] = [];
  const pinned = pinnedBytes(200, () => {
    const opening = new Opening(false, true);
    assert.equal(opening.take(Buffer.from('16', 'hex')), 'more');
    assert.equal(opening.take(Buffer.from('0301', 'hex')), 'more');
    assert.equal(opening.kept.toString('hex'), '160301');
    openings.push(opening);
  });
  assert.equal(openings.length, 200);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});
