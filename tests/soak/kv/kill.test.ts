/**
 * kill -9 at length: 200 kills, or `PLINTH_KILLS`, half under each way to sync.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { killAgainAndAgain } from '../../fault/kv/kill.ts';
import { startKillablePlinth, withKillable } from '../../fault/kv/servers.ts';

const kills = Number(process.env.PLINTH_KILLS ?? 200);
const seed = Number(process.env.PLINTH_KILL_SEED ?? Date.now() % 1_000_000);

describe('kill -9 of Plinth at length', () => {
  for (const fsync of ['always', 'everysec'] as const) {
    test(`fsync ${fsync} keeps its promise through ${kills / 2} kills`, async (context) => {
      await withKillable(startKillablePlinth(fsync), async (server) => {
        const report = await killAgainAndAgain({ server, fsync, kills: kills / 2, seed });
        context.diagnostic(
          `${report.kills} kills, ${report.duringRecovery} of them in a recovery, ` +
            `${report.acknowledged} acknowledged, ${report.lost} lost`,
        );
        if (fsync === 'always') assert.equal(report.lost, 0);
        assert.ok(report.acknowledged > 0);
      });
    });
  }
});
