/** Where addresses are. */
export { countryCentre, countryCodes } from './country-centres.ts';
export { type Coordinates, distanceKm } from './distance.ts';
export { Geo, type GeoFiles } from './geo.ts';
export { type GeoSettings, geoConflicts, geoFields } from './geo-fields.ts';
export { type GeoLoaded, loadGeoFiles } from './load.ts';
export { LocationFile } from './location-file.ts';
export { type OwnNetwork, OwnNetworks } from './own-networks.ts';
export type { Place, PlaceSource } from './place.ts';
export { Recent } from './recent.ts';
