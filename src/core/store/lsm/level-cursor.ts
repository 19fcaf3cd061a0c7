/**
 * A walk over the tables of one level, which do not overlap: one table is open at a time.
 */
import { compareBytes } from '../../base/index.ts';
import { At, type Cursor } from './cursor.ts';
import type { Kind } from './kind.ts';
import type { Table } from './table.ts';

const NO_BYTES = Buffer.alloc(0);

export class LevelCursor implements Cursor {
  at: At = At.end;
  key: Buffer = NO_BYTES;
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  kind: Kind = 0;
  expiresAtMs = 0;
  value: Buffer = NO_BYTES;
  valueStart = 0;
  valueLength = 0;
  private readonly tables: readonly Table[];
  private readonly open: (table: Table) => Cursor;
  private nth = 0;
  private inner: Cursor | undefined;
  private forward = true;

  /** @param tables sorted by key. */
  constructor(tables: readonly Table[], open: (table: Table) => Cursor) {
    this.tables = tables;
    this.open = open;
  }

  seekFirst(): void {
    this.forward = true;
    this.enter(0)?.seekFirst();
    this.settle();
  }

  seekLast(): void {
    this.forward = false;
    this.enter(this.tables.length - 1)?.seekLast();
    this.settle();
  }

  seek(key: Buffer, start: number, length: number): void {
    this.forward = true;
    this.enter(this.firstEndingAfter(key, start, length))?.seek(key, start, length);
    this.settle();
  }

  seekBefore(key: Buffer, start: number, length: number): void {
    this.forward = false;
    const nth = Math.min(this.firstEndingAfter(key, start, length), this.tables.length - 1);
    this.enter(nth)?.seekBefore(key, start, length);
    this.settle();
  }

  next(): void {
    this.inner?.next();
    this.settle();
  }

  previous(): void {
    this.inner?.previous();
    this.settle();
  }

  async load(): Promise<void> {
    await this.inner?.load();
    this.settle();
  }

  close(): void {
    this.inner?.close();
    this.inner = undefined;
  }

  private enter(nth: number): Cursor | undefined {
    this.close();
    this.nth = nth;
    const table = this.tables[nth];
    if (table !== undefined) this.inner = this.open(table);
    return this.inner;
  }

  /** Takes what the table's cursor shows; goes to the next table when it has ended. */
  private settle(): void {
    while (this.inner?.at === At.end) {
      if (this.forward) this.enter(this.nth + 1)?.seekFirst();
      else this.enter(this.nth - 1)?.seekLast();
    }
    const { inner } = this;
    this.at = inner?.at ?? At.end;
    if (inner === undefined || inner.at === At.cold) return;
    this.key = inner.key;
    this.keyStart = inner.keyStart;
    this.keyLength = inner.keyLength;
    this.sequence = inner.sequence;
    this.kind = inner.kind;
    this.expiresAtMs = inner.expiresAtMs;
    this.value = inner.value;
    this.valueStart = inner.valueStart;
    this.valueLength = inner.valueLength;
  }

  private firstEndingAfter(key: Buffer, start: number, length: number): number {
    let low = 0;
    let high = this.tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { end } = this.tables[middle]!.meta;
      if (compareBytes(end, 0, end.length, key, start, length) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
