/**
 * The HTTP fuzzer at length: ten million messages, or `PLINTH_FUZZ_MESSAGES`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFinding, fuzz } from '../../fuzz/http/differential.ts';

test('finds no unexplained difference between llhttp and Plinth', (context) => {
  const seed = Number(process.env.PLINTH_FUZZ_SEED ?? Date.now() % 1_000_000_000);
  const messages = Number(process.env.PLINTH_FUZZ_MESSAGES ?? 10_000_000);
  const { tally, findings } = fuzz({ seed, messages });
  context.diagnostic(`${tally.messages} messages from seed ${seed}, ${tally.accepted} accepted`);
  for (const [verdict, times] of tally.verdicts) context.diagnostic(`${times} times ${verdict}`);
  assert.equal(findings.map(describeFinding).join('\n\n'), '', `seed ${seed}`);
});
