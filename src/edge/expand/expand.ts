/**
 * The network as one PoP carries it: its listeners, pools and routes for the balancer. Pure.
 *
 * Invariant: equal settings give equal names, so that a change of one site leaves pools and connections of others.
 */
import type { BalancerSettings } from '../../balancer/config/index.ts';
import type { PopSettings } from '../pop-fields.ts';
import type { SiteSettings } from '../site-fields.ts';
import { type ListenersWanted, listenersOf } from './listeners.ts';
import { HTTPS_LISTENER } from './names.ts';
import { originPoolOf, popsPoolOf, tierPoolOf } from './pools.ts';
import { healthRoute, routesOf } from './routes.ts';

export interface Expanded extends ListenersWanted {
  /** Name of this PoP, one of `pops`. */
  readonly pop: string;
  readonly pops: readonly PopSettings[];
  readonly sites: readonly SiteSettings[];
  /** See `RouteWorld`. */
  readonly hopToken: string;
}

/** What the balancer is to do beside what its own settings say. */
export function expandEdge(expanded: Expanded, balancer: BalancerSettings): BalancerSettings {
  const { pop, pops, sites, hopToken, tierTls } = expanded;
  const own = pops.find(({ name }) => name === pop);
  if (own === undefined) return balancer;
  const listeners = listenersOf(own, expanded);
  const hasTls = listeners.some(({ name }) => name === HTTPS_LISTENER);
  const world = {
    ...{ pop, hopToken, shield: own.shield },
    hasShields: pops.some(({ shield, name }) => shield && name !== pop),
    httpsPort: hasTls ? own.httpsPort : undefined,
  };
  return {
    ...balancer,
    listeners: [...balancer.listeners, ...listeners],
    pools: [
      ...balancer.pools,
      ...sites.map((site) => originPoolOf(site, own)),
      tierPoolOf(pops, own, tierTls),
      popsPoolOf(pops, own, tierTls),
    ],
    routes: [...balancer.routes, healthRoute(), ...sites.flatMap((site) => routesOf(site, world))],
  };
}
