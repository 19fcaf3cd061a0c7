/** Distances on the globe. */

/** Mean radius, km (IUGG). */
const earthRadiusKm = 6371.0088;
const radians = Math.PI / 180;

export interface Coordinates {
  /** Degrees, north and east positive. */
  readonly latitude: number;
  readonly longitude: number;
}

/** Great-circle distance by the haversine formula, km: exact enough (0.5 %) for choosing the nearest of a few places. */
export function distanceKm(a: Coordinates, b: Coordinates): number {
  const latitudes = Math.sin(((b.latitude - a.latitude) * radians) / 2);
  const longitudes = Math.sin(((b.longitude - a.longitude) * radians) / 2);
  const cosines = Math.cos(a.latitude * radians) * Math.cos(b.latitude * radians);
  const square = latitudes * latitudes + cosines * longitudes * longitudes;
  return 2 * earthRadiusKm * Math.asin(Math.sqrt(Math.min(1, square)));
}
