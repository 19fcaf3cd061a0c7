/** Cities of the lab, with their coordinates, and how long a packet is under way between them. */
import { type Coordinates, distanceKm } from '../geo/index.ts';

export interface City extends Coordinates {
  /** Of its PoP and for the command line: `ams`. */
  readonly code: string;
  readonly name: string;
  /** Two letters, ISO 3166-1. */
  readonly country: string;
  readonly region: string;
}

const city = (
  code: string,
  name: string,
  place: readonly [country: string, region: string, latitude: number, longitude: number],
): City => {
  const [country, region, latitude, longitude] = place;
  return { code, name, country, region, latitude, longitude };
};

/** Those that may have a PoP; the first is the shield's. */
export const popCities: readonly City[] = [
  city('fra', 'Frankfurt', ['DE', 'eu', 50.11, 8.68]),
  city('lon', 'London', ['GB', 'eu', 51.51, -0.13]),
  city('nyc', 'New York', ['US', 'na', 40.71, -74.01]),
  city('sjc', 'San Jose', ['US', 'na', 37.34, -121.89]),
  city('gru', 'São Paulo', ['BR', 'sa', -23.55, -46.63]),
  city('sin', 'Singapore', ['SG', 'as', 1.35, 103.82]),
  city('tyo', 'Tokyo', ['JP', 'as', 35.68, 139.69]),
  city('syd', 'Sydney', ['AU', 'oc', -33.87, 151.21]),
  city('jnb', 'Johannesburg', ['ZA', 'af', -26.2, 28.05]),
  city('bom', 'Mumbai', ['IN', 'as', 19.08, 72.88]),
];

/** Where users of the lab live. */
export const userCities: readonly City[] = [
  city('berlin', 'Berlin', ['DE', 'eu', 52.52, 13.41]),
  city('madrid', 'Madrid', ['ES', 'eu', 40.42, -3.7]),
  city('chicago', 'Chicago', ['US', 'na', 41.88, -87.63]),
  city('lima', 'Lima', ['PE', 'sa', -12.05, -77.04]),
  city('osaka', 'Osaka', ['JP', 'as', 34.69, 135.5]),
  city('perth', 'Perth', ['AU', 'oc', -31.95, 115.86]),
];

/** Light in fibre, kilometres a millisecond. */
const FIBRE_KM_PER_MS = 200;
/** Cables do not follow great circles. */
const DETOUR = 1.4;
/** Routers and last miles. */
const FIXED_MS = 2;

/** There and back, milliseconds; near what is measured between such cities. */
export function roundTripMs(a: Coordinates, b: Coordinates): number {
  const km = distanceKm(a, b);
  return km === 0 ? 0 : FIXED_MS + (2 * km * DETOUR) / FIBRE_KM_PER_MS;
}
