/**
 * `string.format` (manual §5.4): C's printf without `*`, `%n` and `%p`, plus `%q`.
 */
import { argError, checkNumber, checkString } from './check.ts';
import { formatFixed, formatGeneral, formatScientific } from './number.ts';
import { runtimeError } from './operations.ts';
import type { LuaValue } from './value.ts';
import { checkLength } from './vm.ts';

interface Spec {
  flags: string;
  width: number;
  precision: number | undefined;
}

/** The formatted text; `args[0]` is the format. */
export function format(args: LuaValue[]): string {
  const text = checkString(args[0], 1, args.length);
  let result = '';
  let from = 0;
  let argument = 0;
  for (;;) {
    const at = text.indexOf('%', from);
    if (at < 0) return result + text.slice(from);
    result += text.slice(from, at);
    if (text[at + 1] === '%') {
      result += '%';
      from = at + 2;
      continue;
    }
    const { spec, end } = readSpec(text, at + 1);
    argument++;
    if (argument >= args.length) throw argError(argument + 1, 'no value');
    const piece = convert(text, end, spec, args, argument);
    checkLength(result.length + piece.length + text.length);
    result += piece;
    from = end + 1;
  }
}

function readSpec(text: string, start: number): { spec: Spec; end: number } {
  let at = start;
  while (at < text.length && '-+ #0'.includes(text[at] as string)) at++;
  const flags = text.slice(start, at);
  if (flags.length > 5) throw runtimeError('invalid format (repeated flags)');
  const isDigit = (): boolean => /\d/.test(text[at] ?? '');
  const digits = (): string => {
    const from = at;
    for (let i = 0; i < 2 && isDigit(); i++) at++;
    return text.slice(from, at);
  };
  const width = digits();
  let precision: string | undefined;
  if (text[at] === '.') {
    at++;
    precision = digits();
  }
  if (isDigit()) throw runtimeError('invalid format (width or precision too long)');
  return {
    spec: {
      flags,
      width: Number(width),
      precision: precision === undefined ? undefined : Number(precision),
    },
    end: at,
  };
}

function convert(text: string, at: number, spec: Spec, args: LuaValue[], n: number): string {
  const letter = text[at] ?? '';
  const value = args[n];
  const number = (): number => checkNumber(value, n + 1, args.length);
  switch (letter) {
    case 'c':
      return pad(String.fromCharCode(number() & 255), spec);
    case 'd':
    case 'i':
      return decimal(number(), spec);
    case 'o':
    case 'u':
    case 'x':
    case 'X':
      return unsigned(number(), letter, spec);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
      return floating(number(), letter, spec);
    case 'q':
      return quoted(checkString(value, n + 1, args.length));
    case 's': {
      const string = checkString(value, n + 1, args.length);
      return pad(spec.precision === undefined ? string : string.slice(0, spec.precision), spec);
    }
    default:
      throw runtimeError(`invalid option '%${letter}' to 'format'`);
  }
}

function pad(text: string, spec: Spec): string {
  if (text.length >= spec.width) return text;
  return spec.flags.includes('-') ? text.padEnd(spec.width) : text.padStart(spec.width);
}

/** Sign and width; zeros go between the two when the `0` flag asks for them. */
function padNumber(sign: string, digits: string, spec: Spec, zeros: boolean): string {
  if (zeros && !spec.flags.includes('-') && spec.flags.includes('0')) {
    return sign + digits.padStart(spec.width - sign.length, '0');
  }
  return pad(sign + digits, spec);
}

function signOf(negative: boolean, spec: Spec): string {
  if (negative) return '-';
  if (spec.flags.includes('+')) return '+';
  return spec.flags.includes(' ') ? ' ' : '';
}

/** A double as C's (long long): cut, and the smallest integer when it does not fit. */
function toLong(n: number): bigint {
  if (!(Math.abs(n) < 2 ** 63)) return -(2n ** 63n);
  return BigInt(Math.trunc(n));
}

function withPrecision(digits: string, spec: Spec): string {
  if (spec.precision === 0 && digits === '0') return '';
  return digits.padStart(spec.precision ?? 0, '0');
}

function decimal(n: number, spec: Spec): string {
  const long = toLong(n);
  const digits = withPrecision((long < 0n ? -long : long).toString(), spec);
  return padNumber(signOf(long < 0n, spec), digits, spec, spec.precision === undefined);
}

function unsigned(n: number, letter: string, spec: Spec): string {
  const long = n >= 2 ** 63 && n < 2 ** 64 ? BigInt(n) : BigInt.asUintN(64, toLong(n));
  const radix = letter === 'o' ? 8 : letter === 'u' ? 10 : 16;
  let digits = withPrecision(long.toString(radix), spec);
  let prefix = '';
  if (spec.flags.includes('#') && long !== 0n) {
    if (radix === 16) prefix = '0x';
    else if (radix === 8 && !digits.startsWith('0')) digits = `0${digits}`;
  }
  const result = padNumber(prefix, digits, spec, spec.precision === undefined);
  return letter === 'X' ? result.toUpperCase() : result;
}

function floating(n: number, letter: string, spec: Spec): string {
  const negative = n < 0 || Object.is(n, -0) || Number.isNaN(n);
  const precision = spec.precision ?? 6;
  const magnitude = Math.abs(n);
  const alternate = spec.flags.includes('#');
  let digits: string;
  if (!Number.isFinite(n)) digits = Number.isNaN(n) ? 'nan' : 'inf';
  else if (letter === 'f') digits = formatFixed(magnitude, precision);
  else if (letter === 'e' || letter === 'E') digits = formatScientific(magnitude, precision);
  else digits = formatGeneral(magnitude, precision, alternate);
  if (alternate && precision === 0 && !digits.includes('.'))
    digits = digits.replace(/(?=e|$)/, '.');
  const result = padNumber(signOf(negative, spec), digits, spec, Number.isFinite(n));
  return letter === 'E' || letter === 'G' ? result.toUpperCase() : result;
}

function quoted(text: string): string {
  const escaped = text.replace(/["\\\n\r\0]/g, (c) => {
    if (c === '\r') return '\\r';
    return c === '\0' ? '\\000' : `\\${c}`;
  });
  return `"${escaped}"`;
}
