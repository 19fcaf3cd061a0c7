/** Settings of a network: mistakes are told in sentences with their place, and sites change while users are served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request as ask, createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type EdgeNetwork, startNetwork } from '../../support/edge/network.ts';
import { startChild, temporaryFolder, waitUntil } from '../../support/process.ts';

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('PLINTH_')),
);

/** What a subcommand says of a file with this section `edge`, without `plinth: plinth.yaml:`; and its exit code. */
async function said(
  edge: string,
  { more = '', command = ['config', 'check'] }: { more?: string; command?: string[] } = {},
): Promise<{ code: number | string; lines: string[] }> {
  const { path: cwd, remove } = temporaryFolder('plinth-edge-settings');
  try {
    const file = `edge:\n  enabled: true\n${edge}${more}`;
    writeFileSync(
      join(cwd, 'plinth.yaml'),
      `kv: { enabled: false }\nfiles: { enabled: false }\n${file}`,
    );
    const child = startChild(process.execPath, [main, ...command], { cwd, env });
    const code = await child.exited;
    const lines = child
      .output()
      .split('\n')
      .filter((line) => line.startsWith('plinth: '));
    return {
      code,
      lines: lines.map((line) => line.slice('plinth: '.length).replace(/^plinth\.yaml:\S+ /, '')),
    };
  } finally {
    remove();
  }
}

const SECRET = '  secret: a secret of the test network\n';
const pop = (name: string, more = ''): string =>
  `    - { name: ${name}, latitude: 0, longitude: 0${more} }\n`;
const POPS = `  pop: ams\n${SECRET}  pops:\n${pop('ams')}${pop('nyc')}`;
const ORIGIN = 'origin: { servers: [ { name: one, address: "127.0.0.1:1" } ] }';

test('every mistake of the section has a sentence of its own', async () => {
  const { code, lines } = await said(`  pop: par
  secret: short
  pops:
${pop('ams', ', tier_port: 0')}${pop('nyc', ', bus_port: 0')}${pop('lux', ', bus_port: 80')}  purge: { coordinator: lon }
  guard: { rules: [ { name: users } ] }
  access: [ { name: members, signed: { by: url } } ]
  sites:
    - { name: www, hosts: [www.test], guard: user, access: member }
    - { name: twin, hosts: [api.test, WWW.test], ${ORIGIN} }
    - { name: www-old, ${ORIGIN}, cert_file: /etc/old.pem }
    - { name: health, hosts: [health.test], ${ORIGIN}, rules: [ { name: r, guard: none } ] }
`);
  assert.equal(code, 78);
  assert.deepEqual(lines.toSorted(), [
    'edge.access.members.signed.by is url and needs a key in signed.keys',
    'edge.pop is par, and edge.pops has no such PoP',
    'edge.pops.ams.tier_port is 0: nobody would know it',
    'edge.pops.lux.bus_port is another port of this PoP too',
    'edge.pops.nyc.bus_port is 0: nobody would know it',
    'edge.purge.coordinator is lon, and edge.pops has no such PoP',
    'edge.secret is shorter than 16 characters',
    'edge.sites.health makes a route of the name that the check between PoPs has too: name it otherwise',
    'edge.sites.health.rules.r.guard is none, and edge.guard has no such rule',
    'edge.sites.twin.hosts has www.test, which sites.www has too',
    'edge.sites.www-old.cert_file and key_file need each other',
    'edge.sites.www-old.hosts names no host',
    'edge.sites.www.access is member, and edge.access has no such rule',
    'edge.sites.www.guard is user, and edge.guard has no such rule',
    'edge.sites.www.origin.servers names no server',
  ]);
});

test('several PoPs without a secret are refused', async () => {
  const { lines } = await said(`  pop: ams\n  pops:\n${pop('ams')}${pop('nyc')}`);
  // Nobody wrote it, so it has no line.
  assert.deepEqual(lines, ['defaults: edge.secret is needed: PoPs know each other by it']);
});

test('a process that is not told which PoP it is does not start', async () => {
  const { code, lines } = await said(POPS.replace('  pop: ams\n', ''), { command: ['up'] });
  assert.notEqual(code, 0);
  assert.deepEqual(lines, [
    'edge.pop is needed, or PLINTH_EDGE_POP: which of edge.pops this process is',
  ]);
});

test('names that the balancer has already are refused, and rules of the cache that are not there', async () => {
  const sites = `  sites:\n    - { name: www, hosts: [www.test], cache: long, ${ORIGIN} }\n`;
  const { lines } = await said(`${POPS}${sites}`, {
    more: `balancer:
  listeners: [ { name: edge-http, port: 8090 } ]
  pools: [ { name: edge-origin-www, servers: [ { name: a, address: "127.0.0.1:1" } ] } ]
  routes: [ { name: edge-www, pool: edge-origin-www } ]
`,
  });
  assert.deepEqual(lines.toSorted(), [
    'edge.sites needs the name edge-http, which balancer.listeners has',
    'edge.sites needs the name edge-origin-www, which balancer.pools has',
    'edge.sites needs the name edge-www, which balancer.routes has',
    'edge.sites.www.cache is long, and cache.rules has no such rule',
  ]);
});

/** Answers that are held back until the test lets them go. */
const held: ServerResponse[] = [];
const origin = createServer((request, response) => {
  response.setHeader('Cache-Control', 'no-store');
  if (request.url === '/slow') {
    response.write('begun, ');
    held.push(response);
  } else {
    response.end(`${request.headers.host}${request.url}`);
  }
});
let network: EdgeNetwork;

before(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  network = await startNetwork({
    pops: [{ name: 'ams' }],
    edge: `  guard: { connections_max: 20 }\n  sites:\n${site('one')}`,
  });
});

after(async () => {
  await network?.stop();
  origin.closeAllConnections();
  origin.close();
});

/** A line of `sites`. */
function site(name: string, more = ''): string {
  const { port } = origin.address() as AddressInfo;
  const servers = `origin: { servers: [ { name: one, address: "127.0.0.1:${port}" } ] }`;
  return `    - { name: ${name}, hosts: [${name}.test], ${servers}${more} }\n`;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly location: string | undefined;
  /** Port of the client: the connection. */
  readonly from: number;
}

function get(host: string, path: string, agent: Agent): Promise<Answer> {
  const { http: port } = network.pop('ams');
  return new Promise((resolve, reject) => {
    const sent = ask({ host: '127.0.0.1', port, path, headers: { host }, agent }, (response) => {
      const from = response.socket.localPort ?? 0;
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        body += piece;
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, body, location: headers.location, from });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Rewrites the file behind `sites:` and has it read anew. @returns what is logged of it. */
async function reload(sites: string): Promise<string> {
  const file = join(network.folder, 'plinth.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, `${text.slice(0, text.indexOf('  sites:\n'))}  sites:\n${sites}`);
  const child = network.pop('ams').child();
  const before = child.output().length;
  child.process.kill('SIGHUP');
  const since = (): string => child.output().slice(before);
  await waitUntil('the reload', () => /"msg":"(the )?configuration/.test(since()));
  return since();
}

test('one client has no more connections than it may, and keeps nobody else out', async () => {
  const { http } = network.pop('ams');
  const sockets: Socket[] = [];
  /** The first line that a connection from there gets. */
  const asked = async (localAddress: string): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port: http, localAddress });
    sockets.push(socket);
    socket.write('GET /a HTTP/1.1\r\nHost: one.test\r\n\r\n');
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString('latin1').split('\r\n', 1)[0] as string;
  };
  try {
    for (let i = 0; i < 20; i++) assert.equal(await asked('127.0.0.7'), 'HTTP/1.1 200 OK');
    assert.equal(await asked('127.0.0.7'), 'HTTP/1.1 429 Too Many Requests');
    assert.equal(await asked('127.0.0.8'), 'HTTP/1.1 200 OK');
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

test('sites and rules change under kept connections and requests under way', async () => {
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  const other = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const first = await get('one.test', '/a', kept);
    assert.equal(first.body, 'one.test/a');
    assert.equal((await get('two.test', '/a', kept)).status, 404);
    const slow = get('one.test', '/slow', other);
    await waitUntil('the slow request', () => held.length === 1);

    await reload(site('one') + site('two'));
    const two = await get('two.test', '/b', kept);
    assert.deepEqual([two.body, two.from], ['two.test/b', first.from]);

    const rule = ', rules: [ { name: old, prefix: /old, redirect: "https://{host}/new" } ]';
    await reload(site('one', rule) + site('two'));
    const { status, location, from } = await get('one.test', '/old/x', kept);
    assert.deepEqual([status, location, from], [308, 'https://one.test/new', first.from]);

    const wrong = await reload(site('one', ', guard: nobody'));
    assert.match(wrong, /edge\.sites\.one\.guard is nobody, and edge\.guard has no such rule/);
    assert.equal((await get('two.test', '/c', kept)).from, first.from, 'the old settings hold on');

    await reload(site('two'));
    assert.equal((await get('one.test', '/a', kept)).status, 404);
    held[0]?.end('and ended');
    const { body, status: slowStatus } = await slow;
    assert.deepEqual([slowStatus, body], [200, 'begun, and ended'], 'its site is gone, it is not');
  } finally {
    kept.destroy();
    other.destroy();
  }
});
