/** What several hash commands do. */
import type { Call } from '../../command/call.ts';
import { type Database, Type } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';
import { Notify } from '../../notify.ts';
import {
  beginHash,
  EMPTY_HASH_BYTES,
  type FieldView,
  getField,
  lengthOf,
  NO_TIME,
} from '../../values/hash/index.ts';

/**
 * The time that decides which fields have expired. While effects are replayed nothing has: what
 * expired when they were logged was logged as removed.
 */
export function fieldTime(call: Call): number {
  return call.engine.keyspace.expiresOnLookup ? call.nowMs : NO_TIME;
}

/** The hash at argument 1, created when it is not there. */
export function hashForWrite(call: Call): Address {
  const record = call.findTypedForWrite(1, Type.hash);
  return record === 0 ? createHash(call) : record;
}

/** Adds an empty hash at argument 1; fields must follow. */
export function createHash(call: Call): Address {
  const record = call.create(1, Type.hash, EMPTY_HASH_BYTES);
  beginHash(call.db, record);
  return record;
}

/** The field that an argument names, undefined when it is not there. */
export function fieldAt(call: Call, record: Address, index: number): FieldView | undefined {
  if (record === 0) return undefined;
  const { args } = call;
  return getField(
    call.db,
    record,
    fieldTime(call),
    args.buf,
    args.start(index),
    args.length(index),
  );
}

/** Replies a field's value, or null when it is not there. */
export function replyField(call: Call, field: FieldView | undefined): void {
  if (field === undefined) call.reply.null();
  else call.reply.bulk(field.buf, field.start, field.start + field.length);
}

/** Tells of a change that took fields away, and removes the key with its last field. */
export function fieldsRemoved(call: Call, db: Database, record: Address, event: string): void {
  const emptied = lengthOf(db, record) === 0;
  if (emptied) db.remove(record);
  call.changed(1, Notify.hash, event);
  if (emptied) call.notify(1, Notify.generic, 'del');
}
