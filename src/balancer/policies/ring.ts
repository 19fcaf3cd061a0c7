/**
 * Consistent hashing on a ring: each member has points in proportion to its weight, a key belongs to the
 * member of the next point.
 *
 * Minimal movement: a member that comes takes keys and moves none between the others; one that goes, or is
 * out, gives its keys to the others and moves no other. Servers that have a bounded load or are tried already
 * are passed over along the ring, so a key always has the same second server.
 * Source: Karger et al. 1997; points per weight as in ketama and nginx.
 *
 * A point is a hash of the server's name and the point's number, so neither address nor order matter.
 * `POINTS` for each unit of weight; when that makes more than `POINTS_MAX` in all, half as many for each
 * server, as often as needed: only crossing such a border moves keys between servers that stay.
 * Evenness: with p points a server's share differs from its due by about 1 / sqrt(p) (160: 8 %).
 */
import type { Random } from '../../core/runtime/index.ts';
import { GOLDEN, mix32, NO_KEY } from '../keys/hash.ts';
import type { Level } from '../servers/level.ts';
import type { Server } from '../servers/server.ts';
import { BoundedLoad } from './bounded-load.ts';
import { type Choice, QuietPolicy } from './policy.ts';

const POINTS = 160;
const POINTS_MAX = 1 << 17;
/** Points that are looked at before all candidates are. */
const WALK_MAX = 128;

export class Ring extends QuietPolicy {
  private readonly random: Random;
  private readonly room: BoundedLoad;
  /** Ascending, with the member that each belongs to. */
  private readonly points: Uint32Array;
  private readonly owners: Uint32Array;
  /** For each value of a key's upper bits the first point that is not below it. */
  private readonly starts: Uint32Array;
  private readonly shift: number;

  /** `boundFactor` 0 for no bound, else 1 or above. */
  constructor(level: Level, random: Random, boundFactor: number) {
    super(level);
    this.random = random;
    this.room = new BoundedLoad(level, boundFactor);
    const sorted = pointsOf(level.members);
    this.points = new Uint32Array(sorted.length);
    this.owners = new Uint32Array(sorted.length);
    // A loop: `from` with a function takes five times as long, and the loop of events stands still meanwhile.
    for (let i = 0; i < sorted.length; i++) {
      const point = sorted[i]!;
      this.points[i] = Math.floor(point / 2 ** 20);
      this.owners[i] = point % 2 ** 20;
    }
    const bits = Math.max(1, Math.ceil(Math.log2(this.points.length + 1)));
    this.shift = 32 - bits;
    this.starts = new Uint32Array(2 ** bits);
    for (let bucket = 0, at = 0; bucket < this.starts.length; bucket++) {
      while (at < this.points.length && this.points[at]! < bucket * 2 ** this.shift) at++;
      this.starts[bucket] = at;
    }
  }

  override choose(choice: Choice): Server | undefined {
    const { level, points, owners } = this;
    const count = points.length;
    if (level.candidates.length === 0) return undefined;
    const key = choice.key === NO_KEY ? this.random.u32() : choice.key;
    let at = this.starts[key >>> this.shift]!;
    while (at < count && points[at]! < key) at++;
    for (let walked = 0; walked < WALK_MAX && walked < count; walked++, at++) {
      if (at >= count) at -= count;
      const server = level.members[owners[at]!]!;
      if (this.room.takes(server, choice)) return server;
    }
    return this.room.lastResort(key, choice);
  }
}

/** All points, ascending: the hash in the upper 32 of 52 bits, the member in the lower 20. */
function pointsOf(members: readonly Server[]): Float64Array {
  const weight = members.reduce((sum, each) => sum + each.weight, 0);
  let perWeight = POINTS;
  while (perWeight * weight > POINTS_MAX) perWeight /= 2;
  const counts = members.map((each) =>
    each.weight === 0 ? 0 : Math.max(1, Math.round(perWeight * each.weight)),
  );
  const all = new Float64Array(counts.reduce((sum, each) => sum + each, 0));
  let at = 0;
  members.forEach(({ id, secondId }, member) => {
    for (let number = 0; number < counts[member]!; number++) {
      all[at++] = point(id, secondId, number) * 2 ** 20 + member;
    }
  });
  return all.sort();
}

function point(id: number, secondId: number, number: number): number {
  return mix32(mix32(id + Math.imul(number, GOLDEN)) ^ secondId);
}
