/** Rules between the balancer's settings: names that must exist, settings that need or exclude each other. */
import type { Conflict } from '../../core/config/index.ts';
import { HOST_BYTE, TOKEN } from '../../core/wire/index.ts';
import { routeProblems } from '../routes/compile.ts';
import type { BalancerSettings, RouteSettings } from './config.ts';
import { listenerConflicts, sharedAddresses } from './listener-conflicts.ts';
import { poolConflicts } from './pool-conflicts.ts';
import { consistsOf, noSuchPool } from './words.ts';

export function configConflicts({ via, listeners, pools, routes }: BalancerSettings): Conflict[] {
  const poolNames = new Set(pools.map(({ name }) => name));
  const protocols = new Map(listeners.map(({ name, protocol }) => [name, protocol]));
  return [
    ...viaConflicts(via),
    ...sharedAddresses(listeners),
    ...listeners.flatMap((listener) => listenerConflicts(listener, poolNames)),
    ...pools.flatMap(poolConflicts),
    ...routes.flatMap((route) => routeConflicts(route, poolNames, protocols)),
    ...routeProblems(routes),
  ];
}

/** The name in Via: a pseudonym, or a host with or without a port, RFC 9110 section 7.6.3. */
function viaConflicts(via: string): Conflict[] {
  const host = via.replace(/:\d{1,5}$/, '');
  if (via === '' || consistsOf(via, TOKEN) || consistsOf(host, HOST_BYTE)) return [];
  return [{ key: 'via', says: `is ${JSON.stringify(via)}, wanted a word or a host, or nothing` }];
}

function routeConflicts(
  route: RouteSettings,
  pools: ReadonlySet<string>,
  listeners: ReadonlyMap<string, string>,
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
  if (route.fallback !== undefined) {
    found.push(...noSuchPool(`${at}.fallback`, route.fallback, pools));
    if (route.pool === undefined) found.push({ key: `${at}.fallback`, says: 'needs pool' });
    if (route.pool === route.fallback) found.push({ key: `${at}.fallback`, says: 'is its pool' });
  }
  for (const share of route.split) {
    found.push(...noSuchPool(`${at}.split.${share.name}.pool`, share.pool, pools));
  }
  for (const listener of route.listeners) {
    const protocol = listeners.get(listener);
    if (protocol === 'http') continue;
    const why =
      protocol === undefined
        ? 'and there is no such listener'
        : `which is ${protocol} and has no routes`;
    found.push({ key: `${at}.listeners`, says: `has ${listener}, ${why}` });
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
