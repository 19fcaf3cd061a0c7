/** What several bitmap commands do. */
import type { Call } from '../../command/call.ts';
import { parseInteger } from '../../command/numbers.ts';
import { ReplyError } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { fillZeros, growString, markRaw } from '../../values/string/index.ts';

const BAD_OFFSET = new ReplyError('ERR bit offset is not an integer or out of range');
const HASH = 35;

export const bitmapFamily = { acl: ['bitmap'], group: 'bitmap' } as const;

/**
 * A bit offset argument. With `width`, `#n` means n fields of so many bits.
 * @throws ReplyError when it lies beyond the longest string.
 */
export function bitOffset(call: Call, index: number, width = 0): number {
  const { args } = call;
  const start = args.start(index);
  const counted = width > 0 && args.buf[start] === HASH && args.length(index) > 0;
  const n = parseInteger(args.buf, counted ? start + 1 : start, args.end(index));
  const offset = counted ? n * width : n;
  const bytes = Math.floor(offset / 8);
  if (!(offset >= 0 && bytes < call.engine.settings.protoMaxBulkLen)) throw BAD_OFFSET;
  return offset;
}

/** A string made ready for bits to be written into it. */
export interface Bits {
  readonly record: Address;
  /** The string was made or has grown. */
  readonly grown: boolean;
}

/** The string `record` of the key at argument 1, which may be missing, with room for a bit at `offset`. */
export function bitsForWrite(call: Call, record: Address, offset: number): Bits {
  const { db } = call;
  const needed = Math.floor(offset / 8) + 1;
  const grown = record === 0 || db.valueLength(record) < needed;
  // Made as long as it is to be: a key that can not be lengthened must not stay behind.
  const target =
    record === 0 ? call.create(1, Type.string, needed) : growString(db, record, needed);
  if (record === 0) fillZeros(db, target, 0);
  markRaw(db, target);
  return { record: target, grown };
}
