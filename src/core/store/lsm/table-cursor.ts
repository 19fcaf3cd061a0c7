/**
 * A walk over the entries of a table, block by block.
 *
 * Benchmark: bench/lsm.
 */
import { BlockView } from './block.ts';
import type { BlockSource } from './block-source.ts';
import { At, type Cursor } from './cursor.ts';
import type { Kind } from './kind.ts';
import type { Table } from './table.ts';

/** Where in the block that comes the cursor is to stand. */
type Place = 'first' | 'last' | 'at' | 'below';

export class TableCursor implements Cursor {
  at: At = At.end;
  key: Buffer = Buffer.alloc(0);
  keyStart = 0;
  keyLength = 0;
  sequence = 0;
  kind: Kind = 0;
  expiresAtMs = 0;
  value: Buffer = this.key;
  valueStart = 0;
  valueLength = 0;
  private readonly table: Table;
  private readonly source: BlockSource;
  private readonly view = new BlockView();
  private block = 0;
  private entry = 0;
  private place: Place = 'first';
  private wanted: Buffer = this.key;

  constructor(table: Table, source: BlockSource) {
    this.table = table;
    this.source = source;
  }

  seekFirst(): void {
    this.enter(0, 'first');
  }

  seekLast(): void {
    this.enter(this.table.index.count - 1, 'last');
  }

  seek(key: Buffer, start: number, length: number): void {
    this.wanted = key.subarray(start, start + length);
    this.enter(this.table.index.search(key, start, length), 'at');
  }

  seekBefore(key: Buffer, start: number, length: number): void {
    this.wanted = key.subarray(start, start + length);
    const { index } = this.table;
    this.enter(Math.min(index.search(key, start, length), index.count - 1), 'below');
  }

  next(): void {
    if (this.entry + 1 < this.view.count) this.stand(this.entry + 1);
    else this.enter(this.block + 1, 'first');
  }

  previous(): void {
    if (this.entry > 0) this.stand(this.entry - 1);
    else this.enter(this.block - 1, 'last');
  }

  async load(): Promise<void> {
    await this.source.load(this.block);
    this.enter(this.block, this.place);
  }

  loadNow(): void {
    this.source.loadNow(this.block);
    this.enter(this.block, this.place);
  }

  close(): void {
    this.source.close();
  }

  private enter(block: number, place: Place): void {
    if (block < 0 || block >= this.table.index.count) {
      this.at = At.end;
      return;
    }
    this.block = block;
    this.place = place;
    const { source, view } = this;
    this.at = At.cold;
    if (!source.open(block)) {
      // A seek's key may be gone when the block comes.
      if (place === 'at' || place === 'below') this.wanted = Buffer.from(this.wanted);
      return;
    }
    view.open(source.buffer, source.base, source.length);
    this.key = source.buffer;
    this.value = source.buffer;
    if (place === 'first') this.stand(0);
    else if (place === 'last') this.stand(view.count - 1);
    else this.standNear(place === 'at');
  }

  private standNear(atOrAfter: boolean): void {
    const { wanted, view } = this;
    const found = view.search(wanted, 0, wanted.length);
    if (atOrAfter) {
      // A separator may be above the last key of its block.
      if (found < view.count) this.stand(found);
      else this.enter(this.block + 1, 'first');
    } else if (found > 0) this.stand(found - 1);
    else this.enter(this.block - 1, 'last');
  }

  private stand(entry: number): void {
    const { view } = this;
    view.stand(entry);
    this.entry = entry;
    this.at = At.entry;
    this.keyStart = view.keyStart;
    this.keyLength = view.keyLength;
    this.sequence = view.sequence;
    this.kind = view.kind;
    this.expiresAtMs = view.expiresAtMs;
    this.valueStart = view.valueStart;
    this.valueLength = view.valueLength;
  }
}
