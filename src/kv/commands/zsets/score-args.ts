/**
 * Scores and ranges of scores and members, as arguments
 * (https://redis.io/docs/latest/commands/zadd/, .../zrangebyscore/, .../zrangebylex/).
 */
import type { Call } from '../../command/call.ts';
import { parseFloat64, parseInteger } from '../../command/numbers.ts';
import { NOT_A_FLOAT, ReplyError, untilZero } from '../../errors.ts';
import type { LexBound, LexRange, ScoreRange } from '../../values/zset/index.ts';

const DOT = 46;
const MINUS = 45;
/** Digits that always fit a double exactly. */
const SAFE_DIGITS = 15;
const BAD_SCORE_BOUND = new ReplyError('ERR min or max is not a float');
const BAD_LEX_BOUND = new ReplyError('ERR min or max not valid string range item');
const EMPTY = Buffer.alloc(0);

/** A score argument: never NaN. */
export function scoreAt(call: Call, index: number): number {
  const { args } = call;
  const { buf } = args;
  const start = args.start(index);
  const end = args.end(index);
  const whole = parseInteger(buf, start, end);
  if (!Number.isNaN(whole)) return whole;
  const fraction = parseDecimal(buf, start, end);
  return Number.isNaN(fraction) ? call.float(index, NOT_A_FLOAT) : fraction;
}

/** Plain decimals of few digits, as most scores are; NaN for anything that needs more care. */
function parseDecimal(buf: Buffer, start: number, end: number): number {
  const negative = buf[start] === MINUS;
  const from = negative ? start + 1 : start;
  if (end - from > SAFE_DIGITS + 1) return Number.NaN;
  let n = 0;
  let digits = 0;
  let scale = 0;
  for (let i = from; i < end; i++) {
    const c = buf[i] as number;
    if (c === DOT && scale === 0) {
      scale = 1;
      continue;
    }
    if (!(c >= 48 && c <= 57)) return Number.NaN;
    n = n * 10 + (c - 48);
    digits++;
    scale *= 10;
  }
  if (digits === 0 || digits > SAFE_DIGITS || scale === 1) return Number.NaN;
  // Zeros in front, which parseInteger refuses.
  if (scale === 0) return negative ? -n : n;
  // Both sides are exact, so the quotient is the nearest double.
  return negative ? -(n / scale) : n / scale;
}

/** A range of scores at two arguments: a float, with `(` before it when it is left out itself. */
export function scoreRangeAt(call: Call, minIndex: number, maxIndex: number): ScoreRange {
  const minOpen = isOpen(call, minIndex);
  const min = scoreBound(call, minIndex, minOpen);
  const maxOpen = isOpen(call, maxIndex);
  const max = scoreBound(call, maxIndex, maxOpen);
  return { min, minOpen, max, maxOpen };
}

function isOpen(call: Call, index: number): boolean {
  return call.args.length(index) > 0 && call.args.buf[call.args.start(index)] === 40;
}

function scoreBound(call: Call, index: number, open: boolean): number {
  // Redis reads these with strtod alone: blanks before, nothing at all, and overflow are all right.
  const text = untilZero(call.args.text(index).slice(open ? 1 : 0)).replace(/^[ \t\n\v\f\r]+/, '');
  if (text === '') return 0;
  const n = parseFloat64(text);
  if (!Number.isNaN(n)) return n;
  const loose = /^[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(loose)) throw BAD_SCORE_BOUND;
  return loose;
}

/** A range of members at two arguments: `-`, `+`, `[member` or `(member`. */
export function lexRangeAt(call: Call, minIndex: number, maxIndex: number): LexRange {
  return { min: lexBound(call, minIndex), max: lexBound(call, maxIndex) };
}

function lexBound(call: Call, index: number): LexBound {
  const bytes = call.args.bytes(index);
  const mark = bytes.length === 0 ? '' : String.fromCharCode(bytes[0]!);
  if (mark === '(' || mark === '[') {
    return { at: 'member', bytes: bytes.subarray(1), open: mark === '(' };
  }
  if (bytes.length === 1 && mark === '-') return { at: 'lowest', bytes: EMPTY, open: false };
  if (bytes.length === 1 && mark === '+') return { at: 'highest', bytes: EMPTY, open: false };
  throw BAD_LEX_BOUND;
}
