/** Lists of networks, countries and autonomous systems as settings have them. */
import { networkProblemTable, parseNetwork } from '../../core/base/index.ts';
import type { Conflict } from '../../core/config/index.ts';

export function networkConflicts(key: string, networks: readonly string[]): Conflict[] {
  return networks.flatMap((network) => {
    const parsed = parseNetwork(network);
    if (parsed.kind === 'network') return [];
    const says = `has ${JSON.stringify(network)}, which ${networkProblemTable[parsed.problem]}`;
    return [{ key, says }];
  });
}

export function countryConflicts(key: string, countries: readonly string[]): Conflict[] {
  return countries
    .filter((code) => !/^[A-Za-z]{2}$/.test(code))
    .map((code) => ({ key, says: `has ${JSON.stringify(code)}, wanted two letters` }));
}

export function asnConflicts(key: string, asns: readonly string[]): Conflict[] {
  return asns
    .filter((asn) => !/^[1-9][0-9]{0,9}$/.test(asn))
    .map((asn) => ({ key, says: `has ${JSON.stringify(asn)}, wanted a number` }));
}

export function countriesOf(codes: readonly string[]): ReadonlySet<string> {
  return new Set(codes.map((code) => code.toUpperCase()));
}

export function asnsOf(asns: readonly string[]): ReadonlySet<number> {
  return new Set(asns.map(Number));
}
