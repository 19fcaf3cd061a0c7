/**
 * Reads hashes. Plain ones are a count and pairs; compact ones a listpack,
 * ziplist or zipmap of alternating fields and values. Since Redis 7.4 fields may
 * expire:
 *
 *     HASH_METADATA      earliest i64 | count | (ttl | field | value)*
 *     HASH_LISTPACK_EX   earliest i64 | listpack of (field, value, expiry)*
 *
 * where a ttl is 0 for never, else expiry - earliest + 1, and an expiry is
 * absolute, 0 for never. The release candidates wrote no `earliest` and absolute
 * ttls; with an earliest of 1 the same sum reads them.
 */

import type { ByteCursor } from './cursor.ts';
import { badFormat } from './fault.ts';
import { FIELD_EXPIRE_AT_MS_MAX } from './limits.ts';
import { ListpackReader } from './listpack-reader.ts';
import type { PackedSource } from './packed-source.ts';
import type { ValueContext, ValueParser } from './value-parser.ts';
import { countHint, endCollection, UniqueGuard } from './value-parser.ts';

/** What stands before the pairs about their expiry. */
export type FieldExpiry = 'none' | 'absolute' | 'relative';

abstract class HashParser implements ValueParser {
  protected readonly context: ValueContext;
  private readonly guard: UniqueGuard;
  private fields = 0;

  constructor(context: ValueContext) {
    this.context = context;
    this.guard = new UniqueGuard(context.trackDuplicates);
  }

  abstract run(cursor: ByteCursor): void;

  protected field(field: Buffer, value: Buffer, expireAtMs: number): void {
    if (expireAtMs > FIELD_EXPIRE_AT_MS_MAX || expireAtMs < 0) badFormat('field expiry');
    this.fields++;
    this.guard.check(field);
    if (!this.context.sink.onHashField(field, value, expireAtMs)) badFormat('duplicate field');
  }

  protected end(): void {
    endCollection(this.context, this.fields);
  }
}

/** The earliest field expiry that opens a hash of this kind; 0 if there is none. */
function readEarliest(cursor: ByteCursor, expiry: FieldExpiry): number {
  if (expiry === 'none') return 0;
  if (expiry === 'absolute') return 1;
  const earliest = cursor.timeMs();
  // Redis writes 2^48 - 1 when all expiring fields are gone.
  if (earliest < 0 || earliest > FIELD_EXPIRE_AT_MS_MAX + 1) badFormat('earliest field expiry');
  return earliest;
}

/** HASH, HASH_METADATA and HASH_METADATA_PRE_GA. */
export class PlainHashParser extends HashParser {
  private readonly expiry: FieldExpiry;
  private earliest = 0;
  private left = -1;

  constructor(context: ValueContext, expiry: FieldExpiry) {
    super(context);
    this.expiry = expiry;
  }

  run(cursor: ByteCursor): void {
    if (this.left < 0) {
      this.earliest = readEarliest(cursor, this.expiry);
      const left = cursor.length();
      this.context.sink.beginHash(countHint(left, cursor), false, this.earliest);
      this.left = left;
      cursor.commit();
    }
    for (; this.left > 0; this.left--) {
      const ttl = this.expiry === 'none' ? 0 : cursor.length();
      const field = cursor.string();
      const value = cursor.string();
      this.field(field, value, ttl === 0 ? 0 : ttl + this.earliest - 1);
      cursor.commit();
    }
    this.end();
  }
}

/** All compact hashes. */
export class PackedHashParser extends HashParser {
  private readonly open: (bytes: Buffer) => PackedSource;

  constructor(context: ValueContext, open: (bytes: Buffer) => PackedSource) {
    super(context);
    this.open = open;
  }

  run(cursor: ByteCursor): void {
    const source = this.open(cursor.string());
    this.context.sink.beginHash(source.countHint >> 1, true, 0);
    while (!source.done()) this.field(source.takeBytes(), source.takeBytes(), 0);
    cursor.commit();
    this.end();
  }
}

/** HASH_LISTPACK_EX and HASH_LISTPACK_EX_PRE_GA. */
export class ExpiringListpackHashParser extends HashParser {
  private readonly expiry: FieldExpiry;

  constructor(context: ValueContext, expiry: FieldExpiry) {
    super(context);
    this.expiry = expiry;
  }

  run(cursor: ByteCursor): void {
    const earliest = readEarliest(cursor, this.expiry);
    const source = new ListpackReader(cursor.string());
    this.context.sink.beginHash(Math.floor(source.countHint / 3), true, earliest);
    while (!source.done()) {
      this.field(source.takeBytes(), source.takeBytes(), source.takeInteger());
    }
    cursor.commit();
    this.end();
  }
}
