/**
 * A walk over what a snapshot sees of a range, a page at a time. It holds the tables and memory that it
 * walks, so that nothing is dropped under it.
 *
 * Benchmark: bench/lsm.
 */
import { compareBytes, copyBytes, invariant } from '../../base/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { At, type Cursor } from './cursor.ts';
import { Kind } from './kind.ts';
import type { RangeDeletes } from './range-deletes.ts';
import type { Scan, ScanRange } from './types.ts';

const PAGE_BYTES = 64 * 1024;
const PAGE_ENTRIES = 1024;
/** Entries walked before others have their turn. */
const TURN_ENTRIES = 4096;

export interface ScanSource {
  readonly cursor: Cursor;
  /** Of everything that is walked. */
  readonly deletes: readonly RangeDeletes[];
  readonly sequence: number;
  readonly clock: Clock;
  /** Lets go of what was held for the scan. */
  release(): void;
}

const NO_BYTES = Buffer.alloc(0);

/** Entries copied out. */
class Page {
  bytes: Buffer = NO_BYTES;
  used = 0;
  readonly keyStarts: number[] = [];
  readonly valueStarts: number[] = [];
  readonly ends: number[] = [];
  readonly expiresAtMs: number[] = [];

  private readonly keysOnly: boolean;

  constructor(keysOnly: boolean) {
    this.keysOnly = keysOnly;
  }

  /** Begins anew. @param bytes of memory of its own; 0: in the memory of before. */
  clear(bytes: number): void {
    if (bytes > 0) this.bytes = Buffer.allocUnsafeSlow(bytes);
    this.used = 0;
    this.keyStarts.length = 0;
    this.valueStarts.length = 0;
    this.ends.length = 0;
    this.expiresAtMs.length = 0;
  }

  get count(): number {
    return this.ends.length;
  }

  add(entry: Entry): void {
    const valueLength = this.keysOnly ? 0 : entry.valueLength;
    const end = this.used + entry.keyLength + valueLength;
    if (end > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, this.bytes.length * 2));
      this.bytes.copy(larger, 0, 0, this.used);
      this.bytes = larger;
    }
    this.keyStarts.push(this.used);
    copyBytes(entry.key, entry.keyStart, this.bytes, this.used, entry.keyLength);
    this.used += entry.keyLength;
    this.valueStarts.push(this.used);
    copyBytes(entry.value, entry.valueStart, this.bytes, this.used, valueLength);
    this.used = end;
    this.ends.push(end);
    this.expiresAtMs.push(entry.expiresAtMs);
  }
}

type Entry = Pick<
  Cursor,
  | 'key'
  | 'keyStart'
  | 'keyLength'
  | 'value'
  | 'valueStart'
  | 'valueLength'
  | 'expiresAtMs'
  | 'sequence'
  | 'kind'
>;

export class RangeScan implements Scan {
  private readonly source: ScanSource;
  private readonly range: ScanRange;
  private readonly pageBytes: number;
  private readonly pageEntries: number;
  private readonly page: Page;
  private filling = false;
  /** The page was cut short by an error: what is in it counts. */
  private cut = false;
  private begun = false;
  private over = false;
  private closed = false;
  /** Blocks are being read: what is held is let go when they are there. */
  private loading = false;
  /** The key that was decided on last, forwards. */
  private lastKey: Buffer = Buffer.allocUnsafeSlow(256);
  private lastKeyLength = -1;
  /** The newest visible version so far of the key at hand, backwards. */
  private candidate: Entry | undefined;

  constructor(source: ScanSource, range: ScanRange) {
    this.source = source;
    this.range = range;
    this.pageBytes = range.pageBytes ?? PAGE_BYTES;
    this.pageEntries = range.pageEntries ?? PAGE_ENTRIES;
    this.page = new Page(range.keysOnly === true);
  }

  get count(): number {
    return this.page.count;
  }

  get bytes(): Buffer {
    return this.page.bytes;
  }

  keyStart(nth: number): number {
    return this.page.keyStarts[nth]!;
  }

  keyLength(nth: number): number {
    return this.page.valueStarts[nth]! - this.page.keyStarts[nth]!;
  }

  valueStart(nth: number): number {
    return this.page.valueStarts[nth]!;
  }

  valueLength(nth: number): number {
    return this.page.ends[nth]! - this.page.valueStarts[nth]!;
  }

  key(nth: number): Buffer {
    return this.page.bytes.subarray(this.page.keyStarts[nth], this.page.valueStarts[nth]);
  }

  value(nth: number): Buffer {
    return this.page.bytes.subarray(this.page.valueStarts[nth], this.page.ends[nth]);
  }

  expiresAtMs(nth: number): number {
    return this.page.expiresAtMs[nth]!;
  }

  async fill(): Promise<boolean> {
    this.beginPage();
    const { cursor } = this.source;
    this.filling = true;
    try {
      this.begin();
      for (let steps = 1; this.hasRoom(); steps++) {
        if (cursor.at === At.cold) await this.load();
        else if (steps % TURN_ENTRIES === 0) await this.nextTurn();
        else this.move();
      }
    } finally {
      this.filling = false;
    }
    return this.endPage();
  }

  fillNow(): boolean {
    this.beginPage();
    const { cursor } = this.source;
    this.begin();
    while (this.hasRoom()) {
      if (cursor.at === At.cold) cursor.loadNow();
      else this.move();
    }
    return this.endPage();
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    if (!this.loading) this.letGo();
  }

  private beginPage(): void {
    invariant(!this.filling, 'a scan fills one page at a time');
    if (this.cut) return;
    this.cut = true;
    const fresh = this.range.reusePage !== true || this.page.bytes.length === 0;
    this.page.clear(fresh ? Math.min(this.pageBytes, PAGE_BYTES) : 0);
  }

  private hasRoom(): boolean {
    const { page } = this;
    if (this.over || this.closed) return false;
    return page.used < this.pageBytes && page.count < this.pageEntries;
  }

  private move(): void {
    if (this.range.reverse === true) this.stepBack();
    else this.step();
  }

  private endPage(): boolean {
    this.cut = false;
    if (this.over) this.close();
    return this.page.count > 0;
  }

  private letGo(): void {
    this.source.cursor.close();
    this.source.release();
  }

  private async load(): Promise<void> {
    this.loading = true;
    try {
      await this.source.cursor.load();
    } finally {
      this.loading = false;
      if (this.closed) this.letGo();
    }
  }

  /** Others run meanwhile: a walk over what is deleted or expired may be long. */
  private nextTurn(): Promise<void> {
    return new Promise((resolve) => this.source.clock.nextTurn(resolve));
  }

  /** At the first page. */
  private begin(): void {
    if (this.begun || this.closed) return;
    const { cursor } = this.source;
    const { from, to, reverse } = this.range;
    if (reverse === true) {
      if (to === undefined) cursor.seekLast();
      else cursor.seekBefore(to, 0, to.length);
    } else if (from === undefined) cursor.seekFirst();
    else cursor.seek(from, 0, from.length);
    this.begun = true;
  }

  private step(): void {
    const { cursor, sequence } = this.source;
    const { to } = this.range;
    const { key, keyStart, keyLength } = cursor;
    if (
      cursor.at === At.end ||
      (to !== undefined && compareBytes(key, keyStart, keyLength, to, 0, to.length) >= 0)
    ) {
      this.over = true;
      return;
    }
    if (cursor.sequence <= sequence && !this.isLastKey(key, keyStart, keyLength)) {
      this.noteKey(key, keyStart, keyLength);
      if (this.isVisible(cursor)) this.page.add(cursor);
    }
    cursor.next();
  }

  private stepBack(): void {
    const { cursor, sequence } = this.source;
    const { from } = this.range;
    const { key, keyStart, keyLength } = cursor;
    const ended =
      cursor.at === At.end ||
      (from !== undefined && compareBytes(key, keyStart, keyLength, from, 0, from.length) < 0);
    const { candidate } = this;
    if (candidate !== undefined) {
      const isOther =
        ended ||
        compareBytes(candidate.key, 0, candidate.keyLength, key, keyStart, keyLength) !== 0;
      if (isOther) {
        this.candidate = undefined;
        if (this.isVisible(candidate)) this.page.add(candidate);
        // The page may be full: the entry at hand is looked at again.
        return;
      }
    }
    if (ended) {
      this.over = true;
      return;
    }
    if (cursor.sequence <= sequence) this.candidate = copyOf(cursor);
    cursor.previous();
  }

  private isVisible(entry: Entry): boolean {
    if (entry.kind === Kind.delete) return false;
    const { deletes, sequence, clock } = this.source;
    if (entry.kind === Kind.putUntil && entry.expiresAtMs <= clock.wallMs()) return false;
    for (const ranges of deletes) {
      if (ranges.size === 0) continue;
      const covering = ranges.covering(entry.key, entry.keyStart, entry.keyLength, sequence);
      if (covering > entry.sequence) return false;
    }
    return true;
  }

  private isLastKey(key: Buffer, start: number, length: number): boolean {
    if (this.lastKeyLength < 0) return false;
    return compareBytes(this.lastKey, 0, this.lastKeyLength, key, start, length) === 0;
  }

  private noteKey(key: Buffer, start: number, length: number): void {
    if (this.lastKey.length < length) this.lastKey = Buffer.allocUnsafeSlow(length * 2);
    copyBytes(key, start, this.lastKey, 0, length);
    this.lastKeyLength = length;
  }
}

function copyOf(cursor: Cursor): Entry {
  const { keyStart, keyLength, valueStart, valueLength, expiresAtMs, sequence, kind } = cursor;
  return {
    key: Buffer.from(cursor.key.subarray(keyStart, keyStart + keyLength)),
    keyStart: 0,
    keyLength,
    value: Buffer.from(cursor.value.subarray(valueStart, valueStart + valueLength)),
    valueStart: 0,
    valueLength,
    expiresAtMs,
    sequence,
    kind,
  };
}
