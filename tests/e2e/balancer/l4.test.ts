/** Layer 4 among programs that others wrote: HAProxy in front, nginx behind, openssl through it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createServer } from 'node:tls';
import { ServerNames } from '../../../src/balancer/l4/index.ts';
import {
  networksOf,
  type Proxied,
  proxied,
  TestBackends,
} from '../../../src/balancer/l4/l4-fixture.ts';
import { eventually, TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { requirePeer } from '../../support/peers.ts';
import {
  type Child,
  freePort,
  startChild,
  temporaryFolder,
  waitUntil,
} from '../../support/process.ts';

const folder = temporaryFolder('plinth-l4');
const children: Child[] = [];
const listening: Proxied[] = [];

after(async () => {
  for (const child of children) {
    child.process.kill();
    await child.exited;
  }
  for (const { listener } of listening) await listener.stop();
  folder.remove();
});

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

async function start(program: string, args: readonly string[], port: number): Promise<void> {
  const child = startChild(program, args);
  children.push(child);
  await waitUntil(`${program} to listen`, () => {
    assert.equal(child.hasExited(), false, child.output());
    return connects(port);
  });
}

/** Answers with what the PROXY header said of the client. */
async function nginxBehind(): Promise<number> {
  const port = await freePort();
  const path = join(folder.path, `nginx-${port}.conf`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder.path};`)
    .join(' ');
  writeFileSync(
    path,
    `daemon off; master_process off; pid ${folder.path}/${port}.pid; error_log stderr; events {}
     http { access_log off; ${temporary} server { listen 127.0.0.1:${port} proxy_protocol;
       return 200 "$proxy_protocol_addr $proxy_protocol_port"; } }`,
  );
  await start('nginx', ['-c', path, '-p', folder.path], port);
  return port;
}

async function haproxyInFront(to: number, header: 'send-proxy' | 'send-proxy-v2'): Promise<number> {
  const port = await freePort();
  const path = join(folder.path, `haproxy-${port}.cfg`);
  writeFileSync(
    path,
    `defaults
  mode tcp
  timeout connect 5s
  timeout client 10s
  timeout server 10s
listen one
  bind 127.0.0.1:${port}
  server plinth 127.0.0.1:${to} ${header}
`,
  );
  await start('haproxy', ['-f', path, '-db'], port);
  return port;
}

const sent = [
  ['send-proxy', 'v2'],
  ['send-proxy-v2', 'v1'],
] as const;

for (const [header, version] of sent) {
  test(`HAProxy in front with ${header}, nginx behind with ${version}: the client's own address arrives`, {
    ...requirePeer('haproxy', 'nginx'),
    timeout: 60_000,
  }, async () => {
    const backends = new TestBackends(await nginxBehind());
    backends.proxyProtocol = version;
    const one = await proxied(
      { kind: 'one', backends },
      { proxyProtocol: true, trusted: networksOf('127.0.0.1') },
    );
    listening.push(one);
    const port = await haproxyInFront(one.port, header);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const { localPort } = socket;
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    let text = '';
    socket.on('data', (bytes) => {
      text += String(bytes);
    });
    await once(socket, 'end');
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.equal(text.split('\r\n\r\n')[1], `127.0.0.1 ${localPort}`);
    await eventually(() => one.proxy.open === 0);
  });
}

test('openssl s_client through SNI: the server it asked for, its certificate verified', {
  ...requirePeer('openssl'),
  timeout: 60_000,
}, async () => {
  const authority = new TestAuthority('L4 e2e');
  const ca = join(folder.path, 'ca.crt');
  writeFileSync(ca, authority.cert);
  const server = createServer(authority.issue('a.test', 'DNS:a.test'), (socket) => {
    socket.on('data', (bytes) => socket.end(`heard ${bytes}`));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const backends = new TestBackends((server.address() as { port: number }).port);
  const names = new ServerNames([{ hosts: ['a.test'], value: backends }], undefined);
  const one = await proxied({ kind: 'by-name', names });
  listening.push(one);

  const client = async (name: string, version: string): Promise<string> => {
    const to = ['-connect', `127.0.0.1:${one.port}`, '-servername', name, '-verify_hostname', name];
    const child = spawn(
      'openssl',
      ['s_client', ...to, version, '-CAfile', ca, '-verify_return_error', '-ign_eof', '-brief'],
      { stdio: 'pipe' },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes) => {
        text += String(bytes);
      });
    }
    child.stdin.on('error', () => {});
    child.stdin.write('hello\n');
    await once(child, 'close');
    return text;
  };
  for (const version of ['-tls1_2', '-tls1_3']) {
    const text = await client('a.test', version);
    assert.match(text, /Verification: OK/);
    assert.match(text, /heard hello/);
    assert.match(await client('b.test', version), /unrecognized name/);
  }
  await eventually(() => one.proxy.open === 0);
  assert.equal(one.proxy.endings.of('name-unknown'), 2);
  server.close();
  authority.remove();
});
