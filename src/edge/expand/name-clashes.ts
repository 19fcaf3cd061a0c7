/**
 * Names of routes that two sites, rules or the edge itself would give. Counters, stages and logs know a route by its
 * name alone, so no two have one.
 */
import type { Conflict } from '../../core/config/index.ts';
import type { SiteSettings } from '../site-fields.ts';
import { HEALTH_ROUTE, httpsRoute, ruleRoute, siteRoute, tierRoute } from './names.ts';

interface Named {
  readonly name: string;
  readonly rules: readonly Pick<SiteSettings['rules'][number], 'name'>[];
}

/** Keys are those of the section. Names are compared as on a PoP that has all routes of a site. */
export function nameClashes(sites: readonly Named[]): Conflict[] {
  const found: Conflict[] = [];
  const owners = new Map([[HEALTH_ROUTE, 'the check between PoPs']]);
  for (const { key, route } of sites.flatMap(routesOfSite)) {
    // Its own routes differ in what stands behind the name: one sentence tells of all of them.
    const names = [route, tierRoute(route), httpsRoute(route)];
    const owner = names.map((name) => owners.get(name)).find((each) => each !== undefined);
    if (owner !== undefined) {
      found.push({
        key,
        says: `makes a route of the name that ${owner} has too: name it otherwise`,
      });
    }
    for (const name of names) if (!owners.has(name)) owners.set(name, key);
  }
  return found;
}

function routesOfSite({ name, rules }: Named): { key: string; route: string }[] {
  const key = `sites.${name}`;
  return [
    { key, route: siteRoute(name) },
    ...rules.map((rule) => ({
      key: `${key}.rules.${rule.name}`,
      route: ruleRoute(name, rule.name),
    })),
  ];
}
