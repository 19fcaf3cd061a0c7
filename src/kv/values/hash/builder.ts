/**
 * Builds a hash from fields that stream in, apart from any key until it is finished, for values that
 * are restored or loaded. The form follows Redis' thresholds; while small the fields stand in a buffer
 * of the builder's, always with room for an expiry, which `finish` leaves out when no field expires.
 */
import { type Database, Flag, Type } from '../../keyspace/index.ts';
import { type Address, copyBytes } from '../../memory/index.ts';
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
import { noteFieldExpiries } from './expiry.ts';
import { EXPIRY_ITEM_BYTES, packedExpiry, setPackedExpiry } from './form.ts';
import { LargeHash } from './large-hash.ts';
import type { HashLimits } from './limits.ts';

const NO_EXPIRY = Buffer.alloc(8);

export class HashBuilder {
  private readonly db: Database;
  private readonly limits: HashLimits;
  private buf = Buffer.allocUnsafe(256);
  private bytes = PACKED_HEAD_BYTES;
  private large: LargeHash | undefined;
  private expires = false;

  /** `countHint`: fields that will come, as far as known; 0 for unknown. */
  constructor(db: Database, limits: HashLimits, countHint = 0) {
    this.db = db;
    this.limits = limits;
    setPackedCount(this.buf, 0, 0);
    if (countHint > limits.hashMaxListpackEntries) this.large = new LargeHash(db.arena, countHint);
  }

  get size(): number {
    return this.large === undefined ? packedCount(this.buf, 0) / 3 : this.large.size;
  }

  /** Adds a field; `expireAt` in Unix ms, 0 for never. False when it is there already. */
  add(field: Buffer, value: Buffer, expireAt = 0): boolean {
    const { large } = this;
    if (large !== undefined) return this.addLarge(large, field, value, expireAt);
    if (findItem(this.buf, 0, this.bytes, 3, field, 0, field.length) >= 0) return false;
    const { hashMaxListpackEntries, hashMaxListpackValue } = this.limits;
    const added = itemBytes(field.length) + itemBytes(value.length) + EXPIRY_ITEM_BYTES;
    if (
      this.size >= hashMaxListpackEntries ||
      field.length > hashMaxListpackValue ||
      value.length > hashMaxListpackValue ||
      this.bytes + added > PACKED_BYTES_MAX
    ) {
      return this.addLarge(this.toLarge(), field, value, expireAt);
    }
    this.ensure(this.bytes + added);
    const { buf } = this;
    const from = this.bytes;
    let at = writeItem(buf, from, field, 0, field.length);
    at = writeItem(buf, at, value, 0, value.length);
    this.bytes = writeItem(buf, at, NO_EXPIRY, 0, 8);
    setPackedExpiry(buf, from, expireAt);
    setPackedCount(buf, 0, packedCount(buf, 0) + 3);
    if (expireAt !== 0) this.expires = true;
    return true;
  }

  private addLarge(hash: LargeHash, field: Buffer, value: Buffer, expireAt: number): boolean {
    if (hash.find(field, 0, field.length) !== 0) return false;
    const node = hash.insert(field, 0, field.length, value.length);
    copyBytes(value, 0, hash.bytesOf(node), hash.nameStart(node) + field.length, value.length);
    if (expireAt !== 0) {
      hash.setExpiry(node, expireAt);
      this.expires = true;
    }
    return true;
  }

  private toLarge(): LargeHash {
    const hash = new LargeHash(this.db.arena, this.size + 1);
    const { buf } = this;
    for (let at = PACKED_HEAD_BYTES; at < this.bytes; ) {
      const value = nextItem(buf, at);
      const fieldStart = itemStart(buf, at);
      const start = itemStart(buf, value);
      this.addLarge(
        hash,
        buf.subarray(fieldStart, fieldStart + itemLength(buf, at)),
        buf.subarray(start, start + itemLength(buf, value)),
        packedExpiry(buf, at),
      );
      at = nextItem(buf, value) + EXPIRY_ITEM_BYTES;
    }
    this.large = hash;
    return hash;
  }

  /** Adds the key, which must not be there, with what was built. The builder is used up by it. */
  finish(key: Buffer, start = 0, length = key.length): Address {
    const { db, large } = this;
    let record: Address;
    if (large !== undefined) {
      record = db.setLarge(db.create(key, start, length, Type.hash, 0), large);
    } else {
      if (!this.expires) this.dropExpiries();
      record = db.create(key, start, length, Type.hash, this.bytes);
      this.buf.copy(db.bytesOf(record), db.valueOffset(record), 0, this.bytes);
    }
    if (this.expires) {
      db.setFlag(record, Flag.variant, true);
      noteFieldExpiries(db, record);
    }
    return record;
  }

  private dropExpiries(): void {
    const { buf } = this;
    let to = PACKED_HEAD_BYTES;
    for (let at = PACKED_HEAD_BYTES; at < this.bytes; ) {
      const end = nextItem(buf, nextItem(buf, at));
      buf.copyWithin(to, at, end);
      to += end - at;
      at = end + EXPIRY_ITEM_BYTES;
    }
    setPackedCount(buf, 0, (packedCount(buf, 0) / 3) * 2);
    this.bytes = to;
  }

  /** Gives back the memory of what was built and will not be used. */
  drop(): void {
    while (this.large !== undefined && !this.large.release(1000));
    this.large = undefined;
    this.bytes = PACKED_HEAD_BYTES;
    setPackedCount(this.buf, 0, 0);
  }

  private ensure(bytes: number): void {
    if (bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(bytes * 2);
    this.buf.copy(larger, 0, 0, this.bytes);
    this.buf = larger;
  }
}
