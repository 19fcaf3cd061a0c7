/** The count of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER, which may be negative. */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';

const OUT_OF_RANGE = new ReplyError(
  'ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807',
);
const INT64_MIN = -(2n ** 63n);
/**
 * Draws with repetition that one command may ask for. Redis has no limit and lets the reply grow until
 * the client's output limit ends it.
 */
const REPEATED_DRAWS_MAX = 2 ** 24;
const TOO_MANY_DRAWS = new ReplyError('ERR value is out of range');

/**
 * An integer argument; the least of 64 bits is refused, as it has no positive twin,
 * and so are more repeated draws than REPEATED_DRAWS_MAX.
 */
export function signedCount(call: Call, index: number): number {
  const count = call.int(index);
  if (count < -Number.MAX_SAFE_INTEGER && call.bigInt(index) === INT64_MIN) throw OUT_OF_RANGE;
  if (count < -REPEATED_DRAWS_MAX) throw TOO_MANY_DRAWS;
  return count;
}
