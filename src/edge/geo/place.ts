/** Where an address is, as far as anybody told us. */

export interface Place {
  /** Two capital letters, ISO 3166-1. */
  readonly country: string | undefined;
  /** Degrees, north and east positive; both or neither. */
  readonly latitude: number | undefined;
  readonly longitude: number | undefined;
  /** Number of the autonomous system. */
  readonly asn: number | undefined;
  /** All addresses that begin with as many bits are at this place, in the address's own family. */
  readonly prefixBits: number;
  /** Where the coordinates are from. */
  readonly from: PlaceSource;
}

/** What the operator has said, a city, the middle of a country, the region of a registry, or nothing. */
export type PlaceSource = 'settings' | 'city' | 'country' | 'registry' | 'nowhere';
