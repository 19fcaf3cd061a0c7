/**
 * Servers by SRV records (RFC 2782): each target's addresses, with the record's port, priority and weight.
 *
 * Ours from theirs: the lowest priority there is becomes 0, the next 1 and so on, since only their order means
 * something. Weights are shares within a priority; theirs go to 65,535, ours to 1,000, and their 0 is 'a very
 * small chance', not none. A target of which nothing can be learnt keeps its last addresses.
 */
import type { AddressRecord, ServiceRecord } from '../../core/runtime/index.ts';
import type { Member } from '../pools/pool-runtime.ts';
import { WEIGHT_MAX } from '../servers/server.ts';
import {
  addressLookUp,
  lookAgainMs,
  type NameLookOptions,
  problemText,
  sortedAddresses,
} from './dns-source.ts';
import { MEMBERS_MAX, TARGETS_AT_ONCE } from './limits.ts';
import { memberNamedByAddress } from './member.ts';
import type { Look } from './polled-source.ts';

/** Looks for the servers of the service `name`. */
export function srvLook(name: string, options: NameLookOptions): () => Promise<Look> {
  const addressesOf = addressLookUp(options);
  let known = new Map<string, readonly AddressRecord[]>();
  return async () => {
    const found = await options.resolver.services(name);
    if (!found.ok) {
      return { members: undefined, problem: problemText(name, found.problem), nextMs: undefined };
    }
    const services = found.records.slice(0, MEMBERS_MAX);
    const problems: string[] = [];
    const now = new Map<string, readonly AddressRecord[]>();
    let { ttlMs } = found;
    const targets = [...new Set(services.map(({ host }) => host))].sort();
    await eachOf(targets, TARGETS_AT_ONCE, async (host) => {
      const addresses = await addressesOf(host);
      if (addresses.ok) {
        ttlMs = Math.min(ttlMs, addresses.ttlMs);
        now.set(host, addresses.records);
        return;
      }
      problems.push(problemText(host, addresses.problem));
      now.set(host, known.get(host) ?? []);
    });
    known = now;
    const members = srvMembers(services, (host) => sortedAddresses(now.get(host) ?? []));
    return {
      members: members.length > 0 ? members : undefined,
      problem: problems.sort()[0],
      nextMs: members.length > 0 ? lookAgainMs(ttlMs, options.everyMs) : undefined,
    };
  };
}

/** The servers of these records, by priority and then by name, each once: where it stands first. */
export function srvMembers(
  services: readonly ServiceRecord[],
  addressesOf: (host: string) => readonly string[],
): Member[] {
  const priorities = [...new Set(services.map(({ priority }) => priority))].sort((a, b) => a - b);
  const byName = new Map<string, Member>();
  for (const [priority, theirs] of priorities.entries()) {
    const ofPriority = services.filter((service) => service.priority === theirs);
    const weightOf = weightScale(ofPriority.map(({ weight }) => weight));
    const members = ofPriority.flatMap(({ host, port, weight }) =>
      addressesOf(host).map((address) =>
        memberNamedByAddress(address, port, { priority, weight: weightOf(weight) }),
      ),
    );
    members.sort((a, b) => compareText(a.spec.name, b.spec.name) || b.spec.weight - a.spec.weight);
    for (const member of members) {
      if (!byName.has(member.spec.name)) byName.set(member.spec.name, member);
    }
  }
  return [...byName.values()];
}

/** How a weight of these records is one of ours, 1 to `WEIGHT_MAX`. */
export function weightScale(weights: readonly number[]): (weight: number) => number {
  const most = Math.max(...weights);
  if (most === 0) return () => 1;
  // Zeros among others need room below.
  const factor = most > WEIGHT_MAX || weights.includes(0) ? WEIGHT_MAX / most : 1;
  return (weight) => Math.max(1, Math.round(weight * factor));
}

/** Runs `work` for all items, `atOnce` at a time. */
async function eachOf<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
