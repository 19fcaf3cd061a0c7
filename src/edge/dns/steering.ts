/**
 * Which PoP suits a client. Pure.
 *
 * Who may be chosen: PoPs with an address of the family asked for, in the rule's regions. Of these the ones that are
 * up and neither drained nor without capacity; when there is none the drained ones, then all that are up, and when none
 * is up all of them, since an answer that may work is better than none.
 *
 * Who is: the nearest. Those that are hardly farther share its clients by capacity (weighted rendezvous hashing). A PoP
 * that has too much hands the share `moving` of its clients to the next nearest. Both go by a hash of the
 * client's prefix, so a client stays where it is while nothing changes, and few move when something does.
 */
import { type Coordinates, distanceKm } from '../geo/index.ts';
import type { Pop } from '../pop.ts';
import { limits } from './limits.ts';

export interface SteeredPop {
  readonly pop: Pop;
  readonly up: boolean;
  /** Share of its clients that go elsewhere, from 0 to 1. */
  readonly moving: number;
}

export interface SteeringQuestion {
  /** Undefined: nobody knows where the client is. */
  readonly location: Coordinates | undefined;
  /** 32 bits of the client's prefix. */
  readonly clientHash: number;
  readonly nearKm: number;
}

/** Why these: `nearest`, `spilled` there by load, or what was left. */
export type SteeringReason =
  | 'nearest'
  | 'spilled'
  | 'unknown-location'
  | 'drained-only'
  | 'no-capacity'
  | 'all-down'
  | 'no-pop';

export interface Steered {
  /** One; several, the nearest, when none is up; none when no PoP has such an address. */
  readonly pops: readonly SteeredPop[];
  readonly reason: SteeringReason;
  /** The choice depends on the client's prefix, not on its place alone. */
  readonly byPrefix: boolean;
}

/** Those who may be chosen for a rule and family: made once, asked for each client. */
export interface Candidates {
  readonly pops: readonly SteeredPop[];
  readonly reason: 'nearest' | 'drained-only' | 'no-capacity' | 'all-down' | 'no-pop';
}

export function candidatesOf(
  pops: readonly SteeredPop[],
  regions: readonly string[],
  isUsable: (pop: Pop) => boolean,
): Candidates {
  const here = pops.filter(
    ({ pop }) => (regions.length === 0 || regions.includes(pop.region)) && isUsable(pop),
  );
  if (here.length === 0) return { pops: [], reason: 'no-pop' };
  const up = here.filter((each) => each.up);
  if (up.length === 0) return { pops: here, reason: 'all-down' };
  const able = up.filter(({ pop }) => pop.capacity > 0);
  const open = able.filter(({ pop }) => !pop.drained);
  if (open.length > 0) return { pops: open, reason: 'nearest' };
  return able.length > 0
    ? { pops: able, reason: 'drained-only' }
    : { pops: up, reason: 'no-capacity' };
}

export function steer(candidates: Candidates, question: SteeringQuestion): Steered {
  const { pops, reason } = candidates;
  if (pops.length === 0) return { pops: [], reason, byPrefix: false };
  const { location } = question;
  const distances = pops.map(({ pop }) => (location === undefined ? 0 : distanceKm(location, pop)));
  if (reason === 'all-down') {
    const order = pops.map((_, at) => at).toSorted((a, b) => distances[a]! - distances[b]!);
    // In one order for all, so that there are few such answers.
    const named = order.slice(0, limits.popsPerAnswerMax).toSorted((a, b) => a - b);
    return { pops: named.map((at) => pops[at]!), reason, byPrefix: false };
  }
  const walk = new Walk(pops, distances, question);
  const first = walk.next()!;
  let byPrefix = walk.shared;
  const why = location === undefined && reason === 'nearest' ? 'unknown-location' : reason;
  for (let at: SteeredPop | undefined = first; at !== undefined; at = walk.next()) {
    byPrefix ||= walk.shared || at.moving > 0;
    if (!movesFrom(at, question.clientHash)) {
      return { pops: [at], reason: at === first ? why : 'spilled', byPrefix };
    }
  }
  // All have too much: nobody is nearer than the nearest.
  return { pops: [first], reason: why, byPrefix };
}

/** PoPs in the order in which a client would take them. */
class Walk {
  /** The last one was chosen among several. */
  shared = false;
  private readonly pops: readonly SteeredPop[];
  private readonly distances: number[];
  private readonly question: SteeringQuestion;

  constructor(pops: readonly SteeredPop[], distances: number[], question: SteeringQuestion) {
    this.pops = pops;
    this.distances = distances;
    this.question = question;
  }

  next(): SteeredPop | undefined {
    const { pops, distances } = this;
    let nearestKm = Number.POSITIVE_INFINITY;
    for (const km of distances) if (km < nearestKm) nearestKm = km;
    if (nearestKm === Number.POSITIVE_INFINITY) return undefined;
    const withinKm = nearestKm + this.question.nearKm;
    let best = -1;
    let bestScore = Number.POSITIVE_INFINITY;
    let count = 0;
    for (let at = 0; at < pops.length; at++) {
      if (distances[at]! > withinKm) continue;
      count++;
      const score = rendezvous(pops[at]!.pop, this.question.clientHash);
      if (best < 0 || score < bestScore) {
        best = at;
        bestScore = score;
      }
    }
    this.shared = count > 1;
    distances[best] = Number.POSITIVE_INFINITY;
    return pops[best];
  }
}

/** The least wins; each wins with a chance in proportion to its capacity (weighted rendezvous hashing). */
function rendezvous(pop: Pop, clientHash: number): number {
  const weight = pop.capacity > 0 ? pop.capacity : 1e-9;
  return -Math.log(fraction(mix(clientHash, nameHash(pop.name)))) / weight;
}

function movesFrom({ pop, moving }: SteeredPop, clientHash: number): boolean {
  return moving > 0 && fraction(mix(clientHash ^ 0x5bd1e995, nameHash(pop.name))) < moving;
}

function nameHash(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Two words into one, every bit of either changing half of it (the finalizer of MurmurHash3). */
export function mix(a: number, b: number): number {
  let hash = Math.imul(a, 0xcc9e2d51) ^ b;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Above 0 and below 1. */
function fraction(hash: number): number {
  return (hash + 0.5) / 0x100000000;
}
