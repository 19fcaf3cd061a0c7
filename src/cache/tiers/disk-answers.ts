/**
 * Answers plain requests from the disk in the turn in which they come: what is small is read from the system's page
 * cache and sent as it lies there, and no object is made of it.
 *
 *     record, read and verified ──fresh, no purge names it──▶ sent
 *                                   └─asked for lately as well─▶ taken into memory, and sent
 *
 * Invariant: an answer is what `DiskShelf.load` would have taken into memory for the same request. Whatever is not
 * plain goes that way. Hot: bench/cache, `disk`.
 */
import { Fields, nextFieldsId, type ReadyResponse } from '../../core/wire/index.ts';
import { TAGS_MAX } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Space } from '../objects/resource.ts';
import { SMALL_BODY_BYTES } from '../objects/stored-response.ts';
import { type PurgeLedger, tagsOf } from '../purge/index.ts';
import type { DiskTier, RecordNow } from '../ssd/index.ts';
import { AskedLately } from './asked-lately.ts';
import type { OwnerHash } from './owner-hash.ts';
import { MetaView } from './stored-meta.ts';

const fields = new Fields();
const NO_TAGS: readonly number[] = [];

/** A plain request. */
export interface Asked {
  readonly space: Space;
  readonly key: string;
  readonly nowMs: number;
  /** The variant that it asks for, by the names of fields. */
  variantOf(names: readonly string[]): string;
}

/** A response as it was read; valid until the next one is asked for. */
export class DiskAnswer extends MetaView implements ReadyResponse {
  fieldsId = 0;
  bodyStart = 0;
  bodyBytes = 0;
  sequence = 0;
  tag = 0;

  /** False: it is not to be sent as it is. */
  take({ buffer, metaStart, bodyStart, bodyBytes, sequence, tag }: RecordNow): boolean {
    if (bodyBytes === 0 || bodyBytes > SMALL_BODY_BYTES) return false;
    if (!this.read(buffer, metaStart, bodyStart) || !this.asStored) return false;
    this.bodyStart = bodyStart;
    this.bodyBytes = bodyBytes;
    this.sequence = sequence;
    this.tag = tag;
    this.fieldsId = nextFieldsId();
    return true;
  }
}

export class DiskAnswers {
  private readonly tier: DiskTier;
  private readonly objects: ObjectStore;
  private readonly ledger: PurgeLedger;
  private readonly owner: OwnerHash;
  private readonly lately: AskedLately;
  private readonly answer = new DiskAnswer();
  private asked: Asked | null = null;
  private readonly isWanted = (record: RecordNow): boolean => {
    const { answer, owner, asked } = this;
    if (asked === null || !answer.take(record) || !answer.isOf(owner.bytes, owner.length)) {
      return false;
    }
    return !answer.varies || asked.variantOf(answer.varyNames) === answer.variant;
  };

  constructor(options: {
    readonly tier: DiskTier;
    readonly objects: ObjectStore;
    readonly ledger: PurgeLedger;
    readonly owner: OwnerHash;
  }) {
    this.tier = options.tier;
    this.objects = options.objects;
    this.ledger = options.ledger;
    this.owner = options.owner;
    this.lately = new AskedLately(options.objects.memory.bytesMax);
  }

  /** What there is for a request of whose key nothing is in memory; null: it has to be loaded, if there is anything. */
  find(asked: Asked): DiskAnswer | null {
    const { tier, owner, answer, ledger } = this;
    const { space, key, nowMs } = asked;
    owner.of(space.name, key);
    this.asked = asked;
    const record = tier.findNow(owner.low, owner.high, this.isWanted);
    this.asked = null;
    if (record === null || nowMs >= answer.freshUntilMs) return null;
    return answer.sequence >= ledger.seq || this.isUnpurged(key) ? answer : null;
  }

  /**
   * The answer that was found last is used: memory takes it, if that is worth it. To be called before it is sent, for
   * another request may come with that.
   * @returns whether memory has it now.
   */
  use(space: Space, key: string): boolean {
    this.tier.usedNow();
    const { owner, answer } = this;
    // Each variant for itself.
    return this.lately.note(owner.low, owner.high ^ answer.tag) && this.keep(space, key);
  }

  private keep(space: Space, key: string): boolean {
    const { answer, objects, ledger } = this;
    const tags = this.retainTags();
    if (tags === null) return false;
    const resource = objects.resourceOf(space, key);
    const stored = objects.begin(resource);
    const { buffer, bodyStart, bodyBytes } = answer;
    if (!stored.keepWhole(answer, buffer, bodyStart, bodyStart + bodyBytes)) {
      ledger.release(tags);
      objects.forget(resource);
      return false;
    }
    answer.tell(stored);
    stored.tags = tags;
    stored.seq = ledger.seq;
    stored.onDisk = true;
    objects.add(stored);
    return true;
  }

  private isUnpurged(key: string): boolean {
    const { ledger, answer } = this;
    const tags = this.retainTags();
    if (tags === null) return false;
    const verdict = ledger.verdictOn(key, tags, answer.sequence);
    ledger.release(tags);
    return verdict === undefined;
  }

  /** Null: they are too many, so that a purge might miss it. */
  private retainTags(): readonly number[] | null {
    fields.reset();
    this.answer.readFields(fields);
    const tags = tagsOf(fields, TAGS_MAX);
    fields.reset();
    if (tags === null) return null;
    return tags.length === 0 ? NO_TAGS : this.ledger.retainTags(tags);
  }
}
