/**
 * What the parts of a stage share: the rule that holds, what is stored, what was purged, and how a response for a
 * request is found.
 */
import type { Handler } from '../../core/http/index.ts';
import type { Random } from '../../core/runtime/index.ts';
import { FieldId, type Fields } from '../../core/wire/index.ts';
import { type CodingWork, codingOf } from '../compression/index.ts';
import type { Flight } from '../flights/flight.ts';
import { TAGS_MAX } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Resource, Space } from '../objects/resource.ts';
import type { StoredResponse } from '../objects/stored-response.ts';
import { cacheStatus, type Handled, variantOf } from '../policy/index.ts';
import { type PurgeLedger, tagsOf } from '../purge/index.ts';
import type { DiskShelf } from '../tiers/disk-shelf.ts';
import type { Counts } from './counts.ts';
import type { CacheRule } from './rule.ts';
import { fieldsOf, makeStale } from './stored-facts.ts';
import type { Visit } from './visit.ts';

export const CACHE_NAME = 'plinth';

/** The rule that holds now: changes of the settings put another one here. */
export interface RuleRef {
  current: CacheRule;
}

export interface StageContext {
  readonly objects: ObjectStore;
  readonly ledger: PurgeLedger;
  readonly counts: Counts;
  readonly random: Random;
  readonly codings: CodingWork;
  wallMs(): number;
  /** The disk behind the memory; null: there is none. */
  shelf(): DiskShelf | null;
  /** A longer body is not stored. */
  objectBytesMax(): number;
}

export interface StageOptions {
  readonly context: StageContext;
  readonly rules: RuleRef;
  readonly space: Space;
  /** What comes behind the cache. */
  readonly next: Handler;
}

export class StageParts {
  readonly context: StageContext;
  readonly objects: ObjectStore;
  readonly ledger: PurgeLedger;
  readonly counts: Counts;
  readonly space: Space;
  readonly next: Handler;
  private readonly rules: RuleRef;

  constructor({ context, rules, space, next }: StageOptions) {
    this.context = context;
    this.objects = context.objects;
    this.ledger = context.ledger;
    this.counts = context.counts;
    this.rules = rules;
    this.space = space;
    this.next = next;
  }

  get rule(): CacheRule {
    return this.rules.current;
  }

  wallMs(): number {
    return this.context.wallMs();
  }

  /** It is worth being kept: from the second use on also on the disk. */
  used(stored: StoredResponse): void {
    this.objects.used(stored);
    if (!stored.onDisk) this.context.shelf()?.keep(stored);
  }

  /** What is known under a key of the route. */
  find(key: string): Resource | undefined {
    return this.objects.find(this.space, key);
  }

  select(resource: Resource, request: Fields): StoredResponse | null {
    for (let at = resource.newest; at !== null; at = at.nextVariant) {
      if (this.isVariant(at, request)) return at;
    }
    return null;
  }

  isVariant({ varyNames: names, variant }: StoredResponse, request: Fields): boolean {
    return names.length === 0 || this.variantFor(names, request) === variant;
  }

  /** The variant that a request asks for, by these names. */
  variantFor(names: readonly string[], request: Fields): string {
    return variantOf(names, request, this.rule.normalisers);
  }

  /**
   * Whether a request takes the coding of a response that still comes; of one that is whole another can be made.
   * Without compression that is what Vary is for.
   */
  isCodingAccepted(stored: StoredResponse, request: Fields): boolean {
    if (this.rule.compression === null) return true;
    const coding = codingOf(fieldsOf(stored)) ?? 'identity';
    if (coding === 'identity') return true;
    const list = request.getList(FieldId.acceptEncoding);
    return this.context.codings.accepted.weightsOf(list)[coding] > 0;
  }

  /** What was stored for a request, behind all purges. */
  selectUnpurged(resource: Resource, request: Fields): StoredResponse | null {
    for (;;) {
      const stored = this.select(resource, request);
      if (stored === null || stored.seq === this.ledger.seq) return stored;
      const verdict = this.ledger.verdictOn(resource.key, stored.tags, stored.seq);
      stored.seq = this.ledger.seq;
      if (verdict === 'hard') {
        this.objects.remove(stored);
        continue;
      }
      if (verdict === 'soft') makeStale(stored, this.wallMs());
      return stored;
    }
  }

  /**
   * Takes over the tags that an update of its fields has brought.
   * @param seq of purges when that was asked for.
   * @returns false: it is gone, since a purge behind that names its new tags, or they are too many.
   */
  retag(stored: StoredResponse, update: Fields, seq: number): boolean {
    if (!update.has(FieldId.surrogateKey) && !update.has(FieldId.cacheTag)) return true;
    const names = tagsOf(fieldsOf(stored), TAGS_MAX);
    const tags = this.ledger.retainTags(names ?? []);
    if (names === null || this.ledger.verdictOn(stored.resource.key, tags, seq) !== undefined) {
      this.ledger.release(tags);
      this.objects.remove(stored);
      return false;
    }
    this.ledger.release(stored.tags);
    this.objects.retag(stored, tags);
    return true;
  }

  isPurged(flight: Flight, tags: readonly number[]): boolean {
    return this.ledger.verdictOn(flight.resource.key, tags, flight.seq) !== undefined;
  }

  /** There may be purges that are not known here: what is stored is to be validated, whatever it says. */
  isInDoubt(nowMs: number): boolean {
    return nowMs >= this.ledger.completeUntilMs;
  }

  statusText(handled: Handled): string {
    return this.rule.cacheStatus ? cacheStatus(CACHE_NAME, handled) : '';
  }

  /** Whether a response to others would do for it as well: it wants nothing newer than they do. */
  asksForNothing({ directives }: Visit): boolean {
    return (
      !directives.has('no-cache') &&
      !directives.has('no-store') &&
      !directives.has('max-age') &&
      !directives.has('min-fresh')
    );
  }
}

/** It is to be validated from now on, whatever its times say (RFC 9111 section 4.4). */
export function invalidate(stored: StoredResponse): void {
  stored.invalidated = true;
  stored.freshUntilMs = 0;
}
