/**
 * Numbers as Redis reads them from arguments and values: no blanks, no plus sign, no leading zeros.
 */

const MINUS = 45;
/** Digits that always fit a double exactly. */
const SAFE_DIGITS = 15;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/**
 * A 64-bit integer from bytes when a double holds it exactly; NaN when it is no integer at all, and
 * the nearest double for those beyond 2^53 (use `parseBigInteger` when every digit counts).
 */
export function parseInteger(buf: Buffer, start: number, end: number): number {
  const negative = start < end && buf[start] === MINUS;
  let at = negative ? start + 1 : start;
  const digits = end - at;
  if (digits <= 0) return Number.NaN;
  const first = (buf[at] as number) - 48;
  if (first === 0) return digits === 1 && !negative ? 0 : Number.NaN;
  if (digits > SAFE_DIGITS) {
    const exact = parseBigInteger(buf, start, end);
    return exact === undefined ? Number.NaN : Number(exact);
  }
  let n = 0;
  for (; at < end; at++) {
    const digit = (buf[at] as number) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    n = n * 10 + digit;
  }
  return negative ? -n : n;
}

/** A 64-bit signed integer, exact; undefined when the bytes are none. */
export function parseBigInteger(buf: Buffer, start: number, end: number): bigint | undefined {
  if (end - start > 20) return undefined;
  const text = buf.toString('latin1', start, end);
  if (!/^(?:0|-?[1-9][0-9]*)$/.test(text)) return undefined;
  const n = BigInt(text);
  return n > INT64_MAX || n < INT64_MIN ? undefined : n;
}

const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const HEXADECIMAL = /^([+-]?)0x(?:([0-9a-f]+)\.?([0-9a-f]*)|\.([0-9a-f]+))(?:p([+-]?[0-9]+))?$/i;
/** Digits of a mantissa that is not zero. */
const NOT_ZERO = /^[^eE]*[1-9]/;

/**
 * A float as C's strtod reads all of the text; NaN for anything else, `nan` and what a double can not
 * hold included.
 */
export function parseFloat64(text: string): number {
  if (text.length > 5000) return Number.NaN;
  if (DECIMAL.test(text)) {
    const n = Number(text);
    // Beyond the range of a double, or too small for it, is an error as it is for strtod's callers.
    const lost = n === 0 ? NOT_ZERO.test(text) : !Number.isFinite(n);
    return lost ? Number.NaN : n;
  }
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  const hex = HEXADECIMAL.exec(text);
  return hex === null ? Number.NaN : hexadecimal(hex, hex[5] ?? '0');
}

/** The parts of `0x1.8p3`: digits of 16, and an exponent of 2 that counts from the point. */
function hexadecimal(
  [, sign, whole = '', fraction, small]: RegExpExecArray,
  power: string,
): number {
  const behind = fraction ?? small ?? '';
  const mantissa = Number.parseInt(whole + behind, 16);
  if (mantissa === 0) return sign === '-' ? -0 : 0;
  const exponent = Number(power) - 4 * behind.length;
  // In two steps, as 2 to the whole exponent may be beyond a double where the product is not.
  const half = Math.trunc(exponent / 2);
  const n = mantissa * 2 ** half * 2 ** (exponent - half);
  const lost = n === 0 || !Number.isFinite(n);
  return lost ? Number.NaN : sign === '-' ? -n : n;
}

/** A double as C prints it with %.17g. */
export function seventeenDigits(n: number): string {
  if (!Number.isFinite(n)) return n > 0 ? 'inf' : '-inf';
  if (n === 0) return Object.is(n, -0) ? '-0' : '0';
  const [mantissa, power] = n.toExponential(16).split('e') as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 17) {
    const text = n.toFixed(Math.min(16 - exponent, 100));
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }
  const sign = exponent < 0 ? '-' : '+';
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa.replace(/\.?0+$/, '')}e${sign}${digits}`;
}
