/** The settings of the edge: one network of PoPs, of which this process is one. */
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { BalancerSettings } from '../../balancer/config/index.ts';
import {
  type Conflict,
  flag,
  group,
  secret,
  section,
  text,
  type ValuesOf,
} from '../../core/config/index.ts';
import { accessConflicts, accessRules } from '../access/access-fields.ts';
import { acmeConflicts, acmeFields } from '../acme/acme-fields.ts';
import { type Wanted, wantedCertificates } from '../acme/wanted.ts';
import { busTlsConflicts, busTlsFields } from '../bus/bus-fields.ts';
import { dnsConflicts, dnsFields } from '../dns/dns-fields.ts';
import { type CertificateFiles, expandEdge, nameClashes } from '../expand/index.ts';
import { geoConflicts, geoFields } from '../geo/geo-fields.ts';
import { guardConflicts, guardFields } from '../guard/guard-fields.ts';
import { pops } from '../pop-fields.ts';
import { purgeBusConflicts, purgeBusFields } from '../purge/purge-fields.ts';
import { type SiteSettings, sites } from '../site-fields.ts';

const SECRET_LENGTH_MIN = 16;

const fields = {
  enabled: flag({ default: false, about: 'Whether this process is a PoP of a network.' }),
  pop: text({
    default: undefined,
    about:
      'Which of `edge.pops` this process is; PLINTH_EDGE_POP says it for a file that all share.',
  }),
  secret: secret({
    about: 'What all PoPs know and nobody else: by it they know each other. 16 characters or more.',
  }),
  pops,
  sites,
  access: accessRules,
  guard: group('Protection against floods, by rules that sites name.', guardFields),
  geo: group('Where addresses are.', geoFields),
  dns: group('The name server, which sends users to the PoP that suits them.', dnsFields),
  tierTls: group(
    'TLS of requests between PoPs; on when there is a certificate. Without it whoever reads along has their token: they belong on a network of their own then. All PoPs change at once.',
    busTlsFields.fields,
  ),
  purge: group('Purges over all PoPs.', purgeBusFields),
  acme: group('Certificates of the sites by ACME.', acmeFields),
} as const;

export type EdgeSettings = ValuesOf<typeof fields>;

export const edgeConfig = section(
  'edge',
  'The content delivery network: points of presence (PoPs) with cache, shields, GeoDNS and purges.',
  fields,
  edgeConflicts,
);

function edgeConflicts(settings: EdgeSettings): Conflict[] {
  const { pop, pops, secret, sites, access } = settings;
  const found: Conflict[] = [
    ...accessConflicts(access),
    ...guardConflicts(settings.guard, 'guard'),
    ...below('geo', geoConflicts(settings.geo)),
    ...below('dns', dnsConflicts(settings.dns)),
    ...below('tier_tls', busTlsConflicts(settings.tierTls)),
    ...below('purge', purgeBusConflicts(settings.purge, pops)),
    ...below('acme', acmeConflicts(settings.acme)),
    ...nameClashes(sites),
    ...sharedHosts(sites),
  ];
  const names = new Set(pops.map(({ name }) => name));
  if (pop !== undefined && !names.has(pop)) {
    found.push({ key: 'pop', says: `is ${pop}, and edge.pops has no such PoP` });
  }
  const length = secret?.reveal().length ?? 0;
  if (pops.length > 1 && secret === undefined) {
    found.push({ key: 'secret', says: 'is needed: PoPs know each other by it' });
  } else if (secret !== undefined && length < SECRET_LENGTH_MIN) {
    found.push({ key: 'secret', says: `is shorter than ${SECRET_LENGTH_MIN} characters` });
  }
  for (const { name, httpPort, httpsPort, tierPort, busPort } of pops) {
    if (tierPort === 0)
      found.push({ key: `pops.${name}.tier_port`, says: 'is 0: nobody would know it' });
    if (busPort === 0)
      found.push({ key: `pops.${name}.bus_port`, says: 'is 0: nobody would know it' });
    else if ([httpPort, httpsPort, tierPort].includes(busPort))
      found.push({ key: `pops.${name}.bus_port`, says: 'is another port of this PoP too' });
  }
  const rules = {
    access: new Set(access.map(({ name }) => name)),
    guard: new Set(['default', ...settings.guard.rules.map(({ name }) => name)]),
  };
  for (const site of sites) found.push(...siteConflicts(site, rules));
  return found;
}

function below(group: string, conflicts: readonly Conflict[]): Conflict[] {
  return conflicts.map(({ key, says }) => ({ key: `${group}.${key}`, says }));
}

/** A host belongs to one site: which of two would be asked is nobody's wish. */
function sharedHosts(sites: readonly SiteSettings[]): Conflict[] {
  const owners = new Map<string, string>();
  const found: Conflict[] = [];
  for (const { name, hosts } of sites) {
    for (const host of hosts.map((each) => each.toLowerCase())) {
      const owner = owners.get(host);
      if (owner === undefined) owners.set(host, name);
      else if (owner !== name) {
        found.push({
          key: `sites.${name}.hosts`,
          says: `has ${host}, which sites.${owner} has too`,
        });
      }
    }
  }
  return found;
}

type RuleNames = Readonly<Record<'access' | 'guard', ReadonlySet<string>>>;

function siteConflicts(site: SiteSettings, rules: RuleNames): Conflict[] {
  const at = `sites.${site.name}`;
  const found: Conflict[] = [];
  if (site.hosts.length === 0) found.push({ key: `${at}.hosts`, says: 'names no host' });
  if (site.origin.servers.length === 0) {
    found.push({ key: `${at}.origin.servers`, says: 'names no server' });
  }
  if ((site.certFile === undefined) !== (site.keyFile === undefined)) {
    found.push({ key: `${at}.cert_file`, says: 'and key_file need each other' });
  }
  for (const kind of ['access', 'guard'] as const) {
    const named = [
      { key: `${at}.${kind}`, rule: site[kind] },
      ...site.rules.map((rule) => ({ key: `${at}.rules.${rule.name}.${kind}`, rule: rule[kind] })),
    ];
    for (const { key, rule } of named) {
      if (rule === undefined || rules[kind].has(rule)) continue;
      found.push({ key, says: `is ${rule}, and edge.${kind} has no such rule` });
    }
  }
  return found;
}

/** What PoPs show each other; nobody is believed to be one without a secret. */
export function hopTokenOf({ secret }: EdgeSettings): string {
  if (secret === undefined) return '';
  return createHmac('sha256', secret.reveal()).update('plinth edge hop').digest('hex');
}

/** Tasks that were solved at one PoP open the doors of all. Undefined: there is no secret. */
export function taskKeyOf({ secret }: EdgeSettings): Buffer | undefined {
  if (secret === undefined) return undefined;
  return createHmac('sha256', secret.reveal()).update('plinth edge tasks').digest();
}

/** The folder of the certificates that are obtained, in the folder of the edge. */
export const certificateFolder = (dataFolder: string): string => join(dataFolder, 'certificates');

/** What is to be asked of an authority: of sites that bring no certificate. */
export function wantedOf({ acme, sites }: EdgeSettings): Wanted {
  if (!acme.enabled) return { certificates: [], leftOut: [] };
  return wantedCertificates(sites.filter(({ certFile }) => certFile === undefined));
}

/**
 * The settings of the balancer, with what the edge adds to them.
 * @param dataFolder of the edge.
 */
export function balancerWithEdge(
  balancer: BalancerSettings,
  edge: EdgeSettings,
  dataFolder: string,
): BalancerSettings {
  const { enabled, pop, pops, sites, tierTls } = edge;
  if (!enabled || pop === undefined) return balancer;
  const certificates = [
    ...sites.flatMap(ownCertificate),
    ...wantedOf(edge).certificates.map(({ name }) => {
      const path = join(certificateFolder(dataFolder), name);
      return { name, cert: `${path}.pem`, key: `${path}.key`, ocsp: undefined };
    }),
  ];
  const hopToken = hopTokenOf(edge);
  const clientConnectionsMax = edge.guard.connectionsMax;
  return expandEdge(
    { pop, pops, sites, hopToken, tierTls, clientConnectionsMax, certificates },
    balancer,
  );
}

function ownCertificate({ name, certFile, keyFile, ocspFile }: SiteSettings): CertificateFiles[] {
  return certFile === undefined || keyFile === undefined
    ? []
    : [{ name, cert: certFile, key: keyFile, ocsp: ocspFile }];
}
