/**
 * Entity tags of codings, RFC 9110 sections 8.8.1 and 8.8.3.3: bytes that differ need another strong tag. A coding that
 * we make has the tag of what it was made of with a suffix, by which we know it again: `"a1"` becomes `"a1;br"`. A
 * weak tag says that the content means the same, which holds for all codings of it, and stays.
 */
import {
  CODINGS,
  type Coding,
  type CodingWeights,
  isWeak,
  parseEntityTags,
  weaklyEqual,
} from '../policy/index.ts';

/** The tag of a coding made of the representation that has `etag`. */
export function codedTag(etag: string, coding: Coding): string {
  return isWeak(etag) ? etag : `${etag.slice(0, -1)};${coding}"`;
}

/**
 * The coding of a stored response that the client of an If-None-Match has already and still accepts, so that it is
 * answered 304 whichever it would be sent today (RFC 9110 section 13.1.2); undefined: none of them.
 * @param etag of the stored response, as it came.
 * @param original coding that it came in.
 */
export function heldCoding(
  ifNoneMatch: string,
  etag: string | undefined,
  original: Coding,
  weights: CodingWeights,
): Coding | undefined {
  const tags = parseEntityTags(ifNoneMatch);
  if (etag === undefined || tags === null || tags === '*') return undefined;
  const held = (coding: Coding): boolean => {
    if (coding !== original && weights[coding] === 0) return false;
    const own = coding === original ? etag : codedTag(etag, coding);
    return tags.some((tag) => weaklyEqual(tag, own));
  };
  if (held(original)) return original;
  return CODINGS.find((coding) => coding !== original && held(coding));
}

/**
 * The coding whose bytes an If-Range is about: a range has to be of the bytes that the client has the beginning of.
 * Undefined: of none that is made of `etag`.
 */
export function codingOfTag(tag: string, etag: string, original: Coding): Coding | undefined {
  if (tag === etag) return original;
  return CODINGS.find((coding) => coding !== original && tag === codedTag(etag, coding));
}

const SUFFIX = /;(?:br|zstd|gzip|identity)"$/;

/**
 * A list of entity tags as the origin knows them: for preconditions that it has to decide (RFC 9110 section 13.1.1),
 * as If-Match of a client that edits what it has read from us. Anything else stays as it is.
 */
export function originTags(list: string): string {
  const tags = parseEntityTags(list);
  if (tags === null || tags === '*') return list;
  return tags.map((tag) => tag.replace(SUFFIX, '"')).join(', ');
}
