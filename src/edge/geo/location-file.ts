/**
 * A file of the format MaxMind DB (mmdb): places, countries or autonomous systems by prefix of address.
 *
 * The names of fields differ with who makes the file; those of MaxMind, DB-IP, IPinfo and IP-location-db are
 * understood. What a file says is checked here, so that a wrong one gives no place rather than a wrong one.
 */
import { Reader, type Response } from 'mmdb-lib';
import { formatIp } from '../../core/base/index.ts';

/** What a file says of an address. */
export interface LocationEntry {
  readonly country: string | undefined;
  readonly latitude: number | undefined;
  readonly longitude: number | undefined;
  readonly asn: number | undefined;
  readonly prefixBits: number;
}

/** Decoded parts of the data section that are kept. */
const decodedMax = 10_000;

export class LocationFile {
  /** What its maker calls it: `GeoLite2-City`. */
  readonly kind: string;
  readonly builtMs: number;
  private readonly reader: Reader<Response>;
  private readonly hasIp6: boolean;

  /** @throws when the bytes are no such file. */
  constructor(bytes: Buffer) {
    this.reader = new Reader(bytes, { cache: boundedCache() });
    const { databaseType, ipVersion, buildEpoch } = this.reader.metadata;
    this.kind = databaseType;
    this.builtMs = buildEpoch.getTime();
    this.hasIp6 = ipVersion === 6;
  }

  /** @param address 4 or 16 bytes. @throws when the file is damaged. */
  find(address: Uint8Array): LocationEntry {
    // A file of IPv4 would be searched by the first 32 bits.
    if (address.length === 16 && !this.hasIp6) return nothing(0);
    const [entry, prefixBits] = this.reader.getWithPrefixLength(formatIp(address));
    if (!isMap(entry)) return nothing(prefixBits);
    const latitude = degrees(within(entry, 'location', 'latitude') ?? entry.latitude, 90);
    const longitude = degrees(within(entry, 'location', 'longitude') ?? entry.longitude, 180);
    const both = latitude !== undefined && longitude !== undefined;
    return {
      country:
        countryCode(within(entry, 'country', 'iso_code')) ??
        countryCode(entry.country_code) ??
        countryCode(entry.country) ??
        countryCode(within(entry, 'registered_country', 'iso_code')),
      latitude: both ? latitude : undefined,
      longitude: both ? longitude : undefined,
      asn: asNumber(entry.autonomous_system_number ?? entry.asn),
      prefixBits,
    };
  }
}

function nothing(prefixBits: number): LocationEntry {
  const unknown = undefined;
  return { country: unknown, latitude: unknown, longitude: unknown, asn: unknown, prefixBits };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function within(entry: Record<string, unknown>, key: string, inner: string): unknown {
  const value = entry[key];
  return isMap(value) ? value[inner] : undefined;
}

function countryCode(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Z]{2}$/.test(value) ? value : undefined;
}

function degrees(value: unknown, max: number): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= max ? number : undefined;
}

/** A number, or as IPinfo writes it: `AS64500`. */
function asNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value.replace(/^AS/, '')) : value;
  const fits = typeof number === 'number' && Number.isInteger(number) && number > 0;
  return fits && number <= 0xffffffff ? number : undefined;
}

function boundedCache(): {
  get(key: string | number): unknown;
  set(key: string | number, value: unknown): void;
} {
  const decoded = new Map<string | number, unknown>();
  return {
    get: (key) => decoded.get(key),
    set: (key, value) => {
      if (decoded.size >= decodedMax) decoded.clear();
      decoded.set(key, value);
    },
  };
}
