/** Rules between the settings of listeners, and between listeners. */
import { networkProblemTable, parseNetwork } from '../../core/base/index.ts';
import type { Conflict } from '../../core/config/index.ts';
import { hostRuleOf } from '../routes/host-name.ts';
import type { ListenerSettings } from './config.ts';
import { noSuchPool } from './words.ts';

export function listenerConflicts(
  listener: ListenerSettings,
  pools: ReadonlySet<string>,
): Conflict[] {
  const { name, protocol, pool, names, tls } = listener;
  const at = `listeners.${name}`;
  const found: Conflict[] = [];
  const wrong = (key: string, says: string): void => {
    found.push({ key: `${at}.${key}`, says });
  };
  if (pool !== undefined) found.push(...noSuchPool(`${at}.pool`, pool, pools));
  for (const row of names) {
    found.push(...noSuchPool(`${at}.names.${row.name}.pool`, row.pool, pools));
    if (row.hosts.length === 0) wrong(`names.${row.name}.hosts`, 'is needed: a row is for names');
    for (const host of row.hosts) {
      const rule = hostRuleOf(host);
      if (typeof rule === 'string') wrong(`names.${row.name}.hosts`, `has ${host}, which ${rule}`);
      else if (rule.kind === 'any')
        wrong(`names.${row.name}.hosts`, 'has *; the pool for all others is that of the listener');
    }
  }
  if ((protocol === 'tcp' || protocol === 'udp') && pool === undefined) {
    wrong('pool', `is needed: ${protocol} has no routes`);
  }
  if (protocol === 'tls-passthrough' && pool === undefined && names.length === 0) {
    wrong('names', 'is empty and there is no pool for all names either');
  }
  if (protocol !== 'tls-passthrough' && names.length > 0) {
    wrong('names', `is of no use to ${protocol}: it is for tls-passthrough`);
  }
  if (protocol === 'http' && pool !== undefined) {
    wrong('pool', 'is of no use to http: routes name pools');
  }
  if (tls.certificates.length > 0 && (protocol === 'udp' || protocol === 'tls-passthrough')) {
    wrong('tls.certificates', `is of no use to ${protocol}`);
  }
  if (protocol !== 'http' && listener.redirectToHttps) {
    wrong('redirect_to_https', `is of no use to ${protocol}`);
  }
  if (protocol === 'udp' && listener.socket !== undefined) {
    wrong('socket', 'is of no use to udp: datagrams need an address and a port');
  }
  if (protocol === 'udp' && listener.proxyProtocol) wrong('proxy_protocol', 'is of no use to udp');
  if (listener.proxyProtocol && listener.trusted.length === 0) {
    wrong('proxy_protocol', 'needs trusted too: whose headers are believed');
  }
  for (const text of listener.trusted) {
    const parsed = parseNetwork(text);
    if (parsed.kind === 'network') continue;
    wrong('trusted', `has ${text}, which ${networkProblemTable[parsed.problem]}`);
  }
  if (tls.clients !== 'no' && tls.clientCa === undefined) {
    wrong('tls.clients', 'needs client_ca too');
  }
  return found;
}

/** Two that want one address; what another program has shows when they listen. */
export function sharedAddresses(listeners: readonly ListenerSettings[]): Conflict[] {
  const first = new Map<string, string>();
  return listeners.flatMap(({ name, protocol, bind, port, socket }) => {
    if (socket === undefined && port === 0) return [];
    const kind = protocol === 'udp' ? 'udp' : 'tcp';
    const address = socket === undefined ? `${kind} ${bind} ${port}` : `unix ${socket}`;
    const other = first.get(address);
    if (other === undefined) {
      first.set(address, name);
      return [];
    }
    const key = `listeners.${name}.${socket === undefined ? 'port' : 'socket'}`;
    return [{ key, says: `is the address of listener ${other} too` }];
  });
}
