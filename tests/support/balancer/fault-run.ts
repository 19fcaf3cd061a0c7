/**
 * The balancer between clients and servers that misbehave, with live changes: storms and calms in turn.
 *
 *     warm up ─▶ level ─▶ ( storm: faults ─▶ recovery ─▶ calm: everything must succeed ) ... ─▶ level again
 *
 * In a storm whatever a client sees must be explained by a fault of its own request or of a server that broke off
 * meanwhile; in a calm nothing is.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestAuthority } from '../../../src/core/runtime/node/transport-fixture.ts';
import { createSimRandom, type SimRandom } from '../../../src/core/runtime/sim/index.ts';
import { freePort, temporaryFolder, waitUntil } from '../process.ts';
import { type BalancerProcess, type Figures, startBalancer } from './balancer-process.ts';
import { FaultBook } from './fault-book.ts';
import { FaultLanes, type LaneDoor, type LaneKind } from './fault-lanes.ts';
import { FaultOrigin } from './fault-origin.ts';
import { figuresAtRest, SOCKETS } from './figures-at-rest.ts';
import { LiveChanges } from './live-changes.ts';

const ORIGINS = 6;
/** As many as there are cores for. */
const LANES: readonly LaneKind[] = [
  ...(['plain', 'plain', 'plain', 'plain', 'pipelining', 'pipelining'] as const),
  ...(['slow', 'slow', 'leaving', 'leaving'] as const),
];
/** Kinds that let answers fail without a fault, and one that wants a port which here is free at times. */
const NOT_CHANGED = [
  ...['timeouts of servers', 'timeouts of clients'],
  'refused: a port that is taken',
];
const ROUNDS_MIN = 2;
const HELD_MORE_BYTES = 8 * 1_048_576;
const RESIDENT_MORE = 1.35;

export interface FaultRun {
  readonly seed: number;
  /** By `performance.now()`: a round that has begun by then is the last one; there is one at least behind the first. */
  readonly endMs: number;
  readonly stormMs: number;
  readonly calmMs: number;
}

export interface FaultReport {
  readonly wrong: readonly string[];
  /** What became of requests, and which faults were made. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<string, number>;
  readonly changes: number;
  readonly start: Figures;
  readonly level: Figures;
  readonly end: Figures;
}

interface Parts {
  readonly balancer: BalancerProcess;
  readonly origins: readonly FaultOrigin[];
  readonly book: FaultBook;
  readonly doors: readonly LaneDoor[];
  readonly changes: LiveChanges;
}

export async function runFaults(run: FaultRun): Promise<FaultReport> {
  const random = createSimRandom(run.seed);
  const book = new FaultBook();
  const origins = Array.from(
    { length: ORIGINS },
    (_, i) => new FaultOrigin(`origin ${i}`, book, random.fork()),
  );
  const authority = new TestAuthority('faults');
  const certs = temporaryFolder('plinth-certs');
  let balancer: BalancerProcess | undefined;
  try {
    for (const origin of origins) {
      origin.port = await freePort();
      await origin.listen();
    }
    const pair = authority.issue('a.test', 'DNS:a.test');
    writeFileSync(join(certs.path, 'first.crt'), pair.cert);
    writeFileSync(join(certs.path, 'first.key'), pair.key);
    const ports = origins.map(({ port }) => port);
    const [web, secure] = [await freePort(), await freePort()];
    balancer = await startBalancer(settings(ports, web, secure, certs.path));
    const changes = new LiveChanges({
      ...{ balancer, ports, random: random.fork(), without: NOT_CHANGED },
      issue: () => authority.issue('a.test', 'DNS:a.test'),
    });
    const doors = [
      { port: web, tls: false },
      { port: web, tls: false },
      { port: secure, tls: true },
    ];
    return await rounds(run, random, { balancer, origins, book, doors, changes });
  } finally {
    await balancer?.stop();
    for (const origin of origins) origin.close();
    authority.remove();
    certs.remove();
  }
}

async function rounds(run: FaultRun, random: SimRandom, parts: Parts): Promise<FaultReport> {
  const { balancer, book } = parts;
  const wrong: string[] = [];
  const outcomes = new Map<string, number>();
  const start = await balancer.figures();
  let level = start;
  let end = start;
  let changes = 0;
  const goesOn = (round: number): boolean => round < ROUNDS_MIN || performance.now() < run.endMs;
  for (let round = 0; goesOn(round) && wrong.length === 0; round++) {
    const lanes = new FaultLanes(book);
    try {
      for (const [i, kind] of LANES.entries()) {
        const door = parts.doors[i % parts.doors.length] as LaneDoor;
        lanes.start(`r${round}-${kind}${i}`, kind, door, random.fork());
      }
      changes += await storm(run.stormMs, random.fork(), parts);
      await recover(parts);
      lanes.strictSinceMs = performance.now();
      const endMs = performance.now() + run.calmMs;
      while (performance.now() < endMs) {
        await change(parts);
        changes++;
        await sleep(200);
      }
    } finally {
      await lanes.stop();
    }
    for (const [name, count] of lanes.counts) outcomes.set(name, (outcomes.get(name) ?? 0) + count);
    wrong.push(...lanes.wrong);
    if (balancer.child.hasExited())
      throw new Error(`the balancer ended: ${balancer.child.output()}`);
    await parts.changes.takeBack();
    await untilEmpty(balancer, start, wrong);
    end = await figuresAtRest(balancer, start);
    if (round === 0) level = end;
  }
  return { wrong, outcomes, faults: book.counts, changes, start, level, end };
}

/** Servers misbehave; some go away and come back. */
async function storm(ms: number, random: SimRandom, parts: Parts): Promise<number> {
  const { book, origins } = parts;
  const endMs = performance.now() + ms;
  const away = new Set<FaultOrigin>();
  const leaving: Promise<void>[] = [];
  let changes = 0;
  book.storm = true;
  while (performance.now() < endMs) {
    const origin = origins[random.below(origins.length)] as FaultOrigin;
    if (random.chance(0.1) && away.size < 3 && !away.has(origin)) {
      away.add(origin);
      leaving.push(origin.goAway(random.below(2000)).finally(() => away.delete(origin)));
    } else if (random.chance(0.3) && !away.has(origin)) origin.dropIdle();
    if (random.chance(0.3)) {
      await change(parts);
      changes++;
    }
    await sleep(random.below(200));
  }
  book.storm = false;
  await Promise.all(leaving);
  return changes;
}

async function change({ changes, balancer, book }: Parts): Promise<void> {
  try {
    const kind = await changes.next();
    book.notes(kind);
  } catch (error) {
    const output = balancer.child.output().slice(-2000);
    throw new Error(`a change failed; the balancer said: ${output}`, { cause: error });
  }
}

/** Waits until every server takes work again. */
async function recover({ balancer }: Parts): Promise<void> {
  const { status, body } = await balancer.patch({
    balancer: {
      pools: {
        app: {
          health: { check: 'tcp', interval: '200ms', rise: 1, slow_start: '0s' },
          outliers: { enabled: false },
          breaker: { enabled: false },
          servers: { keep: { state: 'up', weight: 5 } },
        },
      },
    },
  });
  if (status !== 200) throw new Error(`recovery: ${status} ${body}`);
  let said = '';
  const well = async (): Promise<boolean> => {
    const { pools } = await balancer.status();
    const ill = pools.flatMap(({ name, servers }) =>
      servers
        .filter(({ causes }) => causes.some((cause) => ILL.includes(cause)))
        .map((server) => `${name}/${server.name} ${server.causes.join(' ')}`),
    );
    said = ill.join(', ');
    return ill.length === 0;
  };
  await waitUntil('all servers to be well', well, 60_000).catch(() => {
    throw new Error(`servers do not recover: ${said}`);
  });
  // Connections that were just broken off are noticed.
  await sleep(1000);
}

const ILL = ['down', 'ejected', 'tripped', 'probing'];

/** Nobody is connected, nothing is under way, and no more descriptors are open than at the start. */
async function untilEmpty(
  balancer: BalancerProcess,
  start: Figures,
  wrong: string[],
): Promise<void> {
  let said = '';
  const empty = async (): Promise<boolean> => {
    const { listeners, pools } = await balancer.status();
    const open = listeners.map(({ name, open }) => [name, open] as const);
    const active = pools.flatMap(({ name, queued, servers }) => [
      [`${name} queued`, queued] as const,
      ...servers.map((server) => [`${name}/${server.name} active`, server.active] as const),
      ...servers.map(({ queued: waits }) => [`${name} waiting`, waits] as const),
    ]);
    const left = [...open, ...active].filter(([, count]) => count !== 0);
    said = left.map(([name, count]) => `${name} ${count}`).join(', ');
    return left.length === 0;
  };
  await waitUntil('nothing under way', empty, 40_000).catch(() =>
    wrong.push(`left: ${said}\n${socketsOf(balancer.pid)}`),
  );
  const { listeners } = await balancer.status();
  // Listeners that changes have added are open too, the two of the start among them.
  const most = start.descriptors + listeners.length - 2;
  const few = (): boolean => balancer.descriptors() <= most;
  await waitUntil('kept connections to end', few, 60_000).catch(() =>
    wrong.push(`${balancer.descriptors()} descriptors are open, at most ${most} may be`),
  );
}

/** The sockets of a process with what waits in them, as `ss` shows them. */
function socketsOf(pid: number): string {
  const { stdout } = spawnSync('ss', ['-tnpoi', 'state', 'all'], { encoding: 'utf8' });
  const rows = (stdout ?? '').split(/\n(?=\S)/);
  return rows.filter((row) => row.includes(`pid=${pid},`)).join('\n');
}

/**
 * Nothing wrong, and nothing left: sockets and timers as at the start, `HELD_MORE_BYTES` more than behind the first
 * round at most for code and settings that came with changes, and `RESIDENT_MORE` times its resident memory.
 */
export function assertWell({ wrong, outcomes, start, level, end }: FaultReport): void {
  assert.deepEqual(wrong, []);
  assert.ok((outcomes.get('served') ?? 0) > 0);
  for (const kind of SOCKETS) {
    const [before, behind] = [start.resources[kind] ?? 0, end.resources[kind] ?? 0];
    assert.ok(behind <= before, `${behind} of ${kind} are left, ${before} at the start`);
  }
  const heldMore = end.heldBytes - level.heldBytes;
  assert.ok(heldMore <= HELD_MORE_BYTES, `${heldMore} bytes more are held`);
  const residentMore = end.residentBytes / level.residentBytes;
  assert.ok(residentMore <= RESIDENT_MORE, `${residentMore} times the level is resident`);
}

export function reportLine({ outcomes, faults, changes, start, level, end }: FaultReport): string {
  const mebi = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
  const memory = Object.entries({ start, level, end }).map(
    ([name, { residentBytes, heldBytes, descriptors }]) =>
      `${name} ${mebi(residentBytes)} MiB resident, ${mebi(heldBytes)} held, ${descriptors} descriptors`,
  );
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  return `outcomes: ${list(outcomes)}; faults: ${list(faults)}; ${changes} changes; ${memory.join('; ')}; ${JSON.stringify(end.resources)}`;
}

function settings(ports: readonly number[], web: number, secure: number, certs: string): string {
  const upstream = 'upstream: { head: 2s, body: 2s, idle: 1s, connect: 2s, queue: 5s }';
  return `  listeners:
    - { name: web, port: ${web} }
    - name: secure
      port: ${secure}
      tls:
        certificates:
          - { name: first, cert: ${certs}/first.crt, key: ${certs}/first.key }
  pools:
    - name: app
      ${upstream}
      health: { interval: 300ms, rise: 1 }
      servers:
        - { name: keep, address: "127.0.0.1:${ports[0]}" }
        - { name: a, address: "127.0.0.1:${ports[1]}" }
    - name: other
      ${upstream}
      health: { interval: 300ms, rise: 1 }
      outliers: { enabled: false }
      servers:
        - { name: one, address: "127.0.0.1:${ports[2]}" }
        - { name: two, address: "127.0.0.1:${ports[3]}" }
  routes:
    - name: sockets
      prefix: /socket
      split:
        - { name: app, pool: app }
        - { name: other, pool: other }
    - name: everything
      split:
        - { name: app, pool: app }
        - { name: other, pool: other }
`;
}
