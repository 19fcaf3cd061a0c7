/** What access and guard want to know of where an address is. */

export interface Whereabouts {
  /** Two capital letters, ISO 3166-1. */
  readonly country?: string | undefined;
  /** Number of the autonomous system. */
  readonly asn?: number | undefined;
}

export interface GeoLookup {
  /** @param address 4 or 16 bytes. @returns undefined: nothing is known of it. */
  find(address: Buffer): Whereabouts | undefined;
}
