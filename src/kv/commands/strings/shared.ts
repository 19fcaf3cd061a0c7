/** What several string commands do. */
import type { Call } from '../../command/call.ts';
import { ReplyError, STRING_TOO_LONG, SYNTAX_ERROR } from '../../errors.ts';
import { Type } from '../../keyspace/index.ts';
import { type Address, copyBytes } from '../../memory/index.ts';
import { setString } from '../../values/string/index.ts';

/** Makes an argument the value of the key at another, whatever was there; returns the record. */
export function assign(
  call: Call,
  record: Address,
  keyIndex: number,
  valueIndex: number,
  keepExpiry = false,
): Address {
  const { args } = call;
  return assignBytes(call, record, keyIndex, {
    buf: args.buf,
    start: args.start(valueIndex),
    length: args.length(valueIndex),
    keepExpiry,
  });
}

/** As `assign`, with the value's bytes given. */
export function assignBytes(
  call: Call,
  record: Address,
  keyIndex: number,
  value: { buf: Buffer; start: number; length: number; keepExpiry?: boolean },
): Address {
  const { db } = call;
  const { buf, start, length } = value;
  if (record !== 0) {
    if (db.typeOf(record) === Type.string) {
      return setString(db, record, buf, start, length, value.keepExpiry === true);
    }
    const expireAt = value.keepExpiry === true ? db.expiryOf(record) : -1;
    db.remove(record);
    const replaced = createString(call, keyIndex, buf, start, length);
    return expireAt < 0 ? replaced : db.setExpiry(replaced, expireAt);
  }
  return createString(call, keyIndex, buf, start, length);
}

function createString(
  call: Call,
  keyIndex: number,
  buf: Buffer,
  start: number,
  length: number,
): Address {
  const { db } = call;
  const created = call.create(keyIndex, Type.string, length);
  copyBytes(buf, start, db.bytesOf(created), db.valueOffset(created), length);
  return created;
}

/** @throws ReplyError when a string of `bytes` bytes is not allowed. */
export function checkLength(call: Call, bytes: number): void {
  if (bytes > call.engine.settings.protoMaxBulkLen) throw STRING_TOO_LONG;
}

/** Writes the value of a string record, or null for 0. */
export function replyValue(call: Call, record: Address): void {
  const { db, reply } = call;
  if (record === 0) {
    reply.null();
    return;
  }
  const offset = db.valueOffset(record);
  reply.bulk(db.bytesOf(record), offset, offset + db.valueLength(record));
}

/** Units of expiry options: their factor to milliseconds and whether they are points in time. */
const EXPIRY_UNITS: Readonly<Record<string, { factor: number; absolute: boolean }>> = {
  EX: { factor: 1000, absolute: false },
  PX: { factor: 1, absolute: false },
  EXAT: { factor: 1000, absolute: true },
  PXAT: { factor: 1, absolute: true },
};

const INT64_MAX = 2n ** 63n - 1n;
/** The latest time that a double and 64 bits both hold. */
const TIME_MAX = 2 ** 63 - 1024;

/** How long a value shall live, as the options of a command say; read first, reckoned later. */
export interface ExpiryOption {
  /** EX, PX, EXAT or PXAT; empty for none. */
  unit: string;
  /** Argument index of the time. */
  index: number;
  /** KEEPTTL or PERSIST stands there, which excludes a unit. */
  instead: boolean;
}

export function noExpiryOption(): ExpiryOption {
  return { unit: '', index: 0, instead: false };
}

/**
 * Reads the option `keyword` at argument `at` if it is one of expiry: `instead` is the word that may
 * stand in place of a time. Returns the index of its last argument, 0 when it is another option. One
 * unit may be given again, as in Redis; the last time counts.
 * @throws SYNTAX_ERROR for two that exclude each other.
 */
export function readExpiryOption(
  call: Call,
  option: ExpiryOption,
  keyword: string,
  at: number,
  instead: 'KEEPTTL' | 'PERSIST',
): number {
  if (keyword === instead) {
    if (option.unit !== '') throw SYNTAX_ERROR;
    option.instead = true;
    return at;
  }
  if (EXPIRY_UNITS[keyword] === undefined) return 0;
  if (option.instead || (option.unit !== '' && option.unit !== keyword)) throw SYNTAX_ERROR;
  if (at + 1 >= call.count) throw SYNTAX_ERROR;
  option.unit = keyword;
  option.index = at + 1;
  return at + 1;
}

/**
 * The point in time, Unix ms, that an expiry option means; 0 when it has no unit.
 * @throws ReplyError `invalid expire time` when it is not positive or too far.
 */
export function expiryOf(call: Call, option: ExpiryOption): number {
  return option.unit === '' ? 0 : expiryAt(call, option.unit, option.index);
}

/** As `expiryOf`, for the time at argument `index` in a unit. */
export function expiryAt(call: Call, unit: string, index: number): number {
  const { factor, absolute } = EXPIRY_UNITS[unit]!;
  const value = call.int(index);
  const baseMs = absolute ? 0 : call.nowMs;
  if (value <= 0) throw invalidExpire(call);
  const at = value * factor + baseMs;
  if (at <= Number.MAX_SAFE_INTEGER) return at;
  if (call.bigInt(index) * BigInt(factor) > INT64_MAX - BigInt(baseMs)) throw invalidExpire(call);
  return Math.min(at, TIME_MAX);
}

function invalidExpire(call: Call): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${call.spec.name}' command`);
}
