/** Builds a list from streamed elements, apart from any database until it is finished. */
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import type { Settings } from '../../settings.ts';
import { COUNT_BYTES, type ListLimits, limitsOf } from './form.ts';
import { LargeList } from './large-list.ts';

export class ListBuilder {
  private readonly db: Database;
  private readonly limits: ListLimits;
  private readonly list: LargeList;
  private readonly large: boolean;

  /** `large`: keep the large form however few elements there are. */
  constructor(db: Database, settings: Settings, large = false) {
    this.large = large;
    this.db = db;
    this.limits = limitsOf(settings);
    this.list = new LargeList(db.arena, this.limits.bytes, this.limits.entries);
  }

  get size(): number {
    return this.list.size;
  }

  add(item: Buffer, start = 0, length: number = item.length): void {
    this.list.pushTail(item, start, length);
  }

  /** Adds the key, which must not be there; packed when the limits allow it. */
  finish(key: Buffer, start = 0, length: number = key.length): Address {
    const { db, list, limits } = this;
    const bytes = list.chunks === 1 ? list.endOf(0) - list.startOf(0) : 0;
    if (this.large || list.chunks > 1 || bytes > limits.bytes) {
      return db.setLarge(db.create(key, start, length, Type.list, 0), list);
    }
    const record = db.create(key, start, length, Type.list, COUNT_BYTES + bytes);
    const value = db.valueOffset(record);
    db.bytesOf(record).writeUInt32LE(list.size, value);
    if (bytes > 0) {
      list.bytesOf(0).copy(db.bytesOf(record), value + COUNT_BYTES, list.startOf(0), list.endOf(0));
    }
    list.release(Number.MAX_SAFE_INTEGER);
    return record;
  }

  /** Forgets what was built. */
  drop(): void {
    this.list.release(Number.MAX_SAFE_INTEGER);
  }
}
