import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { pinnedBytes } from '../../../tests/support/pinned-bytes.ts';
import type { Network, TlsClient } from '../../core/runtime/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeTransport,
} from '../../core/runtime/node/index.ts';
import { type KeyPair, TestAuthority } from '../../core/runtime/node/transport-fixture.ts';
import type { ProbeResult } from '../health/prober.ts';
import { Server } from '../servers/server.ts';
import { spec } from '../testing/pools.ts';
import { poolSettings } from '../testing/settings.ts';
import { type CheckPlan, createProber } from './create-prober.ts';

const clock = createNodeClock();
const listeners: NetServer[] = [];
const open = new Set<Socket>();
let network: Network;
let authority: TestAuthority;
let good: KeyPair;

before(async () => {
  network = createNodeNetwork(await createNodeTransport());
  authority = new TestAuthority('check authority');
  good = authority.issue('good');
});
after(() => {
  for (const listener of listeners) listener.close();
  for (const socket of open) socket.destroy();
  authority.remove();
});

/** A server that meets each connection with `accept`; all of them are noted. */
async function listening(accept: (socket: Socket) => void): Promise<number> {
  return started(createServer((socket) => accept(noted(socket))));
}

async function tlsListening(pair: KeyPair, accept: (socket: Socket) => void): Promise<number> {
  return started(createTlsServer(pair, (socket) => accept(noted(socket))));
}

async function started(listener: NetServer): Promise<number> {
  listeners.push(listener);
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return (listener.address() as { port: number }).port;
}

function noted(socket: Socket): Socket {
  open.add(socket);
  socket.on('error', () => {});
  socket.on('close', () => open.delete(socket));
  return socket;
}

function answering(answer: string): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => socket.write(answer));
    socket.resume();
  };
}

function planOf(yaml: string, tls?: TlsClient): CheckPlan {
  const { health, upstream } = poolSettings(yaml);
  const { proxyProtocol, source } = upstream;
  return { health, tls, proxyProtocol, source };
}

function probe(
  yaml: string,
  port: number,
  more: { host?: string; tls?: TlsClient } = {},
): Promise<ProbeResult> {
  const prober = createProber(planOf(yaml, more.tls), { network, clock });
  assert.ok(prober !== undefined);
  const server = new Server(spec('a', { host: more.host ?? '127.0.0.1', port }));
  return new Promise((resolve) => {
    let calls = 0;
    prober.probe(server, (result) => {
      assert.equal(++calls, 1);
      assert.ok(result.durationMs >= 0);
      resolve(result);
    });
    assert.equal(calls, 0);
  });
}

async function reasonOf(...given: Parameters<typeof probe>): Promise<string> {
  const { reason, status } = await probe(...given);
  return status === undefined ? reason : `${reason} ${status}`;
}

const http = (more = '') => `health: { check: http, timeout: 10s${more} }`;
const answer = (head: string, body = '') => `HTTP/1.1 ${head}\r\n\r\n${body}`;

test('a TCP check passes where somebody accepts and closes its connection', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const port = await listening((socket) => {
    closed = once(socket.resume(), 'close');
  });
  assert.equal(await reasonOf('health: { check: tcp }', port), 'passed');
  await closed;
});

test('a TCP check of a port where nobody listens, of a name without an address and of a missing socket file', async () => {
  const port = await listening(() => {});
  const listener = listeners.at(-1) as NetServer;
  listener.close();
  await once(listener, 'close');
  assert.equal(await reasonOf('health: { check: tcp }', port), 'refused');
  const host = 'unix:/nowhere/at-all.sock';
  assert.equal(await reasonOf('health: { check: tcp }', 0, { host }), 'refused');
  const unknown = { host: 'no-such-host.invalid' };
  assert.equal(await reasonOf('health: { check: tcp }', 80, unknown), 'not-resolved');
});

test('no check at all is no prober', () => {
  assert.equal(createProber(planOf('health: { check: none }'), { network, clock }), undefined);
});

test('a check goes to the port of its own where there is one', async () => {
  const port = await listening(() => {});
  assert.equal(await reasonOf(`health: { check: tcp, port: ${port} }`, 1), 'passed');
});

test('an HTTP check asks for its path with its method and Host and closes', async () => {
  let asked = '';
  const port = await listening((socket) => {
    socket.on('data', (bytes) => {
      asked += bytes;
      if (asked.endsWith('\r\n\r\n')) socket.write(answer('204 No Content'));
    });
  });
  assert.equal(
    await reasonOf(http(', path: /up?deep=1, method: HEAD, host: app.example'), port),
    'passed 204',
  );
  assert.match(asked, /^HEAD \/up\?deep=1 HTTP\/1\.1\r\nHost: app\.example\r\n/);
  assert.match(asked, /\r\nConnection: close\r\n/);
  asked = '';
  assert.equal(await reasonOf(http(), port), 'passed 204');
  assert.match(asked, new RegExp(`^GET / HTTP/1\\.1\r\nHost: 127\\.0\\.0\\.1:${port}\r\n`));
});

test('the status decides, interim responses do not', async () => {
  const cases: [answer: string, settings: string, outcome: string][] = [
    [answer('200 OK'), '', 'passed 200'],
    [answer('500 Oh'), '', 'wrong-status 500'],
    [answer('404 No'), ", statuses: '200, 404-405'", 'passed 404'],
    [answer('302 Found'), ", statuses: '200,404'", 'wrong-status 302'],
    [answer('103 Early Hints') + answer('200 OK'), '', 'passed 200'],
    [answer('100 Continue').repeat(17), '', 'not-http'],
    [
      answer('101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x'),
      '',
      'wrong-status 101',
    ],
  ];
  for (const [text, settings, outcome] of cases) {
    const port = await listening(answering(text));
    assert.equal(await reasonOf(http(settings), port), outcome, text);
  }
});

test('the text is looked for in bodies of every framing and across their pieces', async () => {
  const wanted = ", body: 'all is well'";
  const cases: [answer: string, outcome: string][] = [
    [answer('200 OK\r\nContent-Length: 16', 'so: all is well.'), 'passed 200'],
    [answer('200 OK\r\nContent-Length: 3', 'bad'), 'wrong-body 200'],
    [answer('200 OK\r\nContent-Length: 0'), 'wrong-body 200'],
    [
      answer('200 OK\r\nTransfer-Encoding: chunked', '5\r\nall i\r\n6\r\ns well\r\n0\r\n\r\n'),
      'passed 200',
    ],
    [answer('200 OK\r\nTransfer-Encoding: chunked', '3\r\nbad\r\n0\r\n\r\n'), 'wrong-body 200'],
    [answer('200 OK\r\nTransfer-Encoding: chunked', 'xyz\r\n'), 'not-http 200'],
    [answer('200 OK', `${'x'.repeat(65_536)}all is well`), 'wrong-body 200'],
    [answer('200 OK', `${'x'.repeat(65_525)}all is well${'x'.repeat(100_000)}`), 'passed 200'],
  ];
  for (const [text, outcome] of cases) {
    const port = await listening(answering(text));
    assert.equal(await reasonOf(http(wanted), port), outcome, text.slice(0, 80));
  }
});

test('a body byte by byte is found, one that ends with the connection is judged at its end', async () => {
  const slowly = await listening((socket) => {
    const bytes = Buffer.from(answer('200 OK', 'still: all is well'));
    let at = 0;
    const next = () => {
      if (at < bytes.length && !socket.destroyed) socket.write(bytes.subarray(at, ++at), next);
    };
    socket.once('data', next);
  });
  assert.equal(await reasonOf(http(", body: 'all is well'"), slowly), 'passed 200');
  const ending = await listening((socket) => {
    socket.once('data', () => socket.end(answer('200 OK', 'bad')));
  });
  assert.equal(await reasonOf(http(', body: well'), ending), 'wrong-body 200');
  const cut = await listening((socket) => {
    socket.once('data', () => socket.end(answer('200 OK\r\nContent-Length: 9', 'bad')));
  });
  assert.equal(await reasonOf(http(', body: well'), cut), 'closed-early 200');
});

test('what is no HTTP is told so, with what is wrong', async () => {
  for (const text of [
    'SSH-2.0-server\r\n',
    answer('200 OK\r\nno colon'),
    answer('099 What'),
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`,
  ]) {
    const port = await listening(answering(text));
    const { reason, detail } = await probe(http(), port);
    assert.equal(reason, 'not-http', text.slice(0, 40));
    assert.ok(detail !== undefined && detail !== '');
  }
});

test('a server that closes, resets or never answers', async () => {
  const closing = await listening((socket) => socket.end());
  assert.equal(await reasonOf(http(), closing), 'closed-early');
  const resetting = await listening((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  assert.equal(await reasonOf(http(), resetting), 'closed-early');
  let closed: Promise<unknown> = Promise.resolve();
  const silent = await listening((socket) => {
    closed = once(socket.resume(), 'close');
  });
  assert.equal(await reasonOf('health: { check: http, timeout: 50ms }', silent), 'answer-timeout');
  await closed;
  const half = await listening(answering('HTTP/1.1 200 OK\r\nContent-Le'));
  assert.equal(await reasonOf('health: { check: http, timeout: 50ms }', half), 'answer-timeout');
});

test('a body that never ends takes no longer than the timeout', async () => {
  const port = await listening(answering(answer('200 OK\r\nContent-Length: 9', 'all is')));
  const { reason } = await probe('health: { check: http, body: well, timeout: 50ms }', port);
  assert.equal(reason, 'answer-timeout');
});

test('a listener that accepts nobody is a connection that did not come about in time', async () => {
  const program = `
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:fs').writeSync(1, String(server.address().port));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(child.stdout, 'data');
  // The kernel keeps a few connections for it, and then no more.
  const fillers = Array.from({ length: 8 }, () => noted(connect(Number(port), '127.0.0.1')));
  await once(fillers[0] as Socket, 'connect');
  const check = 'health: { check: tcp, timeout: 100ms }';
  assert.equal(await reasonOf(check, Number(port)), 'connect-timeout');
  for (const filler of fillers) filler.destroy();
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('a TLS server that never shakes hands is a connection that did not come about in time', async () => {
  const port = await listening((socket) => socket.resume());
  assert.equal(await reasonOf('health: { check: tls, timeout: 50ms }', port), 'connect-timeout');
});

test('a TLS check wants a certificate that is valid for the server', async () => {
  const tls = network.tlsClient({ ca: authority.cert });
  const check = 'health: { check: tls, timeout: 10s }';
  const port = await tlsListening(good, (socket) => socket.resume());
  assert.equal(await reasonOf(check, port, { tls }), 'passed');
  assert.equal(await reasonOf(check, port), 'certificate-refused');
  const named = 'health: { check: tls, timeout: 10s, host: other.example }';
  assert.equal(await reasonOf(named, port, { tls }), 'certificate-refused');
  const expired = await tlsListening(authority.issue('old', undefined, -1), () => {});
  const { reason, detail } = await probe(check, expired, { tls });
  assert.equal(reason, 'certificate-refused');
  assert.match(String(detail), /expired/i);
  const misnamed = await tlsListening(authority.issue('x', 'DNS:other.example'), () => {});
  assert.equal(await reasonOf(check, misnamed, { tls }), 'certificate-refused');
  assert.equal(await reasonOf(named, misnamed, { tls }), 'passed');
  const plain = await listening((socket) => socket.end('220 hello\r\n'));
  assert.equal(await reasonOf(check, plain, { tls }), 'tls-failed');
  const closing = await listening((socket) => socket.destroy());
  assert.equal(await reasonOf(check, closing, { tls }), 'tls-failed');
});

test('an HTTP check of a pool that speaks TLS speaks it too, a TCP check does not', async () => {
  const tls = network.tlsClient({ ca: authority.cert, alpn: ['h2'] });
  const port = await tlsListening(good, answering(answer('200 OK')));
  assert.equal(await reasonOf(http(), port, { tls }), 'passed 200');
  const plain = await listening(() => {});
  assert.equal(await reasonOf('health: { check: tcp }', plain, { tls }), 'passed');
});

test('a certificate is looked at in every check, although sessions could be resumed', async () => {
  const tls = network.tlsClient({ ca: authority.cert });
  let resumed = 0;
  const listener = createTlsServer(good, (socket) => {
    if (socket.isSessionReused()) resumed++;
    answering(answer('200 OK'))(noted(socket));
  });
  const port = await started(listener);
  for (let i = 0; i < 3; i++) assert.equal(await reasonOf(http(), port, { tls }), 'passed 200');
  assert.equal(resumed, 0);
});

test('servers behind the PROXY protocol are told that the connection is our own', async () => {
  let first = Buffer.alloc(0);
  const port = await listening((socket) => {
    socket.on('data', (bytes) => {
      first = Buffer.concat([first, Buffer.from(bytes)]);
      if (first.includes('\r\n\r\n')) socket.write(answer('200 OK'));
    });
  });
  assert.equal(await reasonOf(`${http()}\nupstream: { proxy_protocol: v1 }`, port), 'passed 200');
  assert.match(first.toString('latin1'), /^PROXY UNKNOWN\r\nGET \/ /);
  first = Buffer.alloc(0);
  assert.equal(await reasonOf(`${http()}\nupstream: { proxy_protocol: v2 }`, port), 'passed 200');
  assert.equal(first.readUInt8(12), 0x20);
  first = Buffer.alloc(0);
  const own = `${http(`, port: ${port}`)}\nupstream: { proxy_protocol: v1 }`;
  assert.equal(await reasonOf(own, 1), 'passed 200');
  assert.match(first.toString('latin1'), /^GET \/ /);
});

test('checks of many pools hold the texts they look for, not the blocks those were made in', () => {
  const plan = planOf(http(', body: fine'));
  const probers: unknown[] = [];
  const pinned = pinnedBytes(200, () => probers.push(createProber(plan, { network, clock })));
  assert.equal(probers.length, 200);
  assert.ok(pinned < 200 * 1024, `${pinned} bytes are held`);
});

test('a cancelled check tells nothing and leaves no connection, whenever it is cancelled', async () => {
  let accepted = 0;
  const port = await listening((socket) => {
    accepted++;
    socket.resume();
  });
  const prober = createProber(planOf(http()), { network, clock });
  const server = new Server(spec('a', { host: '127.0.0.1', port }));
  const never = (): void => assert.fail('it was cancelled');
  prober?.probe(server, never)();
  const cancel = prober?.probe(server, never);
  while (accepted < 1) await new Promise((resolve) => setImmediate(resolve));
  cancel?.();
  cancel?.();
  const mine = () => [...open].filter((socket) => socket.localPort === port);
  while (mine().length > 0) await new Promise((resolve) => setImmediate(resolve));
  // Harmless behind the end, too.
  await new Promise<void>((resolve) => {
    const late = createProber(planOf('health: { check: tcp }'), { network, clock })?.probe(
      server,
      () => {
        late?.();
        resolve();
      },
    );
  });
});
