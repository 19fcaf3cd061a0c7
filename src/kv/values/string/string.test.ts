import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commonSubsequence } from './index.ts';
import { xxh3 } from './xxh3.ts';

test('the digest is the one that the XXH3 library gives, at every length where its method changes', () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7 + 3) & 255));
  const known: readonly [number, string][] = [
    [0, '2d06800538d394c2'],
    [1, '13e608bc156defed'],
    [3, 'a9088dda485b481c'],
    [4, '6d9253b16c8b1ed3'],
    [8, '60539db630471163'],
    [9, 'feff668361d723a8'],
    [16, 'b8c859b0f030b585'],
    [17, '714a04408e79b80f'],
    [32, '19ff4ee1d6ba1a55'],
    [33, '3e44983ad21679c8'],
    [64, '287eb1fa9e4be2c1'],
    [65, '829218de4d798646'],
    [96, 'f084e7cfbc624743'],
    [97, '1daa83271a8e7b7c'],
    [128, '67425a03650261bf'],
    [129, 'c664bf3311c6abc4'],
    [240, '64556dc6b462a6cf'],
    [241, '8beadd3a8874fe17'],
    [1024, '9b81661c641c72b1'],
    [1025, '806c2072ed713576'],
    [1088, '2f8781e01841f0da'],
    [5000, '799aaddd7339581d'],
  ];
  for (const [length, digest] of known) {
    assert.equal(xxh3(bytes, 0, length).toString(16).padStart(16, '0'), digest, `${length} bytes`);
  }
});

/** Length of the longest common subsequence, by its definition. */
function longest(a: string, b: string): number {
  if (a === '' || b === '') return 0;
  if (a.at(-1) === b.at(-1)) return longest(a.slice(0, -1), b.slice(0, -1)) + 1;
  return Math.max(longest(a.slice(0, -1), b), longest(a, b.slice(0, -1)));
}

test('a common subsequence is common, in order, and the longest', () => {
  const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 9 }).map((l) => l.join(''));
  fc.assert(
    fc.property(text, text, (a, b) => {
      const found = commonSubsequence(Buffer.from(a), Buffer.from(b), 'matches');
      assert.equal(found.length, longest(a, b));
      assert.equal(
        commonSubsequence(Buffer.from(a), Buffer.from(b), 'length').length,
        found.length,
      );
      let total = 0;
      let endA = a.length;
      let endB = b.length;
      for (const match of found.matches) {
        assert.ok(match.a + match.length <= endA && match.b + match.length <= endB);
        assert.equal(
          a.slice(match.a, match.a + match.length),
          b.slice(match.b, match.b + match.length),
        );
        total += match.length;
        endA = match.a;
        endB = match.b;
      }
      assert.equal(total, found.length);
    }),
    { numRuns: 200 },
  );
});
