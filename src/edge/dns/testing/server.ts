/** A name server for tests: PoPs whose health a test sets, clients by a small file of places. */
import { silentLogger } from '../../../core/observe/index.ts';
import {
  createNodeClock,
  createNodeNetwork,
  createNodeRandom,
  createNodeTransport,
} from '../../../core/runtime/node/index.ts';
import { Geo, LocationFile } from '../../geo/index.ts';
import { makeMmdb } from '../../geo/testing/mmdb.ts';
import type { Pop, PopHealth } from '../../pop.ts';
import type { DnsSettings } from '../dns-fields.ts';
import { DnsServer } from '../server.ts';

/** A PoP with what differs from one in Frankfurt. */
export function pop(name: string, some: Partial<Pop> = {}): Pop {
  return {
    ...{ name, city: name, latitude: 50.1, longitude: 8.7, region: 'eu', capacity: 1 },
    ...{ shield: false, drained: false, addresses: ['192.0.2.1'] },
    ...{ bus: undefined, http: undefined },
    ...some,
  };
}

export const cities: readonly Pop[] = [
  pop('fra', { addresses: ['192.0.2.1', '2001:db8::1'] }),
  pop('nyc', {
    ...{ latitude: 40.7, longitude: -74, region: 'us' },
    addresses: ['192.0.2.2', '2001:db8::2'],
  }),
  pop('sin', { latitude: 1.35, longitude: 103.8, region: 'asia', addresses: ['192.0.2.3'] }),
];

/**
 * 198.51.100.0/24 is in Paris, 198.51.101.0/24 in Boston, 198.51.102.0/24 half and half, 203.0.112.0/20 in Jakarta,
 * 2001:db8:1::/48 in Rome.
 */
export function exampleGeo(): Geo {
  const at = (latitude: number, longitude: number) => ({ location: { latitude, longitude } });
  const bytes = makeMmdb({
    '198.51.100.0/24': { country: { iso_code: 'FR' }, ...at(48.9, 2.4) },
    '198.51.101.0/24': { country: { iso_code: 'US' }, ...at(42.4, -71.1) },
    '203.0.112.0/20': { country: { iso_code: 'ID' }, ...at(-6.2, 106.8) },
    '198.51.102.0/24': { country: { iso_code: 'FR' }, ...at(48.9, 2.4) },
    '198.51.102.128/25': { country: { iso_code: 'US' }, ...at(42.4, -71.1) },
    '2001:db8:1::/48': { country: { iso_code: 'IT' }, ...at(41.9, 12.5) },
  });
  return new Geo({ places: new LocationFile(bytes), systems: undefined });
}

/** Health that a test sets. */
export class TestHealth implements PopHealth {
  readonly down = new Set<string>();
  readonly loads = new Map<string, number>();
  private readonly listeners: (() => void)[] = [];

  isUp(name: string): boolean {
    return !this.down.has(name);
  }

  loadOf(name: string): number | undefined {
    return this.loads.get(name);
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }
}

export interface TestDns {
  readonly server: DnsServer;
  readonly health: TestHealth;
  /** What `pops()` gives: change it, then `apply`. */
  pops: readonly Pop[];
}

/** Listening on 127.0.0.1 when the settings have a port. */
export async function startDns(settings: DnsSettings, secret = 'shared'): Promise<TestDns> {
  const network = createNodeNetwork(await createNodeTransport());
  const health = new TestHealth();
  const world = {
    ...{ network, health, secret },
    clock: createNodeClock(),
    random: createNodeRandom(),
    log: silentLogger(),
    geo: exampleGeo(),
    pops: () => dns.pops,
  };
  const dns: { pops: readonly Pop[] } = { pops: cities };
  const server = new DnsServer(settings, world);
  await server.start();
  return Object.assign(dns, { server, health });
}
