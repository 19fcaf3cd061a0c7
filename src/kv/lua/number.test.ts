import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  formatFixed,
  formatGeneral,
  formatNumber,
  formatScientific,
  parseNumber,
} from './number.ts';

describe('numbers and text', () => {
  it('reads back what 17 digits wrote', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (n) => {
        assert.ok(Object.is(parseNumber(formatGeneral(n, 17, false)), n));
      }),
    );
  });

  it('writes whole numbers below 1e14 as integers', () => {
    fc.assert(
      fc.property(fc.integer({ min: -99_999_999_999_999, max: 99_999_999_999_999 }), (n) => {
        assert.equal(formatNumber(n), String(n));
      }),
    );
  });

  it('keeps 14 digits within half a unit', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1e-300 }), (n) => {
        const read = parseNumber(formatNumber(n)) as number;
        assert.ok(Math.abs(read - n) <= n * 5.1e-14, formatNumber(n));
      }),
    );
  });

  it('writes what C writes for special values', () => {
    assert.equal(formatNumber(-0), '-0');
    assert.equal(formatNumber(Infinity), 'inf');
    assert.equal(formatNumber(-Infinity), '-inf');
    assert.equal(formatNumber(Number.NaN), '-nan');
    assert.equal(formatNumber(1e-7), '1e-07');
    assert.equal(formatFixed(1e22, 2), '10000000000000000000000.00');
    assert.equal(formatFixed(-0, 1), '-0.0');
    assert.equal(formatScientific(-0, 2), '-0.00e+00');
    assert.equal(formatGeneral(0, 6, true), '0.00000');
  });

  it('rounds exact ties to even and everything else to the nearest', () => {
    assert.deepEqual(
      [0.5, 1.5, 2.5, -0.5, -2.5].map((n) => formatFixed(n, 0)),
      ['0', '2', '2', '-0', '-2'],
    );
    assert.equal(formatFixed(0.15, 1), '0.1');
    assert.equal(formatFixed(0.35, 1), '0.3');
    assert.equal(formatGeneral(2.5, 1, false), '2');
    assert.equal(formatGeneral(123456789012345, 14, false), '1.2345678901234e+14');
    assert.equal(formatGeneral(123456789012355, 14, false), '1.2345678901236e+14');
  });

  it('refuses what strtod would not take whole', () => {
    for (const text of ['', ' ', '.', 'e5', '1e', '0x', '1 2', '1_0', '0b1', '--1', 'in', 'nanx']) {
      assert.equal(parseNumber(text), undefined, text);
    }
    assert.equal(parseNumber(' 0x1p4 '), 16);
    assert.equal(parseNumber('-0xA.8'), -10.5);
    assert.equal(parseNumber('-inf'), -Infinity);
    assert.equal(parseNumber('1.'), 1);
  });
});
