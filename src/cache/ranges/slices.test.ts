import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Part } from '../policy/index.ts';
import { fieldsOf } from '../policy/policy-fixture.ts';
import { coalesce } from './coalesce.ts';
import { rangeOfSlice, readSlice } from './slice-response.ts';
import { planSlices, probeIndex, type SliceStep, sliceAt } from './slices.ts';

const NOW = Date.UTC(2026, 10, 22, 12);

function stepsOf(parts: readonly Part[], lengthBytes: number, sliceBytes: number): SliceStep[] {
  const plan = planSlices(parts, lengthBytes, sliceBytes);
  return Array.from({ length: plan.stepCount }, (_, at) => plan.step(at));
}

test('a plan goes through the slices that its parts lie in', () => {
  assert.deepEqual(stepsOf([{ start: 15, end: 31 }], 35, 10), [
    {
      index: 1,
      slice: { start: 10, end: 20 },
      wanted: { start: 15, end: 20 },
      nth: 0,
      endsPart: false,
    },
    {
      index: 2,
      slice: { start: 20, end: 30 },
      wanted: { start: 20, end: 30 },
      nth: 0,
      endsPart: false,
    },
    {
      index: 3,
      slice: { start: 30, end: 35 },
      wanted: { start: 30, end: 31 },
      nth: 0,
      endsPart: true,
    },
  ]);
  const terabyte = planSlices([{ start: 0, end: 2 ** 40 }], 2 ** 40, 2 ** 20);
  assert.equal(terabyte.stepCount, 2 ** 20);
  assert.equal(terabyte.step(2 ** 20 - 1).wanted.end, 2 ** 40);
});

test('the steps of a plan are its parts, byte by byte, each within one slice', () => {
  const part = fc
    .tuple(fc.nat(499), fc.nat(499))
    .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));
  const asked = fc.array(part, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(asked, fc.integer({ min: 1, max: 600 }), (ranges, sliceBytes) => {
      const parts = coalesce(ranges);
      const wanted = parts.map(({ start }) => ({ start, end: start }));
      for (const step of stepsOf(parts, 500, sliceBytes)) {
        const { slice, index, nth } = step;
        assert.deepEqual(slice, sliceAt(index, sliceBytes, 500));
        assert.ok(slice.start <= step.wanted.start && step.wanted.end <= slice.end);
        assert.ok(step.wanted.start < step.wanted.end);
        // Behind what came before, in the part whose turn it is.
        const joined = wanted[nth] as { start: number; end: number };
        assert.equal(step.wanted.start, joined.end);
        joined.end = step.wanted.end;
        assert.equal(step.endsPart, joined.end === (parts[nth] as Part).end);
        const before = parts.slice(0, nth);
        assert.ok(before.every(({ end }, each) => wanted[each]?.end === end));
      }
      assert.deepEqual(wanted, parts);
    }),
  );
});

test('the first request is for the slice that a range begins in', () => {
  const index = (...lines: string[]): number => probeIndex(fieldsOf(...lines), 100);
  assert.equal(index(), 0);
  assert.equal(index('Range: bytes=250-'), 2);
  assert.equal(index('Range: bytes=, 100-101, 900-'), 1);
  assert.equal(index('Range: bytes=-5'), 0);
  assert.equal(index('Range: items=500-600'), 0);
});

test('requests for slices say their first and their last byte', () => {
  assert.equal(rangeOfSlice({ start: 100, end: 200 }), 'bytes=100-199');
});

test('what comes of a request for a slice', () => {
  const asked = { start: 100, end: 200 };
  const validator = { kind: 'etag', value: '"a"' } as const;
  const known = { lengthBytes: 150, validator };
  const read = (status: number, of: typeof known | null, ...lines: string[]): unknown =>
    readSlice(status, fieldsOf(...lines), asked, of, NOW);
  const good = ['ETag: "a"', 'Content-Range: bytes 100-149/150'];
  const slice = { kind: 'slice', part: { start: 100, end: 150 }, representation: known };
  assert.deepEqual(read(206, null, ...good), slice);
  assert.deepEqual(read(206, known, ...good), slice);
  const changed = { kind: 'changed' };
  assert.deepEqual(read(206, known, 'ETag: "b"', good[1] as string), changed);
  assert.deepEqual(read(206, known, 'ETag: "a"', 'Content-Range: bytes 100-199/300'), changed);
  assert.deepEqual(read(416, known, 'Content-Range: bytes */90'), changed);
  assert.deepEqual(read(200, known, 'ETag: "a"'), changed);
  assert.deepEqual(read(200, null), { kind: 'whole' });
  assert.deepEqual(read(416, null, 'Content-Range: bytes */90'), {
    kind: 'short',
    lengthBytes: 90,
  });
  assert.deepEqual(read(416, null), { kind: 'other' });
  assert.deepEqual(read(302, known), { kind: 'other' });
  const refused = (reason: string): unknown => ({ kind: 'refused', reason });
  assert.deepEqual(read(206, null, 'Content-Range: bytes 100-149/150'), refused('validator'));
  for (const range of ['bytes 99-149/150', 'bytes 100-148/150', 'bytes 100-149/201']) {
    const fields = ['ETag: "a"', `Content-Range: ${range}`];
    assert.deepEqual(read(206, null, ...fields), refused('other-part'), range);
  }
});
