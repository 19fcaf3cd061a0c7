/** Rules between the balancer's settings: names that must exist, settings that need or exclude each other. */
import { networkProblemTable, parseNetwork } from '../../core/base/index.ts';
import type { Conflict } from '../../core/config/index.ts';
import { discoveryConflicts, serverConflicts } from '../discovery/discovery-rules.ts';
import { healthConflicts } from '../probes/check-rules.ts';
import { routeProblems } from '../routes/compile.ts';
import type { BalancerSettings, ListenerSettings, PoolSettings, RouteSettings } from './config.ts';

export function configConflicts({ listeners, pools, routes }: BalancerSettings): Conflict[] {
  const poolNames = new Set(pools.map(({ name }) => name));
  const listenerNames = new Set(listeners.map(({ name }) => name));
  return [
    ...listeners.flatMap((listener) => listenerConflicts(listener, poolNames)),
    ...pools.flatMap(poolConflicts),
    ...routes.flatMap((route) => routeConflicts(route, poolNames, listenerNames)),
    ...routeProblems(routes),
  ];
}

function noSuchPool(key: string, pool: string, pools: ReadonlySet<string>): Conflict[] {
  return pools.has(pool) ? [] : [{ key, says: `is ${pool}, and there is no such pool` }];
}

function listenerConflicts(listener: ListenerSettings, pools: ReadonlySet<string>): Conflict[] {
  const { name, protocol, pool, names, tls } = listener;
  const at = `listeners.${name}`;
  const found: Conflict[] = [];
  if (pool !== undefined) found.push(...noSuchPool(`${at}.pool`, pool, pools));
  for (const row of names)
    found.push(...noSuchPool(`${at}.names.${row.name}.pool`, row.pool, pools));
  if ((protocol === 'tcp' || protocol === 'udp') && pool === undefined) {
    found.push({ key: `${at}.pool`, says: `is needed: ${protocol} has no routes` });
  }
  if (protocol === 'tls-passthrough' && pool === undefined && names.length === 0) {
    found.push({ key: `${at}.names`, says: 'is empty and there is no pool for all names either' });
  }
  if (protocol === 'http' && pool !== undefined) {
    found.push({ key: `${at}.pool`, says: 'is of no use to http: routes name pools' });
  }
  if (tls.certificates.length > 0 && (protocol === 'udp' || protocol === 'tls-passthrough')) {
    found.push({ key: `${at}.tls.certificates`, says: `is of no use to ${protocol}` });
  }
  for (const text of listener.trusted) {
    const parsed = parseNetwork(text);
    if (parsed.kind === 'network') continue;
    found.push({
      key: `${at}.trusted`,
      says: `has ${text}, which ${networkProblemTable[parsed.problem]}`,
    });
  }
  if (tls.clients !== 'no' && tls.clientCa === undefined) {
    found.push({ key: `${at}.tls.clients`, says: 'needs client_ca too' });
  }
  return found;
}

function poolConflicts({
  name,
  hashOn,
  hashName,
  servers,
  discovery,
  health,
  persistence,
  upstream,
}: PoolSettings): Conflict[] {
  const at = `pools.${name}`;
  const found = [
    ...serverConflicts(at, servers),
    ...discoveryConflicts(at, discovery),
    ...healthConflicts(at, health),
  ];
  if (hashOn !== 'source' && hashOn !== 'path' && hashName === undefined) {
    found.push({ key: `${at}.hash_name`, says: `is needed with hash_on ${hashOn}` });
  }
  if (persistence.signed && persistence.by !== 'cookie') {
    found.push({ key: `${at}.persistence.signed`, says: 'is for by: cookie' });
  }
  if ((upstream.tlsCert === undefined) !== (upstream.tlsKey === undefined)) {
    found.push({ key: `${at}.upstream.tls_cert`, says: 'and tls_key need each other' });
  }
  return found;
}

function routeConflicts(
  route: RouteSettings,
  pools: ReadonlySet<string>,
  listeners: ReadonlySet<string>,
): Conflict[] {
  const at = `routes.${route.name}`;
  const found: Conflict[] = [];
  const ends = [
    route.pool !== undefined,
    route.split.length > 0,
    route.redirect !== undefined,
    route.respond !== 0,
  ].filter(Boolean).length;
  if (ends !== 1) {
    found.push({ key: at, says: 'needs one of pool, split, redirect and respond' });
  }
  if (route.pool !== undefined) found.push(...noSuchPool(`${at}.pool`, route.pool, pools));
  for (const share of route.split) {
    found.push(...noSuchPool(`${at}.split.${share.name}.pool`, share.pool, pools));
  }
  for (const listener of route.listeners) {
    if (listeners.has(listener)) continue;
    found.push({ key: `${at}.listeners`, says: `has ${listener}, and there is no such listener` });
  }
  const paths = [route.path, route.prefix, route.pattern].filter((each) => each !== undefined);
  if (paths.length > 1) {
    found.push({ key: at, says: 'has more than one of path, prefix and pattern' });
  }
  if (route.rewritePrefix !== undefined && route.prefix === undefined) {
    found.push({ key: `${at}.rewrite_prefix`, says: 'needs prefix' });
  }
  return found;
}
