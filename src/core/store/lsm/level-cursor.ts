/**
 * A walk over the tables of one level, which do not overlap: one table is open at a time.
 */
import { At, type Cursor, Standing } from './cursor.ts';
import type { Table } from './table.ts';
import { firstEndingAfter } from './version.ts';

export class LevelCursor extends Standing implements Cursor {
  private readonly tables: readonly Table[];
  private readonly open: (table: Table) => Cursor;
  private nth = 0;
  private inner: Cursor | undefined;
  private forward = true;

  /** @param tables sorted by key. */
  constructor(tables: readonly Table[], open: (table: Table) => Cursor) {
    super();
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
    this.enter(firstEndingAfter(this.tables, key, start, length))?.seek(key, start, length);
    this.settle();
  }

  seekBefore(key: Buffer, start: number, length: number): void {
    this.forward = false;
    const nth = Math.min(firstEndingAfter(this.tables, key, start, length), this.tables.length - 1);
    this.enter(nth)?.seekBefore(key, start, length);
    this.settle();
  }

  next(): void {
    this.at = At.cold;
    this.inner?.next();
    this.settle();
  }

  previous(): void {
    this.at = At.cold;
    this.inner?.previous();
    this.settle();
  }

  async load(): Promise<void> {
    await this.inner?.load();
    this.settle();
  }

  loadNow(): void {
    this.inner?.loadNow();
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
    this.show(inner);
  }
}
