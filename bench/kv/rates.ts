/**
 * Throughput, latency and processor time per command of both servers in turn.
 *
 * Rounds are interleaved and their order alternates, so that what else the machine does hits both. A
 * warm-up tells how many requests make a round of the wanted length; both servers get as many.
 */
import { type BenchCommand, RANGE } from './commands.ts';
import { type Rates, runLoad } from './load-generator.ts';
import { cpuMicros, median } from './machine.ts';
import { type Durability, Peer } from './peers.ts';

export interface RateOptions {
  readonly rounds: number;
  readonly roundMs: number;
}

/** Medians of one server. */
export interface Measured extends Rates {
  /** Processor time of the server per command, microseconds. */
  readonly cpuMicros: number;
}

export interface RateRow {
  readonly name: string;
  readonly pipeline: number;
  readonly plinth: Measured;
  readonly redis: Measured;
}

export interface RateCase {
  readonly command: BenchCommand;
  readonly pipeline: number;
  readonly valueBytes: number;
}

const WARM_UP_REQUESTS = 100_000;
const WARM_UP_BYTES_MAX = 100 * 1024 * 1024;
const SLOW_WARM_UP_REQUESTS = 20_000;
/** What all rounds of a case may add to a server. */
const GROWTH_BYTES_MAX = 2 * 2 ** 30;

/** Measures all cases on a fresh pair of servers; a case that fails is told and left out. */
export async function measureRates(
  durability: Durability,
  cases: readonly RateCase[],
  options: RateOptions,
  tell: (text: string) => void,
): Promise<RateRow[]> {
  const peers: Peer[] = [];
  try {
    for (const name of ['plinth', 'redis'] as const) peers.push(await Peer.start(name, durability));
    const rows: RateRow[] = [];
    for (const each of cases) {
      try {
        const row = await measureCase(peers, durability, each, options);
        rows.push(row);
        const ratio = row.plinth.perSecond / row.redis.perSecond;
        const cpu = row.plinth.cpuMicros / row.redis.cpuMicros;
        tell(
          `${row.name} -P ${row.pipeline}: ${Math.round(row.plinth.perSecond)}/s, x${ratio.toFixed(2)}, ` +
            `cpu ${row.plinth.cpuMicros.toFixed(2)} us, x${cpu.toFixed(2)}, ` +
            `p99.9 ${row.plinth.p999} / ${row.redis.p999} ms`,
        );
      } catch (error) {
        tell(`${each.command.name} -P ${each.pipeline}: left out: ${String(error)}`);
      }
    }
    return rows;
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

async function measureCase(
  peers: readonly Peer[],
  durability: Durability,
  { command, pipeline, valueBytes }: RateCase,
  options: RateOptions,
): Promise<RateRow> {
  const value = 'x'.repeat(valueBytes);
  const args = command.args(value);
  const slow = durability === 'always' || pipeline === 1;
  const warmUp = Math.min(
    slow ? SLOW_WARM_UP_REQUESTS : WARM_UP_REQUESTS,
    Math.ceil(WARM_UP_BYTES_MAX / valueBytes),
  );
  let perSecond = 0;
  for (const peer of peers) {
    const { port } = peer;
    await flush(peer);
    if (command.prepare !== undefined) {
      const requests = Math.min(3 * RANGE, Math.ceil((WARM_UP_BYTES_MAX * 4) / valueBytes));
      await runLoad({ port, args: command.prepare(value), requests, pipeline: 16 });
    }
    if (command.refill !== undefined) {
      await runLoad({ port, args: command.refill(value), requests: warmUp, pipeline: 16 });
    }
    const rates = await runLoad({ port, args, requests: warmUp, pipeline });
    perSecond = Math.max(perSecond, rates.perSecond);
  }
  const growth = GROWTH_BYTES_MAX / (valueBytes * options.rounds);
  const wanted = Math.min((perSecond * options.roundMs) / 1000, growth);
  const requests = Math.max(pipeline * 100, Math.round(wanted));
  const results = new Map<Peer, Measured[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < options.rounds; round++) {
    const order = round % 2 === 0 ? peers : [...peers].reverse();
    for (const peer of order) {
      const { port } = peer;
      if (command.refill !== undefined) {
        await runLoad({ port, args: command.refill(value), requests, pipeline: 16 });
      }
      const before = cpuMicros(peer.pid);
      const rates = await runLoad({ port, args, requests, pipeline });
      const spent = cpuMicros(peer.pid) - before;
      results.get(peer)!.push({ ...rates, cpuMicros: spent / requests });
    }
  }
  for (const peer of peers) await flush(peer);
  const of = (name: string): Measured =>
    medians(results.get(peers.find((peer) => peer.name === name)!)!);
  const size = valueBytes >= 1024 ? `${command.name} ${valueBytes / 1024} KiB` : command.name;
  return { name: size, pipeline, plinth: of('plinth'), redis: of('redis') };
}

async function flush(peer: Peer): Promise<void> {
  const client = await peer.connect();
  await client.must('FLUSHALL');
  client.close();
}

function medians(rounds: readonly Measured[]): Measured {
  const of = (pick: (measured: Measured) => number): number => median(rounds.map(pick));
  return {
    perSecond: of((round) => round.perSecond),
    cpuMicros: of((round) => round.cpuMicros),
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    p999: of((round) => round.p999),
  };
}
