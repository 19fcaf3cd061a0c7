/**
 * What an idle kept connection costs the balancer in resident memory, plain and by TLS.
 *
 *     node bench/balancer/idle.ts [--connections 10000] [--rounds 3] [--only plain|tls]
 *
 * The balancer is `plinth up` as a process of its own. A first wave of connections that are closed again brings
 * tables to their size; each connection then has had one request passed on and answered, and rests. The figure is
 * the resident set behind a collection, less that before, by the number of connections; heap is the part that
 * JavaScript objects hold. What the kernel keeps for a socket is in neither. Target: 8 KiB.
 */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { TestAuthority } from '../../src/core/runtime/node/transport-fixture.ts';
import { startBalancer } from '../../tests/support/balancer/balancer-process.ts';
import { freePort, temporaryFolder } from '../../tests/support/process.ts';

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const count = Number(values.connections);
const warmUp = Math.min(count, 500);
const atOnce = 50;
const target = 8192;

const origin = createServer((_, response) => response.end('x'.repeat(1024)));
origin.keepAliveTimeout = 0;
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const originPort = (origin.address() as AddressInfo).port;
const authority = new TestAuthority('idle');
const folder = temporaryFolder('plinth-idle');
const pair = authority.issue('a.test', 'DNS:a.test');
writeFileSync(join(folder.path, 'a.crt'), pair.cert);
writeFileSync(join(folder.path, 'a.key'), pair.key);

console.log(`${count} idle connections, bytes each, lowest-highest of ${values.rounds} rounds\n`);
console.log('| connection | resident | of it heap | target |\n|---|---|---|---|');
try {
  for (const kind of ['plain', 'tls'] as const) {
    if (values.only !== '' && values.only !== kind) continue;
    const found: [number, number][] = [];
    for (let round = 0; round < Number(values.rounds); round++) found.push(await measure(kind));
    const range = (at: 0 | 1): string => {
      const all = found.map((each) => Math.round(each[at]));
      return `${Math.min(...all)}-${Math.max(...all)}`;
    };
    console.log(`| ${kind} | ${range(0)} | ${range(1)} | ${target} |`);
  }
} finally {
  origin.closeAllConnections();
  origin.close();
  authority.remove();
  folder.remove();
}

async function measure(kind: 'plain' | 'tls'): Promise<[number, number]> {
  const port = await freePort();
  const certificates =
    kind === 'tls'
      ? `      tls: { certificates: [{ name: a, cert: ${folder.path}/a.crt, key: ${folder.path}/a.key }] }\n`
      : '';
  const balancer = await startBalancer(`  listeners:
    - name: web
      port: ${port}
${certificates}      limits: { connections: ${count + 100} }
      timeouts: { idle: 600s }
  pools:
    - name: app
      servers: [{ name: one, address: "127.0.0.1:${originPort}" }]
  routes: [{ name: all, pool: app }]
`);
  try {
    for (const socket of await open(kind, port, warmUp)) socket.destroy();
    await sleep(1000);
    const before = await balancer.figures();
    const sockets = await open(kind, port, count);
    const { listeners } = await balancer.status();
    if (listeners[0]?.open !== count) throw new Error(`${listeners[0]?.open} connections are open`);
    const after = await balancer.figures();
    for (const socket of sockets) socket.destroy();
    return [
      (after.residentBytes - before.residentBytes) / count,
      (after.heldBytes - before.heldBytes) / count,
    ];
  } finally {
    await balancer.stop();
  }
}

/** Opens connections, some at a time, and has one request answered on each. */
async function open(kind: 'plain' | 'tls', port: number, wanted: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const lane = async (): Promise<void> => {
    while (sockets.length < wanted) {
      const socket =
        kind === 'tls'
          ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'a.test' })
          : connect(port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, kind === 'tls' ? 'secureConnect' : 'connect');
      socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      let got = 0;
      while (got < 1024) got += ((await once(socket, 'data')) as [Buffer])[0].length;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return sockets;
}
