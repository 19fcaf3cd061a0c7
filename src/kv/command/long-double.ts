/**
 * Numbers as INCRBYFLOAT and HINCRBYFLOAT reckon with them: the 80-bit "long double" of x86, with a
 * mantissa of 64 bits, in exact integer arithmetic. Replies then have the digits that Redis gives.
 *
 * Numbers below the smallest normal long double are kept exact; nothing prints that small.
 */

/** mantissa * 2^exponent. The mantissa has a sign and at most 64 bits. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

const MANTISSA_BITS = 64;
/** All numbers are below 2^16384. */
const EXPONENT_MAX = 16_384;
/** Decimal exponents beyond this are out of range whatever the digits are. */
const DECIMAL_EXPONENT_MAX = 10_000;
const TEXT_BYTES_MAX = 5 * 1024;
const DECIMALS = 17;

const DECIMAL = /^([+-]?)([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?$/;
const HEX = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)(?:[pP]([+-]?[0-9]+))?$/;
const INFINITE = /^[+-]?inf(?:inity)?$/i;

/**
 * Reads all of a text as C's strtold does. 'infinite' for the word; undefined for anything that is no
 * number, is NaN, or is too large or too small to be one.
 */
export function parseLongDouble(text: string): LongDouble | 'infinite' | undefined {
  if (text.length === 0 || text.length >= TEXT_BYTES_MAX) return undefined;
  if (INFINITE.test(text)) return 'infinite';
  const hex = HEX.exec(text);
  const match = hex ?? DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const digits = whole + fraction;
  if (digits === '') return undefined;
  const n = BigInt(hex === null ? digits : `0x${digits}`);
  if (n === 0n) return { mantissa: 0n, exponent: 0 };
  const signed = sign === '-' ? -n : n;
  const exponent = Number(power) - fraction.length * (hex === null ? 1 : 4);
  if (Math.abs(exponent) > DECIMAL_EXPONENT_MAX * 4) return undefined;
  if (hex !== null) return inRange(round(signed, exponent, false));
  if (Math.abs(exponent) > DECIMAL_EXPONENT_MAX) return undefined;
  if (exponent >= 0) return inRange(round(signed * 10n ** BigInt(exponent), 0, false));
  return inRange(divide(signed, 10n ** BigInt(-exponent)));
}

function inRange(n: LongDouble): LongDouble | undefined {
  const top = n.exponent + bitLength(n.mantissa);
  return top > EXPONENT_MAX || top < -EXPONENT_MAX - MANTISSA_BITS ? undefined : n;
}

/** The sum, rounded as the processor does; undefined when it is too large. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum =
    (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent));
  const rounded = round(sum, exponent, false);
  return rounded.exponent + bitLength(rounded.mantissa) > EXPONENT_MAX ? undefined : rounded;
}

/** As printf's `%.17Lf` without trailing zeros: never an exponent, never minus zero. */
export function formatLongDouble(n: LongDouble): string {
  const scaled = (n.mantissa < 0n ? -n.mantissa : n.mantissa) * 10n ** BigInt(DECIMALS);
  let units: bigint;
  if (n.exponent >= 0) units = scaled << BigInt(n.exponent);
  else {
    const drop = BigInt(-n.exponent);
    units = scaled >> drop;
    const rest = scaled - (units << drop);
    const half = 1n << (drop - 1n);
    if (rest > half || (rest === half && (units & 1n) === 1n)) units++;
  }
  const digits = units.toString().padStart(DECIMALS + 1, '0');
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return n.mantissa < 0n && text !== '0' ? `-${text}` : text;
}

/** The nearest number to n / d. */
function divide(n: bigint, d: bigint): LongDouble {
  const shift = Math.max(0, MANTISSA_BITS + 2 + bitLength(d) - bitLength(n));
  const magnitude = (n < 0n ? -n : n) << BigInt(shift);
  const quotient = magnitude / d;
  const inexact = quotient * d !== magnitude;
  return round(n < 0n ? -quotient : quotient, -shift, inexact);
}

/**
 * Rounds n * 2^exponent to 64 bits, to the even neighbour at a tie. `inexact`: the true value is a
 * little beyond n.
 */
function round(n: bigint, exponent: number, inexact: boolean): LongDouble {
  const magnitude = n < 0n ? -n : n;
  const excess = bitLength(magnitude) - MANTISSA_BITS;
  if (excess <= 0) return { mantissa: n, exponent };
  const drop = BigInt(excess);
  let kept = magnitude >> drop;
  const rest = magnitude - (kept << drop);
  const half = 1n << (drop - 1n);
  if (rest > half || (rest === half && (inexact || (kept & 1n) === 1n))) kept++;
  return { mantissa: n < 0n ? -kept : kept, exponent: exponent + excess };
}

function bitLength(n: bigint): number {
  const magnitude = n < 0n ? -n : n;
  if (magnitude === 0n) return 0;
  const hex = magnitude.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(Number.parseInt(hex[0]!, 16)));
}
