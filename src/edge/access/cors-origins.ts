/**
 * Origins by patterns (RFC 6454 section 6.2): `https://example.com`, `https://*.example.com:8443` for all hosts below
 * one, `*` for all, `null` for documents that have none, which nobody should trust.
 */
import { HostPatterns, hostPatternProblem } from './host-patterns.ts';

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@:]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/;
const STANDARD_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };
/** Longer ones are compared with nothing. */
const ORIGIN_CHARACTERS_MAX = 300;

/** What is wrong with a pattern; undefined: nothing. */
export function originProblem(pattern: string): string | undefined {
  if (pattern === '*' || pattern === 'null') return undefined;
  const match = ORIGIN.exec(pattern.toLowerCase());
  const host = match?.[2];
  if (host === undefined || host === '*') {
    return `has ${JSON.stringify(pattern)}, wanted scheme://host, or * for all`;
  }
  return hostPatternProblem(host);
}

export class OriginPatterns {
  /** All origins are let in. */
  readonly any: boolean;
  private readonly none: boolean;
  /** By scheme and port. */
  private readonly hosts = new Map<string, HostPatterns>();

  constructor(patterns: readonly string[]) {
    this.any = patterns.includes('*');
    this.none = patterns.includes('null');
    const grouped = new Map<string, string[]>();
    for (const pattern of patterns) {
      const [door, host] = split(pattern.toLowerCase()) ?? [];
      if (door === undefined || host === undefined) continue;
      grouped.set(door, [...(grouped.get(door) ?? []), host]);
    }
    for (const [door, hosts] of grouped) this.hosts.set(door, new HostPatterns(hosts));
  }

  /** @param origin as the field Origin has it. */
  has(origin: string): boolean {
    if (this.any) return true;
    if (origin === 'null') return this.none;
    if (origin.length > ORIGIN_CHARACTERS_MAX) return false;
    const [door, host] = split(origin.toLowerCase()) ?? [];
    if (door === undefined || host === undefined || host.includes('*')) return false;
    return this.hosts.get(door)?.has(host) === true;
  }
}

/** Scheme with port, and host. */
function split(origin: string): readonly [door: string, host: string] | undefined {
  const match = ORIGIN.exec(origin);
  if (match === null) return undefined;
  const [, scheme = '', host = '', port = STANDARD_PORTS[scheme] ?? ''] = match;
  return [`${scheme}:${port}`, host];
}
