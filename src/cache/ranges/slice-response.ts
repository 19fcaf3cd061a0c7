/**
 * Requests for slices and what comes of them, RFC 9110 section 14: all slices of one response have to be of
 * one representation, which its strong validator and its length say.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';
import { type Part, parseHttpDate } from '../policy/index.ts';
import { belongsTo, type PartialResponse, type PartRefusal, readPartial } from './combining.ts';
import { parseContentRange } from './content-range.ts';

/** What the first slice has told of the representation. */
export type Representation = Omit<PartialResponse, 'part'>;

export type SliceAnswer =
  | { readonly kind: 'slice'; readonly part: Part; readonly representation: Representation }
  /** The representation is another one by now: its slices are of no use. */
  | { readonly kind: 'changed' }
  /** There is nothing so far behind; how long it is. Of an empty one the whole is asked for, without ranges. */
  | { readonly kind: 'short'; readonly lengthBytes: number }
  /** The origin has sent everything: it knows no ranges. */
  | { readonly kind: 'whole' }
  /** A part that is not what was asked for or can not be kept; it is neither sent nor stored. */
  | { readonly kind: 'refused'; readonly reason: PartRefusal | 'other-part' }
  /** Neither: a redirect, an error; it is passed on as it is. */
  | { readonly kind: 'other' };

/**
 * The Range of a request for a slice. It has no precondition, so that one fetch is for all who want the slice,
 * whatever they have read before, and what comes is stored also when it is of a newer representation.
 */
export function rangeOfSlice({ start, end }: Part): string {
  return `bytes=${start}-${end - 1}`;
}

/** Fields of a client's request that do not go to the origin with a request for a slice. */
export const REPLACED_FOR_SLICES: readonly FieldId[] = [
  FieldId.range,
  FieldId.ifRange,
  FieldId.ifMatch,
  FieldId.ifNoneMatch,
  FieldId.ifModifiedSince,
  FieldId.ifUnmodifiedSince,
];

/**
 * @param asked the slice, its end at the whole size when the length is not known yet.
 * @param known null for the first slice.
 * @param nowMs when the head came, wall milliseconds.
 */
export function readSlice(
  status: number,
  fields: Fields,
  asked: Part,
  known: Representation | null,
  nowMs: number,
): SliceAnswer {
  if (status === 416) return readUnsatisfied(fields, known);
  // Behind the first slice: it passes over what was asked, and what it sends may be another representation.
  if (status === 200) return { kind: known === null ? 'whole' : 'changed' };
  if (status !== 206) return { kind: 'other' };
  const time = (id: FieldId): number => {
    const text = fields.get(id);
    return text === undefined ? Number.NaN : parseHttpDate(text, nowMs);
  };
  const times = { lastModifiedMs: time(FieldId.lastModified), dateMs: time(FieldId.date) };
  const partial = readPartial(fields, times);
  if (typeof partial === 'string') return { kind: 'refused', reason: partial };
  const { part, lengthBytes, validator } = partial;
  if (known !== null && !belongsTo(partial, known)) return { kind: 'changed' };
  if (part.start !== asked.start || part.end !== Math.min(asked.end, lengthBytes)) {
    return { kind: 'refused', reason: 'other-part' };
  }
  return { kind: 'slice', part, representation: { lengthBytes, validator } };
}

function readUnsatisfied(fields: Fields, known: Representation | null): SliceAnswer {
  // We ask for what the representation has: if the origin has not got it, it is another one.
  if (known !== null) return { kind: 'changed' };
  const range = parseContentRange(fields.get(FieldId.contentRange) ?? '');
  if (range === null || range.part !== null || range.lengthBytes === undefined) {
    return { kind: 'other' };
  }
  return { kind: 'short', lengthBytes: range.lengthBytes };
}
