/**
 * Where clients may be: by networks, autonomous systems and countries.
 *
 * Order, the first that decides does: allow_networks, deny_networks, deny_asns, deny_countries, then only_asns and
 * only_countries, both of which have to hold. Of whom nothing is known is in no list; where only some are let in
 * `unknown` decides.
 */
import type { GeoLookup } from '../guard/geo-lookup.ts';
import { NetworkRanges } from '../guard/network-ranges.ts';
import { asnsOf, countriesOf } from '../guard/place-lists.ts';
import type { AccessRuleSettings } from './access-fields.ts';
import type { AccessRefusal } from './reasons.ts';

export interface GeoRule {
  /** Undefined: it passes. @param address 4 or 16 bytes; null: not an IP address, as of a Unix socket. */
  refuses(address: Buffer | null): AccessRefusal | undefined;
}

/** Undefined: there is none. */
export function geoRuleOf(
  settings: AccessRuleSettings['geo'],
  geo: GeoLookup | undefined,
): GeoRule | undefined {
  const allowed = new NetworkRanges(settings.allowNetworks);
  const denied = new NetworkRanges(settings.denyNetworks);
  const places = placesOf(settings, geo);
  if (denied.isEmpty && places === undefined) return undefined;
  return {
    refuses(address) {
      if (address !== null && allowed.has(address)) return undefined;
      if (address !== null && denied.has(address)) return 'geo-network';
      return places?.(address);
    },
  };
}

type Places = (address: Buffer | null) => AccessRefusal | undefined;

function placesOf(
  settings: AccessRuleSettings['geo'],
  geo: GeoLookup | undefined,
): Places | undefined {
  const denyAsns = asnsOf(settings.denyAsns);
  const onlyAsns = asnsOf(settings.onlyAsns);
  const denyCountries = countriesOf(settings.denyCountries);
  const onlyCountries = countriesOf(settings.onlyCountries);
  if (denyAsns.size + onlyAsns.size + denyCountries.size + onlyCountries.size === 0) {
    return undefined;
  }
  const unknown = settings.unknown === 'allow' ? undefined : 'geo-unknown';
  return (address) => {
    const found = address === null ? undefined : geo?.find(address);
    const { country, asn } = found ?? {};
    if (asn !== undefined && denyAsns.has(asn)) return 'geo-asn';
    if (country !== undefined && denyCountries.has(country)) return 'geo-country';
    if (onlyAsns.size > 0) {
      if (asn === undefined) {
        if (unknown !== undefined) return unknown;
      } else if (!onlyAsns.has(asn)) return 'geo-asn';
    }
    if (onlyCountries.size === 0) return undefined;
    if (country === undefined) return unknown;
    return onlyCountries.has(country) ? undefined : 'geo-country';
  };
}
