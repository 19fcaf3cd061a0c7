/**
 * Which bytes of a stored response a request is about, where there may be several codings of it: `codingFor`, and what
 * Range and If-Range add to it.
 *
 * A range is cut from the response as it came, unless If-Range names a coding: who has the beginning of some bytes
 * must not be given the end of others (RFC 9110 section 13.1.5). Where nothing but a date could tell codings apart,
 * a range with If-Range is answered whole.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';
import { type Coding, type CodingWeights, isWeak } from '../policy/index.ts';
import { type CodingChoice, type CodingsAtHand, codingFor } from './choose-coding.ts';
import { codingOfTag } from './coded-tags.ts';

export interface CodingSelected extends CodingChoice {
  /** Range may be applied to it. */
  readonly ranges: boolean;
}

/**
 * @param etag of the stored response as it came.
 * @param codings that the rule names.
 */
export function selectCoding(
  request: Fields,
  weights: CodingWeights,
  etag: string | undefined,
  atHand: CodingsAtHand,
  codings: readonly Coding[],
): CodingSelected {
  const choice = codingFor(weights, atHand, codings);
  if (!request.has(FieldId.range)) return { ...choice, ranges: false };
  const { original, made, convertible } = atHand;
  const asItCame = (): CodingSelected =>
    weights[original] > 0
      ? { serve: original, acceptable: true, make: undefined, ranges: true }
      : { ...choice, ranges: true };
  const ifRange = request.get(FieldId.ifRange);
  // Without other codings nothing can be mistaken.
  if (ifRange === undefined || (!convertible && made.length === 0)) return asItCame();
  const strong = etag !== undefined && !isWeak(etag);
  // Without a strong tag of each the date is that of all codings.
  if (!strong) return { ...choice, ranges: false };
  const named = codingOfTag(ifRange, etag, original);
  if (named === undefined) return { ...choice, ranges: ifRange.includes('"') };
  const isAtHand = named === original || made.includes(named);
  if (!isAtHand || weights[named] === 0) return { ...choice, ranges: false };
  return { serve: named, acceptable: true, make: undefined, ranges: true };
}
