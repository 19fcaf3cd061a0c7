/** Layer 4 as operators see it: a line of the access log for each session, drains, weights of servers found. */
import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, test } from 'node:test';
import type { DrainShown } from '../../../src/balancer/index.ts';
import {
  echoDatagrams,
  namedOrigin,
  type Operator,
  startOperated,
} from '../../support/balancer/operator.ts';
import { waitUntil } from '../../support/process.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});

async function started(yaml: string): Promise<Operator> {
  const operator = await startOperated(yaml);
  undo.push(() => operator.stop());
  return operator;
}

type Line = Readonly<Record<string, unknown>>;

function linesOf({ folder }: Operator): Line[] {
  const path = join(folder, 'access.log');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((each) => JSON.parse(each) as Line);
}

/** What a stream says until its end. */
async function streamed(port: number, bytes: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.end(bytes);
  return text(socket).catch(() => 'reset');
}

const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** A session of datagrams ends for idleness only, and a process waits for its sessions. */
function endsSessions(operator: Operator, listener: string): void {
  const path = `/systems/balancer/listeners/${listener}/drain`;
  undo.push(() => operator.call('POST', path, { deadlineMs: 0 }));
}

function client(): Socket {
  const socket = createSocket('udp4');
  undo.push(() => socket.close());
  return socket;
}

function exchanged(socket: Socket, port: number, bytes: string): Promise<string> {
  const answer = new Promise<string>((resolve) =>
    socket.once('message', (given) => resolve(given.toString())),
  );
  socket.send(bytes, port, '127.0.0.1');
  return answer;
}

test('access log of sessions: a line at the end of each, with what came of it', async () => {
  const a = await namedOrigin('a');
  const echo = await echoDatagrams();
  undo.push(a.close, echo.close);
  const operator = await started(`  access_log: access.log
  listeners:
    - { name: raw, port: 0, protocol: tcp, pool: app }
    - { name: dead, port: 0, protocol: tcp, pool: dead }
    - { name: sni, port: 0, protocol: tls-passthrough, names: [ { name: a, hosts: [a.test], pool: app } ] }
    - { name: datagrams, port: 0, protocol: udp, pool: udp, timeouts: { udp_idle: 100ms } }
  pools:
    - { name: app, health: { check: none }, servers: [ { name: a, address: "${a.address}" } ] }
    - { name: dead, health: { check: none }, retries: { attempts: 2 }, servers: [ { name: x, address: "127.0.0.1:1" } ] }
    - { name: udp, health: { check: none }, servers: [ { name: e, address: "${echo.address}" } ] }
`);
  const answer = await streamed(await operator.port('raw'), request);
  await streamed(await operator.port('dead'), request);
  await streamed(await operator.port('sni'), request);
  assert.equal(await exchanged(client(), await operator.port('datagrams'), 'ping'), 'ping');
  await waitUntil('four lines', () => linesOf(operator).length === 4);
  const by = new Map(linesOf(operator).map((line) => [line.listener, line]));
  const raw = by.get('raw') as Line;
  const { time, clientPort, connectMs, totalMs, ...rest } = raw;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Number(clientPort) > 0);
  assert.ok(Number(connectMs) >= 0 && Number(totalMs) >= Number(connectMs));
  assert.deepEqual(rest, {
    ...{ listener: 'raw', pool: 'app', server: 'a', client: '127.0.0.1', tls: false },
    ...{ protocol: 'TCP', serverName: null, ending: 'complete', attempts: 1 },
    ...{ bytesIn: request.length, bytesOut: answer.length, firstByteMs: null },
  });
  const { listeners } = await operator.status();
  assert.deepEqual(listeners.find(({ name }) => name === 'raw')?.sessions, {
    ...{ ended: 1, bytesIn: request.length, bytesOut: answer.length },
  });
  assert.match((await operator.cli('balancer', 'status')).out, /^raw +tcp .* 1 session\b/m);
  const dead = by.get('dead') as Line;
  const tried = [dead.pool, dead.server, dead.ending, dead.attempts, dead.connectMs];
  assert.deepEqual(tried, ['dead', 'x', 'dial-failed', 2, null]);
  const sni = by.get('sni') as Line;
  const nowhere = [sni.pool, sni.server, sni.ending, sni.attempts];
  assert.deepEqual(nowhere, ['', '', 'not-tls', 0]);
  const datagrams = by.get('datagrams') as Line;
  const { protocol, server, ending, bytesIn, bytesOut, firstByteMs } = datagrams;
  assert.deepEqual(
    [protocol, server, ending, bytesIn, bytesOut],
    ['UDP', 'e', 'idle-timeout', 4, 4],
  );
  assert.ok(Number(firstByteMs) >= 0);
});

test('drain of a listener of datagrams: sessions go on, none begins, cut at the deadline with exit 2', async () => {
  const echo = await echoDatagrams();
  undo.push(echo.close);
  const operator = await started(`  listeners:
    - { name: datagrams, port: 0, protocol: udp, pool: udp }
  pools:
    - { name: udp, health: { check: none }, servers: [ { name: e, address: "${echo.address}" } ] }
`);
  const port = await operator.port('datagrams');
  endsSessions(operator, 'datagrams');
  const known = client();
  assert.equal(await exchanged(known, port, 'one'), 'one');
  const path = '/systems/balancer/listeners/datagrams/drain';
  const begun = await operator.call('POST', path, { deadlineMs: 600_000 });
  assert.equal(begun.status, 202, begun.body);
  const { left, present } = JSON.parse(begun.body) as DrainShown;
  assert.equal(left, 1);
  assert.deepEqual(
    present.map(({ kind, client: from, pool, server }) => [kind, from, pool, server]),
    [['datagrams', `127.0.0.1:${known.address().port}`, 'udp', 'e']],
  );
  assert.equal(await exchanged(known, port, 'two'), 'two');
  client().send('new', port, '127.0.0.1');
  await waitUntil('the drop of the new one', async () =>
    /datagrams_dropped_total\{listener="datagrams",reason="draining"\} 1$/m.test(
      await operator.metrics(),
    ),
  );
  const { code, out } = await operator.cli(
    ...['balancer', 'drain', '--listener', 'datagrams', '--deadline', '0s'],
  );
  assert.equal(code, 2, out);
  assert.match(out, /of 1 at the start 1 had to be cut/);
  assert.equal((await operator.cli('balancer', 'resume', '--listener', 'datagrams')).code, 0);
  assert.equal(await exchanged(client(), port, 'again'), 'again');
});

test('drain of a server of datagrams: its client goes on until the deadline, then to the other', async () => {
  const [one, two] = [await echoDatagrams(), await echoDatagrams()];
  undo.push(one.close, two.close);
  const operator = await started(`  listeners:
    - { name: datagrams, port: 0, protocol: udp, pool: udp }
  pools:
    - { name: udp, health: { check: none }, servers: [ { name: a, address: "${one.address}" }, { name: b, address: "${two.address}" } ] }
`);
  const port = await operator.port('datagrams');
  endsSessions(operator, 'datagrams');
  const known = client();
  assert.equal(await exchanged(known, port, 'one'), 'one');
  const active = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      ((await operator.status()).pools[0]?.servers ?? []).map((each) => [each.name, each.active]),
    );
  const [[from]] = Object.entries(await active()).filter(([, count]) => count === 1) as [
    [string, number],
  ];
  const to = from === 'a' ? 'b' : 'a';
  const { code, out } = await operator.cli('balancer', 'drain', 'udp', from, '--deadline', '200ms');
  assert.equal(code, 2, out);
  assert.equal(await exchanged(known, port, 'two'), 'two');
  assert.deepEqual(await active(), { [from]: 0, [to]: 1 });
});

test('weight of a server from a file: changed at once, kept when the file is read again, and reset', async () => {
  const [a, b] = [await namedOrigin('a'), await namedOrigin('b')];
  undo.push(a.close, b.close);
  const operator = await started(`  listeners:
    - { name: web, port: 0 }
  pools:
    - { name: app, health: { check: none }, discovery: { file: servers.yaml, every: 100ms } }
  routes:
    - { name: all, pool: app }
`);
  const write = (weight: number): void =>
    writeFileSync(
      join(operator.folder, 'servers.yaml'),
      `- { name: a, address: "${a.address}", weight: ${weight} }\n- address: "${b.address}"\n`,
    );
  write(2);
  const weights = async (): Promise<[string, number, boolean][]> =>
    ((await operator.status()).pools[0]?.servers ?? []).map((each) => [
      each.name,
      each.weight,
      each.weighed,
    ]);
  await waitUntil('the servers', async () => (await weights()).length === 2);
  const weigh = (...args: string[]) => operator.cli('balancer', 'weight', 'app', ...args);
  const { code, out } = await weigh(b.address, '9');
  assert.equal(code, 0, out);
  assert.match(out, /has the weight 9 until the process ends/);
  assert.equal((await weigh('a', '0')).code, 0);
  assert.deepEqual(await weights(), [
    ['a', 0, true],
    [b.address, 9, true],
  ]);
  const url = `http://127.0.0.1:${await operator.port('web')}/`;
  for (let i = 0; i < 4; i++) assert.equal(await (await fetch(url)).text(), 'b');
  write(3);
  const path = `/systems/balancer/pools/app/servers/a/weight`;
  await waitUntil('the file to be read again', async () => {
    const back = await operator.call('POST', path, { weight: null });
    const { weight } = JSON.parse(back.body) as { weight: number };
    await operator.call('POST', path, { weight: 0 });
    return weight === 3;
  });
  assert.match((await weigh('a', 'reset')).out, /has the weight 3, as its source says/);
  assert.deepEqual((await weights())[0], ['a', 3, false]);
  assert.equal((await weigh('nobody', '3')).code, 1);
  assert.equal((await operator.call('POST', path, { weight: 1.5 })).status, 400);
  const listed = { pools: { app: { servers: { c: { address: a.address } } } } };
  assert.equal((await operator.patch({ balancer: listed })).status, 200);
  const ofSettings = path.replace('/a/', '/c/');
  assert.equal((await operator.call('POST', ofSettings, { weight: 4 })).status, 409);
});
