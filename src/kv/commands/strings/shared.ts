/** What several string commands do. */
import type { Call } from '../../command/call.ts';
import { ReplyError, SYNTAX_ERROR } from '../../errors.ts';
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
  if (bytes > call.engine.settings.protoMaxBulkLen) {
    throw new ReplyError('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
  }
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

const EXPIRE_MS_MAX = Number.MAX_SAFE_INTEGER;

export function isExpiryOption(keyword: string): boolean {
  return EXPIRY_UNITS[keyword] !== undefined;
}

/**
 * The point in time, Unix ms, that an expiry option with its argument means.
 * @throws ReplyError `invalid expire time` when it is not positive or too far.
 */
export function expiryAt(call: Call, keyword: string, index: number): number {
  if (index >= call.count) throw SYNTAX_ERROR;
  const { factor, absolute } = EXPIRY_UNITS[keyword]!;
  const value = call.int(index);
  const name = call.spec.name;
  if (value <= 0) throw invalidExpire(name);
  const at = value * factor + (absolute ? 0 : call.nowMs);
  if (at > EXPIRE_MS_MAX) throw invalidExpire(name);
  return at;
}

export function invalidExpire(command: string): ReplyError {
  return new ReplyError(`ERR invalid expire time in '${command}' command`);
}
