/**
 * The key's place in the list of members, in proportion to weight: key modulo the sum of the weights.
 *
 * The cheapest way to keep a client at a server, and even to the last request; but a change of the members
 * moves nearly all keys (`ring` and `maglev` do not). Members that are out only move their own keys: these
 * are hashed again until they fall on a candidate. A request without a key is placed at random.
 * Source: HAProxy's `balance source` with map-based hashing.
 */
import type { Random } from '../../core/runtime/index.ts';
import { GOLDEN, mix32, NO_KEY } from '../keys/hash.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { BoundedLoad } from './bounded-load.ts';
import { type Choice, QuietPolicy } from './policy.ts';

const HASHES_MAX = 16;

export class SourceHash extends QuietPolicy {
  private readonly random: Random;
  /** Sum of the weights of the members up to and with each one. */
  private readonly sums: Float64Array;
  private readonly sum: number;
  private readonly room: BoundedLoad;

  constructor(level: Level, random: Random) {
    super(level);
    this.random = random;
    this.room = new BoundedLoad(level, 0);
    let sum = 0;
    this.sums = Float64Array.from(level.members, ({ weight }) => {
      sum += weight;
      return sum;
    });
    this.sum = sum;
  }

  override choose(choice: Choice): Server | undefined {
    const { members, candidates } = this.level;
    if (candidates.length === 0) return undefined;
    const key = choice.key === NO_KEY ? this.random.u32() : choice.key;
    for (let hashes = 0, place = key; hashes < HASHES_MAX; hashes++) {
      const server = members[this.memberAt(place % this.sum)]!;
      if (this.room.takes(server, choice)) return server;
      place = mix32(place + GOLDEN);
    }
    return this.room.lastResort(key, choice);
  }

  /** The first member whose sum is above `place`. */
  private memberAt(place: number): number {
    const { sums } = this;
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (place < sums[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
