/**
 * What is known under one key: the responses stored for it, the fetches under way, and whether to pass by.
 *
 * Invariant: one that knows nothing stands in no index, and so does one that has fallen asleep.
 */
import type { Slot } from '../eviction/queue.ts';
import type { Flight } from '../flights/flight.ts';
import type { Loading } from '../tiers/loading.ts';
import type { StoredResponse } from './stored-response.ts';

/** Keys of one route: equal URLs of two routes are two resources. */
export class Space {
  readonly name: string;
  /** Among the spaces of a store. */
  readonly number: number;
  /** Resources that are objects; the others are records (sleepers.ts). */
  readonly awake: Map<string, Resource> = new Map();
  /** How many are records. */
  asleep = 0;

  constructor(name: string, number: number) {
    this.name = name;
    this.number = number;
  }

  /** Keys that something is known under. */
  get size(): number {
    return this.awake.size + this.asleep;
  }
}

/** A mark that says to pass by stands in the eviction queue as a response does. */
export interface PassMark {
  readonly resource: Resource;
  readonly bytes: number;
  slot: Slot;
}

export class Resource {
  readonly space: Space;
  readonly key: string;
  readonly hash: number;
  /** The newest of its responses; others hang on it. */
  newest: StoredResponse | null = null;
  variants = 0;
  /** Parts of representations of which not all is there, the oldest first; null: none. */
  parts: StoredResponse[] | null = null;
  /** Fetches under way; null: none. */
  flights: Set<Flight> | null = null;
  /** Who waits for what the disk has of it; null: nobody. */
  loading: Loading | null = null;
  /** Responses to it are not stored, as was seen: until then nobody waits for another one's fetch. */
  pass: PassMark | null = null;
  passUntilMs = 0;
  /** Why they were not stored; empty when nobody said. */
  passReason = '';
  /** Uses since somebody looked whether it may rest, up to one; -1: the one that has woken it is still to come. */
  touches = 0;
  /** It waits for that. */
  awaitsRest = false;

  constructor(space: Space, key: string, hash: number) {
    this.space = space;
    this.key = key;
    this.hash = hash;
  }

  get isEmpty(): boolean {
    return (
      this.newest === null &&
      this.parts === null &&
      this.flights === null &&
      this.pass === null &&
      this.loading === null
    );
  }

  /** Nothing is under way: it may fall asleep. */
  get isAtRest(): boolean {
    if (this.parts !== null || this.flights !== null || this.pass !== null) return false;
    if (this.loading !== null || this.newest === null) return false;
    for (let at: StoredResponse | null = this.newest; at !== null; at = at.nextVariant) {
      if (!at.isAtRest) return false;
    }
    return true;
  }

  /** It becomes the newest. */
  link(stored: StoredResponse): void {
    if (stored.partial !== null) {
      this.parts ??= [];
      this.parts.push(stored);
      return;
    }
    stored.nextVariant = this.newest;
    this.newest = stored;
    this.variants++;
  }

  unlink(stored: StoredResponse): void {
    if (stored.partial !== null) {
      const left = (this.parts ?? []).filter((part) => part !== stored);
      this.parts = left.length === 0 ? null : left;
      return;
    }
    let before: StoredResponse | null = null;
    for (let at = this.newest; at !== null; before = at, at = at.nextVariant) {
      if (at !== stored) continue;
      if (before === null) this.newest = stored.nextVariant;
      else before.nextVariant = stored.nextVariant;
      stored.nextVariant = null;
      this.variants--;
      return;
    }
  }
}
