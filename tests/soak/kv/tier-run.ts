/**
 * kill -9 of a server most of whose keys are on disk only, under writers that compare every answer and
 * readers that make others wait, again and again on the same folder; then everything is compared.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Crashable } from '../../fault/kv/kill.ts';
import { Chance } from '../../fuzz/kv/random.ts';
import type { Address } from '../../support/process.ts';
import { RespClient } from '../../support/resp-client.ts';
import { isError, show } from '../../support/resp-reply.ts';
import { TierWriter } from './tier-writer.ts';

export interface TierRunOptions {
  readonly server: Crashable;
  readonly kills: number;
  readonly seed: number;
  /** Names of keys that may be there, in all databases together. */
  readonly keys: number;
  /** From 1 to 5: each takes three of sixteen databases. */
  readonly writers?: number;
  /** Called after each kill with the server up again. */
  readonly onRound?: (round: number, report: TierReport) => Promise<void>;
}

export interface TierReport {
  kills: number;
  duringRecovery: number;
  acknowledged: number;
  /** Keys compared, all restarts together. */
  compared: number;
  /** What readers were answered. */
  reads: number;
}

const KINDS = 7;
const ROUND_MS_MAX = 2500;
/** After so many kills the run waits for the end of brief keys, and compares the numbers of keys. */
const REST_EVERY = 5;
const READERS = 3;

/** Runs the rounds; throws with the seed and the round where something was wrong. */
export async function runTier(options: TierRunOptions): Promise<TierReport> {
  const { server, kills, seed, keys, writers: count = 4 } = options;
  const chance = new Chance(seed);
  const keysOfKind = Math.max(20, Math.ceil(keys / (count * 2 * KINDS)));
  const writers = Array.from(
    { length: count },
    (_, i) => new TierWriter(i, new Chance(chance.between(1, 2 ** 31)), keysOfKind),
  );
  const report = { kills: 0, duringRecovery: 0, acknowledged: 0, compared: 0, reads: 0 };
  for (let round = 1; round <= kills; round++) {
    try {
      await oneRound(server, writers, chance, keysOfKind, report);
      if (round % REST_EVERY === 0 || round === kills) {
        for (const writer of writers) await writer.verifyAtRest(server.address);
      }
    } catch (error) {
      throw new Error(`seed ${seed}, kill ${round}: ${String(error)}`, { cause: error });
    }
    report.acknowledged = writers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    await options.onRound?.(round, report);
  }
  return report;
}

async function oneRound(
  server: Crashable,
  writers: readonly TierWriter[],
  chance: Chance,
  keysOfKind: number,
  report: TierReport,
): Promise<void> {
  const { address } = server;
  const databases = writers.length * 3;
  const running = [
    ...writers.map((writer) => writer.run(address)),
    ...Array.from({ length: READERS }, () => {
      const own = new Chance(chance.between(1, 2 ** 31));
      return readAround(address, own, keysOfKind, databases, report);
    }),
  ];
  // A failure ends the round at once.
  const failed = Promise.all(running).then(() => new Promise<never>(() => {}));
  failed.catch(() => {});
  await Promise.race([sleep(chance.between(20, ROUND_MS_MAX)), failed]);
  await server.kill9();
  report.kills++;
  await Promise.all(running);
  const killedAt = Date.now();
  if (chance.likely(0.3)) {
    await server.startAndKill(chance.between(0, 1500));
    report.duringRecovery++;
    report.kills++;
  }
  await server.restart();
  for (const writer of writers) {
    await writer.verifyAfterRestart(address, killedAt);
    report.compared += writer.keyCount;
  }
}

/** Reads keys of all databases, so that many come from disk at once; answers are not compared here. */
async function readAround(
  address: Address,
  chance: Chance,
  keysOfKind: number,
  databases: number,
  report: { reads: number },
): Promise<void> {
  const client = await RespClient.connect(address);
  const key = (kind: string): string => `${kind}:${chance.between(0, keysOfKind - 1)}`;
  const draws: readonly (() => string[])[] = [
    () => ['GET', key('string')],
    () => ['MGET', key('string'), key('number'), key('string'), key('list')],
    () => ['LRANGE', key('list'), '-5', '-1'],
    () => ['HGETALL', key('hash')],
    () => ['SMEMBERS', key('set')],
    () => ['ZRANGEBYSCORE', key('zset'), '-100', '100'],
    () => ['XRANGE', key('stream'), '-', '+', 'COUNT', '10'],
    () => ['SUNION', key('set'), key('set')],
    () => ['OBJECT', 'ENCODING', key('hash')],
    () => ['EXISTS', key('nothing'), key('zset')],
    () => ['SCAN', String(chance.between(0, 500)), 'COUNT', '50'],
    () => ['RANDOMKEY'],
    () => ['DUMP', key('list')],
  ];
  try {
    while (!client.closed) {
      const some = Array.from({ length: chance.between(1, 16) }, () => chance.pick(draws)());
      const commands = [['SELECT', chance.between(0, databases - 1)], ...some];
      const replies = await client.pipeline(commands).catch(() => undefined);
      if (replies === undefined) return;
      const bad = replies.find(
        (reply) => isError(reply) && !/^-(WRONGTYPE|ERR no such key)/.test(show(reply)),
      );
      if (bad !== undefined) throw new Error(`a reader was answered ${show(bad)}`);
      report.reads += replies.length;
    }
  } finally {
    client.close();
  }
}
