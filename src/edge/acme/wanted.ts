/** Which certificates there should be: the host names of sites, grouped. Pure. */
import { parseIp } from '../../core/base/index.ts';
import { NAMES_MAX } from './limits.ts';

/** What is known of a site here. */
export interface CertifiedSite {
  /** As names of records are: letters, digits, `-` and `_`. */
  readonly name: string;
  /** Host names, `*.example.org` among them. */
  readonly hosts: readonly string[];
}

export interface WantedCertificate {
  /** The site's name; with a number behind a dot from the second one on. */
  readonly name: string;
  /** Names for subjectAltName: small letters, sorted, none covered by another one. */
  readonly names: readonly string[];
}

/** A host that no authority certifies. */
export interface LeftOut {
  readonly site: string;
  readonly host: string;
  readonly because: string;
}

export interface Wanted {
  readonly certificates: readonly WantedCertificate[];
  readonly leftOut: readonly LeftOut[];
}

/** One certificate a site, more where it has too many hosts for one. */
export function wantedCertificates(sites: readonly CertifiedSite[]): Wanted {
  const certificates: WantedCertificate[] = [];
  const leftOut: LeftOut[] = [];
  for (const { name, hosts } of sites) {
    const names = new Set<string>();
    for (const given of hosts) {
      const host = given.toLowerCase().replace(/\.$/, '');
      const because = whyNot(host);
      if (because === undefined) names.add(host);
      else leftOut.push({ site: name, host: given, because });
    }
    const needed = [...names].filter((host) => !isCovered(host, names)).sort();
    for (let at = 0; at < needed.length; at += NAMES_MAX) {
      const number = at / NAMES_MAX + 1;
      certificates.push({
        name: number === 1 ? name : `${name}.${number}`,
        names: needed.slice(at, at + NAMES_MAX),
      });
    }
  }
  return { certificates, leftOut };
}

/** Whether a certificate with `names` is good for all that are wanted (RFC 9525 section 6.3). */
export function covers(names: readonly string[], wanted: readonly string[]): boolean {
  const held = new Set(names);
  return wanted.every((name) => held.has(name) || isCovered(name, held));
}

/** By a wildcard, which stands for exactly one label. */
function isCovered(host: string, names: ReadonlySet<string>): boolean {
  const dot = host.indexOf('.');
  return dot > 0 && !host.startsWith('*.') && names.has(`*${host.slice(dot)}`);
}

function whyNot(host: string): string | undefined {
  if (host === '*' || host === '') return 'stands for any host';
  if (parseIp(host.replace(/^\[|\]$/g, '')) !== null) return 'is an address';
  if (host.length > 253) return 'is longer than names of DNS are';
  const labels = host.replace(/^\*\./, '').split('.');
  if (labels.length < 2) return 'has no domain';
  const isRight = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  return isRight ? undefined : 'is no name of DNS';
}
