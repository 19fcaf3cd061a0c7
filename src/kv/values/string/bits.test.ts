import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type BitOperation,
  combineBits,
  countBitRange,
  countBits,
  findBit,
  readField,
  readSmallField,
  writeField,
  writeSmallField,
} from './index.ts';

/** Bytes as text of zeros and ones. */
function bitsOf(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

/** Runs of equal bytes between random ones, some longer than what is looked at at once, at any alignment. */
const bytes = fc
  .tuple(
    fc.nat(7),
    fc.array(
      fc.tuple(
        fc.constantFrom(0, 0xff, -1),
        fc.oneof({ weight: 9, arbitrary: fc.nat(700) }, { weight: 1, arbitrary: fc.nat(20_000) }),
        fc.uint8Array({ maxLength: 300 }),
      ),
      {
        maxLength: 4,
      },
    ),
  )
  .map(([lead, runs]) => {
    const parts = runs.map(([fill, length, random]) =>
      fill < 0 ? Buffer.from(random) : Buffer.alloc(length, fill),
    );
    const body = Buffer.concat(parts);
    const base = Buffer.alloc(body.length + lead + 9, 0x5a);
    body.copy(base, lead);
    return { base, lead, body };
  });

test('bits are counted and found as in a text of zeros and ones', () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.nat(), ({ base, lead, body }, i, j) => {
      const text = bitsOf(body);
      const [from, to] = [i % (text.length + 1), j % (text.length + 1)].sort((a, b) => a - b);
      const part = text.slice(from, to);
      assert.equal(countBits(base, lead, lead + body.length), text.replaceAll('0', '').length);
      assert.equal(countBitRange(base, lead, from!, to!), part.replaceAll('0', '').length);
      for (const bit of [0, 1] as const) {
        const found = part.indexOf(String(bit));
        const wanted = found < 0 ? -1 : from! + found;
        assert.equal(findBit(base, lead, from!, to!, bit), wanted, `bit ${bit}`);
      }
    }),
    { numRuns: 300 },
  );
});

test('sources of different lengths are combined as if zeros followed them', () => {
  const operations: Record<BitOperation, (bits: number[]) => number> = {
    AND: (bits) => bits.reduce((a, b) => a & b),
    OR: (bits) => bits.reduce((a, b) => a | b),
    XOR: (bits) => bits.reduce((a, b) => a ^ b),
    NOT: ([bit]) => 1 - bit!,
    DIFF: ([first, ...rest]) => first! & (1 - Math.max(0, ...rest)),
    DIFF1: ([first, ...rest]) => (1 - first!) & Math.max(0, ...rest),
    ANDOR: ([first, ...rest]) => first! & Math.max(0, ...rest),
    ONE: (bits) => (bits.filter((bit) => bit === 1).length === 1 ? 1 : 0),
  };
  const names = Object.keys(operations) as BitOperation[];
  const source = fc.tuple(fc.nat(3), fc.uint8Array({ maxLength: 40 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.array(source, { minLength: 2, maxLength: 4 }),
      (name, all) => {
        const used = name === 'NOT' ? all.slice(0, 1) : all;
        const sources = used.map(([lead, body]) => ({
          bytes: Buffer.concat([Buffer.alloc(lead, 0xee), body, Buffer.alloc(9, 0xee)]),
          start: lead,
          length: body.length,
        }));
        const length = Math.max(...used.map(([, body]) => body.length));
        const texts = used.map(([, body]) => bitsOf(Buffer.from(body)).padEnd(length * 8, '0'));
        const wanted = Array.from({ length: length * 8 }, (_, i) =>
          operations[name](texts.map((text) => Number(text[i]))),
        ).join('');
        assert.equal(bitsOf(combineBits(name, sources)), wanted, name);
      },
    ),
    { numRuns: 200 },
  );
});

test('combining goes on from one piece to the next', () => {
  const a = Buffer.alloc(40_001, 0b1100);
  const b = Buffer.alloc(33_000, 0b1010);
  const both = [a, b].map((source) => ({ bytes: source, start: 0, length: source.length }));
  const expected = Buffer.alloc(40_001, 0b1100);
  expected.fill(0b0110, 0, 33_000);
  assert.ok(combineBits('XOR', both).equals(expected));
  assert.ok(combineBits('ONE', both).equals(expected));
});

test('fields of any width are read and written at any bit, and leave the others alone', () => {
  const field = fc.tuple(
    fc.nat(70),
    fc.integer({ min: 1, max: 64 }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.array(field),
      (start, fields) => {
        const buffer = Buffer.from(start);
        let text = bitsOf(buffer);
        for (const [offset, bits, value] of fields) {
          const kept = BigInt.asUintN(bits, value);
          const old = BigInt(`0b${text.slice(offset, offset + bits)}`);
          assert.equal(readField(buffer, 0, buffer.length, offset, bits), old);
          if (bits <= 32) {
            assert.equal(readSmallField(buffer, 0, buffer.length, offset, bits), Number(old));
            writeSmallField(buffer, 0, offset, bits, Number(kept));
          } else writeField(buffer, 0, offset, bits, value);
          text =
            text.slice(0, offset) +
            kept.toString(2).padStart(bits, '0') +
            text.slice(offset + bits);
          assert.equal(bitsOf(buffer), text);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test('a field that reaches behind the bytes reads zeros there', () => {
  const buffer = Buffer.from([0xff, 0xff, 0xee]);
  assert.equal(readSmallField(buffer, 0, 2, 12, 8), 0xf0);
  assert.equal(readField(buffer, 0, 2, 12, 60), 0xfn << 56n);
  assert.equal(readSmallField(buffer, 0, 2, 100, 8), 0);
});
