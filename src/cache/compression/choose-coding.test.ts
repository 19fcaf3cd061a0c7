import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CODINGS, type Coding, codingWeights } from '../policy/index.ts';
import { AcceptedCodings, type CodingsAtHand, codingFor } from './choose-coding.ts';

const RULE: readonly Coding[] = ['br', 'zstd', 'gzip'];
const plain = { original: 'identity', made: [], notMade: [], convertible: true } as const;

function choose(accepted: string | undefined, atHand: Partial<CodingsAtHand> = {}): unknown {
  const { serve, acceptable, make } = codingFor(
    codingWeights(accepted),
    { ...plain, ...atHand },
    RULE,
  );
  return [serve, acceptable, make];
}

test('what is at hand is served, and the best that the client takes is made', () => {
  assert.deepEqual(choose('gzip, br'), ['identity', true, 'br']);
  assert.deepEqual(choose('gzip, br', { made: ['gzip'] }), ['gzip', true, 'br']);
  assert.deepEqual(choose('gzip, br', { made: ['gzip', 'br'] }), ['br', true, undefined]);
  assert.deepEqual(choose('gzip, br;q=0.5', { made: ['br'] }), ['br', true, 'gzip']);
  assert.deepEqual(choose('gzip', { made: ['br'] }), ['identity', true, 'gzip']);
  assert.deepEqual(choose('*'), ['identity', true, 'br']);
  assert.deepEqual(choose('deflate'), ['identity', true, undefined]);
  assert.deepEqual(choose(undefined), ['identity', true, undefined]);
  assert.deepEqual(choose(''), ['identity', true, undefined]);
  assert.deepEqual(choose('identity, gzip;q=0.5'), ['identity', true, undefined]);
});

test('what does not gain or is being made is not made, and the next best is', () => {
  assert.deepEqual(choose('gzip, br', { notMade: ['br'] }), ['identity', true, 'gzip']);
  assert.deepEqual(choose('gzip, br', { notMade: ['br'], made: ['gzip'] }), [
    'gzip',
    true,
    undefined,
  ]);
  assert.deepEqual(choose('br', { convertible: false }), ['identity', true, undefined]);
});

test('what came coded is undone for who refuses it, and not coded anew', () => {
  const gzip = { original: 'gzip' } as const;
  assert.deepEqual(choose('gzip, br', gzip), ['gzip', true, undefined]);
  assert.deepEqual(choose('br', gzip), ['gzip', false, 'identity']);
  assert.deepEqual(choose(undefined, gzip), ['gzip', false, 'identity']);
  assert.deepEqual(choose('br', { ...gzip, made: ['identity'] }), ['identity', true, undefined]);
  assert.deepEqual(choose('br', { ...gzip, convertible: false }), ['gzip', false, undefined]);
  assert.deepEqual(choose('br', { ...gzip, notMade: ['identity'] }), ['gzip', false, undefined]);
});

test('who accepts nothing of it is served nevertheless', () => {
  assert.deepEqual(choose('identity;q=0'), ['identity', false, undefined]);
  assert.deepEqual(choose('br, identity;q=0'), ['identity', false, 'br']);
  assert.deepEqual(choose('identity;q=0', { original: 'gzip' }), ['gzip', false, undefined]);
});

const coding = fc.constantFrom(...CODINGS);
const some = fc.uniqueArray(coding, { maxLength: 4 });
const weight = fc.constantFrom(0, 0.001, 0.5, 1);
const weights = fc.record({ zstd: weight, br: weight, gzip: weight, identity: weight });
const atHand = fc.record({
  original: coding,
  made: some,
  notMade: some,
  convertible: fc.boolean(),
});
const rule = fc.uniqueArray(fc.constantFrom<Coding>('br', 'zstd', 'gzip'));

test('nothing better is at hand than what is served; what is made is wanted and new', () => {
  fc.assert(
    fc.property(weights, atHand, rule, (accepted, stored, codings) => {
      const { serve, acceptable, make } = codingFor(accepted, stored, codings);
      const there = [stored.original, ...stored.made];
      assert.ok(there.includes(serve));
      const best = Math.max(...there.map((each) => accepted[each]));
      assert.equal(acceptable, best > 0);
      if (acceptable) assert.equal(accepted[serve], best);
      if (make === undefined) return;
      assert.ok(stored.convertible && !there.includes(make) && !stored.notMade.includes(make));
      assert.ok(accepted[make] > 0 && accepted[make] >= best);
      assert.ok(stored.original === 'identity' ? codings.includes(make) : make === 'identity');
    }),
  );
});

test('spellings are read once, and as they are read without memory', () => {
  const codings = new AcceptedCodings();
  assert.equal(codings.weightsOf('br, gzip'), codings.weightsOf('br, gzip'));
  assert.deepEqual(codings.weightsOf(undefined), codingWeights(undefined));
  for (let nth = 0; nth < 1000; nth++) {
    const list = `gzip;q=0.${nth % 1000}, br, x${nth}`;
    assert.deepEqual(codings.weightsOf(list), codingWeights(list));
  }
});
