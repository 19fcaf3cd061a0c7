/** The timeout of blocking commands: seconds, with a fraction if need be; 0 waits for ever. */

import type { Call } from '../../command/call.ts';
import { parseFloat64 } from '../../command/numbers.ts';
import { ReplyError } from '../../errors.ts';

const NOT_A_TIMEOUT = new ReplyError('ERR timeout is not a float or out of range');
const OUT_OF_RANGE = new ReplyError('ERR timeout is out of range');
const NEGATIVE = new ReplyError('ERR timeout is negative');
const INT64_MAX = 2 ** 63;

/** Milliseconds that a timeout argument in seconds means, rounded up. */
export function blockTimeout(call: Call, index: number): number {
  const seconds = parseFloat64(call.args.text(index));
  if (Number.isNaN(seconds)) throw NOT_A_TIMEOUT;
  const ms = Math.ceil(seconds * 1000);
  if (ms >= INT64_MAX) throw OUT_OF_RANGE;
  if (ms < 0) throw NEGATIVE;
  if (ms >= INT64_MAX - call.nowMs) throw OUT_OF_RANGE;
  return ms;
}
