/**
 * The short form of the differential fuzzer; `npm run soak` runs the long one.
 * `PLINTH_FUZZ_SEED` replays a seed, `PLINTH_FUZZ_COMMANDS` sets the length.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { requirePeer } from '../../support/peers.ts';
import { RespClient } from '../../support/resp-client.ts';
import { describeFinding, fuzz, makeRound } from './differential.ts';
import { runRound } from './pair.ts';
import { lostByRestart } from './recovery.ts';
import { type RunningSide, startPlinthSide, startReference } from './sides.ts';

const reference = { ...requirePeer('redis-server') };

test('a seed gives the same round again', () => {
  assert.deepEqual(makeRound(7, 300), makeRound(7, 300));
  assert.notDeepEqual(makeRound(7, 300), makeRound(8, 300));
});

describe('differential fuzzer', reference, () => {
  let left: RunningSide;
  before(async () => {
    left = await startReference();
  });
  after(async () => {
    await left.stop();
  });

  test('finds no difference between the reference and itself', async () => {
    const right = await startReference();
    try {
      const result = await fuzz({ sides: [left.side, right.side], seed: 11, commands: 5000 });
      assert.equal(result.findings.map(describeFinding).join('\n\n'), '');
    } finally {
      await right.stop();
    }
  });

  test('finds a server whose GETRANGE is broken and shrinks the way to it', async () => {
    const right = await startReference(['--rename-command', 'GETRANGE', '']);
    try {
      const result = await fuzz({
        sides: [left.side, right.side],
        seed: 3,
        commands: 20_000,
      });
      assert.equal(result.findings[0]?.difference.signature, 'reply of GETRANGE');
      assert.equal(result.findings[0]?.steps.length, 1);
    } finally {
      await right.stop();
    }
  });

  test('finds a wrong final state that no reply showed', async () => {
    // A server that does not flush keeps a key that no command of the round made.
    const right = await startReference(['--rename-command', 'FLUSHALL', '']);
    try {
      const client = await RespClient.connect(right.side.address, { db: 2 });
      await client.must('SET', 'left', 'over');
      client.close();
      const round = { settings: [], steps: [] };
      const difference = await runRound([left.side, right.side], round);
      assert.equal(difference?.signature, 'state: existence');
    } finally {
      await right.stop();
    }
  });

  for (const cold of [false, true]) {
    const where = cold ? ' whose keys leave memory all the time' : '';
    test(`finds no unexplained difference between Redis and Plinth${where}`, async () => {
      const plinth = await startPlinthSide(cold);
      try {
        const seed = Number(
          process.env.PLINTH_FUZZ_SEED ?? process.env.TEST_SEED ?? Date.now() % 1_000_000,
        );
        const commands = Number(process.env.PLINTH_FUZZ_COMMANDS ?? 20_000);
        const result = await fuzz({ sides: [left.side, plinth.side], seed, commands });
        assert.equal(result.findings.map(describeFinding).join('\n\n'), '', `seed ${seed}`);
        assert.equal(await lostByRestart(plinth), '', `after a restart, seed ${seed}`);
      } finally {
        await plinth.stop();
      }
    });
  }
});
