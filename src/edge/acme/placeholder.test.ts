import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { factsOf } from './certificate-facts.ts';
import { PLACEHOLDER_MS } from './limits.ts';
import { placeholderFor } from './placeholder.ts';

test('a placeholder: the names that are wanted, its own issuer, a key that fits', async () => {
  const nowMs = Date.UTC(2026, 4, 5, 6, 7, 8);
  const names = ['*.shop.org', 'shop.org'];
  const pair = await placeholderFor(names, nowMs, randomBytes(16));
  const facts = factsOf(pair);
  assert.deepEqual(facts?.names, names);
  assert.equal(facts?.isOwn, true);
  assert.equal(facts?.issuer, 'no certificate yet');
  assert.equal(facts?.notBeforeMs, nowMs);
  assert.equal(facts?.notAfterMs, nowMs + PLACEHOLDER_MS);
  const other = await placeholderFor(names, nowMs, randomBytes(16));
  assert.notEqual(factsOf(other)?.serial, facts?.serial);
  assert.equal(factsOf({ chain: pair.chain, key: other.key }), undefined);
  assert.equal(factsOf({ chain: 'nothing', key: pair.key }), undefined);
});
