/**
 * The routes of a site at a PoP.
 *
 *     shield      users and other PoPs ─▶ guard, access ─▶ cache ─▶ origin
 *     other PoP   users ─▶ guard, access ─▶ cache ─▶ shields, or this PoP itself when none is well
 *                 this PoP itself ─▶ origin
 *
 * A request is rewritten where it leaves for the origin and nowhere else, so that all PoPs know a response by the
 * address that users asked for, and purges name the same everywhere.
 */
import { type RouteSettings, routeRecords } from '../../balancer/config/index.ts';
import { recordDefaults } from '../../core/config/index.ts';
import type { SiteRuleSettings, SiteSettings } from '../site-fields.ts';
import {
  HEALTH_PATH,
  HEALTH_ROUTE,
  HOP_FIELD,
  HTTP_LISTENER,
  HTTPS_LISTENER,
  httpsRoute,
  originPool,
  ruleRoute,
  siteRoute,
  TIER_LISTENER,
  TIER_POOL,
  tierRoute,
} from './names.ts';

/** What a PoP is to its routes. */
export interface RouteWorld {
  /** Name of this PoP. */
  readonly pop: string;
  readonly shield: boolean;
  /** Whether any other PoP is a shield. */
  readonly hasShields: boolean;
  /** Port of the listener with TLS; undefined: there is none. */
  readonly httpsPort: number | undefined;
  /** What PoPs show each other. */
  readonly hopToken: string;
}

/** RFC 8586: what the requests of a PoP name it by. */
export const loopId = (pop: string): string => `plinth-${pop}`;

export function routesOf(site: SiteSettings, world: RouteWorld): RouteSettings[] {
  const whole = {
    ...recordDefaults(routeRecords, siteRoute(site.name)),
    ...{ hosts: site.hosts, cache: site.cache },
    ...{ requestHeaders: site.requestHeaders, responseHeaders: site.responseHeaders },
  };
  const rules = site.rules.map((rule) => ruled(whole, site, rule));
  return [whole, ...rules].flatMap((route) => placed(route, site, world));
}

export function healthRoute(): RouteSettings {
  return {
    ...recordDefaults(routeRecords, HEALTH_ROUTE),
    ...{ listeners: [TIER_LISTENER], path: HEALTH_PATH, respond: 200 },
  };
}

/** The route of a rule: what it does not say is as in the site. */
function ruled(whole: RouteSettings, site: SiteSettings, rule: SiteRuleSettings): RouteSettings {
  const { requestHeaders, responseHeaders, cache, guard, access, ...rest } = rule;
  return {
    ...whole,
    ...rest,
    name: ruleRoute(site.name, rule.name),
    cache: cache ?? whole.cache,
    guard,
    access,
    requestHeaders: [...whole.requestHeaders, ...requestHeaders],
    responseHeaders: [...whole.responseHeaders, ...responseHeaders],
  };
}

function placed(route: RouteSettings, site: SiteSettings, world: RouteWorld): RouteSettings[] {
  const answers = route.redirect !== undefined || route.respond !== 0;
  // The guard is always there: it knows other PoPs, loops and challenges, also without a rule.
  const guarded = {
    ...route,
    guard: route.guard ?? site.guard ?? '',
    access: route.access ?? site.access,
    cache: answers || route.cache === '' ? undefined : route.cache,
  };
  const { httpsPort } = world;
  const users = httpsPort === undefined ? [HTTP_LISTENER] : [HTTP_LISTENER, HTTPS_LISTENER];
  const redirects = site.redirectToHttps && httpsPort !== undefined;
  const plain = redirects ? [toHttps(guarded, httpsPort)] : [];
  const doors = redirects ? [HTTPS_LISTENER] : users;
  if (answers) return [...plain, { ...guarded, listeners: doors }];
  if (world.shield || !world.hasShields) {
    const listeners = [...doors, TIER_LISTENER];
    return [...plain, { ...toOrigin(guarded, site, world), listeners }];
  }
  const atUsers = {
    ...guarded,
    ...{ listeners: doors, pool: TIER_POOL },
    ...{ rewritePath: undefined, rewritePrefix: undefined, responseHeaders: [] },
    requestHeaders: [`${HOP_FIELD}: ${world.hopToken}`],
  };
  const atTier = {
    ...toOrigin(guarded, site, world),
    ...{ name: tierRoute(route.name), listeners: [TIER_LISTENER] },
    ...{ access: undefined, cache: undefined },
  };
  return [...plain, atUsers, atTier];
}

function toOrigin(route: RouteSettings, site: SiteSettings, world: RouteWorld): RouteSettings {
  return {
    ...route,
    pool: originPool(site.name),
    rewriteHost: site.origin.host,
    requestHeaders: [`-${HOP_FIELD}`, `+CDN-Loop: ${loopId(world.pop)}`, ...route.requestHeaders],
  };
}

function toHttps(route: RouteSettings, port: number): RouteSettings {
  const at = port === 443 ? '' : `:${port}`;
  return {
    ...route,
    name: httpsRoute(route.name),
    listeners: [HTTP_LISTENER],
    redirect: `https://{host}${at}{path}?{query}`,
    ...{ respond: 0, pool: undefined, access: undefined, cache: undefined },
    ...{ rewritePath: undefined, rewritePrefix: undefined },
  };
}
