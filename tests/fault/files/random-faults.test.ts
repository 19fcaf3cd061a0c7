/** Faults at random moments, a few of them; tests/soak/files has more. `PLINTH_SOAK_SEED` replays the choices. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runRandomFaults } from './random-faults.ts';

const seed = Number(process.env.PLINTH_SOAK_SEED ?? Date.now() % 1_000_000);

test('processes killed and stopped at random moments under load: nothing wrong, nothing lost, nothing left', async (context) => {
  context.diagnostic(`seed ${seed}`);
  const report = await runRandomFaults({ seed, goesOn: (rounds) => rounds < 2 });
  context.diagnostic(JSON.stringify(report));
  assert.ok(report.written > 0);
});
