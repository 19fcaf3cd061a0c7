/**
 * Servers by the addresses of a name (A and AAAA), asked again when the answer's time is over.
 *
 * A server is named by its address, so it is the same one in every answer that has it, and the order of an
 * answer, which name servers turn on purpose, means nothing.
 */
import { parseIp } from '../../core/base/index.ts';
import {
  type AddressRecord,
  type Resolved,
  type ResolveProblem,
  type Resolver,
  resolveProblemTable,
} from '../../core/runtime/index.ts';
import { TTL_MIN_MS } from './limits.ts';
import { memberNamedByAddress } from './member.ts';
import type { Look } from './polled-source.ts';

export interface NameLookOptions {
  readonly resolver: Resolver;
  /** Ask the system (/etc/hosts) as long as DNS has never known the name. */
  readonly system: boolean;
  readonly everyMs: number;
}

/** Looks for the addresses of `host`. */
export function dnsLook(host: string, port: number, options: NameLookOptions): () => Promise<Look> {
  const addressesOf = addressLookUp(options);
  return async () => {
    const found = await addressesOf(host);
    if (!found.ok)
      return { members: undefined, problem: problemText(host, found.problem), nextMs: undefined };
    return {
      members: sortedAddresses(found.records).map((address) => memberNamedByAddress(address, port)),
      problem: undefined,
      nextMs: lookAgainMs(found.ttlMs, options.everyMs),
    };
  };
}

/** Asks DNS, and the system for names that DNS has never known. */
export function addressLookUp({
  resolver,
  system,
}: NameLookOptions): (host: string) => Promise<Resolved<AddressRecord>> {
  const ofDns = new Set<string>();
  return async (host) => {
    const found = await resolver.addresses(host, 0);
    if (found.ok) ofDns.add(host);
    if (found.ok || !system || ofDns.has(host)) return found;
    const other = await resolver.systemAddresses(host, 0);
    return other.ok ? other : found;
  };
}

/** Without repetitions, IPv4 first, by number. */
export function sortedAddresses(records: readonly AddressRecord[]): string[] {
  const bytes = new Map(records.map(({ address }) => [address, parseIp(address) ?? EMPTY]));
  return [...bytes]
    .sort(([, a], [, b]) => a.length - b.length || Buffer.compare(a, b))
    .map(([address]) => address);
}

/** When to look again at an answer that holds for `ttlMs`. */
export function lookAgainMs(ttlMs: number, everyMs: number): number {
  return Math.min(everyMs, Math.max(TTL_MIN_MS, ttlMs));
}

export function problemText(name: string, problem: ResolveProblem): string {
  return `${name}: ${resolveProblemTable[problem]}`;
}

const EMPTY = Buffer.alloc(0);
