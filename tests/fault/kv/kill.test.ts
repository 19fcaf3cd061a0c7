/**
 * kill -9 in its short form; tests/soak/kv has the long one. `PLINTH_KILL_SEED` replays.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requirePeer } from '../../support/peers.ts';
import { killAgainAndAgain } from './kill.ts';
import { countOf, cycle, stateAfter } from './model.ts';
import { startKillablePlinth, startKillableRedis, withKillable } from './servers.ts';

const seed = Number(process.env.PLINTH_KILL_SEED ?? Date.now() % 1_000_000);

describe('the model of the checking writer', () => {
  test('gives back the count of every state', () => {
    for (let count = 0; count <= cycle * 8; count += 1) {
      assert.equal(countOf(stateAfter(count), { low: 0, high: cycle * 8 }), count);
    }
  });

  test('refuses what is lost, torn or invented', () => {
    const state = stateAfter(50);
    assert.throws(() => countOf(state, { low: 51, high: 60 }), /acknowledged writes are lost/);
    assert.throws(() => countOf(state, { low: 0, high: 40 }), /no prefix|nobody made/);
    const torn = state.map((line, index) => (index === 7 ? '$"1"' : line));
    assert.throws(() => countOf(torn, { low: 0, high: 60 }), /no prefix of the writes/);
  });
});

describe(
  'kill -9 of redis-server, by which the checks are checked',
  requirePeer('redis-server'),
  () => {
    test('appendfsync always loses nothing', async () => {
      await withKillable(startKillableRedis('always'), async (server) => {
        const report = await killAgainAndAgain({ server, fsync: 'always', kills: 4, seed });
        assert.equal(report.lost, 0);
        assert.ok(report.acknowledged > 0);
      });
    });

    test('a server that forgets is caught', async () => {
      await withKillable(startKillableRedis('none'), async (server) => {
        await assert.rejects(
          killAgainAndAgain({ server, fsync: 'always', kills: 2, seed }),
          /acknowledged writes are lost/,
        );
      });
    });
  },
);

describe('kill -9 of Plinth', () => {
  test('fsync always loses nothing that was acknowledged', async () => {
    await withKillable(startKillablePlinth('always'), async (server) => {
      const report = await killAgainAndAgain({ server, fsync: 'always', kills: 6, seed });
      assert.equal(report.lost, 0);
      assert.ok(report.acknowledged > 0);
    });
  });

  test('fsync everysec loses a second at most', async () => {
    await withKillable(startKillablePlinth('everysec'), async (server) => {
      const report = await killAgainAndAgain({ server, fsync: 'everysec', kills: 3, seed });
      assert.ok(report.acknowledged > 0);
    });
  });
});
