/**
 * Sends clients to PoPs: keeps what is known of both, and asks `steering` when something is new.
 *
 * Invariants: where a client's network is and what was chosen for it is kept within a bound; what was chosen holds
 * until health, load or PoPs change (`epoch`). Every PoP has the time when the last answer that names it has
 * expired.
 */
import type { Clock } from '../../core/runtime/index.ts';
import { type Geo, type Place, Recent } from '../geo/index.ts';
import type { Pop, PopHealth } from '../pop.ts';
import { type ClientAddress, PREFIX_BITS_4, PREFIX_BITS_6 } from './client-address.ts';
import { limits } from './limits.ts';
import { nextMoving } from './spill.ts';
import {
  type Candidates,
  candidatesOf,
  type Steered,
  type SteeredPop,
  type SteeringReason,
  steer,
} from './steering.ts';
import type { SteeringRule } from './zone.ts';

/** Which addresses an answer needs. */
export const Family = { ip4: 0, ip6: 1, any: 2 } as const;
export type Family = (typeof Family)[keyof typeof Family];
const familyCount = 3;

/** The PoPs of an answer. There is one object for the same PoPs, while PoPs stay the same. */
export interface Choice {
  /** Small, from 0. */
  readonly id: number;
  readonly pops: readonly Pop[];
  readonly marks: readonly PopMark[];
}

/** What is remembered of a PoP. */
export interface PopMark {
  /** Monotonic, milliseconds: the last answer naming it has expired. */
  lastAnswerEndsMs: number;
  /** Share of its clients that go elsewhere. */
  moving: number;
}

/** A network of clients. */
export interface ClientNetwork {
  readonly place: Place;
  /** Of the network, told apart by `hash`. */
  readonly prefixBits: number;
  readonly hash: number;
  /** Of the choices below. */
  epoch: number;
  readonly choices: (Decision | undefined)[];
}

export interface Decision {
  readonly choice: Choice;
  readonly reason: SteeringReason;
  /** Bits of the prefix that it holds for, in the client's family. */
  readonly scopeBits: number;
}

export interface DirectorWorld {
  readonly clock: Clock;
  readonly geo: Geo;
  pops(): readonly Pop[];
  readonly health: PopHealth;
}

export interface DirectorRule {
  readonly nearKm: number;
  /** Share of the capacity. */
  readonly wantedLoad: number;
}

/** Steps of the share that moves for which answers are thought over. */
const movingSteps = 64;

export class Director {
  /** Grows whenever another PoP might be chosen. */
  epoch = 1;
  /** Grows when PoPs themselves have changed, so that answers made before are void. */
  generation = 1;
  private readonly world: DirectorWorld;
  private rule: DirectorRule;
  private pops: readonly Pop[] = [];
  private slots = new Map<SteeringRule, number>();
  private candidates: (Candidates | undefined)[] = [];
  private readonly marks = new Map<string, PopMark>();
  private readonly choices = new Map<string, Choice>();
  private readonly networks4 = new Recent<number, ClientNetwork>(limits.placesHalf);
  private readonly networks6 = new Recent<string, ClientNetwork>(limits.placesHalf);
  /** Addresses of networks that are not at one place. */
  private readonly singles = new Recent<string, ClientNetwork>(limits.placesHalf);
  private geoRevision: number;

  constructor(world: DirectorWorld, rule: DirectorRule) {
    this.world = world;
    this.rule = rule;
    this.geoRevision = world.geo.revision;
  }

  /** PoPs, rules or settings have changed. */
  apply(rule: DirectorRule, rules: readonly SteeringRule[]): void {
    this.rule = rule;
    this.pops = this.world.pops();
    for (const { name } of this.pops) {
      if (!this.marks.has(name)) this.marks.set(name, { lastAnswerEndsMs: 0, moving: 0 });
    }
    this.slots = new Map(rules.map((each, at) => [each, at * familyCount]));
    this.choices.clear();
    this.generation++;
    this.refresh();
  }

  /** Health, load or what is drained has changed. */
  refresh(): void {
    this.candidates = [];
    this.epoch++;
  }

  /** Moves clients of PoPs with too much, and back. */
  spill(elapsedMs: number, ttlMs: number): void {
    let changed = false;
    for (const pop of this.pops) {
      const mark = this.marks.get(pop.name)!;
      const load = this.world.health.loadOf(pop.name);
      const wantedLoad = this.rule.wantedLoad;
      const moving = nextMoving(mark.moving, load, elapsedMs, { wantedLoad, ttlMs });
      if (Math.ceil(moving * movingSteps) !== Math.ceil(mark.moving * movingSteps)) changed = true;
      mark.moving = moving;
    }
    if (changed) this.refresh();
  }

  /** Monotonic, milliseconds; 0: no answer has named it. */
  lastAnswerEndsMs(pop: string): number {
    return this.marks.get(pop)?.lastAnswerEndsMs ?? 0;
  }

  /** The network that an address is in. */
  networkOf(address: ClientAddress): ClientNetwork {
    if (this.geoRevision !== this.world.geo.revision) {
      this.geoRevision = this.world.geo.revision;
      this.networks4.clear();
      this.networks6.clear();
      this.singles.clear();
    }
    const network = address.length === 4 ? this.network4(address) : this.network6(address);
    // Not all of it is at one place: then each address is looked at.
    return network.place.prefixBits > network.prefixBits ? this.single(address) : network;
  }

  choose(rule: SteeringRule, family: Family, network: ClientNetwork): Decision {
    if (network.epoch !== this.epoch) {
      network.epoch = this.epoch;
      network.choices.length = 0;
    }
    const slot = (this.slots.get(rule) ?? 0) + family;
    const known = network.choices[slot];
    if (known !== undefined) return known;
    const steered = this.steer(rule, family, network);
    const decision: Decision = {
      choice: this.choiceOf(steered.pops),
      reason: steered.reason,
      scopeBits: Math.max(network.place.prefixBits, steered.byPrefix ? network.prefixBits : 0),
    };
    network.choices[slot] = decision;
    return decision;
  }

  /** For explanations. */
  steer(rule: SteeringRule, family: Family, { place, hash }: ClientNetwork): Steered {
    const { latitude, longitude } = place;
    const location =
      latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
    const question = { location, clientHash: hash, nearKm: this.rule.nearKm };
    return steer(this.candidatesFor(rule, family), question);
  }

  candidatesFor(rule: SteeringRule, family: Family): Candidates {
    const slot = (this.slots.get(rule) ?? 0) + family;
    const known = this.candidates[slot];
    if (known !== undefined) return known;
    const found = candidatesOf(this.states(), rule.regions, (pop) => hasFamily(pop, family));
    this.candidates[slot] = found;
    return found;
  }

  states(): SteeredPop[] {
    return this.pops.map((pop) => {
      const { moving } = this.marks.get(pop.name)!;
      const steps = Math.ceil(moving * movingSteps) / movingSteps;
      return { pop, up: this.world.health.isUp(pop.name), moving: steps };
    });
  }

  private network4(address: ClientAddress): ClientNetwork {
    const { bytes } = address;
    const key = (bytes[0]! << 16) | (bytes[1]! << 8) | bytes[2]!;
    const known = this.networks4.get(key);
    if (known !== undefined) return known;
    const prefix = Buffer.from([bytes[0]!, bytes[1]!, bytes[2]!, 0]);
    const network = this.newNetwork(address, prefix);
    this.networks4.set(key, network);
    return network;
  }

  private network6(address: ClientAddress): ClientNetwork {
    const key = address.bytes.toString('latin1', 0, PREFIX_BITS_6 / 8);
    const known = this.networks6.get(key);
    if (known !== undefined) return known;
    const prefix = Buffer.alloc(16);
    address.bytes.copy(prefix, 0, 0, PREFIX_BITS_6 / 8);
    const network = this.newNetwork(address, prefix);
    this.networks6.set(key, network);
    return network;
  }

  private single(address: ClientAddress): ClientNetwork {
    const key = address.bytes.toString('latin1', 0, address.length);
    const known = this.singles.get(key);
    if (known !== undefined) return known;
    const whole = Buffer.from(address.bytes.subarray(0, address.length));
    const network = this.newNetwork(address, whole);
    this.singles.set(key, network);
    return network;
  }

  private newNetwork(address: ClientAddress, bytes: Buffer): ClientNetwork {
    const place = this.world.geo.locate(bytes);
    const prefixBits = address.length === 4 ? PREFIX_BITS_4 : PREFIX_BITS_6;
    return { place, prefixBits, hash: address.prefixHash(), epoch: 0, choices: [] };
  }

  private choiceOf(pops: readonly SteeredPop[]): Choice {
    const key = pops.map(({ pop }) => pop.name).join('\0');
    const known = this.choices.get(key);
    if (known !== undefined) return known;
    const choice: Choice = {
      id: this.choices.size,
      pops: pops.map(({ pop }) => pop),
      marks: pops.map(({ pop }) => this.marks.get(pop.name)!),
    };
    this.choices.set(key, choice);
    return choice;
  }
}

/** An answer for a choice has expired so much later. */
export function markAnswered({ marks }: Choice, endsMs: number): void {
  for (let at = 0; at < marks.length; at++) {
    const mark = marks[at]!;
    if (mark.lastAnswerEndsMs < endsMs) mark.lastAnswerEndsMs = endsMs;
  }
}

export function isIp6(address: string): boolean {
  return address.includes(':');
}

function hasFamily({ addresses }: Pop, family: Family): boolean {
  if (family === Family.any) return addresses.length > 0;
  return addresses.some((address) => isIp6(address) === (family === Family.ip6));
}
