import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Part } from '../policy/index.ts';
import { PARTS_MAX, Parts } from './parts.ts';

const LENGTH = 60;

/** The obvious twin: a flag for each byte. */
class Bitmap {
  readonly there: boolean[] = Array.from({ length: LENGTH }, () => false);

  add({ start, end }: Part): void {
    this.there.fill(true, start, end);
  }

  runs(of: boolean, { start, end }: Part): Part[] {
    const runs: { start: number; end: number }[] = [];
    for (let at = start; at < end; at++) {
      if (this.there[at] !== of) continue;
      const last = runs.at(-1);
      if (last?.end === at) last.end++;
      else runs.push({ start: at, end: at + 1 });
    }
    return runs;
  }
}

const part = fc
  .tuple(fc.nat(LENGTH - 1), fc.nat(12))
  .map(([start, more]) => ({ start, end: Math.min(LENGTH, start + 1 + more) }));

test('parts are after any additions what a flag for each byte is', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 25 }), fc.array(part), (added, asked) => {
      const parts = new Parts(LENGTH);
      const twin = new Bitmap();
      const all = { start: 0, end: LENGTH };
      for (const each of added) {
        assert.equal(parts.add(each), true);
        twin.add(each);
        assert.deepEqual(parts.list(), twin.runs(true, all));
      }
      assert.equal(parts.bytes, twin.there.filter(Boolean).length);
      assert.equal(parts.isComplete, twin.there.every(Boolean));
      assert.equal(parts.count, parts.list().length);
      for (const each of [...asked, all]) {
        const missing = twin.runs(false, each);
        assert.deepEqual(parts.missing(each), missing);
        assert.equal(parts.holds(each), missing.length === 0);
      }
    }),
  );
});

test('what is missing makes it complete', () => {
  const parts = new Parts(1e12);
  parts.add({ start: 5, end: 10 });
  parts.add({ start: 5e11, end: 1e12 });
  for (const gap of parts.missing({ start: 0, end: 1e12 })) parts.add(gap);
  assert.ok(parts.isComplete);
  assert.deepEqual(parts.list(), [{ start: 0, end: 1e12 }]);
  assert.ok(new Parts(0).isComplete);
});

test('crumbs beyond the limit are refused, those that join others are not', () => {
  const parts = new Parts(10_000);
  for (let nth = 0; nth < PARTS_MAX; nth++) {
    assert.ok(parts.add({ start: nth * 2, end: nth * 2 + 1 }));
  }
  const before = parts.list();
  assert.equal(parts.add({ start: 9000, end: 9001 }), false);
  assert.deepEqual(parts.list(), before);
  assert.ok(parts.add({ start: 1, end: 2 }));
  assert.equal(parts.count, PARTS_MAX - 1);
  assert.ok(parts.add({ start: 9000, end: 9001 }));
});
