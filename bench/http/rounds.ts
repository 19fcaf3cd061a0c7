/**
 * Rounds of one load on several programs in turn. Ratios are taken within a round, so that what disturbs the machine
 * for minutes cancels out; figures are medians of the rounds.
 */
import { treeCpuMicros } from '../kv/machine.ts';
import type { Done } from './loads.ts';
import type { Measured } from './pinned.ts';

export interface Sample {
  /** Of the program with all its threads and processes, by request. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  /** Share of its core that it used: far below 1 the load was what held the rate back. */
  readonly busy: number;
  /** NaN where the load does not tell. */
  readonly p99Ms: number;
}

/** A sample of each round, by name. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** A just-in-time compiler is done with the hot path by then; on a machine that is busy that takes several goes. */
const WARM_REQUESTS = 50_000;
const WARM_SECONDS = 2;
const WARM_GOES = 4;

export async function measureRounds(
  measured: readonly Measured[],
  load: (port: number, seconds: number) => Promise<Done>,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<Samples> {
  const samples = new Map(measured.map(({ name }): [string, Sample[]] => [name, []]));
  for (const each of measured) await warm(each, load);
  for (let round = 0; round < rounds; round++) {
    // Who comes first gains or loses by what the machine does between rounds: it takes turns too.
    for (const each of round % 2 === 0 ? measured : measured.toReversed()) {
      samples.get(each.name)!.push(await measure(each, load, seconds));
    }
  }
  return samples;
}

async function warm(
  { port }: Measured,
  load: (port: number, seconds: number) => Promise<Done>,
): Promise<void> {
  let requests = 0;
  for (let go = 0; go < WARM_GOES && requests < WARM_REQUESTS; go++) {
    requests += (await load(port, WARM_SECONDS)).requests;
  }
}

async function measure(
  { child, port }: Measured,
  load: (port: number, seconds: number) => Promise<Done>,
  seconds: number,
): Promise<Sample> {
  const from = performance.now();
  const before = treeCpuMicros(child.pid);
  const { requests, perSecond, p99Ms } = await load(port, seconds);
  const used = treeCpuMicros(child.pid) - before;
  const tookMicros = (performance.now() - from) * 1000;
  return { cpuMicros: used / requests, perSecond, busy: used / tookMicros, p99Ms };
}
