import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { killLsmAgainAndAgain } from './kill.ts';

const root = mkdtempSync(join(tmpdir(), 'plinth-lsm-kill-'));
after(() => rmSync(root, { recursive: true }));

test('kill -9 of an owner with a log of its own leaves exactly its state at the durable mark', async (t) => {
  const folder = join(root, 'owned');
  const report = await killLsmAgainAndAgain({ folder, kills: 8, seed: 2, log: 'owner' });
  t.diagnostic(`${report.batches} batches, mark ${report.acknowledged} was told to be durable`);
  assert.ok(report.acknowledged > 0);
});

test('kill -9 while an LSM engine writes, flushes and compacts loses nothing acknowledged', async (t) => {
  const report = await killLsmAgainAndAgain({ folder: join(root, 'lsm'), kills: 8, seed: 1 });
  t.diagnostic(`${report.batches} batches, ${report.acknowledged} of them acknowledged as durable`);
  assert.ok(report.acknowledged > 0);
});
