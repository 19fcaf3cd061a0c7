/** Rules within zones: names that must be names, records that exclude each other. */
import type { Conflict } from '../../core/config/index.ts';
import {
  type DnsName,
  foldName,
  isWithin,
  nameOf,
  nameText,
  parseServiceParams,
  typeName,
  typeNumber,
} from '../../core/wire/index.ts';
import type { ZoneSettings } from './dns-fields.ts';
import { zoneName } from './zone.ts';
import { parseZoneLine } from './zone-text.ts';

const cnameType = 5;
const nsType = 2;
/** Types that PoPs answer. */
const steeredTypes: readonly number[] = [1, 28, 65];

export function zoneConflicts(zones: readonly ZoneSettings[]): Conflict[] {
  const seen = new Map<DnsName, string>();
  return zones.flatMap((settings) => {
    const at = `zones.${settings.name}`;
    const name = zoneName(settings);
    if (name === null) {
      return [{ key: `${at}.zone`, says: `is ${JSON.stringify(settings.zone)}, which is no name` }];
    }
    const other = seen.get(name);
    seen.set(name, settings.name);
    const twice = { key: `${at}.zone`, says: `is that of zones.${other} too` };
    return [...(other === undefined ? [] : [twice]), ...insideOf(settings, at, name)];
  });
}

function insideOf(settings: ZoneSettings, at: string, zone: DnsName): Conflict[] {
  const found: Conflict[] = [];
  if (settings.nameServers.length === 0) {
    found.push({ key: `${at}.name_servers`, says: 'needs one name at least' });
  }
  for (const server of [...settings.nameServers, settings.contact]) {
    if (nameOf(server, zone) !== null) continue;
    const key = server === settings.contact ? 'contact' : 'name_servers';
    found.push({ key: `${at}.${key}`, says: `has ${JSON.stringify(server)}, which is no name` });
  }
  const types = new Map<DnsName, Set<number>>();
  const typesAt = (owner: DnsName): Set<number> => {
    const known = types.get(owner) ?? new Set();
    types.set(owner, known);
    return known;
  };
  for (const line of settings.records) {
    const refuse = (says: string): void => {
      found.push({ key: `${at}.records`, says: `has ${JSON.stringify(line)}, which ${says}` });
    };
    const parsed = parseZoneLine(line, zone);
    if (typeof parsed === 'string') {
      refuse(parsed);
      continue;
    }
    const type = typeNumber(parsed.data);
    const there = typesAt(parsed.owner);
    if (type === cnameType && there.has(cnameType)) refuse('is a second alias of one name');
    if (type === nsType && parsed.owner === zone) refuse('belongs to name_servers');
    if (type === nsType && parsed.owner.startsWith('\x01*')) refuse('delegates a wildcard');
    there.add(type);
  }
  return [...found, ...steeredConflicts(settings, at, zone, typesAt), ...aliases(types, at, zone)];
}

function steeredConflicts(
  settings: ZoneSettings,
  at: string,
  zone: DnsName,
  typesAt: (owner: DnsName) => Set<number>,
): Conflict[] {
  const found: Conflict[] = [];
  const steered = new Set<DnsName>();
  for (const { name, hosts, alpn } of settings.steered) {
    const key = `${at}.steered.${name}`;
    for (const host of hosts) {
      const owner = nameOf(host, zone);
      const folded = owner === null ? null : foldName(owner);
      const says = (why: string): void => {
        found.push({ key: `${key}.hosts`, says: `has ${JSON.stringify(host)}, which ${why}` });
      };
      if (folded === null || !isWithin(folded, zone)) {
        says('is no name within the zone');
        continue;
      }
      if (steered.has(folded)) says('is steered twice');
      steered.add(folded);
      const there = typesAt(folded);
      for (const type of [cnameType, ...steeredTypes]) {
        // HTTPS records of one's own are fine where the rule makes none.
        if (there.has(type) && (type !== 65 || alpn.length > 0)) {
          says(`has ${typeName(type)} records of its own`);
        }
      }
    }
    if (alpn.length > 0 && parseServiceParams([`alpn=${alpn.join(',')}`]) === null) {
      found.push({ key: `${key}.alpn`, says: 'has what is no name of a protocol' });
    }
  }
  return found;
}

/** RFC 1034 section 3.6.2: an alias stands alone, and never at the zone's own name. */
function aliases(types: Map<DnsName, Set<number>>, at: string, zone: DnsName): Conflict[] {
  return [...types].flatMap(([owner, there]) => {
    if (!there.has(cnameType) || (there.size === 1 && owner !== zone)) return [];
    const why = owner === zone ? 'for the zone itself' : 'beside other records';
    return [{ key: `${at}.records`, says: `has an alias of ${nameText(owner)} ${why}` }];
  });
}
