/**
 * Comparisons of a string with an argument, for compare-and-set and compare-and-delete: IFEQ and IFNE
 * with the value itself, IFDEQ and IFDNE with its digest (https://redis.io/docs/latest/commands/delex/).
 */
import type { Call } from '../../command/call.ts';
import { ReplyError } from '../../errors.ts';
import { type Address, equalBytes } from '../../memory/index.ts';
import { digestOf } from '../../values/string/index.ts';

const COMPARISONS = ['IFEQ', 'IFNE', 'IFDEQ', 'IFDNE'] as const;
export type Comparison = (typeof COMPARISONS)[number];

const DIGEST_CHARACTERS = 16;
const BAD_DIGEST = new ReplyError('ERR must be exactly 16 hexadecimal characters');

export function isComparison(keyword: string): keyword is Comparison {
  return (COMPARISONS as readonly string[]).includes(keyword);
}

/**
 * Whether a string record compares so with an argument; a missing one is unequal to everything, and
 * then the argument is not looked at.
 * @throws ReplyError for a digest of another length.
 */
export function comparisonHolds(
  call: Call,
  record: Address,
  comparison: Comparison,
  operand: number,
): boolean {
  const wantsEqual = comparison === 'IFEQ' || comparison === 'IFDEQ';
  if (record === 0) return !wantsEqual;
  const byDigest = comparison === 'IFDEQ' || comparison === 'IFDNE';
  const equal = byDigest ? sameDigest(call, record, operand) : sameValue(call, record, operand);
  return equal === wantsEqual;
}

function sameValue({ db, args }: Call, record: Address, operand: number): boolean {
  const length = db.valueLength(record);
  if (length !== args.length(operand)) return false;
  const offset = db.valueOffset(record);
  return equalBytes(db.bytesOf(record), offset, args.buf, args.start(operand), length);
}

function sameDigest({ db, args }: Call, record: Address, operand: number): boolean {
  if (args.length(operand) !== DIGEST_CHARACTERS) throw BAD_DIGEST;
  return digestOf(db, record) === args.text(operand).toLowerCase();
}
