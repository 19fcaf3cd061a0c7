/**
 * The digests of DEBUG DIGEST and DEBUG DIGEST-VALUE: equal data give equal digests, whatever the
 * encodings, the order of keys and that of unordered collections, here and in Redis.
 *
 *   xor(d, bytes)   d = d XOR SHA-1(bytes)        parts without an order
 *   mix(d, bytes)   d = SHA-1(d XOR SHA-1(bytes)) parts in their order
 */
import { hash as hashOf } from 'node:crypto';
import { seventeenDigits } from '../command/numbers.ts';
import type { Database } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import type { RdbValueSink } from '../rdb/index.ts';
import { dumpValue } from './dump.ts';

const DIGEST_BYTES = 20;
const EXPIRES = Buffer.from('!!expire!!');

class Digest {
  readonly bytes = Buffer.alloc(DIGEST_BYTES);

  clear(): this {
    this.bytes.fill(0);
    return this;
  }

  xor(part: Buffer | string): this {
    const sum = hashOf('sha1', part, 'buffer');
    for (let i = 0; i < DIGEST_BYTES; i++) this.bytes[i]! ^= sum[i]!;
    return this;
  }

  mix(part: Buffer | string): this {
    this.xor(part);
    hashOf('sha1', this.bytes, 'buffer').copy(this.bytes);
    return this;
  }

  /** Mixes a number in as Redis does, big endian. */
  mixNumber(n: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(n);
    return this.mix(bytes);
  }
}

/** Digest of one value and its expiry, in hexadecimal. */
export function digestValue(db: Database, record: Address): string {
  return addValue(new Digest(), db, record).bytes.toString('hex');
}

/** Digest of a value that is not there. */
export const DIGEST_OF_NOTHING = '0'.repeat(DIGEST_BYTES * 2);

/** Digest of all keys of all databases, in hexadecimal. */
export function digestDatabases(databases: readonly Database[]): string {
  const all = new Digest();
  const one = new Digest();
  for (const db of databases) {
    if (db.size === 0) continue;
    all.mixNumber(db.index);
    db.each((record) => {
      one.clear().mix(db.keyBytes(record));
      all.xor(addValue(one, db, record).bytes);
    });
  }
  return all.bytes.toString('hex');
}

function addValue(digest: Digest, db: Database, record: Address): Digest {
  digest.mixNumber(db.typeOf(record));
  dumpValue(db, record, new DigestSink(digest));
  return db.expiryOf(record) < 0 ? digest : digest.xor(EXPIRES);
}

/** Adds a value that is told to a digest. */
class DigestSink implements RdbValueSink {
  private readonly digest: Digest;
  private readonly element = new Digest();

  constructor(digest: Digest) {
    this.digest = digest;
  }

  onString(value: Buffer): void {
    this.digest.mix(value);
  }

  beginList(): void {}
  onListItem(item: Buffer): void {
    this.digest.mix(item);
  }

  beginSet(): void {}
  onSetMember(member: Buffer): boolean {
    this.digest.xor(member);
    return true;
  }

  beginHash(): void {}
  onHashField(field: Buffer, value: Buffer): boolean {
    this.digest.xor(this.element.clear().mix(field).mix(value).bytes);
    return true;
  }

  beginZset(): void {}
  onZsetMember(member: Buffer, score: number): boolean {
    this.digest.xor(this.element.clear().mix(member).mix(seventeenDigits(score)).bytes);
    return true;
  }

  beginStream(): void {}
  onStreamEntry(ms: bigint, seq: bigint, fieldsAndValues: readonly Buffer[]): void {
    this.digest.mix(`${ms}.${seq}`);
    for (const part of fieldsAndValues) this.digest.mix(part);
  }

  onStreamMeta(): void {}
  beginStreamGroup(): void {}
  onStreamConsumer(): void {}
  onStreamPending(): void {}
  endStreamGroup(): void {}
  onEnd(): void {}
}
