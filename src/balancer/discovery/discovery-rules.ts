/** What can be wrong with the settings of discovery, each right by itself. */
import { parseIp } from '../../core/base/index.ts';
import type { Conflict } from '../../core/config/index.ts';
import type { PoolSettings, ServerSettings } from '../config/config.ts';
import { parseServerAddress } from '../pools/address.ts';

export type DiscoverySettings = PoolSettings['discovery'];

/** A name of DNS, with the underscores of services, RFC 2782. */
const NAME = /^(?=.{1,253}\.?$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?$/;

/** Servers whose address is none; `at` is the pool's key, `pools.app`. */
export function serverConflicts(at: string, servers: readonly ServerSettings[]): Conflict[] {
  return servers
    .filter(({ address }) => parseServerAddress(address) === undefined)
    .map(({ name, address }) => ({
      key: `${at}.servers.${name}.address`,
      says: `is ${JSON.stringify(address)}, wanted host:port, [IPv6]:port or unix:/path`,
    }));
}

/** `at` as above. */
export function discoveryConflicts(
  at: string,
  { dns, srv, nameServers }: DiscoverySettings,
): Conflict[] {
  const found: Conflict[] = [];
  const wrong = (key: string, met: string, wanted: string): void => {
    found.push({
      key: `${at}.discovery.${key}`,
      says: `is ${JSON.stringify(met)}, wanted ${wanted}`,
    });
  };
  if (dns !== undefined && parseDnsTarget(dns) === undefined) {
    wrong('dns', dns, 'host:port, such as app.example:8080');
  }
  if (srv !== undefined && !NAME.test(srv)) {
    wrong('srv', srv, 'the name of a service, such as _http._tcp.app.example');
  }
  for (const server of nameServers) {
    if (!isNameServer(server)) wrong('name_servers', server, 'IP addresses, with ports or without');
  }
  return found;
}

/** Host and port of the setting `dns`. */
export function parseDnsTarget(text: string): { host: string; port: number } | undefined {
  const address = parseServerAddress(text);
  if (address === undefined || 'path' in address) return undefined;
  return NAME.test(address.host) || parseIp(address.host) !== null ? address : undefined;
}

function isNameServer(text: string): boolean {
  if (parseIp(text) !== null) return true;
  const address = parseServerAddress(text);
  return address !== undefined && !('path' in address) && parseIp(address.host) !== null;
}
