/** Servers of a pool as the sources give them. */
import type { ListenAddress } from '../../core/runtime/index.ts';
import type { ServerSettings } from '../config/config.ts';
import { parseServerAddress, serverAddressText } from '../pools/address.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { hostPortOf } from '../probes/address.ts';

/** What a source may say of a server beside its address; what is left out is as in the settings. */
export interface MemberFacts {
  readonly name: string;
  readonly weight?: number;
  readonly priority?: number;
  /** 0 for no limit. */
  readonly requestsMax?: number;
  readonly state?: Member['state'];
}

export function memberAt(address: ListenAddress, facts: MemberFacts): Member {
  const { name, weight = 1, priority = 0, requestsMax = 0, state = 'up' } = facts;
  return {
    spec: {
      name,
      ...hostPortOf(address),
      weight,
      priority,
      activeMax: requestsMax === 0 ? Number.POSITIVE_INFINITY : requestsMax,
    },
    address,
    state,
  };
}

/** A server that is known by nothing but its address, which is its name then. */
export function memberNamedByAddress(
  host: string,
  port: number,
  facts: Omit<MemberFacts, 'name'> = {},
): Member {
  const address = { host, port };
  return memberAt(address, { ...facts, name: serverAddressText(address) });
}

/** Undefined when its address is none. */
export function memberOf(settings: ServerSettings): Member | undefined {
  const address = parseServerAddress(settings.address);
  return address === undefined ? undefined : memberAt(address, settings);
}
