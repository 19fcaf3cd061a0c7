/**
 * Decimal text and integers. RDB stores a string that is the one canonical
 * spelling of an integer as that integer; the spelling must come back byte for
 * byte, so "+1", "01", "-0" and " 1" are not integers here.
 */

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * The 64-bit signed integer that `bytes` spell canonically, or null. Values that
 * a JavaScript number holds exactly come as numbers, larger ones as bigint.
 */
export function parseCanonicalInteger(bytes: Uint8Array): number | bigint | null {
  const length = bytes.length;
  if (length === 0 || length > 20) return null;
  const negative = bytes[0] === MINUS;
  const start = negative ? 1 : 0;
  const first = bytes[start];
  if (first === undefined) return null;
  if (first === ZERO) return length === 1 ? 0 : null;
  let value = 0;
  for (let at = start; at < length; at++) {
    const digit = bytes[at] as number;
    if (digit < ZERO || digit > NINE) return null;
    value = value * 10 + (digit - ZERO);
  }
  if (Number.isSafeInteger(value)) return negative ? -value : value;
  const exact = BigInt(Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1'));
  return exact >= INT64_MIN && exact <= INT64_MAX ? exact : null;
}

/** The canonical spelling of an integer. */
export function decimalBytes(value: number | bigint): Buffer {
  return Buffer.from(String(value), 'latin1');
}
