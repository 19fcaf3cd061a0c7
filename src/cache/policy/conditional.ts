/**
 * Preconditions of a client that a stored response answers, RFC 9111 section 4.3.2: If-None-Match, and in its absence
 * If-Modified-Since. If-Match and If-Unmodified-Since are for the origin alone (RFC 9110 sections 13.1.1 and 13.1.4).
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';
import { parseHttpDate } from './http-date.ts';
import { parseEntityTags, type Validators, weaklyEqual } from './validation.ts';

export interface StoredTimes {
  /** Wall milliseconds; NaN when there is none. */
  readonly lastModifiedMs: number;
  readonly dateMs: number;
}

/** Whether the client has what is stored, and is answered 304. */
export function isNotModified(
  request: Fields,
  { etag }: Validators,
  { lastModifiedMs, dateMs }: StoredTimes,
  nowMs: number,
): boolean {
  const list = request.getList(FieldId.ifNoneMatch);
  if (list !== undefined) {
    const tags = parseEntityTags(list);
    if (tags === '*') return true;
    if (etag === undefined || tags === null) return false;
    return tags.some((tag) => weaklyEqual(tag, etag));
  }
  const since = request.get(FieldId.ifModifiedSince);
  if (since === undefined) return false;
  const sinceMs = parseHttpDate(since, nowMs);
  // Section 4.3.2: without Last-Modified the Date of the stored response is compared.
  const modifiedMs = Number.isNaN(lastModifiedMs) ? dateMs : lastModifiedMs;
  return modifiedMs <= sinceMs;
}
