import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decimalBytes, parseCanonicalInteger } from './decimal.ts';
import { RdbFault } from './fault.ts';
import { formatScore, parseScore } from './score.ts';

describe('scores as text', () => {
  test('every score reads back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (score) => {
        assert.ok(Object.is(parseScore(Buffer.from(formatScore(score))), score));
      }),
    );
  });

  test('spellings of C are read, others refused', () => {
    const read = { inf: Infinity, '-INF': -Infinity, '+Infinity': Infinity, '1.': 1, '.5': 0.5 };
    for (const [text, score] of Object.entries(read)) {
      assert.equal(parseScore(Buffer.from(text)), score);
    }
    assert.equal(parseScore(Buffer.from('3.1400000000000001')), 3.14);
    for (const text of ['', 'nan', '0x10', '1e', '.', '1 ', '--1', '1'.repeat(200)]) {
      assert.throws(() => parseScore(Buffer.from(text)), RdbFault, text);
    }
  });
});

describe('canonical integers', () => {
  test('64-bit integers are recognised by their one spelling', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), (value) => {
        const fits = BigInt.asIntN(64, value) === value;
        const parsed = parseCanonicalInteger(decimalBytes(value));
        assert.equal(parsed === null ? null : BigInt(parsed), fits ? value : null);
        if (parsed !== null && Number.isSafeInteger(Number(value))) {
          assert.equal(typeof parsed, 'number');
        }
      }),
    );
  });

  test('other spellings are not integers', () => {
    for (const text of ['', '-', '-0', '00', '01', '+1', ' 1', '1 ', '1.0', '1e3', '0x1', '--1']) {
      assert.equal(parseCanonicalInteger(Buffer.from(text)), null, text);
    }
  });
});
