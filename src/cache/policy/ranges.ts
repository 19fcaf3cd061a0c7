/**
 * Which part of a stored response a request for ranges gets, RFC 9110 section 14. Only GET has ranges (14.2), and
 * only of a response with status 200 that is stored whole, or of the parts that are.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';
import { parseHttpDate } from './http-date.ts';
import { stronglyEqual, type Validators } from './validation.ts';

/** Bytes of a representation: from `start` up to and without `end`. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

export type RangeDecision =
  | { readonly kind: 'whole' }
  | { readonly kind: 'unsatisfiable' }
  | { readonly kind: 'parts'; readonly parts: readonly Part[] };

/** Ranges of one request. One with more, or with two that overlap others, is answered whole (section 14.2). */
export const RANGES_MAX = 32;
const OVERLAPS_MAX = 2;

const WHOLE: RangeDecision = { kind: 'whole' };
const UNSATISFIABLE: RangeDecision = { kind: 'unsatisfiable' };

/**
 * @param lengthBytes of the representation.
 * @param dateMs when the stored response was made, wall milliseconds.
 */
export function decideRange(
  request: Fields,
  stored: Validators,
  { lengthBytes, dateMs }: { readonly lengthBytes: number; readonly dateMs: number },
): RangeDecision {
  // Two Range fields are none that we could understand.
  const index = request.find(FieldId.range);
  if (index === -1 || request.find(FieldId.range, index + 1) !== -1) return WHOLE;
  const specs = parseRanges(request.value(index));
  if (specs === null) return WHOLE;
  if (!holdsIfRange(request, stored, dateMs)) return WHOLE;
  const parts: Part[] = [];
  for (const spec of specs) {
    const part = partOf(spec, lengthBytes);
    if (part !== null) parts.push(part);
  }
  if (parts.length === 0) return UNSATISFIABLE;
  return countOverlaps(parts) > OVERLAPS_MAX ? WHOLE : { kind: 'parts', parts };
}

/** `first-last`, `first-` (last is infinite) or `-suffix` (first is -1). */
interface RangeSpec {
  readonly first: number;
  readonly last: number;
}

/** Null: it is no set of byte ranges, or one that is too long, and the field is ignored. */
function parseRanges(value: string): readonly RangeSpec[] | null {
  const found = /^bytes[ \t]*=(.*)$/i.exec(value);
  if (found === null) return null;
  const specs: RangeSpec[] = [];
  for (const element of (found[1] as string).split(',')) {
    const text = element.trim();
    // Section 5.6.1.2: empty elements are skipped.
    if (text === '') continue;
    const numbers = /^(\d*)-(\d*)$/.exec(text);
    if (numbers === null || text === '-' || specs.length === RANGES_MAX) return null;
    const [, first, last] = numbers as unknown as [string, string, string];
    if (first === '') {
      specs.push({ first: -1, last: Number(last) });
      continue;
    }
    const spec = {
      first: Number(first),
      last: last === '' ? Number.POSITIVE_INFINITY : Number(last),
    };
    if (spec.last < spec.first) return null;
    specs.push(spec);
  }
  return specs.length === 0 ? null : specs;
}

/** Null: nothing of it is there (section 14.1.2). */
function partOf({ first, last }: RangeSpec, lengthBytes: number): Part | null {
  if (first === -1) {
    if (last === 0 || lengthBytes === 0) return null;
    return { start: Math.max(0, lengthBytes - last), end: lengthBytes };
  }
  if (first >= lengthBytes) return null;
  return { start: first, end: Math.min(last + 1, lengthBytes) };
}

/** Parts that begin before the end of one that begins earlier. */
function countOverlaps(parts: readonly Part[]): number {
  const sorted = [...parts].sort((a, b) => a.start - b.start);
  let [overlaps, end] = [0, 0];
  for (const part of sorted) {
    if (part.start < end) overlaps++;
    end = Math.max(end, part.end);
  }
  return overlaps;
}

/** Section 13.1.5: without If-Range it holds; else only by a strong validator. */
function holdsIfRange(request: Fields, stored: Validators, dateMs: number): boolean {
  const value = request.get(FieldId.ifRange);
  if (value === undefined) return true;
  if (value.includes('"')) return stored.etag !== undefined && stronglyEqual(value, stored.etag);
  // Compared as text, not as time. Section 8.8.2.2: strong when a second lies between it and the response.
  const { lastModified } = stored;
  return lastModified === value && parseHttpDate(value, dateMs) + 1000 <= dateMs;
}
