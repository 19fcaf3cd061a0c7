/**
 * The newest writes, sorted: a skip list (Pugh 1990) in one block of shared memory, so that a thread can
 * turn it into a table while this one reads on.
 *
 * Entries are only ever added; a version stands before the older ones of its key. A node is a run of
 * 32-bit words, followed by key and value and filled up to a word:
 *
 *     key length, value length, sequence (low, high | kind << 24 | height << 28), expires (low, high),
 *     next at each height, key, value
 *
 * Node 0 is the head; a `next` of 0 ends the list. The memory is written by one thread, and by none once
 * the table is full. That thread also keeps a hash table of the newest version of each key: a key is
 * found, or known not to be there, by one look. Keys begin at a word and are compared word by word.
 *
 * Benchmark: bench/lsm.
 */
import { compareBytes, copyBytes, equalBytes, invariant } from '../../base/index.ts';
import type { Random } from '../../runtime/index.ts';
import { At, type Cursor } from './cursor.ts';
import { filterHash } from './filter.ts';
import type { Kind } from './kind.ts';

const HEIGHT_MAX = 12;
const KEY_LENGTH = 0;
const VALUE_LENGTH = 1;
const SEQUENCE_LOW = 2;
const SEQUENCE_HIGH = 3;
const EXPIRES_LOW = 4;
const EXPIRES_HIGH = 5;
const NEXT = 6;
const HEAD_WORDS = NEXT + HEIGHT_MAX;
const KIND_SHIFT = 24;
const HEIGHT_SHIFT = 28;
const SEQUENCE_HIGH_MASK = 0xffffff;
const TWO_32 = 2 ** 32;
/** Bytes of a key that are compared as words. */
const WORDS_BYTES = 256;
/** Bytes of memory for each slot of the hash table. */
const BYTES_PER_SLOT = 64;
const SLOTS_MIN = 256;

/** Bytes that an entry takes at most. */
export function memtableEntryBytes(keyLength: number, valueLength: number): number {
  return HEAD_WORDS * 4 + keyLength + valueLength + 4;
}

export class Memtable {
  readonly memory: SharedArrayBuffer;
  readonly words: Uint32Array;
  readonly bytes: Buffer;
  /** Words in use; what follows is free. */
  private usedWords: number;
  private height = 1;
  entries = 0;
  /** Node before the place looked for, at each height. */
  private readonly before = new Uint32Array(HEIGHT_MAX);
  /** The key looked for, as far as it is compared by words. */
  private readonly wanted = Buffer.from(new ArrayBuffer(WORDS_BYTES));
  private readonly wantedWords = new Uint32Array(this.wanted.buffer);
  /** Newest node of each key by its hash, open addressing; a power of two of slots. Empty when read-only. */
  private slots: Uint32Array = new Uint32Array(0);
  private keys = 0;
  private readonly random: Random | undefined;

  /** An empty table over zeros to be written to, or one that another thread has filled, to be read. */
  constructor(memory: SharedArrayBuffer, options: { random: Random } | { used: number }) {
    this.memory = memory;
    this.words = new Uint32Array(memory);
    this.bytes = Buffer.from(memory);
    if ('random' in options) {
      this.random = options.random;
      this.usedWords = HEAD_WORDS;
      // The memory may have been another table's.
      this.words.fill(0, 0, HEAD_WORDS);
      let slots = SLOTS_MIN;
      while (slots * BYTES_PER_SLOT < memory.byteLength) slots *= 2;
      this.slots = new Uint32Array(slots);
    } else {
      this.usedWords = options.used / 4;
      this.height = HEIGHT_MAX;
    }
  }

  get usedBytes(): number {
    return this.usedWords * 4;
  }

  /** Whether another entry may be added. */
  fits(bytes: number): boolean {
    return this.usedBytes + bytes <= this.memory.byteLength;
  }

  /** Adds a version of a key; its sequence number is above all before it. */
  add(
    kind: Kind,
    sequence: number,
    expiresAtMs: number,
    from: Buffer,
    keyStart: number,
    keyLength: number,
    valueStart: number,
    valueLength: number,
  ): void {
    const { words, before } = this;
    const height = this.randomHeight();
    const node = this.usedWords;
    const keyAt = (node + NEXT + height) * 4;
    const end = keyAt + keyLength + valueLength;
    invariant(end <= this.memory.byteLength, 'the owner asked whether the entry fits');
    this.findBefore(from, keyStart, keyLength, before);
    for (; this.height < height; this.height++) before[this.height] = 0;
    words[node + KEY_LENGTH] = keyLength;
    words[node + VALUE_LENGTH] = valueLength;
    words[node + SEQUENCE_LOW] = sequence % TWO_32;
    words[node + SEQUENCE_HIGH] =
      Math.floor(sequence / TWO_32) | (kind << KIND_SHIFT) | (height << HEIGHT_SHIFT);
    words[node + EXPIRES_LOW] = expiresAtMs % TWO_32;
    words[node + EXPIRES_HIGH] = Math.floor(expiresAtMs / TWO_32);
    for (let level = 0; level < height; level++) {
      const previous = before[level]! + NEXT + level;
      words[node + NEXT + level] = words[previous]!;
      words[previous] = node;
    }
    copyBytes(from, keyStart, this.bytes, keyAt, keyLength);
    copyBytes(from, valueStart, this.bytes, keyAt + keyLength, valueLength);
    this.usedWords = Math.ceil(end / 4);
    this.entries++;
    this.noteNewest(node, filterHash(from, keyStart, keyLength));
  }

  /**
   * The newest version of a key at or below a sequence number; 0: there is none. For the thread that
   * writes.
   * @param hash of the key, `filterHash`.
   */
  find(hash: number, key: Buffer, start: number, length: number, sequence: number): number {
    let node = this.slots[this.slotOf(hash, key, start, length)]!;
    while (node !== 0 && this.sequenceOf(node) > sequence) {
      node = this.nextOf(node);
      if (node !== 0 && !this.isKey(node, key, start, length)) node = 0;
    }
    return node;
  }

  /** The first node whose key is not below this one; 0: there is none. */
  atOrAfter(key: Buffer, start: number, length: number): number {
    this.findBefore(key, start, length, this.before);
    return this.nextOf(this.before[0]!);
  }

  /** The last node whose key is below this one, of any key when there is no key; 0: there is none. */
  lastBefore(key: Buffer | null, start: number, length: number): number {
    const { words } = this;
    if (key !== null) this.want(key, start, length);
    let node = 0;
    for (let level = this.height - 1; level >= 0; level--) {
      for (;;) {
        const next = words[node + NEXT + level]!;
        if (next === 0) break;
        if (key !== null && this.compareKey(next, key, start, length) >= 0) break;
        node = next;
      }
    }
    return node;
  }

  nextOf(node: number): number {
    return this.words[node + NEXT]!;
  }

  sequenceOf(node: number): number {
    const { words } = this;
    return (
      (words[node + SEQUENCE_HIGH]! & SEQUENCE_HIGH_MASK) * TWO_32 + words[node + SEQUENCE_LOW]!
    );
  }

  kindOf(node: number): Kind {
    return ((this.words[node + SEQUENCE_HIGH]! >>> KIND_SHIFT) & 15) as Kind;
  }

  expiresAtMsOf(node: number): number {
    return this.words[node + EXPIRES_HIGH]! * TWO_32 + this.words[node + EXPIRES_LOW]!;
  }

  keyStartOf(node: number): number {
    return (node + NEXT + (this.words[node + SEQUENCE_HIGH]! >>> HEIGHT_SHIFT)) * 4;
  }

  keyLengthOf(node: number): number {
    return this.words[node + KEY_LENGTH]!;
  }

  valueStartOf(node: number): number {
    return this.keyStartOf(node) + this.words[node + KEY_LENGTH]!;
  }

  valueLengthOf(node: number): number {
    return this.words[node + VALUE_LENGTH]!;
  }

  /** Before `compareKey`: the key that is looked for. */
  private want(key: Buffer, start: number, length: number): void {
    copyBytes(key, start, this.wanted, 0, Math.min(length, WORDS_BYTES));
  }

  private compareKey(node: number, key: Buffer, start: number, length: number): number {
    const { words, wantedWords } = this;
    const nodeStart = this.keyStartOf(node);
    const nodeLength = words[node + KEY_LENGTH]!;
    const firstWord = nodeStart >>> 2;
    const count = Math.min(nodeLength, length, WORDS_BYTES) >>> 2;
    for (let nth = 0; nth < count; nth++) {
      const difference = words[firstWord + nth]! ^ wantedWords[nth]!;
      if (difference === 0) continue;
      // The lowest byte that differs comes first in memory.
      const shift = (31 - Math.clz32(difference & -difference)) & 24;
      return ((words[firstWord + nth]! >>> shift) & 255) - ((wantedWords[nth]! >>> shift) & 255);
    }
    const done = count * 4;
    return compareBytes(
      this.bytes,
      nodeStart + done,
      nodeLength - done,
      key,
      start + done,
      length - done,
    );
  }

  private isKey(node: number, key: Buffer, start: number, length: number): boolean {
    if (this.words[node + KEY_LENGTH] !== length) return false;
    return equalBytes(this.bytes, this.keyStartOf(node), key, start, length);
  }

  /** The slot that has the key, or the free one where it would go. */
  private slotOf(hash: number, key: Buffer, start: number, length: number): number {
    const { slots } = this;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const node = slots[slot]!;
      if (node === 0 || this.isKey(node, key, start, length)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private noteNewest(node: number, hash: number): void {
    const length = this.words[node + KEY_LENGTH]!;
    const slot = this.slotOf(hash, this.bytes, this.keyStartOf(node), length);
    if (this.slots[slot] === 0) this.keys++;
    this.slots[slot] = node;
    if (this.keys * 4 > this.slots.length * 3) this.growSlots();
  }

  /** Only when entries are smaller than the table was made for. */
  private growSlots(): void {
    const old = this.slots;
    this.slots = new Uint32Array(old.length * 2);
    for (const node of old) {
      if (node === 0) continue;
      const start = this.keyStartOf(node);
      const length = this.words[node + KEY_LENGTH]!;
      const hash = filterHash(this.bytes, start, length);
      this.slots[this.slotOf(hash, this.bytes, start, length)] = node;
    }
  }

  private findBefore(key: Buffer, start: number, length: number, before: Uint32Array): void {
    const { words } = this;
    this.want(key, start, length);
    let node = 0;
    for (let level = this.height - 1; level >= 0; level--) {
      for (;;) {
        const next = words[node + NEXT + level]!;
        if (next === 0 || this.compareKey(next, key, start, length) >= 0) break;
        node = next;
      }
      before[level] = node;
    }
  }

  /** Each height is a quarter as frequent as the one below. */
  private randomHeight(): number {
    const { random } = this;
    invariant(random !== undefined, 'a filled table is only read');
    let bits = random.u32();
    let height = 1;
    while (height < HEIGHT_MAX && (bits & 3) === 0) {
      height++;
      bits >>>= 2;
    }
    return height;
  }
}

/** A walk over a memory table. New entries before its place are not met, those behind it are. */
export class MemtableCursor implements Cursor {
  at: At = At.end;
  key: Buffer;
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  kind: Kind = 0;
  expiresAtMs = 0;
  value: Buffer;
  valueStart = 0;
  valueLength = 0;
  private readonly table: Memtable;
  private node = 0;
  /** Backwards: versions of the key at hand that are to come, the next one last. */
  private readonly newer: number[] = [];

  constructor(table: Memtable) {
    this.table = table;
    this.key = table.bytes;
    this.value = table.bytes;
  }

  seekFirst(): void {
    this.stand(this.table.nextOf(0));
  }

  seekLast(): void {
    this.standOnLast(null, 0, 0);
  }

  seek(key: Buffer, start: number, length: number): void {
    this.stand(this.table.atOrAfter(key, start, length));
  }

  seekBefore(key: Buffer, start: number, length: number): void {
    this.standOnLast(key, start, length);
  }

  next(): void {
    this.stand(this.table.nextOf(this.node));
  }

  previous(): void {
    const next = this.newer.pop();
    if (next === undefined) this.standOnLast(this.key, this.keyStart, this.keyLength);
    else this.stand(next);
  }

  async load(): Promise<void> {}

  loadNow(): void {}

  close(): void {}

  /** On the oldest version of the last key below this one; links go forwards only. */
  private standOnLast(key: Buffer | null, start: number, length: number): void {
    const { table, newer } = this;
    newer.length = 0;
    const last = table.lastBefore(key, start, length);
    if (last !== 0) {
      const lastKey = table.keyStartOf(last);
      let node = table.atOrAfter(table.bytes, lastKey, table.keyLengthOf(last));
      for (; node !== last; node = table.nextOf(node)) newer.push(node);
    }
    this.stand(last);
  }

  private stand(node: number): void {
    this.node = node;
    if (node === 0) {
      this.at = At.end;
      return;
    }
    const { table } = this;
    this.at = At.entry;
    this.keyStart = table.keyStartOf(node);
    this.keyLength = table.keyLengthOf(node);
    this.sequence = table.sequenceOf(node);
    this.kind = table.kindOf(node);
    this.expiresAtMs = table.expiresAtMsOf(node);
    this.valueStart = this.keyStart + this.keyLength;
    this.valueLength = table.valueLengthOf(node);
  }
}
