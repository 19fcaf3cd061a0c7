/** redis-benchmark on CLIENT_CORE, and what it printed as numbers. */
import { startChild } from '../../tests/support/process.ts';
import { RANGE } from './commands.ts';
import { CLIENT_CORE } from './peers.ts';

export interface Load {
  readonly port: number;
  readonly args: readonly string[];
  readonly requests: number;
  readonly pipeline: number;
}

/** Requests a second and latencies in milliseconds. */
export interface Rates {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

const CLIENTS = 50;
const LOAD_MS_MAX = 120_000;

/** Sends one command many times; throws where it was answered with an error or took too long. */
export async function runLoad(load: Load): Promise<Rates> {
  const child = startChild('taskset', [
    ...['-c', String(CLIENT_CORE), 'redis-benchmark', '-h', '127.0.0.1'],
    ...['-p', String(load.port), '-c', String(CLIENTS), '-n', String(load.requests)],
    ...['-P', String(load.pipeline), '-r', String(RANGE), '--precision', '3'],
    ...load.args,
  ]);
  const timer = setTimeout(() => child.process.kill('SIGKILL'), LOAD_MS_MAX);
  const code = await child.exited;
  clearTimeout(timer);
  const text = child.output();
  if (code !== 0) {
    const reason = /Error from server: [^\r\n]*/.exec(text)?.[0] ?? `ended with ${code}`;
    throw new Error(`${load.args[0]}: ${reason}`);
  }
  return parseRates(text);
}

/** Reads the summary and the percentiles of redis-benchmark 7. */
export function parseRates(text: string): Rates {
  const perSecond = Number(/throughput summary: ([\d.]+)/.exec(text)?.[1]);
  const latencies = /p50\s+p95\s+p99\s+max\s+([\d.\s]+)/.exec(text)?.[1]?.trim().split(/\s+/) ?? [];
  let p999 = Number.NaN;
  for (const [, percent, ms] of text.matchAll(/([\d.]+)% <= ([\d.]+) milliseconds/g)) {
    if (Number(percent) >= 99.9) {
      p999 = Number(ms);
      break;
    }
  }
  return { perSecond, p50: Number(latencies[2]), p99: Number(latencies[4]), p999 };
}
