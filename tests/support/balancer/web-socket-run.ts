/**
 * Open WebSockets through live changes under load, and what the process holds before and behind.
 *
 *     warm up ─▶ level ─▶ open ─▶ changes, load and echoes ─▶ every socket counts on ─▶ close ─▶ level again
 *
 * The level is taken behind a first wave of as many sockets, which brings tables and pools to the size that they
 * keep; what a second wave with all its changes adds to it is a leak.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { createSimRandom } from '../../../src/core/runtime/sim/index.ts';
import { freePort, startChild, temporaryFolder, waitUntil } from '../process.ts';
import { type BalancerProcess, type Figures, startBalancer } from './balancer-process.ts';
import { figuresAtRest, SOCKETS } from './figures-at-rest.ts';
import { HttpLoad } from './http-load.ts';
import { LiveChanges } from './live-changes.ts';
import { Fleet, type FleetDoor } from './web-socket-fleet.ts';

const echoOrigin = fileURLToPath(new URL('echo-origin.ts', import.meta.url));
const PORTS = 8;
/** What the balancer has open beside its sockets: two for each, one for each of those by HTTP/2. */
const DESCRIPTORS_BESIDE = 200;
const HELD_MORE_BYTES = 6 * 1_048_576;
const RESIDENT_MORE = 1.25;
/** Every so manieth socket comes by TLS. */
const TLS_SHARE = 20;
/** Every so manieth by a stream of HTTP/2. */
const HTTP2_SHARE = 7;
/** Every so manieth is silent until the end. */
const SILENT_SHARE = 5;

export interface WebSocketRun {
  readonly sockets: number;
  readonly changes: number;
  readonly seed: number;
  /** Time between two changes, milliseconds. */
  readonly pauseMs: number;
}

export interface WebSocketReport {
  readonly sockets: number;
  readonly kinds: ReadonlyMap<string, number>;
  readonly requests: number;
  /** What should not have happened; empty when all is well. */
  readonly wrong: readonly string[];
  readonly start: Figures;
  readonly level: Figures;
  readonly open: Figures;
  readonly end: Figures;
}

/** As many as wanted, or as the limit of descriptors allows. */
export function socketsPossible(wanted: number): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const hard = /^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1];
  if (hard === undefined) return wanted;
  const each = 2 - 1 / HTTP2_SHARE;
  return Math.min(wanted, Math.floor((Number(hard) - DESCRIPTORS_BESIDE) / each));
}

export async function runWebSockets(run: WebSocketRun): Promise<WebSocketReport> {
  const authority = new TestAuthority('WebSockets');
  const certs = temporaryFolder('plinth-certs');
  const first = authority.issue('a.test', 'DNS:a.test');
  writeFileSync(join(certs.path, 'first.crt'), first.cert);
  writeFileSync(join(certs.path, 'first.key'), first.key);
  const origin = startChild(process.execPath, [echoOrigin, String(PORTS)]);
  try {
    await waitUntil('the origin', () => origin.output().includes(']') || origin.hasExited());
    const ports = JSON.parse(origin.output()) as number[];
    const web = await freePort();
    const secure = await freePort();
    const balancer = await startBalancer(settings(ports, web, secure, certs.path));
    try {
      return await withBalancer(run, { balancer, authority, ports, web, secure });
    } finally {
      await balancer.stop();
    }
  } finally {
    origin.process.kill('SIGKILL');
    await origin.exited;
    authority.remove();
    certs.remove();
  }
}

/**
 * Nothing was lost, and nothing is left: no descriptor, socket or timer more than at the start, and no more memory
 * than behind the first wave plus `HELD_MORE_BYTES` for what a hundred changes compile and remember, and
 * `RESIDENT_MORE` of what the allocator may keep in pieces.
 */
export function assertWell({ wrong, start, level, open, end, requests }: WebSocketReport): void {
  assert.deepEqual(wrong, []);
  assert.ok(requests > 0);
  assert.ok(open.descriptors > end.descriptors);
  assert.ok(end.descriptors <= start.descriptors, `${end.descriptors} descriptors are left`);
  for (const kind of [...SOCKETS, 'Timeout']) {
    const [before, behind] = [start.resources[kind] ?? 0, end.resources[kind] ?? 0];
    assert.ok(behind <= before, `${behind} of ${kind} are left, ${before} at the start`);
  }
  const heldMore = end.heldBytes - level.heldBytes;
  assert.ok(heldMore <= HELD_MORE_BYTES, `${heldMore} bytes more are held`);
  const residentMore = end.residentBytes / level.residentBytes;
  assert.ok(residentMore <= RESIDENT_MORE, `${residentMore} times the level is resident`);
}

export function reportLine({ sockets, requests, kinds, ...figures }: WebSocketReport): string {
  const { start, level, open, end } = figures;
  const mebi = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
  const all = { start, level, open, end };
  const shown = Object.entries(all).map(
    ([name, { residentBytes, heldBytes, descriptors }]) =>
      `${name} ${mebi(residentBytes)} MiB resident, ${mebi(heldBytes)} held, ${descriptors} descriptors`,
  );
  return `${sockets} sockets, ${kinds.size} kinds of changes, ${requests} requests; ${shown.join('; ')}`;
}

interface Parts {
  readonly balancer: BalancerProcess;
  readonly authority: TestAuthority;
  readonly ports: readonly number[];
  readonly web: number;
  readonly secure: number;
}

async function withBalancer(run: WebSocketRun, parts: Parts): Promise<WebSocketReport> {
  const { balancer, authority, ports } = parts;
  const wrong: string[] = [];
  const kinds = new Map<string, number>();
  const changes = new LiveChanges({
    ...{ balancer, ports, random: createSimRandom(run.seed) },
    issue: () => authority.issue('a.test', 'DNS:a.test'),
  });
  const start = await balancer.figures();
  const first = await wave(run, parts, wrong, async () => {});
  const level = await settled(balancer, start);
  let open = level;
  const second = await wave(run, parts, wrong, async (fleet, load) => {
    open = await balancer.figures();
    for (let made = 0; made < run.changes; ) {
      const kind = await changes.next();
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      if (!kind.endsWith('(not now)')) made++;
      const part = made % 10;
      fleet.beat((number) => number % 10 === part && number % SILENT_SHARE !== 0);
      await sleep(run.pauseMs);
      if (balancer.child.hasExited()) {
        throw new Error(`the balancer ended: ${balancer.child.output()}`);
      }
      for (const found of [...fleet.wrong.splice(0), ...load.wrong.splice(0)]) {
        wrong.push(`behind ${kind}: ${found}`);
      }
    }
    await fleet.settle();
  });
  await changes.takeBack();
  const end = await settled(balancer, start);
  return {
    ...{ sockets: second.sockets, kinds, wrong, start, level, open, end },
    requests: first.requests + second.requests,
  };
}

/** Opens sockets, runs the load beside `work`, lets each socket count on, and closes everything, whatever is thrown. */
async function wave(
  run: WebSocketRun,
  { balancer, web, secure }: Parts,
  wrong: string[],
  work: (fleet: Fleet, load: HttpLoad) => Promise<void>,
): Promise<{ readonly sockets: number; readonly requests: number }> {
  const byTls = { port: secure, tls: true };
  const plain = { port: web, tls: false };
  const doorOf = (number: number): FleetDoor => {
    if (number % TLS_SHARE === 0) return byTls;
    return { ...plain, http2: number % HTTP2_SHARE === 0 };
  };
  const fleet = new Fleet();
  const load = new HttpLoad();
  try {
    await fleet.open(run.sockets, doorOf);
    fleet.beat();
    await fleet.settle();
    load.start([plain, byTls], 8, 1);
    await work(fleet, load);
    for (let beat = 0; beat < 3; beat++) fleet.beat();
    await fleet.settle();
  } finally {
    await load.stop();
    await fleet.close();
  }
  wrong.push(...fleet.wrong, ...load.wrong);
  await untilEmpty(balancer, wrong);
  return { sockets: fleet.size, requests: load.requests };
}

/** Waits until nobody is connected and nothing is under way. */
async function untilEmpty(balancer: BalancerProcess, wrong: string[]): Promise<void> {
  let said = '';
  const empty = async (): Promise<boolean> => {
    const { listeners, pools } = await balancer.status();
    const open = listeners.map(({ name, open }) => [name, open] as const);
    const active = pools.flatMap(({ name, queued, servers }) => [
      [`${name} queued`, queued] as const,
      ...servers.map((server) => [`${name}/${server.name}`, server.active] as const),
    ]);
    const left = [...open, ...active].filter(([, count]) => count > 0);
    said = left.map(([name, count]) => `${name} ${count}`).join(', ');
    return left.length === 0;
  };
  await waitUntil('nothing under way', empty, 30_000).catch(() => wrong.push(`left: ${said}`));
}

/** Figures when connections to servers are no longer kept, which is over when there are no more than at the start. */
async function settled(balancer: BalancerProcess, start: Figures): Promise<Figures> {
  const { status, body } = await balancer.patch({
    balancer: { pools: { app: { upstream: { idle: '100ms' } } } },
  });
  if (status !== 200) throw new Error(`idle: ${status} ${body}`);
  const few = (): boolean => balancer.descriptors() <= start.descriptors;
  // What is too many then is seen in the figures.
  await waitUntil('kept connections to end', few, 15_000).catch(() => {});
  return figuresAtRest(balancer, start);
}

function settings(ports: readonly number[], web: number, secure: number, certs: string): string {
  return `  listeners:
    - { name: web, port: ${web}, limits: { connections: 30000 } }
    - name: secure
      port: ${secure}
      limits: { connections: 30000 }
      tls:
        certificates:
          - { name: first, cert: ${certs}/first.crt, key: ${certs}/first.key }
  pools:
    - name: app
      servers:
        - { name: keep, address: "127.0.0.1:${ports[0]}" }
        - { name: a, address: "127.0.0.1:${ports[1]}" }
    - name: other
      upstream: { idle: 1s }
      servers:
        - { name: one, address: "127.0.0.1:${ports[2]}" }
        - { name: two, address: "127.0.0.1:${ports[3]}" }
  routes:
    # Sockets stand on both pools.
    - name: sockets
      prefix: /socket
      split:
        - { name: app, pool: app }
        - { name: other, pool: other }
    - { name: everything, pool: app }
`;
}
