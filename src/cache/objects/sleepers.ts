/**
 * Responses at rest, as records outside the heap: what a cache keeps by the million costs the collector nothing.
 *
 * A record holds what a `StoredResponse` knows, and the address of its fields and its body, which stay where they are.
 * The newest variant of a resource stands in a hash table of chains, the older ones hang on it. The table grows by a
 * bucket with each resource (linear hashing: Litwin 1980), so that no insertion waits for all others to move.
 *
 *     0  responseMs  8 initialAge  16 lifetime  24 freshUntil  32 seq  40 fetchMs          floats
 *     48 next in the chain  52 hash  56 older variant  60 slot
 *     64 fields and body  68 where the body begins there  72 bytes of the body  76 status | flags << 16
 *     80 space | bytes of the key << 16  84 names that it varies by | tags << 16  88 bytes of the variant  92 –
 *     96 tags, four bytes each; key; variant
 *
 * Invariants: a record belongs to one resource; what it says is what the response said when it fell asleep, but for
 * `seq`, which the sweeper of purges may raise.
 */
import { equalBytes } from '../../core/base/index.ts';
import { type Address, byteOffset } from '../../core/memory/index.ts';
import type { ObjectMemory } from './object-memory.ts';

const HEAD_BYTES = 96;
const SEQ = 4;
const NEXT = 12;
const HASH = 13;
const OLDER = 14;
const SLOT = 15;
const SIZES = 20;
const LISTS = 21;
const VARIANT = 22;
const BUCKETS_MIN = 1024;
/** Lists of names kept by number; a response with another one stays awake. */
const NAME_LISTS_MAX = 4096;
const LENGTH_MAX = 0xffff;

/** What a record has of a response. */
export interface Sleeper {
  slot: number;
  /** Fields and body. */
  record: Address;
  bodyAt: number;
  bodyBytes: number;
  status: number;
  flags: number;
  responseMs: number;
  initialAgeSeconds: number;
  lifetimeSeconds: number;
  freshUntilMs: number;
  seq: number;
  fetchMs: number;
  varyNames: readonly string[];
  variant: string;
  tags: readonly number[];
}

/** What it is stored under. */
interface Named {
  readonly space: { readonly number: number };
  readonly key: string;
  readonly hash: number;
}

export class Sleepers {
  /** Resources. */
  count = 0;
  /** Grows with each change of the table. */
  changes = 0;
  private readonly memory: ObjectMemory;
  private buckets: Uint32Array = new Uint32Array(BUCKETS_MIN);
  /** Buckets in use: from `BUCKETS_MIN` on. */
  private used: number = BUCKETS_MIN;
  private readonly nameLists: (readonly string[])[] = [NO_NAMES];
  private readonly nameNumbers = new Map<string, number>([['', 0]]);

  constructor(memory: ObjectMemory) {
    this.memory = memory;
  }

  /** What the table takes of memory, records not counted. */
  get tableBytes(): number {
    return this.buckets.byteLength;
  }

  /**
   * Writes a record that is in no chain yet.
   * @param older the record of the next older variant, 0 for none.
   * @returns 0: there is no room, or it cannot be a record.
   */
  write({ space, key, hash }: Named, sleeper: Sleeper, older: Address): Address {
    const { memory } = this;
    const { variant, tags, varyNames } = sleeper;
    if (key.length > LENGTH_MAX || tags.length > LENGTH_MAX) return 0;
    if (space.number > LENGTH_MAX) return 0;
    const names = this.numberOf(varyNames);
    if (names === -1) return 0;
    const bytes = HEAD_BYTES + tags.length * 4 + key.length + variant.length;
    const address = memory.takeSpare(bytes);
    if (address === 0) return 0;
    const at = byteOffset(address);
    const floats = memory.floatsOf(address);
    let float = at >>> 3;
    floats[float++] = sleeper.responseMs;
    floats[float++] = sleeper.initialAgeSeconds;
    floats[float++] = sleeper.lifetimeSeconds;
    floats[float++] = sleeper.freshUntilMs;
    floats[float++] = sleeper.seq;
    floats[float++] = sleeper.fetchMs;
    const words = memory.wordsOf(address);
    let word = (at >>> 2) + NEXT;
    words[word++] = 0;
    words[word++] = hash;
    words[word++] = older;
    words[word++] = sleeper.slot;
    words[word++] = sleeper.record;
    words[word++] = sleeper.bodyAt;
    words[word++] = sleeper.bodyBytes;
    words[word++] = sleeper.status | (sleeper.flags << 16);
    words[word++] = space.number | (key.length << 16);
    words[word++] = names | (tags.length << 16);
    words[word++] = variant.length;
    words[word++] = 0;
    for (const tag of tags) words[word++] = tag;
    const buffer = memory.bytesOf(address);
    const text = at + HEAD_BYTES + tags.length * 4;
    buffer.write(key, text, 'latin1');
    buffer.write(variant, text + key.length, 'latin1');
    return address;
  }

  read(address: Address, to: Sleeper): void {
    const { memory } = this;
    const at = byteOffset(address);
    const floats = memory.floatsOf(address);
    const float = at >>> 3;
    const words = memory.wordsOf(address);
    const word = at >>> 2;
    const lists = words[word + LISTS]!;
    const status = words[word + 19]!;
    const length = words[word + VARIANT]!;
    to.slot = words[word + SLOT]!;
    to.record = words[word + 16]!;
    to.bodyAt = words[word + 17]!;
    to.bodyBytes = words[word + 18]!;
    to.status = status & LENGTH_MAX;
    to.flags = status >>> 16;
    to.responseMs = floats[float]!;
    to.initialAgeSeconds = floats[float + 1]!;
    to.lifetimeSeconds = floats[float + 2]!;
    to.freshUntilMs = floats[float + 3]!;
    to.seq = floats[float + SEQ]!;
    to.fetchMs = floats[float + 5]!;
    to.varyNames = this.nameLists[lists & LENGTH_MAX]!;
    to.tags = this.tagsOf(address);
    to.variant = '';
    if (length === 0) return;
    const text = at + HEAD_BYTES + (lists >>> 16) * 4 + (words[word + SIZES]! >>> 16);
    to.variant = memory.bytesOf(address).toString('latin1', text, text + length);
  }

  // What the sweeper of purges asks for.

  seqOf(address: Address): number {
    return this.memory.floatsOf(address)[(byteOffset(address) >>> 3) + SEQ]!;
  }

  raiseSeq(address: Address, seq: number): void {
    this.memory.floatsOf(address)[(byteOffset(address) >>> 3) + SEQ] = seq;
  }

  keyOf(address: Address): string {
    const word = byteOffset(address) >>> 2;
    const words = this.memory.wordsOf(address);
    const text = byteOffset(address) + HEAD_BYTES + (words[word + LISTS]! >>> 16) * 4;
    const end = text + (words[word + SIZES]! >>> 16);
    return this.memory.bytesOf(address).toString('latin1', text, end);
  }

  tagsOf(address: Address): readonly number[] {
    const words = this.memory.wordsOf(address);
    const word = byteOffset(address) >>> 2;
    const count = words[word + LISTS]! >>> 16;
    if (count === 0) return NO_TAGS;
    const tags: number[] = [];
    const first = word + HEAD_BYTES / 4;
    for (let i = 0; i < count; i++) tags.push(words[first + i]!);
    return tags;
  }

  hashOf(address: Address): number {
    return this.word(address, HASH);
  }

  slotOf(address: Address): number {
    return this.word(address, SLOT);
  }

  spaceOf(address: Address): number {
    return this.word(address, SIZES) & LENGTH_MAX;
  }

  /** The next older variant; 0: there is none. */
  olderOf(address: Address): Address {
    return this.word(address, OLDER);
  }

  /** Whether it is the newest variant of its resource, and the only one. */
  isAlone(address: Address): boolean {
    return this.olderOf(address) === 0 && this.isIn(this.bucketOf(this.hashOf(address)), address);
  }

  /** Gives a record back that is in no chain; fields and body stay. */
  drop(address: Address): void {
    this.memory.free(address);
  }

  // The table.

  /** The record of the newest variant; 0: it is not here. @param key latin1, `length` bytes from 0 on. */
  find(space: number, hash: number, key: Buffer, length: number): Address {
    let at = this.buckets[this.bucketOf(hash)]!;
    while (at !== 0) {
      const words = this.memory.wordsOf(at);
      const word = byteOffset(at) >>> 2;
      if (words[word + HASH] === hash && this.isFor(at, space, key, length)) return at;
      at = words[word + NEXT]!;
    }
    return 0;
  }

  insert(address: Address): void {
    this.changes++;
    this.count++;
    if (this.count > this.used) this.split();
    const bucket = this.bucketOf(this.word(address, HASH));
    this.setWord(address, NEXT, this.buckets[bucket]!);
    this.buckets[bucket] = address;
  }

  /** Takes a record out of its chain. */
  remove(address: Address): void {
    this.changes++;
    this.count--;
    const bucket = this.bucketOf(this.word(address, HASH));
    const next = this.word(address, NEXT);
    let at = this.buckets[bucket]!;
    if (at === address) {
      this.buckets[bucket] = next;
      return;
    }
    for (; ; at = this.word(at, NEXT)) {
      if (this.word(at, NEXT) !== address) continue;
      this.setWord(at, NEXT, next);
      return;
    }
  }

  /**
   * Records of the newest variants, whatever comes and goes between two of them. One that is there throughout is
   * given at least once.
   */
  *each(): Generator<Address> {
    const chain: Address[] = [];
    for (let bucket = 0; bucket < this.used; bucket++) {
      for (let at = this.buckets[bucket]!; at !== 0; at = this.word(at, NEXT)) chain.push(at);
      const { changes } = this;
      for (const at of chain) if (this.changes === changes || this.isIn(bucket, at)) yield at;
      chain.length = 0;
    }
  }

  private isIn(bucket: number, address: Address): boolean {
    let at = this.buckets[bucket]!;
    while (at !== 0 && at !== address) at = this.word(at, NEXT);
    return at === address;
  }

  /** Buckets of the last doubling that were split count twice as many bits. */
  private bucketOf(hash: number): number {
    const low = 1 << (31 - Math.clz32(this.used));
    const bucket = hash & (low * 2 - 1);
    return bucket < this.used ? bucket : hash & (low - 1);
  }

  /** One bucket more: about half of what is in the one that it comes from belongs there. */
  private split(): void {
    const fresh = this.used;
    if (fresh === this.buckets.length) {
      const buckets = new Uint32Array(fresh * 2);
      buckets.set(this.buckets);
      this.buckets = buckets;
    }
    const from = fresh - (1 << (31 - Math.clz32(fresh)));
    this.used++;
    let at = this.buckets[from]!;
    this.buckets[from] = 0;
    while (at !== 0) {
      const next = this.word(at, NEXT);
      const bucket = this.bucketOf(this.word(at, HASH));
      this.setWord(at, NEXT, this.buckets[bucket]!);
      this.buckets[bucket] = at;
      at = next;
    }
  }

  private isFor(address: Address, space: number, key: Buffer, length: number): boolean {
    const sizes = this.word(address, SIZES);
    if ((sizes & LENGTH_MAX) !== space || sizes >>> 16 !== length) return false;
    const tags = this.word(address, LISTS) >>> 16;
    const text = byteOffset(address) + HEAD_BYTES + tags * 4;
    return equalBytes(this.memory.bytesOf(address), text, key, 0, length);
  }

  private word(address: Address, index: number): number {
    return this.memory.wordsOf(address)[(byteOffset(address) >>> 2) + index]!;
  }

  private setWord(address: Address, index: number, value: number): void {
    this.memory.wordsOf(address)[(byteOffset(address) >>> 2) + index] = value;
  }

  private numberOf(names: readonly string[]): number {
    if (names.length === 0) return 0;
    const text = names.join();
    const known = this.nameNumbers.get(text);
    if (known !== undefined) return known;
    if (this.nameLists.length === NAME_LISTS_MAX) return -1;
    this.nameNumbers.set(text, this.nameLists.length);
    return this.nameLists.push(names) - 1;
  }
}

const NO_NAMES: readonly string[] = [];
const NO_TAGS: readonly number[] = [];
