/**
 * Numbers to text and back, as the C library under Lua 5.1 does it.
 *
 * Promise: `formatNumber` is `printf("%.14g")`; `parseNumber` is Lua's `luaO_str2d` (strtod, plus
 * hexadecimal integers), white space around allowed, nothing else.
 */

/** `%.14g` of a double. A NaN prints as `-nan`, the sign that x86 gives to 0/0. */
export function formatNumber(n: number): string {
  if (n === (n | 0)) return n === 0 && 1 / n < 0 ? '-0' : `${n}`;
  if (Number.isInteger(n) && n < 1e14 && n > -1e14) return `${n}`;
  return formatGeneral(n, 14, false);
}

/** `%.{precision}g`; `keepZeros` is the `#` flag. */
export function formatGeneral(n: number, precision: number, keepZeros: boolean): string {
  if (!Number.isFinite(n)) return Number.isNaN(n) ? '-nan' : n > 0 ? 'inf' : '-inf';
  const digits = precision === 0 ? 1 : precision;
  if (n === 0) {
    const zero = keepZeros && digits > 1 ? `0.${'0'.repeat(digits - 1)}` : '0';
    return 1 / n < 0 ? `-${zero}` : zero;
  }
  const scientific = toExponential(n, digits - 1);
  const at = scientific.indexOf('e');
  const exponent = Number(scientific.slice(at + 1));
  if (exponent < -4 || exponent >= digits) {
    let mantissa = scientific.slice(0, at);
    if (!keepZeros && mantissa.includes('.')) mantissa = mantissa.replace(/\.?0+$/, '');
    return mantissa + formatExponent(exponent);
  }
  const fixed = toFixed(n, digits - 1 - exponent);
  return !keepZeros && fixed.includes('.') ? fixed.replace(/\.?0+$/, '') : fixed;
}

/** `%.{precision}e`. */
export function formatScientific(n: number, precision: number): string {
  if (!Number.isFinite(n)) return formatGeneral(n, 6, false);
  const text = toExponential(n, precision);
  const at = text.indexOf('e');
  const mantissa = text.slice(0, at);
  const signed = n === 0 && 1 / n < 0 ? `-${mantissa}` : mantissa;
  return signed + formatExponent(Number(text.slice(at + 1)));
}

/** `%.{precision}f`, exact for every double (toFixed alone switches to exponents at 1e21). */
export function formatFixed(n: number, precision: number): string {
  if (!Number.isFinite(n)) return formatGeneral(n, 6, false);
  if (Math.abs(n) >= 1e21) {
    const whole = BigInt(n).toString();
    return precision > 0 ? `${whole}.${'0'.repeat(precision)}` : whole;
  }
  const text = toFixed(n, precision);
  return n === 0 && 1 / n < 0 ? `-${text}` : text;
}

/**
 * JavaScript rounds an exact tie away from zero, C to the even digit. A tie shows in the shortest
 * text of the number: exactly one digit more than asked, and that is a 5.
 */
function toExponential(n: number, digits: number): string {
  const text = n.toExponential(digits);
  const shortest = n.toExponential();
  const at = shortest.indexOf('e');
  const length = n < 0 ? at - 1 : at;
  if (shortest[at - 1] !== '5' || length !== digits + 3) return text;
  const exact = n.toExponential(Math.min(100, digits + 30));
  if (!/^50*$/.test(exact.slice(at - 1, exact.indexOf('e')))) return text;
  const kept = shortest.slice(0, digits === 0 ? at - 2 : at - 1);
  return isEven(kept) ? kept + shortest.slice(at) : text;
}

function toFixed(n: number, digits: number): string {
  const text = n.toFixed(digits);
  if (digits > 70) return text;
  const exact = n.toFixed(digits + 30);
  if (!/50{29}$/.test(exact)) return text;
  const kept = exact.slice(0, exact.length - 30);
  return isEven(kept) ? kept.replace(/\.$/, '') : text;
}

function isEven(kept: string): boolean {
  return Number(kept.replace('.', '').slice(-1)) % 2 === 0;
}

function formatExponent(exponent: number): string {
  const magnitude = Math.abs(exponent);
  return `e${exponent < 0 ? '-' : '+'}${magnitude < 10 ? '0' : ''}${magnitude}`;
}

const DECIMAL = /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[ \t\n\v\f\r]*$/;
const HEXADECIMAL =
  /^[ \t\n\v\f\r]*([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?[ \t\n\v\f\r]*$/;
const WORD = /^[ \t\n\v\f\r]*([+-]?)(inf|infinity|nan)[ \t\n\v\f\r]*$/i;

/** The number a text stands for, or undefined when it is not one. */
export function parseNumber(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text);
  const hex = HEXADECIMAL.exec(text);
  if (hex) {
    const whole = hex[2] ?? '';
    const fraction = hex[3] ?? '';
    if (whole === '' && fraction === '') return undefined;
    const digits = hexValue(whole) + hexValue(fraction) / 16 ** fraction.length;
    const value = digits * 2 ** Number(hex[4] ?? 0);
    return hex[1] === '-' ? -value : value;
  }
  const word = WORD.exec(text);
  if (!word) return undefined;
  if (word[2]?.[0] === 'n' || word[2]?.[0] === 'N') return Number.NaN;
  return word[1] === '-' ? -Infinity : Infinity;
}

function hexValue(digits: string): number {
  return digits === '' ? 0 : Number(`0x${digits}`);
}
