/**
 * Who is let in always, and who never: by network, country and autonomous system.
 *
 * Networks are looked up for each request. Where somebody is is looked up once for each connection, since it costs
 * more; behind a proxy that is believed, for each request.
 */
import type { ClientFacts } from '../../core/http/index.ts';
import type { GeoLookup } from './geo-lookup.ts';
import { NetworkRanges } from './network-ranges.ts';
import { asnsOf, countriesOf } from './place-lists.ts';
import type { Mitigation } from './reasons.ts';
import { bytesOf, type Visitor } from './visitor.ts';

export interface PlaceSettings {
  readonly allowNetworks: readonly string[];
  readonly denyNetworks: readonly string[];
  readonly denyCountries: readonly string[];
  readonly denyAsns: readonly string[];
}

type Denied = Extract<Mitigation, 'denied-country' | 'denied-asn'>;

export class Places {
  private readonly allowed: NetworkRanges;
  private readonly denied: NetworkRanges;
  private readonly countries: ReadonlySet<string>;
  private readonly asns: ReadonlySet<number>;
  private readonly geo: GeoLookup | undefined;
  private readonly known = new WeakMap<ClientFacts, Denied | 'none'>();

  constructor(settings: PlaceSettings, geo: GeoLookup | undefined) {
    this.allowed = new NetworkRanges(settings.allowNetworks);
    this.denied = new NetworkRanges(settings.denyNetworks);
    this.countries = countriesOf(settings.denyCountries);
    this.asns = asnsOf(settings.denyAsns);
    this.geo = geo;
  }

  isAllowed(visitor: Visitor): boolean {
    return holds(this.allowed, visitor);
  }

  isDenied(visitor: Visitor): boolean {
    return holds(this.denied, visitor);
  }

  /** Undefined: nothing speaks against where it is. */
  deniedBy(visitor: Visitor, client: ClientFacts): Denied | undefined {
    if (this.geo === undefined || this.countries.size + this.asns.size === 0) return undefined;
    if (client.isTrusted) return this.lookUp(visitor, this.geo);
    const known = this.known.get(client);
    if (known !== undefined) return known === 'none' ? undefined : known;
    const denied = this.lookUp(visitor, this.geo);
    this.known.set(client, denied ?? 'none');
    return denied;
  }

  private lookUp(visitor: Visitor, geo: GeoLookup): Denied | undefined {
    const address = bytesOf(visitor);
    if (address === null) return undefined;
    const { country, asn } = geo.find(address) ?? {};
    if (country !== undefined && this.countries.has(country)) return 'denied-country';
    return asn !== undefined && this.asns.has(asn) ? 'denied-asn' : undefined;
  }
}

function holds(ranges: NetworkRanges, { family, a, b, c, d }: Visitor): boolean {
  if (ranges.isEmpty) return false;
  return family === 4 ? ranges.hasV4(b) : ranges.hasV6(a, b, c, d);
}
