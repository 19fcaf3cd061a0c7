/**
 * kill -9 at random moments under checking writers, again and again on the same folder.
 *
 * Promise: after each restart the store holds, for every writer, exactly the state after some
 * prefix of its operations; under `always` the prefix has all that was acknowledged, under
 * `everysec` all that was acknowledged more than a second before the kill. Earlier rounds are
 * read again, so that a checkpoint that loses old data is found too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Chance } from '../../fuzz/kv/random.ts';
import type { Address } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { countOf, keysOf, read } from './model.ts';
import { Writer } from './writer.ts';

/** A server that can be killed and started again on its data. */
export type Crashable = {
  readonly address: Address;
  kill9(): Promise<void>;
  /** Resolves once the server answers. */
  restart(): Promise<void>;
  /** Starts and kills again after so many milliseconds, in the middle of its recovery. */
  startAndKill(afterMs: number): Promise<void>;
};

export type KillOptions = {
  readonly server: Crashable;
  readonly fsync: 'always' | 'everysec';
  readonly kills: number;
  readonly seed: number;
  readonly writers?: number;
  readonly onRound?: (round: number, report: KillReport) => void;
};

export type KillReport = {
  kills: number;
  /** Operations acknowledged in all. */
  acknowledged: number;
  /** Acknowledged operations that were gone after a restart; 0 under `always`. */
  lost: number;
  /** Kills in the middle of a recovery. */
  duringRecovery: number;
};

type Kept = { readonly prefix: string; readonly count: number };

const roundsKept = 8;
const everysecMs = 1000;

/** Runs the rounds; throws with the seed and the round where a promise was broken. */
export async function killAgainAndAgain(options: KillOptions): Promise<KillReport> {
  const chance = new Chance(options.seed);
  const report: KillReport = { kills: 0, acknowledged: 0, lost: 0, duringRecovery: 0 };
  let kept: Kept[] = [];
  for (let round = 1; round <= options.kills; round += 1) {
    try {
      kept = await oneRound(options, chance, round, kept, report);
    } catch (error) {
      throw new Error(`seed ${options.seed}, kill ${round}: ${String(error)}`, { cause: error });
    }
    options.onRound?.(round, report);
  }
  return report;
}

async function oneRound(
  options: KillOptions,
  chance: Chance,
  round: number,
  kept: readonly Kept[],
  report: KillReport,
): Promise<Kept[]> {
  const { server, fsync, writers: count = 3 } = options;
  const writers = Array.from({ length: count }, (_, index) => new Writer(`r${round}:w${index}:`));
  const running = writers.map((writer) => writer.run(server.address));
  const writing = Promise.allSettled(running);
  // Under everysec some rounds outlive the second, so that there is something to be kept.
  const longest = fsync === 'everysec' ? 1800 : 500;
  await sleep(chance.between(20, longest));
  const killed = performance.now();
  await server.kill9();
  report.kills += 1;
  await writing;
  await Promise.all(running);
  if (chance.likely(0.3)) {
    await server.startAndKill(chance.between(0, 250));
    report.duringRecovery += 1;
    report.kills += 1;
  }
  await server.restart();

  const client = await RespClient.connect(server.address);
  try {
    const verified: Kept[] = [];
    for (const writer of writers) {
      const low =
        fsync === 'always' ? writer.acknowledged : writer.acknowledgedBefore(killed - everysecMs);
      const held = countOf(await read(client, writer.prefix), { low, high: writer.sent });
      verified.push({ prefix: writer.prefix, count: held });
      report.acknowledged += writer.acknowledged;
      report.lost += Math.max(0, writer.acknowledged - held);
    }
    for (const { prefix, count: held } of kept) {
      countOf(await read(client, prefix), { low: held, high: held });
    }
    const live = [...kept.filter((each) => each.count > 0), ...verified];
    const goneCount = Math.max(0, live.length - roundsKept * count);
    const gone = live.slice(0, goneCount);
    for (const { prefix } of gone) await client.must('DEL', ...keysOf(prefix));
    // Under everysec a deletion may be lost with the next kill: it is not looked for.
    const deleted = fsync === 'always' ? gone.map(({ prefix }) => ({ prefix, count: 0 })) : [];
    return [...deleted, ...live.slice(goneCount)];
  } finally {
    client.close();
  }
}
