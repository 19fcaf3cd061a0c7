/** Names of what the edge adds to the balancer; no configuration may have them too. */
export const HTTP_LISTENER = 'edge-http';
export const HTTPS_LISTENER = 'edge-https';
/** Where other PoPs bring their misses. */
export const TIER_LISTENER = 'edge-tier';
/** Shields, and this PoP itself for when none of them is well. */
export const TIER_POOL = 'edge-tier';
/** All PoPs, for their health alone. */
export const POPS_POOL = 'edge-pops';
export const HEALTH_ROUTE = 'edge-health';
export const HEALTH_PATH = '/.well-known/plinth/health';

export const originPool = (site: string): string => `edge-origin-${site}`;
export const siteRoute = (site: string): string => `edge-${site}`;
export const ruleRoute = (site: string, rule: string): string => `edge-${site}-${rule}`;
/** Of what has come here because no shield was well. */
export const tierRoute = (route: string): string => `${route}-tier`;
export const httpsRoute = (route: string): string => `${route}-https`;

/** Says that a request comes from another PoP: the token that all PoPs share. */
export const HOP_FIELD = 'plinth-hop';
