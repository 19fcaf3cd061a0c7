import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { searchCells } from './areas.ts';
import { distanceInside, distanceM, type Shape } from './distance.ts';
import {
  boundsOf,
  cellOf,
  decodeScore,
  encodePoint,
  geohashString,
  LATITUDE_MAX,
  STEPS_MAX,
  scoresOf,
} from './geohash.ts';

const points = fc.record({
  longitude: fc.double({ min: -179.999, max: 179.999, noNaN: true }),
  latitude: fc.double({ min: -85, max: 85, noNaN: true }),
});

test('a decoded score is the middle of a cell that holds the point', () => {
  fc.assert(
    fc.property(points, (point) => {
      const score = encodePoint(point);
      assert.ok(Number.isSafeInteger(score) && score >= 0 && score < 2 ** 52);
      const decoded = decodeScore(score);
      assert.ok(Math.abs(decoded.longitude - point.longitude) <= 360 / 2 ** 27 + 1e-12);
      assert.ok(Math.abs(decoded.latitude - point.latitude) <= LATITUDE_MAX / 2 ** 26 + 1e-12);
      assert.equal(encodePoint(decoded), score);
    }),
  );
});

test('the scores of a cell are those of the points in it', () => {
  fc.assert(
    fc.property(points, fc.integer({ min: 1, max: STEPS_MAX }), (point, steps) => {
      const cell = cellOf(point, steps);
      const { from, to } = scoresOf(cell);
      const score = encodePoint(point);
      assert.ok(score >= from && score < to);
      const { west, east, south, north } = boundsOf(cell);
      const decoded = decodeScore(score);
      assert.ok(decoded.longitude > west && decoded.longitude < east);
      assert.ok(decoded.latitude > south && decoded.latitude < north);
    }),
  );
});

test('a search looks in cells that hold every point inside its shape', () => {
  const shapes: fc.Arbitrary<Shape> = fc.oneof(
    fc.record({
      kind: fc.constant('circle' as const),
      center: points,
      radiusM: fc.double({ min: 0.1, max: 400_000, noNaN: true }),
    }),
    fc.record({
      kind: fc.constant('box' as const),
      center: points,
      widthM: fc.double({ min: 0.1, max: 400_000, noNaN: true }),
      heightM: fc.double({ min: 0.1, max: 400_000, noNaN: true }),
    }),
  );
  const offset = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(shapes, offset, offset, (shape, east, north) => {
      const { longitude, latitude } = shape.center;
      // Cells are not looked for beyond the poles and the date line.
      fc.pre(Math.abs(longitude) < 170 && Math.abs(latitude) < 70);
      const point = decodeScore(
        encodePoint({ longitude: longitude + east, latitude: latitude + north }),
      );
      fc.pre(!Number.isNaN(distanceInside(shape, point)));
      const score = encodePoint(point);
      const inside = searchCells(shape).filter((cell) => {
        const { from, to } = scoresOf(cell);
        return score >= from && score < to;
      });
      assert.equal(inside.length, 1);
    }),
    { numRuns: 300 },
  );
});

test('distances and strings are the known ones', () => {
  const palermo = decodeScore(encodePoint({ longitude: 13.361389, latitude: 38.115556 }));
  const catania = decodeScore(encodePoint({ longitude: 15.087269, latitude: 37.502669 }));
  assert.equal(distanceM(palermo, catania).toFixed(4), '166274.1516');
  assert.equal(distanceM(palermo, palermo), 0);
  assert.equal(geohashString(palermo), 'sqc8b49rny0');
  assert.equal(geohashString(catania), 'sqdtr74hyu0');
});
