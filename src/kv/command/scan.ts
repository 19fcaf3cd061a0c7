/**
 * What the scanning commands have in common: the cursor, MATCH and COUNT, and how hits are replied.
 */
import { ReplyError, SYNTAX_ERROR, untilZero } from '../errors.ts';
import { matchesAll, matchGlob } from '../glob.ts';
import type { Call } from './call.ts';

const COUNT_DEFAULT = 10;
const UINT64_MAX = 2n ** 64n - 1n;
const INVALID_CURSOR = new ReplyError('ERR invalid cursor');
const NO_VALUES_ELSEWHERE = new ReplyError('ERR NOVALUES option can only be used in HSCAN');

/** A cursor argument as C's strtoul reads it; tables look at its low 32 bits only. */
export function scanCursor(call: Call, index: number): number {
  const text = untilZero(call.args.text(index));
  if (text === '') return 0;
  if (!/^[+-]?[0-9]+$/.test(text)) throw INVALID_CURSOR;
  const n = BigInt(text.replace(/^[+-]/, ''));
  if (n > UINT64_MAX) throw INVALID_CURSOR;
  return Number(BigInt.asUintN(32, text.startsWith('-') ? -n : n));
}

export interface ScanOptions {
  readonly count: number;
  /** Undefined: everything matches. */
  readonly pattern: Buffer | undefined;
  /** HSCAN: fields without values. */
  readonly noValues: boolean;
}

/** The options of HSCAN, SSCAN and ZSCAN from argument `from` on. */
export function scanOptions(call: Call, from: number): ScanOptions {
  const { args } = call;
  let count = COUNT_DEFAULT;
  let pattern: Buffer | undefined;
  let noValues = false;
  for (let i = from; i < call.count; i++) {
    const keyword = args.keyword(i);
    if (keyword === 'COUNT' && i + 1 < call.count) {
      count = call.int(++i);
      if (count < 1) throw SYNTAX_ERROR;
    } else if (keyword === 'MATCH' && i + 1 < call.count) {
      const text = args.bytes(++i);
      pattern = matchesAll(text) ? undefined : text;
    } else if (keyword === 'NOVALUES') {
      if (call.spec.name !== 'hscan') throw NO_VALUES_ELSEWHERE;
      noValues = true;
    } else throw SYNTAX_ERROR;
  }
  return { count, pattern, noValues };
}

/** Whether a range of bytes is what the scan looks for. */
export function scanMatches(
  options: ScanOptions,
  buf: Buffer,
  start: number,
  length: number,
): boolean {
  return options.pattern === undefined || matchGlob(options.pattern, buf, start, start + length);
}

/** The reply of a scan that found nothing and is at its end. */
export function emptyScan(call: Call): void {
  const { reply } = call;
  reply.array(2);
  reply.bulkNumber(0);
  reply.array(0);
}
