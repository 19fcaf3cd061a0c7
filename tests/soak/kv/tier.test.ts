/**
 * Data larger than memory under kill -9, at length: 60 kills, or `PLINTH_TIER_KILLS`; about 20,000 keys, or
 * `PLINTH_TIER_KEYS`; memory for 256 KiB of them, or `PLINTH_TIER_MEMORY` bytes (0 for all of them). A run
 * is replayed by `PLINTH_TIER_SEED`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startKillablePlinth, startKillableRedis, withKillable } from '../../fault/kv/servers.ts';
import { requirePeer } from '../../support/peers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { textOf } from '../../support/resp-reply.ts';
import { readFigures, TIER_MEMORY } from '../../support/tier.ts';
import { runTier } from './tier-run.ts';

const kills = Number(process.env.PLINTH_TIER_KILLS ?? 60);
const keys = Number(process.env.PLINTH_TIER_KEYS ?? 20_000);
const memoryBytes = Number(process.env.PLINTH_TIER_MEMORY ?? 256 * 1024);
const seed = Number(process.env.PLINTH_TIER_SEED ?? Date.now() % 1_000_000);

/** What is done to a key, by which command, and how the failure begins. */
const TAMPERINGS: readonly (readonly [string, string, readonly string[], RegExp])[] = [
  ['a time to live that changed', 'PEXPIREAT', [String(Date.now() + 5_000_000)], /ends at/],
  ['a value that changed', 'SET', ['another', 'KEEPTTL'], /is \(\d+\) /],
  ['a key that was deleted', 'DEL', [], /is missing/],
  ['a key that came', 'RENAME', ['foreign:1'], /is there and must not be/],
];

describe(
  'the writers of the tier on redis-server, by which they are checked',
  requirePeer('redis-server'),
  () => {
    test('a server that keeps everything has no difference', async () => {
      await withKillable(startKillableRedis('always'), async (server) => {
        const report = await runTier({ server, kills: 6, seed, keys: 3000 });
        assert.ok(report.acknowledged > 0);
      });
    });

    test('a server that forgets is caught', async () => {
      await withKillable(startKillableRedis('none'), async (server) => {
        await assert.rejects(runTier({ server, kills: 2, seed, keys: 3000 }), /was acknowledged/);
      });
    });

    for (const [what, word, args, says] of TAMPERINGS) {
      test(`${what} behind the writers is caught`, async () => {
        await withKillable(startKillableRedis('always'), async (server) => {
          const restart = async (): Promise<void> => {
            await server.restart();
            const client = await RespClient.connect(server.address);
            let key = 'brief:';
            while (key.startsWith('brief:')) key = textOf(await client.must('RANDOMKEY'));
            await client.must(word, key, ...args);
            client.close();
          };
          const tampered = { ...server, restart };
          await assert.rejects(runTier({ server: tampered, kills: 1, seed, keys: 3000 }), says);
        });
      });
    }
  },
);

describe('Plinth with data larger than memory', () => {
  test(`has every key, value and time to live through ${kills} kills`, async (context) => {
    const limit = memoryBytes > 0 ? { [TIER_MEMORY]: memoryBytes } : {};
    await withKillable(startKillablePlinth('always', limit), async (server) => {
      let [mostCold, loads, dropped, usedBytes] = [0, 0, 0, 0];
      const onRound = async (): Promise<void> => {
        const client = await RespClient.connect(server.address);
        const { tier, usedBytes: used } = await readFigures(client);
        client.close();
        usedBytes = Math.max(usedBytes, used);
        mostCold = Math.max(mostCold, tier.coldKeys);
        loads += tier.loads;
        dropped += tier.dropped;
      };
      const report = await runTier({ server, kills, seed, keys, onRound });
      context.diagnostic(
        `seed ${seed}: ${report.kills} kills, ${report.duringRecovery} of them in a recovery, ` +
          `${report.acknowledged} operations, ${report.compared} keys compared, ${report.reads} reads beside, ` +
          `up to ${mostCold} cold keys, ${loads} loads, ${dropped} dropped, ${usedBytes} bytes used`,
      );
      assert.ok(report.acknowledged > 0);
      // Without these the run would say nothing about the tier.
      if (memoryBytes > 0) assert.ok(mostCold > 0 && loads > 0 && dropped > 0);
    });
  });
});
