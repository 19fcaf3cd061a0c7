/** Points in time at which fields expire, as arguments give them. */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';

/** Unix ms beyond which Redis lets no field expire: its index has 46 bits for it. */
const EXPIRE_AT_MAX = 0x3fffffffffff;
const NEGATIVE = new ReplyError('ERR invalid expire time, must be >= 0');

/** How an expiry argument is meant. */
export interface ExpiryUnit {
  readonly factor: 1 | 1000;
  /** A point in time; otherwise from now on. */
  readonly absolute: boolean;
}

/** The Unix ms that an argument means; it may be past. */
export function expireAt(call: Call, index: number, unit: ExpiryUnit): number {
  const value = call.int(index);
  if (value < 0) throw NEGATIVE;
  const at = value * unit.factor + (unit.absolute ? 0 : call.nowMs);
  if (at > EXPIRE_AT_MAX) {
    throw new ReplyError(`ERR invalid expire time in '${call.spec.name}' command`);
  }
  return at;
}
