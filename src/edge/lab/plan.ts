/**
 * What the lab is made of, decided before anything starts: addresses, ways, processes. Pure.
 *
 *     127.77.1.2          the origin: our own file system
 *     127.77.0.53         DNS for users, at the first PoP that has it
 *     127.77.16+n.1       a PoP as the world reaches it: a relay, with the distance of whoever comes
 *     127.77.16+n.2       the same PoP as it is
 *     127.77.128+n.0/24   users of a city
 */
import { type City, popCities, roundTripMs, userCities } from './cities.ts';
import type { Way } from './delayed-pipe.ts';

export interface LabWanted {
  /** PoPs, the shield included: 2 to `popCities.length`. */
  readonly pops: number;
  /** The first two numbers of all addresses: `127.77`. */
  readonly net: string;
  readonly seed: number;
  /** Share of pieces that are lost between cities. */
  readonly loss: number;
  /** What distances are multiplied by; 0 for none. */
  readonly scale: number;
}

export const labDefaults: LabWanted = { pops: 6, net: '127.77', seed: 1, loss: 0, scale: 1 };

/** Ports are the same at all PoPs. */
export const labPorts = {
  http: 8080,
  https: 8443,
  tier: 8470,
  bus: 8471,
  dns: 5353,
  admin: 9650,
  s3: 9000,
  webHdfs: 9870,
} as const;

export interface LabPop {
  readonly city: City;
  readonly shield: boolean;
  /** By which the world reaches it. */
  readonly publicAddress: string;
  /** Which it binds, and speaks from. */
  readonly ownAddress: string;
}

export interface LabUsers {
  readonly city: City;
  readonly address: string;
  readonly network: string;
}

/** One public port, and what is behind it. */
export interface LabRelay {
  readonly protocol: 'tcp' | 'udp';
  readonly listen: { readonly host: string; readonly port: number };
  readonly target: { readonly host: string; readonly port: number };
  readonly city: City;
}

export interface LabPlan {
  readonly wanted: LabWanted;
  readonly pops: readonly LabPop[];
  readonly users: readonly LabUsers[];
  readonly origin: string;
  readonly dns: string;
  readonly relays: readonly LabRelay[];
}

const NOWHERE: Way = { delayMs: 0, loss: 0 };

export function planLab(wanted: LabWanted): LabPlan {
  const { net } = wanted;
  const pops = popCities.slice(0, wanted.pops).map((city, i) => ({
    city,
    shield: i === 0,
    publicAddress: `${net}.${16 + i}.1`,
    ownAddress: `${net}.${16 + i}.2`,
  }));
  const users = userCities.map((city, i) => ({
    city,
    address: `${net}.${128 + i}.1`,
    network: `${net}.${128 + i}.0/24`,
  }));
  const dns = `${net}.0.53`;
  const { http, https, tier, bus } = labPorts;
  const relays = pops.flatMap((pop): LabRelay[] =>
    [http, https, tier, bus].map((port) => ({
      protocol: 'tcp',
      listen: { host: pop.publicAddress, port },
      target: { host: pop.ownAddress, port },
      city: pop.city,
    })),
  );
  const first = pops[0] as LabPop;
  const names = (['tcp', 'udp'] as const).map((protocol) => ({
    ...{ protocol, city: first.city },
    listen: { host: dns, port: labPorts.dns },
    target: { host: first.ownAddress, port: labPorts.dns },
  }));
  return { wanted, pops, users, origin: `${net}.1.2`, dns, relays: [...relays, ...names] };
}

/** The way from an address of the lab to a city; other addresses are in that city too. */
export function wayTo(plan: LabPlan, address: string, city: City): Way {
  const { scale, loss } = plan.wanted;
  const from = cityOf(plan, address);
  if (from === undefined || from.code === city.code) return NOWHERE;
  return { delayMs: (roundTripMs(from, city) * scale) / 2, loss };
}

function cityOf({ pops, users }: LabPlan, address: string): City | undefined {
  const prefix = address.slice(0, address.lastIndexOf('.'));
  const isNear = (own: string): boolean => own.startsWith(`${prefix}.`);
  return (
    pops.find(({ ownAddress }) => isNear(ownAddress))?.city ??
    users.find((each) => isNear(each.address))?.city
  );
}
