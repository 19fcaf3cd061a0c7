/**
 * One list of members from several, the first of which is the most to be believed.
 *
 * Invariants of the result: names are unique; it is a function of the lists alone, and the order of each list
 * is kept; a member of a later list never takes the place of one of an earlier list, neither by its name nor
 * by its address. The latter so that what an operator says of a server (`maintenance`) is not undone by
 * DNS, which knows the same server by its address only.
 */
import { serverAddressText } from '../pools/address.ts';
import type { Member } from '../pools/pool-runtime.ts';

export interface Merged {
  readonly members: readonly Member[];
  /** Members left out because there are too many. */
  readonly tooMany: number;
}

/** At most `max` members; those behind are left out. */
export function mergeMembers(lists: readonly (readonly Member[])[], max: number): Merged {
  const members: Member[] = [];
  const names = new Set<string>();
  const addresses = new Set<string>();
  let tooMany = 0;
  for (const list of lists) {
    const ofList: string[] = [];
    for (const member of list) {
      const address = serverAddressText(member.address).toLowerCase();
      if (names.has(member.spec.name) || addresses.has(address)) continue;
      if (members.length >= max) {
        tooMany++;
        continue;
      }
      names.add(member.spec.name);
      ofList.push(address);
      members.push(member);
    }
    // Within one list an address may stand twice, under two names.
    for (const address of ofList) addresses.add(address);
  }
  return { members, tooMany };
}
