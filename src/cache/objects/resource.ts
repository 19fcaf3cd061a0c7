/**
 * What is known under one key: the responses stored for it, the fetches under way, and whether to pass by.
 *
 * Invariant: one that knows nothing stands in no index.
 */
import type { Evictable } from '../eviction/queue.ts';
import type { Flight } from '../flights/flight.ts';
import type { Loading } from '../tiers/loading.ts';
import type { StoredResponse } from './stored-response.ts';

/** Keys of one route: equal URLs of two routes are two resources. */
export class Space {
  readonly name: string;
  readonly resources: Map<string, Resource> = new Map();

  constructor(name: string) {
    this.name = name;
  }
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
  pass: Evictable | null = null;
  passUntilMs = 0;
  /** Why they were not stored; empty when nobody said. */
  passReason = '';

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
