/** What several keyspace commands do. */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';
import type { Address } from '../../memory/index.ts';

export const SAME_OBJECT = new ReplyError('ERR source and destination objects are the same');
/** The record of the key at an argument without noting the access, 0 when there is none. */
export function peekKey(call: Call, index: number): Address {
  const { args, db } = call;
  const record = db.peek(args.buf, args.start(index), args.length(index));
  call.engine.noteLookup(db, args, index, record !== 0);
  return record;
}

/** Whether two arguments are the same bytes. */
export function sameArguments(call: Call, a: number, b: number): boolean {
  return call.args.bytes(a).equals(call.args.bytes(b));
}
