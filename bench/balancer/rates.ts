/** Rounds of one load on all proxies in turn. */
import { measureRounds, type Samples } from '../http/rounds.ts';
import type { RateCase } from './cases.ts';
import { runLoad } from './loads.ts';
import { type BedOptions, startBed } from './proxies.ts';

export type { Sample } from '../http/rounds.ts';

export interface RateRow {
  readonly which: RateCase;
  /** A sample of each round, by proxy. */
  readonly samples: Samples;
}

export interface RateOptions extends BedOptions {
  readonly rounds: number;
  readonly seconds: number;
}

export async function measureRate(which: RateCase, options: RateOptions): Promise<RateRow> {
  const { load, door } = which;
  const bed = await startBed(door, options);
  try {
    const run = (port: number, seconds: number) => runLoad(load, port, door === 'tls', seconds);
    return { which, samples: await measureRounds(bed.proxies, run, options) };
  } finally {
    await bed.stop();
  }
}
