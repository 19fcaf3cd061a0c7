/**
 * Where addresses are: by files that an operator names, else by the registry that gave them out.
 *
 * Promises: an answer always comes and never throws, a damaged file is as one that knows nothing and is counted;
 * what was asked lately is remembered, within a bound. `revision` changes when answers may.
 */
import { countryCentre } from './country-centres.ts';
import type { LocationFile } from './location-file.ts';
import type { OwnNetworks } from './own-networks.ts';
import type { Place } from './place.ts';
import { Recent } from './recent.ts';
import { registryBlockOf, registryCentres } from './registry-blocks.ts';

export interface GeoFiles {
  /** Coordinates and countries, or countries alone. */
  readonly places: LocationFile | undefined;
  /** Autonomous systems, where `places` has none. */
  readonly systems: LocationFile | undefined;
  /** What is said of networks before any file is asked. */
  readonly own?: OwnNetworks;
}

/** Addresses remembered, in each of two halves: some 200 bytes each. */
const rememberedHalf = 16_384;

export class Geo {
  /** Look-ups that a damaged file has failed. */
  failures = 0;
  revision = 1;
  private files: GeoFiles;
  private readonly recent4 = new Recent<number, Place>(rememberedHalf);
  private readonly recent6 = new Recent<string, Place>(rememberedHalf);

  constructor(files: GeoFiles = { places: undefined, systems: undefined }) {
    this.files = files;
  }

  apply(files: GeoFiles): void {
    this.files = files;
    this.revision++;
    this.recent4.clear();
    this.recent6.clear();
  }

  /** @param address 4 or 16 bytes; one that is mapped into IPv6 is taken as it is. @returns undefined: nothing is known. */
  find(address: Uint8Array): Place | undefined {
    const place = this.locate(address);
    return place.from === 'nowhere' && place.asn === undefined ? undefined : place;
  }

  /** As `find`, also when nothing is known: for how many addresses that holds. */
  locate(address: Uint8Array): Place {
    if (address.length === 4) {
      const key = (address[0]! << 24) | (address[1]! << 16) | (address[2]! << 8) | address[3]!;
      const known = this.recent4.get(key);
      if (known !== undefined) return known;
      const place = this.lookUp(address);
      this.recent4.set(key, place);
      return place;
    }
    const key = String.fromCharCode(...address);
    const known = this.recent6.get(key);
    if (known !== undefined) return known;
    const place = this.lookUp(address);
    this.recent6.set(key, place);
    return place;
  }

  private lookUp(address: Uint8Array): Place {
    const { own } = this.files;
    if (own === undefined) return this.lookUpInFiles(address);
    const said = own.find(address);
    if (said !== undefined) return said;
    const place = this.lookUpInFiles(address);
    return { ...place, prefixBits: Math.max(place.prefixBits, own.apartAt(address)) };
  }

  private lookUpInFiles(address: Uint8Array): Place {
    const found = this.ask(this.files.places, address);
    const asked = this.ask(this.files.systems, address);
    const asn = asked?.asn ?? found?.asn;
    // The narrower of what both files say of.
    const bits = Math.max(found?.prefixBits ?? 0, asked?.prefixBits ?? 0);
    const country = found?.country;
    if (found?.latitude !== undefined) {
      const { latitude, longitude } = found;
      return { country, latitude, longitude, asn, prefixBits: bits, from: 'city' };
    }
    const centre = country === undefined ? undefined : countryCentre(country);
    if (centre !== undefined) {
      return { country, ...centre, asn, prefixBits: bits, from: 'country' };
    }
    const block = registryBlockOf(address);
    const prefixBits = Math.max(bits, block.prefixBits);
    const from = block.registry === undefined ? 'nowhere' : 'registry';
    const middle =
      block.registry === undefined
        ? { latitude: undefined, longitude: undefined }
        : registryCentres[block.registry];
    return { country, ...middle, asn, prefixBits, from };
  }

  private ask(
    file: LocationFile | undefined,
    address: Uint8Array,
  ): ReturnType<LocationFile['find']> | undefined {
    try {
      return file?.find(address);
    } catch {
      this.failures++;
      return undefined;
    }
  }
}
