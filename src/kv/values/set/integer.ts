/**
 * 64-bit integers as two 32-bit halves, so that integer sets are exact beyond 2^53 without a bigint
 * for each member.
 */
const MINUS = 45;
const ZERO = 48;
/** Digits of which every number is below 2^53. */
const SAFE_DIGITS = 15;
const TWO_32 = 4294967296;

/** High half (signed) and low half (unsigned) of the number that `parseHalves` read last. */
export let high = 0;
export let low = 0;

/**
 * Reads the decimal form of a 64-bit integer: no blanks, plus sign or leading zeros. False when the
 * bytes are anything else; otherwise `high` and `low` are the number.
 */
export function parseHalves(buf: Buffer, start: number, length: number): boolean {
  if (length === 0 || length > 20) return false;
  const negative = buf[start] === MINUS;
  let at = negative ? start + 1 : start;
  const end = start + length;
  const digits = end - at;
  if (digits === 0) return false;
  if (buf[at] === ZERO) {
    if (digits > 1 || negative) return false;
    high = 0;
    low = 0;
    return true;
  }
  let n = 0;
  for (; at < end; at++) {
    const digit = buf[at]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return false;
    n = n * 10 + digit;
  }
  if (digits > SAFE_DIGITS) return parseLong(buf.toString('latin1', start, end));
  if (negative) n = -n;
  high = Math.floor(n / TWO_32);
  low = n >>> 0;
  return true;
}

function parseLong(text: string): boolean {
  const n = BigInt(text);
  if (BigInt.asIntN(64, n) !== n) return false;
  high = Number(n >> 32n);
  low = Number(n & 0xffffffffn);
  return true;
}

/** Writes the decimal digits of a number at `at`, 20 bytes at most; returns how many they were. */
export function writeHalves(numberHigh: number, numberLow: number, to: Buffer, at: number): number {
  const n = numberHigh * TWO_32 + numberLow;
  if (!Number.isSafeInteger(n)) {
    const text = ((BigInt(numberHigh) << 32n) | BigInt(numberLow)).toString();
    return to.write(text, at, text.length, 'latin1');
  }
  let offset = at;
  let rest = n;
  if (n < 0) {
    to[offset++] = MINUS;
    rest = -n;
  }
  let digits = 1;
  for (let limit = 10; limit <= rest; limit *= 10) digits++;
  for (let place = offset + digits - 1; place >= offset; place--) {
    const quotient = Math.floor(rest / 10);
    to[place] = ZERO + (rest - quotient * 10);
    rest = quotient;
  }
  return offset + digits - at;
}
