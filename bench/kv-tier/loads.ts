/**
 * The same loads on a server with everything in memory and on one with a memory limit.
 *
 * Rounds are interleaved and their order alternates; both servers get the same requests in a round. After
 * each round both come to rest, and what a server did until then counts as its processor time.
 */
import { fileURLToPath } from 'node:url';
import { startChild } from '../../tests/support/process.ts';
import type { Figures } from '../../tests/support/tier.ts';
import { fill, keyOf } from '../kv/fill.ts';
import { median } from '../kv/machine.ts';
import { CLIENT_CORE } from '../kv/peers.ts';
import type { LoadOptions, LoadResult } from './generator.ts';
import { percent } from './report.ts';
import { TierServer } from './tier-server.ts';
import type { LoadName } from './trace.ts';
import { storedValue } from './values.ts';
import { checkWrites } from './writes.ts';

const generator = fileURLToPath(new URL('./generator.ts', import.meta.url));
const CONNECTIONS = 50;
const MIB = 2 ** 20;
/** Time for the generator to make its requests and to end, beyond the load itself. */
const EXTRA_MS_MAX = 120_000;
/** Requests that are made for a second; more come in turn again. */
const REQUESTS_A_SECOND = { 1: 120_000, 16: 1_000_000 } as const;
const REQUESTS_MAX = 4_000_000;

export interface LoadCase {
  readonly load: LoadName;
  readonly pipeline: 1 | 16;
}

export interface LoadsOptions {
  readonly keys: number;
  readonly valueBytes: number;
  readonly theta: number;
  /** Memory of the limited server, bytes; undefined for a tenth of what the other one uses. */
  readonly limitBytes: number | undefined;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly rounds: number;
  readonly cases: readonly LoadCase[];
  /** Both servers without a limit: shows how far they are apart by chance. */
  readonly selfTest: boolean;
}

/** Medians of one server. */
export interface Measured {
  readonly perSecond: number;
  /** Processor time of the server per request with its work in the background, microseconds. */
  readonly cpuMicros: number;
  readonly clientMicros: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** The longest of all rounds, milliseconds. */
  readonly max: number;
  /** Share of requests for keys that are there whose key was in memory; 1 without a tier. */
  readonly hitShare: number;
  /** Of the loads from disk, the share that a client waited for. */
  readonly waitedShare: number;
  /** Of requests for keys that are not there, the share that was answered without the disk. */
  readonly missingShare: number;
}

export interface LoadRow extends LoadCase {
  readonly memory: Measured;
  readonly tier: Measured;
}

export interface SizeRow {
  readonly name: string;
  readonly limitBytes: number | undefined;
  readonly figures: Figures;
  /** Resident memory, bytes. */
  readonly peakOfFill: number;
  readonly afterFill: number;
  readonly peakOfLoads: number;
  readonly afterLoads: number;
}

export interface LoadsResult {
  readonly rows: readonly LoadRow[];
  readonly sizes: readonly SizeRow[];
}

interface Filled {
  readonly server: TierServer;
  readonly limitBytes: number | undefined;
  readonly peakOfFill: number;
  readonly afterFill: number;
}

export async function measureLoads(
  options: LoadsOptions,
  tell: (text: string) => void,
): Promise<LoadsResult> {
  const sides: Filled[] = [];
  try {
    const memory = await startFilled('in memory', undefined, options, tell);
    sides.push(memory);
    const used = (await memory.server.figures()).usedBytes;
    const limit = options.limitBytes ?? Math.round(used / 10);
    tell(`${(used / MIB).toFixed(1)} MiB of data, a limit of ${(limit / MIB).toFixed(1)} MiB`);
    const limitBytes = options.selfTest ? undefined : limit;
    sides.push(await startFilled('tier', limitBytes, options, tell));
    const rows: LoadRow[] = [];
    for (const each of options.cases) rows.push(await measureCase(sides, each, options, tell));
    const sizes: SizeRow[] = [];
    for (const side of sides) sizes.push(await sizesOf(side));
    for (const { server } of sides) {
      const checked = await checkWrites(server, options, (seconds) =>
        runGenerator(loadOn(server, { load: 'get', pipeline: 16 }, options, seconds, 99)),
      );
      tell(`${server.name}: ${checked} values written, driven out and read again`);
    }
    return { rows, sizes };
  } finally {
    for (const { server } of sides) await server.stop();
  }
}

async function startFilled(
  name: string,
  limitBytes: number | undefined,
  { keys, valueBytes }: LoadsOptions,
  tell: (text: string) => void,
): Promise<Filled> {
  const server = await TierServer.start({ name, limitBytes, fsync: 'everysec' });
  try {
    const from = performance.now();
    await fill(server, keys, (index) => ['SET', keyOf(index), storedValue(index, 0, valueBytes)]);
    const filledMs = performance.now() - from;
    await server.settle();
    const { now, peak } = server.residentBytes();
    const perSecond = Math.round((keys * 1000) / filledMs);
    const restMs = performance.now() - from - filledMs;
    tell(`${name}: filled at ${perSecond}/s, at rest after ${(restMs / 1000).toFixed(1)} s`);
    server.forgetPeak();
    return { server, limitBytes, peakOfFill: peak, afterFill: now };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function measureCase(
  sides: readonly Filled[],
  each: LoadCase,
  options: LoadsOptions,
  tell: (text: string) => void,
): Promise<LoadRow> {
  const servers = sides.map(({ server }) => server);
  for (const server of servers) {
    await runGenerator(loadOn(server, each, options, options.warmSeconds, 1));
    await server.settle();
  }
  const results = new Map<TierServer, Measured[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      const load = loadOn(server, each, options, options.seconds, 100 + round);
      results.get(server)!.push(await measureRound(server, load));
    }
  }
  const [memory, tier] = servers.map((server) => medians(results.get(server)!));
  const row = { ...each, memory: memory!, tier: tier! };
  tell(
    `${each.load} -P ${each.pipeline}: ${Math.round(row.tier.perSecond)}/s, ` +
      `x${(row.tier.perSecond / row.memory.perSecond).toFixed(2)}, ` +
      `cpu ${row.tier.cpuMicros.toFixed(2)} us, x${(row.tier.cpuMicros / row.memory.cpuMicros).toFixed(2)}, ` +
      `p99.9 ${row.tier.p999.toFixed(2)} / ${row.memory.p999.toFixed(2)} ms, ` +
      `${percent(row.tier.hitShare)} in memory; generator ${row.tier.clientMicros.toFixed(2)} us`,
  );
  return row;
}

function loadOn(
  server: TierServer,
  { load, pipeline }: LoadCase,
  { keys, valueBytes, theta }: LoadsOptions,
  seconds: number,
  seed: number,
): LoadOptions {
  const requests = Math.min(REQUESTS_MAX, Math.ceil(REQUESTS_A_SECOND[pipeline] * seconds));
  const what = { load, pipeline, keys, valueBytes, theta };
  return { ...what, port: server.port, connections: CONNECTIONS, seconds, seed, requests };
}

async function measureRound(server: TierServer, load: LoadOptions): Promise<Measured> {
  const before = (await server.figures()).tier;
  const cpuBefore = server.cpuMicros();
  const result = await runGenerator(load);
  await server.settle();
  const spent = server.cpuMicros() - cpuBefore;
  const after = (await server.figures()).tier;
  const loads = after.loads - before.loads;
  const waited = after.loadsWaited - before.loadsWaited;
  const missing = load.load === 'missing' ? result.requests : 0;
  return {
    ...result,
    cpuMicros: spent / result.requests,
    hitShare: result.gets === 0 ? Number.NaN : 1 - loads / result.requests,
    waitedShare: waited / loads,
    missingShare: (after.missingAnswered - before.missingAnswered) / missing,
  };
}

/** Runs the generator on CLIENT_CORE; throws where a reply was wrong. */
async function runGenerator(load: LoadOptions): Promise<LoadResult> {
  const command = [process.execPath, generator, JSON.stringify(load)];
  const child = startChild('taskset', ['-c', String(CLIENT_CORE), ...command]);
  const limitMs = load.seconds * 1000 + EXTRA_MS_MAX;
  const timer = setTimeout(() => child.process.kill('SIGKILL'), limitMs);
  const code = await child.exited;
  clearTimeout(timer);
  if (code !== 0) throw new Error(`${load.load} -P ${load.pipeline}: ${child.output()}`);
  return JSON.parse(child.output()) as LoadResult;
}

async function sizesOf({ server, ...rest }: Filled): Promise<SizeRow> {
  const { now, peak } = server.residentBytes();
  const figures = await server.figures();
  return { name: server.name, ...rest, figures, peakOfLoads: peak, afterLoads: now };
}

function medians(rounds: readonly Measured[]): Measured {
  const of = (pick: (measured: Measured) => number): number => median(rounds.map(pick));
  return {
    perSecond: of((round) => round.perSecond),
    cpuMicros: of((round) => round.cpuMicros),
    clientMicros: of((round) => round.clientMicros),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    p999: of((round) => round.p999),
    max: Math.max(...rounds.map((round) => round.max)),
    hitShare: of((round) => round.hitShare),
    waitedShare: of((round) => round.waitedShare),
    missingShare: of((round) => round.missingShare),
  };
}
