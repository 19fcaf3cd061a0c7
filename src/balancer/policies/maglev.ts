/**
 * Consistent hashing by a table: each place of the table belongs to a member, a key to the place at key
 * modulo the table's size.
 *
 * Each member has an order of its own in which it likes the places; members take turns, in proportion to
 * weight, in taking the place they like most of those that are free. Shares are therefore within one place
 * of their due for equal weights, far evener than a ring's; a change of the members moves few keys more than
 * must be. A member that is out moves its own keys only: these are hashed again until they meet a candidate.
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016).
 */
import { invariant } from '../../core/base/index.ts';
import type { Random } from '../../core/runtime/index.ts';
import { GOLDEN, mix32, NO_KEY } from '../keys/hash.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { BoundedLoad } from './bounded-load.ts';
import { type Choice, QuietPolicy } from './policy.ts';

/** Places of the table, a prime: sixty for each of 1,000 servers. */
const PLACES = 65_537;
const HASHES_MAX = 32;

export class Maglev extends QuietPolicy {
  private readonly random: Random;
  private readonly room: BoundedLoad;
  private readonly table: Uint16Array;

  /** `boundFactor` 0 for no bound, else 1 or above. */
  constructor(level: Level, random: Random, boundFactor: number) {
    super(level);
    invariant(level.members.length < PLACES / 2, 'a Maglev table has places for each server');
    this.random = random;
    this.room = new BoundedLoad(level, boundFactor);
    this.table = maglevTable(level.members, PLACES);
  }

  override choose(choice: Choice): Server | undefined {
    const { level, table } = this;
    if (level.candidates.length === 0) return undefined;
    const key = choice.key === NO_KEY ? this.random.u32() : choice.key;
    for (let hashes = 0, place = key; hashes < HASHES_MAX; hashes++) {
      const server = level.members[table[place % PLACES]!]!;
      if (this.room.takes(server, choice)) return server;
      place = mix32(place + GOLDEN);
    }
    return this.room.lastResort(key, choice);
  }
}

/** For each place the index of its member; `places` is a prime. All zero when nobody has a weight. */
export function maglevTable(members: readonly Server[], places: number): Uint16Array {
  const table = new Uint16Array(places);
  // By hash, so that the order of the list does not matter.
  const turns = members
    .map((server, member) => ({ server, member }))
    .filter(({ server }) => server.weight > 0)
    .sort((a, b) => a.server.id - b.server.id || a.server.secondId - b.server.secondId);
  if (turns.length === 0) return table;
  const heaviest = Math.max(...turns.map(({ server }) => server.weight));
  const next = turns.map(({ server }) => server.id % places);
  const step = turns.map(({ server }) => (server.secondId % (places - 1)) + 1);
  const credit = new Float64Array(turns.length);
  const taken = new Uint8Array(places);
  let free = places;
  for (;;) {
    for (let i = 0; i < turns.length; i++) {
      const { server, member } = turns[i]!;
      credit[i]! += server.weight;
      if (credit[i]! < heaviest) continue;
      credit[i]! -= heaviest;
      let place = next[i]!;
      while (taken[place] === 1) place = (place + step[i]!) % places;
      taken[place] = 1;
      table[place] = member;
      next[i] = (place + step[i]!) % places;
      if (--free === 0) return table;
    }
  }
}
