/**
 * What a flood from a few addresses does to everybody else at a point of presence: latency of normal clients before,
 * during and after it, with no guard, with a fixed limit for each client, and with the adaptive detector alone.
 *
 * Users come from addresses of their own in networks of their own, ask for what is stored, and wait for nobody; the
 * flood comes from FLOODERS addresses, ten times as often as all users together, each time for something else, so that
 * every request that is let through costs a fetch. Its first seconds are a phase of their own, the onset: until a
 * flood is seen it is served.
 *
 * Judged: each user's request is answered with 200 in the end, or counted.
 */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOAD_CORE, PinnedBed } from '../http/pinned.ts';
import { median } from '../kv/machine.ts';
import { AskingClient, askEvenly } from './asking.ts';
import { HOST, startOrigin, startPinnedPop } from './bed.ts';

/** The target of the specification: p99 in a flood to that before it. */
export const FLOOD_RATIO_MAX = 2;
export const USERS = 40;
export const USERS_PER_SECOND = 1000;
export const FLOODERS = 4;
export const TIMES = 10;
const FLOOD_CONNECTIONS = 8;
/** Until code is compiled, and the detector knows what is normal: of its first half minute it takes everything for that. */
const LEARN_MS: Readonly<Record<GuardName, number>> = {
  none: 6000,
  'fixed limit': 6000,
  adaptive: 32_000,
};
const PHASE_MS = 5000;
export const ONSET_MS = 2000;
/** Between the end of a flood and the phase behind it. */
const SETTLE_MS = 1000;

export const GUARDS = ['none', 'fixed limit', 'adaptive'] as const;
export type GuardName = (typeof GUARDS)[number];
export const PHASES = ['before', 'onset', 'flood', 'after'] as const;
export type Phase = (typeof PHASES)[number];

export interface PhaseFigures {
  readonly p50: number;
  readonly p99: number;
  /** Requests of users without an answer of 200. */
  readonly failed: number;
}

export interface FloodRow {
  readonly guard: GuardName;
  readonly phases: Readonly<Record<Phase, PhaseFigures>>;
  /** Requests of the flood from its begin to its end: those sent, and those answered with 200. */
  readonly sent: number;
  readonly served: number;
  /** p99 in the flood to that before, in each round. */
  readonly ratios: readonly number[];
}

const rules: Readonly<Record<GuardName, string>> = {
  none: '',
  'fixed limit': `  guard:
    adaptive: { enabled: false }
    rules: [ { name: users, per_second: 50, burst: 100 } ]
`,
  adaptive: '  guard:\n    rules: [ { name: users } ]\n',
};

export async function measureFlood(rounds: number): Promise<FloodRow[]> {
  // Users are asked for by this process: it shares the core of loads, as they do in other sections.
  pinTo(`${LOAD_CORE}`);
  try {
    const found = new Map<GuardName, FloodRow[]>(GUARDS.map((guard) => [guard, []]));
    for (let round = 0; round < rounds; round++) {
      for (const guard of round % 2 === 0 ? GUARDS : GUARDS.toReversed()) {
        found.get(guard)?.push(await measureOne(guard));
      }
    }
    return [...found.values()].map(middleOf);
  } finally {
    pinTo(`0-${cpus().length - 1}`);
  }
}

function pinTo(cores: string): void {
  spawnSync('taskset', ['-a', '-cp', cores, `${process.pid}`]);
}

async function measureOne(guard: GuardName): Promise<FloodRow> {
  const bed = new PinnedBed('bench-edge-flood');
  try {
    const originPort = await startOrigin(bed, 1024);
    const { port } = await startPinnedPop(
      bed,
      { name: 'pop' },
      `${rules[guard]}  sites:
    - name: www
      hosts: ["${HOST}"]
      origin: { servers: [ { name: one, address: "127.0.0.1:${originPort}" } ] }
${guard === 'none' ? '' : '      guard: users\n'}`,
    );
    return await phasesOf(guard, port);
  } finally {
    await bed.stop();
  }
}

async function phasesOf(guard: GuardName, port: number): Promise<FloodRow> {
  const latencies: number[] = [];
  let failed = 0;
  const users = Array.from(
    { length: USERS },
    (_, i) =>
      new AskingClient({
        port,
        from: `127.1.${i + 1}.1`,
        path: () => `/page-${i % 10}`,
        onAnswer: (ms, status) => {
          latencies.push(ms);
          if (status !== 200) failed++;
        },
      }),
  );
  const stop = askEvenly(users, USERS_PER_SECOND);
  const phase = async (forMs = PHASE_MS): Promise<PhaseFigures> => {
    latencies.length = 0;
    failed = 0;
    const lostBefore = users.reduce((sum, { lost }) => sum + lost, 0);
    await sleep(forMs);
    const lost = users.reduce((sum, user) => sum + user.lost, 0) - lostBefore;
    const waiting = users.reduce((sum, user) => sum + user.overdue(forMs), 0);
    const sorted = latencies.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    return { p50: at(0.5), p99: at(0.99), failed: failed + lost + waiting };
  };
  try {
    await sleep(LEARN_MS[guard]);
    const before = await phase();
    const options = [port, FLOODERS, FLOOD_CONNECTIONS, USERS_PER_SECOND * TIMES].map(String);
    const flooding = fork(new URL('flooding.ts', import.meta.url), options);
    try {
      await once(flooding, 'message');
      const onset = await phase(ONSET_MS);
      const flood = await phase();
      flooding.send('stop');
      const [{ sent, served }] = (await once(flooding, 'message')) as [
        { sent: number; served: number },
      ];
      await sleep(SETTLE_MS);
      const after = await phase();
      const phases = { before, onset, flood, after };
      return { guard, phases, sent, served, ratios: [flood.p99 / before.p99] };
    } finally {
      flooding.kill();
    }
  } finally {
    stop();
    for (const user of users) user.close();
  }
}

/** Medians of the rounds. */
function middleOf(rows: readonly FloodRow[]): FloodRow {
  const middle = (pick: (row: FloodRow) => number): number => median(rows.map(pick));
  const phase = (name: Phase): PhaseFigures => ({
    p50: middle(({ phases }) => phases[name].p50),
    p99: middle(({ phases }) => phases[name].p99),
    failed: middle(({ phases }) => phases[name].failed),
  });
  return {
    guard: rows[0]?.guard ?? 'none',
    phases: {
      ...{ before: phase('before'), onset: phase('onset') },
      ...{ flood: phase('flood'), after: phase('after') },
    },
    sent: middle(({ sent }) => sent),
    served: middle(({ served }) => served),
    ratios: rows.flatMap(({ ratios }) => ratios),
  };
}
