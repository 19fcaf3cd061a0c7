/**
 * Doubles as Redis 7.2 prints them: integers below 2^52 plainly, else the shortest digits that read
 * back as the same double, with an exponent where that is shorter (`1e+20`, `1.5e-9`).
 */

const PLAIN_INTEGER_MAX = 2 ** 52;
/** Zeros that may pad an integer before an exponent is written instead. */
const PADDING_MAX = 7;

/** Text of a double in a reply or of a stored score: `inf`, `-inf` and `nan` for those. */
export function formatDouble(n: number): string {
  if (Number.isInteger(n) && n >= -PLAIN_INTEGER_MAX && n <= PLAIN_INTEGER_MAX) {
    return Object.is(n, -0) ? '-0' : String(n);
  }
  if (n === Number.POSITIVE_INFINITY) return 'inf';
  if (n === Number.NEGATIVE_INFINITY) return '-inf';
  if (Number.isNaN(n)) return 'nan';
  const [mantissa, exponentText] = Math.abs(n).toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  return (n < 0 ? '-' : '') + place(digits, exponent);
}

/** Writes `digits` x 10^(exponent - digits.length + 1) plainly, or with an exponent when long. */
function place(digits: string, exponent: number): string {
  const trailing = exponent - digits.length + 1;
  const size = Math.abs(exponent);
  if (trailing >= 0 && size < digits.length + PADDING_MAX) return digits + '0'.repeat(trailing);
  if (trailing < 0 && (trailing > -PADDING_MAX || size < 4)) {
    const point = digits.length + trailing;
    if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`;
    return `${digits.slice(0, point)}.${digits.slice(point)}`;
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${digits[0]}${fraction}e${exponent < 0 ? '-' : '+'}${size}`;
}
