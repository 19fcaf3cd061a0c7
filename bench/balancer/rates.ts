/**
 * Rounds of one load on all proxies in turn. Ratios are taken within a round, so that what disturbs the machine for
 * minutes cancels out; figures are medians of the rounds.
 */
import { cpuMicros } from '../kv/machine.ts';
import type { RateCase } from './cases.ts';
import { runLoad } from './loads.ts';
import { type BedOptions, type MeasuredProxy, startBed } from './proxies.ts';

export interface Sample {
  /** Of the proxy with all its threads, by request. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  /** Share of its core that the proxy used: far below 1 the load was what held the rate back. */
  readonly busy: number;
}

export interface RateRow {
  readonly which: RateCase;
  /** A sample of each round, by proxy. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
}

export interface RateOptions extends BedOptions {
  readonly rounds: number;
  readonly seconds: number;
}

/** Long enough for a just-in-time compiler to be done with the hot path, on a machine that is not busy. */
const WARM_SECONDS = 2;

export async function measureRate(which: RateCase, options: RateOptions): Promise<RateRow> {
  const bed = await startBed(which.door, options);
  try {
    const samples = new Map(bed.proxies.map(({ name }): [string, Sample[]] => [name, []]));
    for (const proxy of bed.proxies) await measure(proxy, which, WARM_SECONDS);
    for (let round = 0; round < options.rounds; round++) {
      // Who comes first gains or loses by what the machine does between rounds: it takes turns too.
      const order = round % 2 === 0 ? bed.proxies : bed.proxies.toReversed();
      for (const proxy of order) {
        samples.get(proxy.name)!.push(await measure(proxy, which, options.seconds));
      }
    }
    return { which, samples };
  } finally {
    await bed.stop();
  }
}

async function measure(
  { child, port }: MeasuredProxy,
  { load, door }: RateCase,
  seconds: number,
): Promise<Sample> {
  const from = performance.now();
  const before = cpuMicros(child.pid);
  const { requests, perSecond } = await runLoad(load, port, door === 'tls', seconds);
  const used = cpuMicros(child.pid) - before;
  const tookMicros = (performance.now() - from) * 1000;
  return { cpuMicros: used / requests, perSecond, busy: used / tookMicros };
}
