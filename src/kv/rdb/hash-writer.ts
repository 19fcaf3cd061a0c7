/**
 * Writes hashes: a small one as HASH_LISTPACK (from version 10 on), else as
 * HASH. One with expiring fields is written as HASH_METADATA, which only readers
 * of version 12 know.
 */

import { invariant } from '../../core/base/index.ts';
import {
  RDB_VERSION_FIELD_EXPIRY,
  TYPE_HASH,
  TYPE_HASH_LISTPACK,
  TYPE_HASH_METADATA,
} from './constants.ts';
import { ListpackWriter } from './listpack-writer.ts';
import type { ValueOutput } from './value-output.ts';
import { CountSlot } from './value-output.ts';

export class HashWriter {
  private readonly out: ValueOutput;
  private readonly minExpireAtMs: number;
  private readonly listpack: ListpackWriter | null;
  private readonly slot: CountSlot | null;
  private fields = 0;

  constructor(out: ValueOutput, countHint: number, packed: boolean, minExpireAtMs: number) {
    this.out = out;
    this.minExpireAtMs = minExpireAtMs;
    if (minExpireAtMs === 0 && packed && out.version >= 10) {
      this.listpack = new ListpackWriter();
      this.slot = null;
      out.type(TYPE_HASH_LISTPACK);
      return;
    }
    this.listpack = null;
    if (minExpireAtMs === 0) {
      out.type(TYPE_HASH);
    } else {
      out.type(TYPE_HASH_METADATA);
      out.timeMs(minExpireAtMs);
      out.versionNeeded = RDB_VERSION_FIELD_EXPIRY;
    }
    this.slot = new CountSlot(out, countHint);
  }

  field(field: Buffer, value: Buffer, expireAtMs: number): void {
    const { listpack, out, minExpireAtMs } = this;
    this.fields++;
    if (expireAtMs !== 0) {
      invariant(minExpireAtMs > 0, 'a hash with expiring fields tells its earliest expiry');
      invariant(expireAtMs >= minExpireAtMs, 'no field expires before the earliest expiry');
    }
    if (listpack !== null) {
      listpack.text(field);
      listpack.text(value);
      return;
    }
    if (minExpireAtMs !== 0) out.length(expireAtMs === 0 ? 0 : expireAtMs - minExpireAtMs + 1);
    out.text(field);
    out.text(value);
  }

  end(): void {
    if (this.listpack !== null) this.out.text(this.listpack.finish());
    this.slot?.close(this.fields);
  }
}
