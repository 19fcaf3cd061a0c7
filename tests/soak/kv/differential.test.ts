/**
 * The differential fuzzer at length: a million commands, or `PLINTH_FUZZ_COMMANDS`.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeFinding, fuzz } from '../../fuzz/kv/differential.ts';
import { lostByRestart } from '../../fuzz/kv/recovery.ts';
import { startPlinthSide, startReference } from '../../fuzz/kv/sides.ts';
import { requirePeer } from '../../support/peers.ts';

const options = requirePeer('redis-server');

describe('differential fuzzer at length', options, () => {
  test('finds no unexplained difference between Redis and Plinth', async (context) => {
    const seed = Number(process.env.PLINTH_FUZZ_SEED ?? Date.now() % 1_000_000);
    const commands = Number(process.env.PLINTH_FUZZ_COMMANDS ?? 1_000_000);
    const left = await startReference();
    const plinth = await startPlinthSide();
    try {
      const sides = [left.side, plinth.side] as const;
      const result = await fuzz({ sides, seed, commands, findingsMax: 5 });
      context.diagnostic(`${result.commands} commands from seed ${seed}`);
      for (const [reason, times] of result.tally.explained) {
        context.diagnostic(`explained ${times} times: ${reason}`);
      }
      assert.equal(result.findings.map(describeFinding).join('\n\n'), '', `seed ${seed}`);
      assert.equal(await lostByRestart(plinth), '', `after a restart, seed ${seed}`);
    } finally {
      await Promise.all([left.stop(), plinth.stop()]);
    }
  });
});
