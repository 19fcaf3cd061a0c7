/** What several keyspace commands do. */
import type { Call } from '../../command/call.ts';
import { NOT_AN_INTEGER, ReplyError } from '../../errors.ts';
import type { Database } from '../../keyspace/index.ts';
import type { Address } from '../../memory/index.ts';

export const SAME_OBJECT = new ReplyError('ERR source and destination objects are the same');
export const NO_SUCH_DATABASE = new ReplyError('ERR DB index is out of range');

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);
const NO_INT32 = new ReplyError(
  `ERR value is out of range, value must between ${INT32_MIN} and ${INT32_MAX}`,
);

/** The record of the key at an argument without noting the access, 0 when there is none. */
export function peekKey(call: Call, index: number): Address {
  const { args, db } = call;
  const record = db.peek(args.buf, args.start(index), args.length(index));
  call.engine.noteLookup(db, args, index, record !== 0);
  return record;
}

/** The database whose number is an argument. @throws ReplyError when there is none. */
export function databaseAt(call: Call, index: number): Database {
  const number = call.int(index, NOT_AN_INTEGER);
  if (number > INT32_MAX || number < INT32_MIN) throw NO_INT32;
  const db = call.engine.database(number);
  if (db === undefined) throw NO_SUCH_DATABASE;
  return db;
}

/** Whether two arguments are the same bytes. */
export function sameArguments(call: Call, a: number, b: number): boolean {
  return call.args.bytes(a).equals(call.args.bytes(b));
}
