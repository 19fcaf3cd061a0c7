import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from './policy-fixture.ts';
import { decideRange, RANGES_MAX, type RangeDecision } from './ranges.ts';

const DATE = Date.UTC(2026, 10, 22, 12);
const at = (seconds: number): string => new Date(DATE + seconds * 1000).toUTCString();
const validators = { etag: '"a"', lastModified: at(-60) };

function decide(lines: readonly string[], lengthBytes = 100, stored = validators): RangeDecision {
  return decideRange(fieldsOf(...lines), stored, { lengthBytes, dateMs: DATE });
}

const parts = (value: string, lengthBytes = 100): unknown => {
  const decision = decide([`Range: ${value}`], lengthBytes);
  if (decision.kind !== 'parts') return decision.kind;
  return decision.parts.map(({ start, end }) => [start, end]);
};

test('RFC 9110 section 14.1.2: first and last, open ends, suffixes', () => {
  assert.deepEqual(parts('bytes=0-9'), [[0, 10]]);
  assert.deepEqual(parts('bytes=90-'), [[90, 100]]);
  assert.deepEqual(parts('bytes=90-999'), [[90, 100]]);
  assert.deepEqual(parts('bytes=-10'), [[90, 100]]);
  assert.deepEqual(parts('bytes=-999'), [[0, 100]]);
  assert.deepEqual(parts('BYTES=0-0, 99-99,, -1 '), [
    [0, 1],
    [99, 100],
    [99, 100],
  ]);
  assert.deepEqual(parts('bytes=200-, 5-5'), [[5, 6]]);
});

test('section 15.5.17: nothing of it is there', () => {
  for (const value of ['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=-0, 500-']) {
    assert.equal(parts(value), 'unsatisfiable', value);
  }
  assert.equal(parts('bytes=0-', 0), 'unsatisfiable');
  assert.equal(parts('bytes=-5', 0), 'unsatisfiable');
});

test('section 14.2: what is no set of byte ranges is ignored', () => {
  for (const value of [
    ...['bytes', 'bytes=', 'bytes=-', 'bytes=a-b', 'bytes=5-4', 'bytes=0-9;', 'items=0-9', '0-9'],
    ...['bytes=0-9, 8-7', 'bytes=+1-2', 'bytes=1.5-2', 'bytes=0 -9', ','],
  ]) {
    assert.equal(parts(value), 'whole', value);
  }
  assert.equal(decide(['Range: bytes=0-1', 'Range: bytes=0-1']).kind, 'whole');
  assert.equal(decide([]).kind, 'whole');
});

test('section 17.15: many small or overlapping ranges are answered whole', () => {
  const many = Array.from({ length: RANGES_MAX + 1 }, (_, i) => `${i * 2}-${i * 2}`).join();
  assert.equal(parts(`bytes=${many}`), 'whole');
  assert.equal(parts('bytes=0-,0-,0-,0-'), 'whole');
});

test('section 13.1.5: If-Range holds by a strong validator only', () => {
  const kind = (condition: string, stored = validators): string =>
    decide(['Range: bytes=0-1', `If-Range: ${condition}`], 100, stored).kind;
  assert.equal(kind('"a"'), 'parts');
  assert.equal(kind('"b"'), 'whole');
  assert.equal(kind('W/"a"'), 'whole');
  assert.equal(kind('W/"a"', { ...validators, etag: 'W/"a"' }), 'whole');
  assert.equal(kind(at(-60)), 'parts');
  assert.equal(kind(at(-59)), 'whole');
  assert.equal(kind(at(0), { ...validators, lastModified: at(0) }), 'whole');
  assert.equal(kind('a'), 'whole');
});

test('parts lie in the representation and are never empty', () => {
  const number = fc.oneof(fc.constant(''), fc.nat(130).map(String));
  const spec = fc.tuple(number, number).map(([first, last]) => `${first}-${last}`);
  const value = fc.array(spec, { minLength: 1, maxLength: 6, size: 'max' });
  fc.assert(
    fc.property(value, fc.nat(120), (specs, length) => {
      const decision = decide([`Range: bytes=${specs.join()}`], length);
      if (decision.kind !== 'parts') return;
      for (const { start, end } of decision.parts) {
        assert.ok(0 <= start && start < end && end <= length);
      }
    }),
  );
});
