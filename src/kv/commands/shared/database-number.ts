/** Numbers of databases as arguments (SELECT, MOVE, COPY). */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';
import type { Database } from '../../keyspace/index.ts';

export const NO_SUCH_DATABASE = new ReplyError('ERR DB index is out of range');

const INT32_MAX = 2 ** 31 - 1;
const INT32_MIN = -(2 ** 31);
const NO_INT32 = new ReplyError(
  `ERR value is out of range, value must between ${INT32_MIN} and ${INT32_MAX}`,
);

/** The database whose number is an argument. @throws ReplyError when there is none. */
export function databaseAt(call: Call, index: number): Database {
  const number = call.int(index);
  if (number > INT32_MAX || number < INT32_MIN) throw NO_INT32;
  const db = call.engine.database(number);
  if (db === undefined) throw NO_SUCH_DATABASE;
  return db;
}
