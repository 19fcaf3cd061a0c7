/** Distances on a sphere, by the haversine formula, and the shapes that searches look in. */
import type { Bounds, Point } from './geohash.ts';

/** Quadratic mean radius of the Earth, metres, as Redis has it. */
const EARTH_RADIUS_M = 6372797.560856;
const RADIANS = Math.PI / 180;

/** Metres between two points. */
export function distanceM(a: Point, b: Point): number {
  const v = Math.sin((b.longitude * RADIANS - a.longitude * RADIANS) / 2);
  if (v === 0) return latitudeDistanceM(a.latitude, b.latitude);
  const lat1 = a.latitude * RADIANS;
  const lat2 = b.latitude * RADIANS;
  const u = Math.sin((lat2 - lat1) / 2);
  const h = u * u + Math.cos(lat1) * Math.cos(lat2) * v * v;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(h));
}

/** Metres between two latitudes on one meridian. */
function latitudeDistanceM(a: number, b: number): number {
  return EARTH_RADIUS_M * Math.abs(b * RADIANS - a * RADIANS);
}

/** What is searched: a circle, or a box along the axes; lengths in metres. */
export type Shape =
  | { readonly kind: 'circle'; readonly center: Point; readonly radiusM: number }
  | {
      readonly kind: 'box';
      readonly center: Point;
      readonly widthM: number;
      readonly heightM: number;
    };

/** Distance of a point from the centre when it lies in the shape, else NaN. */
export function distanceInside(shape: Shape, point: Point): number {
  const { center } = shape;
  if (shape.kind === 'circle') {
    const distance = distanceM(center, point);
    return distance > shape.radiusM ? Number.NaN : distance;
  }
  if (latitudeDistanceM(point.latitude, center.latitude) > shape.heightM / 2) return Number.NaN;
  const across = distanceM(point, { longitude: center.longitude, latitude: point.latitude });
  return across > shape.widthM / 2 ? Number.NaN : distanceM(center, point);
}

/** Farthest distance from the centre, metres. */
export function reachM(shape: Shape): number {
  if (shape.kind === 'circle') return shape.radiusM;
  const { widthM, heightM } = shape;
  return Math.sqrt((widthM / 2) * (widthM / 2) + (heightM / 2) * (heightM / 2));
}

/**
 * Longitudes and latitudes around the shape; they may lie outside of the world. Meridians come
 * together towards the poles, so the side that is nearer to one decides.
 */
export function boundsAround(shape: Shape): Bounds {
  const { longitude, latitude } = shape.center;
  const height = shape.kind === 'circle' ? shape.radiusM : shape.heightM / 2;
  const width = shape.kind === 'circle' ? shape.radiusM : shape.widthM / 2;
  const latitudeDelta = height / EARTH_RADIUS_M / RADIANS;
  const edge = latitude < 0 ? latitude - latitudeDelta : latitude + latitudeDelta;
  const longitudeDelta = width / EARTH_RADIUS_M / Math.cos(edge * RADIANS) / RADIANS;
  return {
    west: longitude - longitudeDelta,
    east: longitude + longitudeDelta,
    south: latitude - latitudeDelta,
    north: latitude + latitudeDelta,
  };
}
