/**
 * Builds a set from members that stream in, apart from any key until it is finished: the results of
 * set algebra, whose sources may be the key that they replace, and restored values.
 *
 * The form follows Redis' rules as if the members had been added one by one. While small the members
 * stand in a buffer of the builder's, then in a LargeSet.
 */
import { type Database, Flag, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import {
  findItem,
  itemBytes,
  itemLength,
  itemStart,
  nextItem,
  PACKED_BYTES_MAX,
  PACKED_HEAD_BYTES,
  packedCount,
  setPackedCount,
  writeItem,
} from '../packed.ts';
import { high, low, parseHalves, writeHalves } from './integer.ts';
import {
  clearIntset,
  findInteger,
  highAt,
  INTSET_HEAD_BYTES,
  intsetCount,
  lowAt,
  putInteger,
  roomFor,
} from './intset.ts';
import { LargeSet } from './large-set.ts';
import { initialForm, intsetEntriesMax, type SetLimits } from './limits.ts';

type Form = 'intset' | 'listpack' | 'hashtable';

export class SetBuilder {
  private readonly db: Database;
  private readonly limits: SetLimits;
  private form: Form;
  private buf = Buffer.allocUnsafe(256);
  private bytes = 0;
  private large: LargeSet | undefined;

  /** `countHint`: members that will come, as far as known. `form`: what to begin with. */
  constructor(db: Database, limits: SetLimits, countHint = 0, form?: Form) {
    this.db = db;
    this.limits = limits;
    this.form = form ?? initialForm(true, countHint, limits);
    if (this.form === 'hashtable') this.large = new LargeSet(db.arena, countHint);
    else this.clear(this.form);
  }

  get size(): number {
    if (this.large !== undefined) return this.large.size;
    return this.form === 'intset' ? intsetCount(this.buf, 0, this.bytes) : packedCount(this.buf, 0);
  }

  /** Adds a member; false when it was there. The bytes must not be this builder's own. */
  add(buf: Buffer, start: number, length: number): boolean {
    if (this.large !== undefined) return this.large.add(buf, start, length);
    if (this.form === 'listpack') return this.addPacked(buf, start, length);
    if (parseHalves(buf, start, length)) return this.addInteger(high, low);
    const packs =
      this.size < this.limits.setMaxListpackEntries && length <= this.limits.setMaxListpackValue;
    if (!packs || !this.integersToPacked()) return this.toLarge().add(buf, start, length);
    return this.addPacked(buf, start, length);
  }

  has(buf: Buffer, start: number, length: number): boolean {
    if (this.large !== undefined) return this.large.has(buf, start, length);
    if (this.form === 'listpack') {
      return findItem(this.buf, 0, this.bytes, 1, buf, start, length) >= 0;
    }
    return parseHalves(buf, start, length) && findInteger(this.buf, 0, this.bytes, high, low) >= 0;
  }

  private addInteger(numberHigh: number, numberLow: number): boolean {
    const found = findInteger(this.buf, 0, this.bytes, numberHigh, numberLow);
    if (found >= 0) return false;
    const room = roomFor(this.buf, 0, this.bytes, numberHigh, numberLow);
    this.ensure(room);
    putInteger(this.buf, 0, this.bytes, -1 - found, numberHigh, numberLow);
    this.bytes = room;
    if (this.size > intsetEntriesMax(this.limits)) this.toLarge();
    return true;
  }

  private addPacked(buf: Buffer, start: number, length: number): boolean {
    if (findItem(this.buf, 0, this.bytes, 1, buf, start, length) >= 0) return false;
    const count = packedCount(this.buf, 0);
    const bytes = this.bytes + itemBytes(length);
    if (
      count >= this.limits.setMaxListpackEntries ||
      length > this.limits.setMaxListpackValue ||
      bytes > PACKED_BYTES_MAX
    ) {
      return this.toLarge().add(buf, start, length);
    }
    this.ensure(bytes);
    writeItem(this.buf, this.bytes, buf, start, length);
    this.bytes = bytes;
    setPackedCount(this.buf, 0, count + 1);
    return true;
  }

  /** Turns the integers into packed members; false when one of them is too long for that. */
  private integersToPacked(): boolean {
    const from = this.buf;
    const count = this.size;
    const packed = Buffer.allocUnsafe(PACKED_HEAD_BYTES + count * 21 + 256);
    const digits = Buffer.allocUnsafe(20);
    let at = PACKED_HEAD_BYTES;
    for (let i = 0; i < count; i++) {
      const length = writeHalves(highAt(from, 0, i), lowAt(from, 0, i), digits, 0);
      if (length > this.limits.setMaxListpackValue) return false;
      at = writeItem(packed, at, digits, 0, length);
    }
    setPackedCount(packed, 0, count);
    this.buf = packed;
    this.bytes = at;
    this.form = 'listpack';
    return true;
  }

  private toLarge(): LargeSet {
    const set = new LargeSet(this.db.arena, this.size + 1);
    this.eachSmall((buf, start, length) => set.add(buf, start, length));
    this.large = set;
    this.form = 'hashtable';
    return set;
  }

  private eachSmall(visit: (buf: Buffer, start: number, length: number) => void): void {
    const buf = this.buf;
    if (this.form === 'listpack') {
      for (let at = PACKED_HEAD_BYTES; at < this.bytes; at = nextItem(buf, at)) {
        visit(buf, itemStart(buf, at), itemLength(buf, at));
      }
      return;
    }
    const digits = Buffer.allocUnsafe(20);
    const count = this.size;
    for (let i = 0; i < count; i++) {
      visit(digits, 0, writeHalves(highAt(buf, 0, i), lowAt(buf, 0, i), digits, 0));
    }
  }

  /** All members are integers: makes the set an intset if it may be one (SINTERSTORE does). */
  preferIntset(): void {
    if (this.form === 'intset' || this.size > intsetEntriesMax(this.limits)) return;
    const integers = new SetBuilder(this.db, this.limits, 0, 'intset');
    const add = (buf: Buffer, start: number, length: number) => {
      integers.add(buf, start, length);
    };
    const { large } = this;
    if (large === undefined) this.eachSmall(add);
    else {
      const addNode = (node: Address): undefined => {
        add(large.bytesOf(node), large.nameStart(node), large.nameLength(node));
      };
      large.table.each(addNode);
      this.drop();
    }
    this.buf = integers.buf;
    this.bytes = integers.bytes;
    this.form = 'intset';
  }

  /** Adds the key, which must not be there, with what was built. The builder is used up by it. */
  finish(key: Buffer, start = 0, length = key.length): Address {
    const { db, large } = this;
    if (large !== undefined) {
      const record = db.create(key, start, length, Type.set, 0);
      return db.setLarge(record, large);
    }
    const record = db.create(key, start, length, Type.set, this.bytes);
    this.buf.copy(db.bytesOf(record), db.valueOffset(record), 0, this.bytes);
    if (this.form === 'listpack') db.setFlag(record, Flag.variant, true);
    return record;
  }

  /** Gives back the memory of what was built and will not be used. */
  drop(): void {
    while (this.large !== undefined && !this.large.release(1000));
    this.large = undefined;
    this.clear('intset');
  }

  private clear(form: 'intset' | 'listpack'): void {
    this.form = form;
    if (form === 'intset') clearIntset(this.buf, 0);
    else setPackedCount(this.buf, 0, 0);
    this.bytes = form === 'intset' ? INTSET_HEAD_BYTES : PACKED_HEAD_BYTES;
  }

  private ensure(bytes: number): void {
    if (bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(bytes * 2);
    this.buf.copy(larger, 0, 0, this.bytes);
    this.buf = larger;
  }
}
