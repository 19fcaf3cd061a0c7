/**
 * Storing parts of a representation and putting them together, RFC 9111 sections 3.3 and 3.4 with RFC 9110 section
 * 15.3.7.3: only parts that share a strong validator are of one representation.
 *
 * A 206 that may be kept still has to pass `whyNotStored`; what is stored of it answers ranges that lie in it
 * and, once all is there, everything.
 */
import { BodyKind, FieldId, type Fields, type ResponseHead } from '../../core/wire/index.ts';
import { isWeak, type Part, type Validators, validatorsOf } from '../policy/index.ts';
import { parseContentRange } from './content-range.ts';

/** What tells two representations apart to the byte, RFC 9110 section 8.8.1. */
export interface StrongValidator {
  readonly kind: 'etag' | 'date';
  readonly value: string;
}

/** One part of a representation. */
export interface PartialResponse {
  readonly part: Part;
  readonly lengthBytes: number;
  readonly validator: StrongValidator;
}

/** Why a part is not kept, each with its section. */
export const partRefusals = {
  'no-range': 'RFC 9110 section 15.3.7.1: a 206 with one part has Content-Range',
  'bad-range': 'RFC 9110 section 14.4: its Content-Range is none, or contradicts itself',
  'unknown-length': 'RFC 9111 section 3.4: whether all is there could never be said',
  multipart: 'RFC 9110 section 15.3.7.2: several parts in one response are passed on, not kept',
  length: 'RFC 9110 section 8.6: its Content-Length is not the length of its part',
  validator: 'RFC 9111 section 3.4: nothing strong says which representation it is of',
} as const;
export type PartRefusal = keyof typeof partRefusals;

/** Times of the response, wall milliseconds; NaN when it has none. */
export interface ResponseTimes {
  readonly lastModifiedMs: number;
  readonly dateMs: number;
}

/**
 * Null: there is none. A date is strong when the response was made a second later at least (RFC 9110 section
 * 8.8.2.2); beside a weak entity tag, which says that bytes may differ, it is not used.
 */
export function strongValidator(
  { etag, lastModified }: Validators,
  { lastModifiedMs, dateMs }: ResponseTimes,
): StrongValidator | null {
  if (etag !== undefined) return isWeak(etag) ? null : { kind: 'etag', value: etag };
  if (lastModified === undefined || !(lastModifiedMs + 1000 <= dateMs)) return null;
  return { kind: 'date', value: lastModified };
}

/** What a 206 brings, or why it is not kept. */
export function readPartial(fields: Fields, times: ResponseTimes): PartialResponse | PartRefusal {
  const type = fields.get(FieldId.contentType);
  if (type !== undefined && /^multipart\/byteranges\b/i.test(type)) return 'multipart';
  const index = fields.find(FieldId.contentRange);
  if (index === -1) return 'no-range';
  const range = parseContentRange(fields.value(index));
  if (range === null || range.part === null) return 'bad-range';
  if (fields.find(FieldId.contentRange, index + 1) !== -1) return 'bad-range';
  const { part, lengthBytes } = range;
  if (lengthBytes === undefined) return 'unknown-length';
  const length = fields.get(FieldId.contentLength);
  if (length !== undefined && Number(length) !== part.end - part.start) return 'length';
  const validator = strongValidator(validatorsOf(fields), times);
  return validator === null ? 'validator' : { part, lengthBytes, validator };
}

/**
 * Whether a part that has come belongs to those stored. If not, they are of a representation that is no more, and
 * it takes their place. If so, its fields freshen theirs as a 304's would (RFC 9111 section 3.4).
 */
export function belongsTo(
  incoming: Omit<PartialResponse, 'part'>,
  stored: Omit<PartialResponse, 'part'>,
): boolean {
  return (
    incoming.lengthBytes === stored.lengthBytes &&
    incoming.validator.kind === stored.validator.kind &&
    incoming.validator.value === stored.validator.value
  );
}

/** Makes the head of stored parts that of a whole response, RFC 9110 section 15.3.7.3. */
export function becomeWhole(head: ResponseHead, lengthBytes: number): void {
  const { fields } = head;
  head.setStatus(200);
  fields.removeAll(FieldId.contentRange);
  fields.set(FieldId.contentLength, String(lengthBytes));
  head.body = BodyKind.length;
  head.contentLength = lengthBytes;
}
