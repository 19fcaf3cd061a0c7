/** kill -9 of a process with an LSM engine at length: 200 kills, or `PLINTH_KILLS`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { killLsmAgainAndAgain } from '../../fault/lsm/kill.ts';

const kills = Number(process.env.PLINTH_KILLS ?? 200);
const seed = Number(process.env.PLINTH_KILL_SEED ?? Date.now() % 1_000_000);
const root = mkdtempSync(join(tmpdir(), 'plinth-lsm-kill-'));
after(() => rmSync(root, { recursive: true }));

for (const log of ['own', 'owner'] as const) {
  test(`an LSM engine keeps its promise through ${kills} kills, the log is its ${log === 'own' ? 'own' : "owner's"}, seed ${seed}`, async (t) => {
    const report = await killLsmAgainAndAgain({ folder: join(root, log), kills, seed, log });
    t.diagnostic(`${report.batches} batches, ${report.acknowledged} acknowledged as durable`);
    assert.ok(report.acknowledged > 0);
  });
}
