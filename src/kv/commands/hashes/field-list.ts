/**
 * `FIELDS numfields field ...`, which the commands on expiring fields end with.
 */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';

const FIELDS_MISSING = new ReplyError(
  'ERR Mandatory argument FIELDS is missing or not at the right position',
);
const COUNT_MISMATCH = new ReplyError(
  'ERR The `numfields` parameter must match the number of arguments',
);
export const COUNT_NOT_POSITIVE = new ReplyError('ERR Number of fields must be a positive integer');

/**
 * Checks the list that begins with FIELDS at argument `at` and returns the index of the first field;
 * the last is the last argument.
 */
export function fieldList(call: Call, at: number, countError = COUNT_NOT_POSITIVE): number {
  if (call.args.keyword(at) !== 'FIELDS') throw FIELDS_MISSING;
  if (at + 1 >= call.count) throw COUNT_MISMATCH;
  const count = call.intBetween(at + 1, 1, Number.POSITIVE_INFINITY, countError);
  if (count !== call.count - at - 2) throw COUNT_MISMATCH;
  return at + 2;
}
