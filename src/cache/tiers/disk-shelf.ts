/**
 * The disk behind the memory: what is worth it is written when it is used a second time or leaves memory, and read
 * back when it is asked for.
 *
 *     stored ──used again, or evicted──▶ disk ──asked for──▶ memory
 *
 * Invariants: what a purge names is not taken back from the disk; what leaves memory for another reason than room
 * leaves the disk as well; nothing here keeps a client waiting for a write.
 */
import { Fields } from '../../core/wire/index.ts';
import { TAGS_MAX } from '../limits.ts';
import type { ObjectStore } from '../objects/object-store.ts';
import type { Resource, Space } from '../objects/resource.ts';
import { SMALL_BODY_BYTES, type StoredResponse } from '../objects/stored-response.ts';
import { decodePurge, encodePurge, type Purge, type PurgeLedger, tagsOf } from '../purge/index.ts';
import type { BodyReading, DiskRecord, DiskTier, RecordFacts, TierStats } from '../ssd/index.ts';
import { makeStale } from '../stage/stored-facts.ts';
import { type Asked, type DiskAnswer, DiskAnswers } from './disk-answers.ts';
import { OwnerHash } from './owner-hash.ts';
import { encodeMeta, MetaView, ownerOf, type StoredMeta } from './stored-meta.ts';

/** A response that is stale so soon is not worth a write, milliseconds. */
const FRESH_MS_MIN = 2000;
/** What leaves memory stays there until it is written: this part of memory at most waits for that. */
const QUEUED_SHARE = 1 / 8;
const QUEUED_BYTES_MAX = 32 * 1024 * 1024;
/** So much of the queue is filled before it is waited for. */
const WAIT_SHARE = 1 / 4;

/** For what is read in one go. */
const fields = new Fields();
const view = new MetaView();

export interface ShelfCounts {
  /** Responses taken back into memory, and records that could not be. */
  loaded: number;
  notLoaded: number;
}

/** Of several variants the one. */
export type IsWanted = (varyNames: readonly string[], variant: string) => boolean;

/** A response on the disk, without its body. */
export interface Peeked {
  readonly meta: StoredMeta;
  readonly fields: Fields;
  readonly bodyBytes: number;
  readonly sequence: number;
}

export interface Wanted {
  readonly space: Space;
  readonly key: string;
  /** Of several variants the one; what cannot be told is wanted. */
  readonly isWanted: IsWanted;
  /** Something has come that makes it of no use. */
  readonly isOvertaken: () => boolean;
}

export class DiskShelf {
  readonly counts: ShelfCounts = { loaded: 0, notLoaded: 0 };
  private readonly tier: DiskTier;
  private readonly objects: ObjectStore;
  private readonly ledger: PurgeLedger;
  private readonly wallMs: () => number;
  private readonly owner: OwnerHash;
  private readonly answers: DiskAnswers;

  constructor(options: {
    readonly tier: DiskTier;
    readonly objects: ObjectStore;
    readonly ledger: PurgeLedger;
    wallMs(): number;
  }) {
    this.tier = options.tier;
    this.objects = options.objects;
    this.ledger = options.ledger;
    this.wallMs = options.wallMs;
    const { tier, objects, ledger } = options;
    this.owner = new OwnerHash(tier.hashSeeds);
    this.answers = new DiskAnswers({ tier, objects, ledger, owner: this.owner });
  }

  /** Whether the disk may have something under a key. */
  has(space: Space, key: string): boolean {
    const { low, high } = this.owner.of(space.name, key);
    return this.tier.has(low, high);
  }

  /** An answer to a plain request in this turn, if there is one; `useNow` before it is sent. Null: `load` it. */
  findNow(asked: Asked): DiskAnswer | null {
    return this.answers.find(asked);
  }

  useNow({ space, key }: Asked): void {
    if (this.answers.use(space, key)) this.counts.loaded++;
  }

  /**
   * Takes a response into memory.
   * @param done in a later turn; true: something was stored.
   */
  load({ space, key, isWanted, isOvertaken }: Wanted, done: (stored: boolean) => void): void {
    const { low, high } = this.owner.of(space.name, key);
    const finish = (stored: StoredResponse | null): void => {
      if (stored === null) this.counts.notLoaded++;
      else this.counts.loaded++;
      done(stored !== null);
    };
    this.tier.find(low, high, isMeant(ownerOf(space.name, key), isWanted)).then(
      (record) =>
        record === null ? finish(null) : this.take({ space, key }, record, isOvertaken, finish),
      () => finish(null),
    );
  }

  /** What it has for a request, but for the body, for people. The fields are the receiver's. */
  async peek(space: Space, key: string, isWanted: IsWanted): Promise<Peeked | null> {
    const { low, high } = this.owner.of(space.name, key);
    const record = await this.tier.find(low, high, isMeant(ownerOf(space.name, key), isWanted));
    if (record === null || !view.read(record.meta, 0, record.meta.length)) return null;
    const own = new Fields();
    view.readFields(own);
    const { bodyBytes, sequence } = record;
    return { meta: view.whole(), fields: own, bodyBytes, sequence };
  }

  /** Writes a response, if it is worth it and there is room in the queue. */
  keep(stored: StoredResponse): void {
    if (!stored.complete || !this.isWorthIt(stored)) return;
    const { resource, bodyBytes } = stored;
    const { low, high } = this.owner.of(resource.space.name, resource.key);
    // Its segment may have left since.
    if (stored.onDisk && this.tier.has(low, high)) return;
    const small = bodyBytes <= SMALL_BODY_BYTES;
    const body: Buffer[] = [];
    for (let at = 0; at < bodyBytes; ) {
      const bytes = stored.body(at, bodyBytes);
      at += bytes.length;
      // A small body may move while it waits to be written.
      body.push(small ? Buffer.from(bytes) : bytes);
    }
    if (!small) stored.pin();
    const answer = this.tier.put({
      ...{ hashLow: low, hashHigh: high, body },
      tag: tagOf(stored),
      sequence: stored.seq,
      meta: this.metaOf(stored),
      done: (written) => {
        if (!written) stored.onDisk = false;
        if (!small) stored.unpin();
      },
    });
    if (answer === 'queued') stored.onDisk = true;
    else if (!small) stored.unpin();
  }

  /** Writes a purge to where it outlives the process. @throws DiskTierError */
  keepPurge(purge: Purge, seq: number): Promise<void> {
    return this.tier.appendPurge(seq, encodePurge(purge));
  }

  /** What earlier processes have purged and written, for a ledger that has not been used yet. */
  restore(): void {
    for (const { sequence, bytes } of this.tier.purges()) {
      const purge = decodePurge(bytes);
      // One that cannot be read may have named anything.
      this.ledger.restore(purge ?? { kind: 'all', value: '', soft: false }, sequence);
    }
    this.ledger.advance(this.tier.sequenceMax);
  }

  /** Writes all that is worth it, as far as the queue takes it, and waits for what is queued. */
  async keepAll(): Promise<void> {
    const wait = queuedBytesMax(this.objects.memory.bytesMax) * WAIT_SHARE;
    for (const stored of this.objects.responses()) {
      this.keep(stored);
      if (this.tier.stats().queuedBytes >= wait) await this.tier.flush();
    }
    await this.tier.flush();
  }

  /** Resolves when what is queued now is written, or could not be. */
  flushed(): Promise<void> {
    return this.tier.flush();
  }

  stats(): TierStats {
    return this.tier.stats();
  }

  close(): Promise<void> {
    return this.tier.close();
  }

  /** A response has left memory because it is not to be used again. */
  forget(stored: StoredResponse): void {
    if (stored.onDisk) this.forgetKey(stored.resource, tagOf(stored));
  }

  /** What the disk has under a key is not to be used again. @param tag of one variant; without it: all. */
  forgetKey({ space, key }: Pick<Resource, 'space' | 'key'>, tag?: number): void {
    const { low, high } = this.owner.of(space.name, key);
    if (this.tier.has(low, high)) this.tier.remove(low, high, tag);
  }

  private take(
    { space, key }: Pick<Wanted, 'space' | 'key'>,
    record: DiskRecord,
    isOvertaken: () => boolean,
    finish: (stored: StoredResponse | null) => void,
  ): void {
    const stored = this.objects.begin(this.objects.resourceOf(space, key));
    stored.pin();
    const end = (whole: boolean): void => {
      const added = whole && !isOvertaken() && this.add(stored);
      if (!added) {
        stored.leave();
        this.ledger.release(stored.tags);
        this.objects.forget(stored.resource);
      }
      stored.unpin();
      finish(added ? stored : null);
    };
    if (!this.tell(stored, record)) end(false);
    else if (record.bodyBytes > SMALL_BODY_BYTES) this.readLong(stored, record, end);
    else this.readShort(stored, record, end);
  }

  /** What is known of it without its body. False: it cannot be read. */
  private tell(stored: StoredResponse, { meta, sequence }: DiskRecord): boolean {
    if (!view.read(meta, 0, meta.length)) return false;
    view.tell(stored);
    stored.seq = sequence;
    fields.reset();
    view.readFields(fields);
    const tags = tagsOf(fields, TAGS_MAX);
    if (tags === null) return false;
    stored.tags = this.ledger.retainTags(tags);
    return true;
  }

  /** Into the block of its fields. */
  private readShort(
    stored: StoredResponse,
    record: DiskRecord,
    end: (whole: boolean) => void,
  ): void {
    const pieces: Buffer[] = [];
    const { meta, bodyBytes } = record;
    const range = { from: 0, to: bodyBytes };
    this.tier.readBody(record, range, {
      onPiece: (piece) => pieces.push(piece) > 0,
      onEnd: (problem) => {
        const body = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
        const isThere = problem === null && view.read(meta, 0, meta.length);
        end(isThere && stored.keepWhole(view, body, 0, bodyBytes));
      },
    });
  }

  private readLong(
    stored: StoredResponse,
    record: DiskRecord,
    end: (whole: boolean) => void,
  ): void {
    // Others that leave for its sake are written meanwhile: the fields are its own.
    const own = new Fields();
    const { meta, bodyBytes } = record;
    view.read(meta, 0, meta.length);
    view.readFields(own);
    if (!stored.keepFields(own)) {
      end(false);
      return;
    }
    stored.beginBody(bodyBytes);
    let fitted = true;
    let reading: BodyReading | null = null;
    reading = this.tier.readBody(
      record,
      { from: 0, to: bodyBytes },
      {
        onPiece: (piece) => {
          fitted &&= stored.append(piece);
          if (!fitted) reading?.cancel();
          return fitted;
        },
        onEnd: (problem) => end(problem === null && fitted),
      },
    );
    // What is at hand is given before there is anything to cancel.
    if (!fitted) reading.cancel();
  }

  /** False: a purge names it, or there is something newer in memory. */
  private add(stored: StoredResponse): boolean {
    const { resource, seq, tags } = stored;
    const verdict = this.ledger.verdictOn(resource.key, tags, seq);
    for (let at = resource.newest; at !== null; at = at.nextVariant) {
      if (at.variant === stored.variant) return false;
    }
    if (verdict === 'hard') {
      this.forgetKey(resource, tagOf(stored));
      return false;
    }
    stored.finish();
    stored.onDisk = true;
    if (verdict === 'soft') makeStale(stored, stored.responseMs);
    stored.seq = this.ledger.seq;
    this.objects.add(stored);
    return true;
  }

  private isWorthIt({ freshUntilMs, gone, partial }: StoredResponse): boolean {
    // Of parts nobody knows whether more will come.
    return !gone && partial === null && freshUntilMs - this.wallMs() >= FRESH_MS_MIN;
  }

  private metaOf(stored: StoredResponse): Buffer {
    const { resource, varyNames, variant, status, invalidated } = stored;
    const { responseMs, initialAgeSeconds, lifetimeSeconds, freshUntilMs } = stored;
    const times = { responseMs, initialAgeSeconds, lifetimeSeconds, freshUntilMs };
    const named = { space: resource.space.name, key: resource.key, varyNames, variant };
    return encodeMeta({ ...named, status, invalidated, ...times }, stored);
  }
}

/** Chooses among the records under a hash. @param owner `ownerOf` what is wanted. */
function isMeant(owner: string, isWanted: IsWanted): (record: DiskRecord) => boolean {
  const bytes = Buffer.from(owner, 'latin1');
  return ({ meta }) =>
    view.read(meta, 0, meta.length) &&
    view.isOf(bytes, bytes.length) &&
    isWanted(view.varyNames, view.variant);
}

/** How much may wait to be written, behind so much memory. */
export function queuedBytesMax(memoryBytes: number): number {
  return Math.min(QUEUED_BYTES_MAX, memoryBytes * QUEUED_SHARE);
}

/** What a segment that leaves may keep: a record that is used and that no purge names. */
export function keptOf(
  record: RecordFacts,
  ledger: PurgeLedger,
  nowMs: number,
): { readonly sequence: number; readonly meta: Buffer } | null {
  const { meta, sequence } = record;
  if (!view.read(meta, 0, meta.length) || view.freshUntilMs <= nowMs) return null;
  fields.reset();
  view.readFields(fields);
  const ids = ledger.retainTags(tagsOf(fields, TAGS_MAX) ?? []);
  const verdict = ledger.verdictOn(view.whole().key, ids, sequence);
  ledger.release(ids);
  return verdict === undefined ? { sequence: ledger.seq, meta } : null;
}

/** Sets the variants of one key apart. */
function tagOf({ variant, varyNames }: StoredResponse): number {
  let hash = 0x811c9dc5;
  for (const text of [...varyNames, variant]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0x100, 0x01000193);
  }
  return hash >>> 0;
}
