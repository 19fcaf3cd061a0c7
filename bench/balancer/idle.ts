/**
 * What idle kept connections cost the balancer in resident memory, plain and by TLS, and whether a load beside
 * them is served.
 *
 * The balancer is `plinth up` as a process of its own on PROXY_CORE. A first wave of connections that are closed
 * again brings tables to their size; each connection then has had one request passed on and answered, and rests.
 * The figure is the resident set behind a collection, less that before, by the number of connections; heap is the
 * part that JavaScript objects hold. What the kernel keeps for a socket is in neither.
 *
 * Judged: the load has no error, all connections are open behind it, and each of them is answered once more.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { TestAuthority } from '../../src/core/runtime/node/transport-fixture.ts';
import { startBalancer } from '../../tests/support/balancer/balancer-process.ts';
import { freePort, residentBytes, temporaryFolder } from '../../tests/support/process.ts';
import { PROXY_CORE } from '../http/pinned.ts';
import { runLoad } from './loads.ts';
import { BODIES, startBed } from './proxies.ts';

export const IDLE_BYTES_MAX = 8192;

export type IdleKind = 'plain' | 'tls';

export interface IdleOptions {
  readonly connections: number;
  /** Of the load beside them. */
  readonly seconds: number;
}

export interface IdleRow {
  readonly kind: IdleKind;
  readonly connections: number;
  /** By connection, bytes. */
  readonly resident: number;
  readonly heap: number;
  /** Of the load beside them, none of which failed. */
  readonly requests: number;
  readonly perSecond: number;
}

/** What the same connections cost a peer. */
export interface IdlePeer {
  readonly kind: IdleKind;
  readonly name: string;
  readonly connections: number;
  readonly resident: number;
}

/** With those to the server they stay below the limit that the peers are started with. */
const PEER_CONNECTIONS = 3500;
const WARM_UP = 500;
const AT_ONCE = 50;
const LOAD_CONNECTIONS = 50;
const body = 'x'.repeat(BODIES.one);

export async function measureIdle(kind: IdleKind, options: IdleOptions): Promise<IdleRow> {
  const { connections } = options;
  const origin = createServer((_, response) => response.end(body));
  origin.keepAliveTimeout = 0;
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const folder = temporaryFolder('plinth-idle');
  const port = await freePort();
  const settings = settingsOf(kind, folder.path, {
    port,
    originPort: (origin.address() as AddressInfo).port,
    connections: connections + LOAD_CONNECTIONS + AT_ONCE,
  });
  const balancer = await startBalancer(settings);
  try {
    pin(balancer.pid);
    for (const socket of await open(kind, port, Math.min(connections, WARM_UP))) socket.destroy();
    await sleep(1000);
    const before = await balancer.figures();
    const sockets = await open(kind, port, connections);
    await allOpen();
    const after = await balancer.figures();
    const load = { kind: 'wrk', body: 'one', connections: LOAD_CONNECTIONS } as const;
    const done = await runLoad(load, port, kind === 'tls', options.seconds);
    await allOpen();
    for (const socket of sockets) await ask(socket);
    for (const socket of sockets) socket.destroy();
    return {
      ...{ kind, connections, ...done },
      resident: (after.residentBytes - before.residentBytes) / connections,
      heap: (after.heldBytes - before.heldBytes) / connections,
    };
  } finally {
    await balancer.stop();
    origin.closeAllConnections();
    origin.close();
    folder.remove();
  }

  async function allOpen(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const held = (await balancer.status()).listeners[0]?.open;
      if (held === connections) return;
      // Those of a load that is just over may still be closing.
      if (tries === 20) throw new Error(`${held} of ${connections} connections are open`);
      await sleep(100);
    }
  }
}

/** nginx and HAProxy, one after the other, with fewer connections: they too get a first wave. */
export async function measureIdlePeers(kind: IdleKind): Promise<IdlePeer[]> {
  const bed = await startBed(kind === 'tls' ? 'tls' : 'http', { beside: '', profile: '' });
  try {
    const found: IdlePeer[] = [];
    for (const { name, port, child } of bed.proxies.filter((proxy) => proxy.name !== 'Plinth')) {
      for (const socket of await open(kind, port, WARM_UP)) socket.destroy();
      await sleep(1000);
      const before = await residentBytes(child.pid);
      const sockets = await open(kind, port, PEER_CONNECTIONS);
      const resident = ((await residentBytes(child.pid)) - before) / PEER_CONNECTIONS;
      for (const socket of sockets) await ask(socket);
      for (const socket of sockets) socket.destroy();
      found.push({ kind, name, connections: PEER_CONNECTIONS, resident });
    }
    return found;
  } finally {
    await bed.stop();
  }
}

function settingsOf(
  kind: IdleKind,
  folder: string,
  is: { readonly port: number; readonly originPort: number; readonly connections: number },
): string {
  let tls = '';
  if (kind === 'tls') {
    const authority = new TestAuthority('idle');
    const pair = authority.issue('a.test', 'DNS:a.test');
    authority.remove();
    writeFileSync(join(folder, 'a.crt'), pair.cert);
    writeFileSync(join(folder, 'a.key'), pair.key);
    tls = `      tls: { certificates: [{ name: a, cert: ${folder}/a.crt, key: ${folder}/a.key }] }\n`;
  }
  return `  listeners:
    - name: web
      port: ${is.port}
${tls}      limits: { connections: ${is.connections} }
      timeouts: { idle: 600s }
  pools:
    - name: app
      servers: [{ name: one, address: "127.0.0.1:${is.originPort}" }]
  routes: [{ name: all, pool: app }]
`;
}

function pin(pid: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', `${PROXY_CORE}`, `${pid}`], { stdio: 'ignore' });
}

/** Opens connections, some at a time, and has one request answered on each. */
async function open(kind: IdleKind, port: number, wanted: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const lane = async (): Promise<void> => {
    while (sockets.length < wanted) {
      const socket =
        kind === 'tls'
          ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'a.test' })
          : connect(port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, kind === 'tls' ? 'secureConnect' : 'connect');
      await ask(socket);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return sockets;
}

/** One request; throws unless it is answered 200 with the whole body. */
async function ask(socket: Socket): Promise<void> {
  socket.write('GET /one HTTP/1.1\r\nHost: a.test\r\n\r\n');
  let text = '';
  while (!text.endsWith(body)) {
    text += ((await once(socket, 'data')) as [Buffer])[0].toString('latin1');
  }
  if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(text.slice(0, 200));
}
