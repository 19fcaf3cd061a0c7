/** The short form of the fuzzer; `node tests/fuzz/http2/run.ts` is the long one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chance } from '../kv/random.ts';
import { record } from './corpus.ts';
import { fuzz } from './fuzz.ts';
import { mutate } from './mutate.ts';
import { askNode } from './oracle.ts';
import { play } from './play.ts';

const seed = Number(process.env.PLINTH_FUZZ_SEED ?? 1);

test('spoilt sessions neither throw nor pass a bound, and what we take nghttp2 takes', async () => {
  const result = await fuzz({ seed, sessions: 3000, oracleShare: 0.4 });
  assert.deepEqual(result.findings, []);
  assert.ok(result.problems.size > 12, `only ${[...result.problems.keys()]}`);
  assert.ok(result.asked > 10);
});

test('a session that is right is taken whole, by us as by nghttp2', async () => {
  const recording = await record('server', seed);
  const played = play(recording, recording.octets, new Chance(seed));
  assert.deepEqual(played.problems, []);
  assert.deepEqual(await askNode(recording.octets), played.requests);
});

test('a seed spoils the same way again', async () => {
  const { octets } = await record('server', 5);
  assert.deepEqual(mutate(octets, new Chance(7)), mutate(octets, new Chance(7)));
  assert.notDeepEqual(mutate(octets, new Chance(7)), mutate(octets, new Chance(8)));
});
