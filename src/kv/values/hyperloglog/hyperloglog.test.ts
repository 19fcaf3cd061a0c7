import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { denseRegister } from './dense.ts';
import { estimateRegisters, estimateSketch, mergeSketch } from './estimate.ts';
import { DENSE_BYTES, HEADER_BYTES, isHyperLogLog, REGISTERS } from './format.ts';
import { countIn, patternOf, registerOf } from './murmur64.ts';
import { Raised, Sketch } from './sketch.ts';

const MASK = 2n ** 64n - 1n;

/** MurmurHash64A by its definition. */
function murmur64(bytes: Buffer): bigint {
  const m = 0xc6a4a7935bd1e995n;
  let h = 0xadc83b19n ^ ((BigInt(bytes.length) * m) & MASK);
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    let k = (bytes.readBigUInt64LE(at) * m) & MASK;
    k = ((k ^ (k >> 47n)) * m) & MASK;
    h = ((h ^ k) * m) & MASK;
  }
  if (at < bytes.length) {
    for (let i = 0; at + i < bytes.length; i++) h ^= BigInt(bytes[at + i]!) << BigInt(8 * i);
    h = (h * m) & MASK;
  }
  h = ((h ^ (h >> 47n)) * m) & MASK;
  return h ^ (h >> 47n);
}

test('the pattern of an element is that of MurmurHash64A in 64 bits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(7), (element, lead) => {
      const hash = murmur64(Buffer.from(element));
      let count = 1;
      for (let rest = (hash >> 14n) | (1n << 50n); (rest & 1n) === 0n; rest >>= 1n) count++;
      const buf = Buffer.concat([Buffer.alloc(lead, 7), element, Buffer.alloc(3, 9)]);
      const pattern = patternOf(buf, lead, element.length);
      assert.equal(registerOf(pattern), Number(hash & 16383n));
      assert.equal(countIn(pattern), count);
    }),
    { numRuns: 500 },
  );
});

function registersOf(sketch: Sketch): number[] {
  const registers = new Uint8Array(REGISTERS);
  const { bytes, start, length } = sketch;
  assert.ok(mergeSketch(registers, bytes, start, length), 'broken runs');
  return [...registers];
}

/** Registers that lie close to each other, so that runs are split and joined. */
const raise = fc.tuple(
  fc.oneof(fc.nat(40), fc.integer({ min: 16_340, max: 16_383 }), fc.nat(REGISTERS - 1)),
  fc.oneof(
    { weight: 20, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.integer({ min: 30, max: 51 }) },
  ),
);

test('registers agree with an array through all changes, sparse and dense', () => {
  fc.assert(
    fc.property(
      fc.array(raise, { maxLength: 120 }),
      fc.constantFrom(30, 100, 3000),
      (raises, sparseBytesMax) => {
        const sketch = new Sketch().openEmpty();
        const model = new Uint8Array(REGISTERS);
        let dense = false;
        for (const [index, count] of raises) {
          const higher = count > model[index]!;
          const raised = sketch.raise(index, count, sparseBytesMax);
          assert.equal(raised, higher ? Raised.changed : Raised.unchanged);
          if (higher) model[index] = count;
          assert.ok(sketch.dense || !dense, 'a dense sketch has become sparse');
          dense = sketch.dense;
          if (!dense) assert.ok(sketch.length <= sparseBytesMax, 'a sparse sketch is too long');
          else assert.equal(sketch.length, DENSE_BYTES);
        }
        assert.ok(isHyperLogLog(sketch.bytes, sketch.start, sketch.length));
        assert.deepEqual(registersOf(sketch), [...model]);
        const { bytes, start, length } = sketch;
        assert.equal(estimateSketch(bytes, start, length), estimateRegisters(model));
        assert.ok(sketch.toDense());
        assert.deepEqual(registersOf(sketch), [...model]);
        assert.equal(denseRegister(sketch.bytes, HEADER_BYTES, 16_383), model[16_383]);
      },
    ),
    { numRuns: 60 },
  );
});

test('raising all registers at once is raising them one by one, byte for byte', () => {
  fc.assert(
    fc.property(
      fc.array(raise, { maxLength: 120 }),
      fc.array(raise, { maxLength: 120 }),
      fc.constantFrom(30, 100, 3000),
      (raises, before, sparseBytesMax) => {
        const each = new Sketch().openEmpty();
        const all = new Sketch().openEmpty();
        const registers = new Uint8Array(REGISTERS);
        for (const [index, count] of before) {
          each.raise(index, count, sparseBytesMax);
          all.raise(index, count, sparseBytesMax);
        }
        for (const [index, count] of [...before, ...raises]) {
          registers[index] = Math.max(registers[index]!, count);
        }
        for (let index = 0; index < REGISTERS; index++) {
          if (registers[index]! > 0) each.raise(index, registers[index]!, sparseBytesMax);
        }
        assert.ok(all.raiseAll(registers, sparseBytesMax));
        const registersOfAll = all.bytes.subarray(all.start + HEADER_BYTES, all.start + all.length);
        assert.equal(all.length, each.length);
        assert.deepEqual(registersOfAll, each.bytes.subarray(HEADER_BYTES, each.length));
      },
    ),
    { numRuns: 60 },
  );
});

test('an estimate of up to a million elements is within five standard errors', () => {
  const sketch = new Sketch().openEmpty();
  const element = Buffer.alloc(8);
  for (let n = 1; n <= 1_000_000; n++) {
    element.writeUInt32LE(n, 0);
    sketch.add(element, 0, 8, 3000);
    if (![100, 1000, 10_000, 100_000, 1_000_000].includes(n)) continue;
    const estimate = estimateSketch(sketch.bytes, sketch.start, sketch.length)!;
    assert.ok(Math.abs(estimate - n) <= (5 * 1.04 * n) / 128 + 1, `${estimate} of ${n}`);
  }
});

test('broken runs are found: too few registers, too many, a run cut off', () => {
  const empty = new Sketch().openEmpty();
  const header = Buffer.from(empty.bytes.subarray(0, HEADER_BYTES));
  for (const runs of [[], [0x7f], [0x7f, 0xfe], [0x7f, 0xff, 0x00], [0x3f, 0x3f]]) {
    const bytes = Buffer.concat([header, Buffer.from(runs)]);
    assert.equal(estimateSketch(bytes, 0, bytes.length), undefined, String(runs));
    assert.ok(!mergeSketch(new Uint8Array(REGISTERS), bytes, 0, bytes.length), String(runs));
    assert.ok(!new Sketch().open(bytes, 0, bytes.length).toDense(), String(runs));
  }
  const cut = Buffer.concat([header, Buffer.from([0x00])]);
  assert.equal(new Sketch().open(cut, 0, cut.length).raise(5, 1, 3000), Raised.corrupted);
});
