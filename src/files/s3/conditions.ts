/** Conditions and ranges of GET and HEAD (RFC 9110 sections 13 and 14), and conditions of writes as preconditions. */
import { S3Error } from './errors.ts';
import type { ObjectVersion, Precondition } from './object-store.ts';
import type { Headers } from './request.ts';

type Judged = Pick<ObjectVersion, 'etag' | 'lastModifiedMs'>;

/** The four names of one set of conditions; those of a copy's source begin with `x-amz-copy-source-`. */
const PLAIN = '';
export const COPY_SOURCE = 'x-amz-copy-source-';

/**
 * Judges the conditions of a read in the order of RFC 9110 section 13.2.2.
 * @throws S3Error PreconditionFailed, NotModified (of a copy's source always the first)
 */
export function checkRead(headers: Headers, version: Judged, prefix = PLAIN): void {
  const seconds = Math.floor(version.lastModifiedMs / 1000);
  const failed = (condition: string): S3Error =>
    new S3Error('PreconditionFailed', undefined, { Condition: condition });
  const ifMatch = headers.get(`${prefix}if-match`);
  const unmodified = timeOf(headers.get(`${prefix}if-unmodified-since`));
  if (ifMatch !== undefined) {
    if (!names(ifMatch, version.etag)) throw failed('If-Match');
  } else if (unmodified !== undefined && seconds > unmodified) {
    throw failed('If-Unmodified-Since');
  }
  const ifNone = headers.get(`${prefix}if-none-match`);
  const modified = timeOf(headers.get(`${prefix}if-modified-since`));
  const unchanged =
    ifNone !== undefined
      ? names(ifNone, version.etag)
      : modified !== undefined && seconds <= modified;
  if (!unchanged) return;
  if (prefix !== PLAIN) throw failed(ifNone !== undefined ? 'If-None-Match' : 'If-Modified-Since');
  throw new S3Error(
    'NotModified',
    undefined,
    {},
    {
      etag: `"${version.etag}"`,
      'last-modified': new Date(version.lastModifiedMs).toUTCString(),
    },
  );
}

/**
 * What a PUT or a completion demands of what is there.
 * @throws S3Error NotImplemented for what S3 does not know: lists of tags with If-None-Match.
 */
export function writePrecondition(headers: Headers): Precondition | undefined {
  const ifMatch = headers.get('if-match');
  const ifNone = headers.get('if-none-match');
  if (ifMatch !== undefined && ifNone !== undefined) throw new S3Error('NotImplemented');
  if (ifNone !== undefined) {
    if (ifNone.trim() !== '*') throw new S3Error('NotImplemented');
    return { exists: false };
  }
  if (ifMatch === undefined) return undefined;
  return ifMatch.trim() === '*' ? { exists: true } : { etag: unquoted(ifMatch) };
}

/** What a DELETE demands of what is there. */
export function deletePrecondition(headers: Headers): Precondition | undefined {
  const ifMatch = headers.get('if-match');
  const lastModifiedSeconds = timeOf(headers.get('x-amz-if-match-last-modified-time'));
  const size = headers.get('x-amz-if-match-size');
  if (ifMatch === undefined && lastModifiedSeconds === undefined && size === undefined) {
    return undefined;
  }
  return {
    ...(ifMatch !== undefined &&
      (ifMatch.trim() === '*' ? { exists: true } : { etag: unquoted(ifMatch) })),
    ...(lastModifiedSeconds !== undefined && { lastModifiedSeconds }),
    ...(size !== undefined && { sizeBytes: Number(size) }),
  };
}

export interface ByteRange {
  readonly start: number;
  /** The byte behind the last. */
  readonly end: number;
}

/**
 * The one range that Range asks for; undefined: the whole, also for what is no range of bytes (RFC 9110 section
 * 14.2) and for several at once, as S3 has it.
 * @throws S3Error InvalidRange when no byte of it is there.
 */
export function rangeOf(value: string | undefined, sizeBytes: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(value ?? '');
  if (match === null) return undefined;
  const [, from = '', to = ''] = match;
  if (from === '' && to === '') return undefined;
  if (from === '') {
    const count = Math.min(Number(to), sizeBytes);
    if (count === 0) throw notThere(value, sizeBytes);
    return { start: sizeBytes - count, end: sizeBytes };
  }
  const start = Number(from);
  const end = to === '' ? sizeBytes : Math.min(Number(to) + 1, sizeBytes);
  if (to !== '' && Number(to) < start) return undefined;
  if (start >= sizeBytes) throw notThere(value, sizeBytes);
  return { start, end };
}

/** If-Range, RFC 9110 section 13.1.5: whether Range counts. */
export function rangeCounts(headers: Headers, version: Judged): boolean {
  const value = headers.get('if-range');
  if (value === undefined) return true;
  if (value.startsWith('"')) return unquoted(value) === version.etag;
  const time = timeOf(value);
  return time !== undefined && Math.floor(version.lastModifiedMs / 1000) <= time;
}

function notThere(range: string | undefined, sizeBytes: number): S3Error {
  return new S3Error(
    'InvalidRange',
    undefined,
    { RangeRequested: range ?? '', ActualObjectSize: String(sizeBytes) },
    { 'content-range': `bytes */${sizeBytes}` },
  );
}

/** Whether a list of entity tags has this one. Weak ones are compared as strong ones: S3 has no weak ones. */
function names(list: string, etag: string): boolean {
  return list
    .split(',')
    .map((each) => each.trim())
    .some((each) => each === '*' || unquoted(each) === etag);
}

export function unquoted(etag: string): string {
  return etag.trim().replace(/^(?:W\/)?"(.*)"$/, '$1');
}

/** Seconds; a date that is none counts as absent, RFC 9110 section 13.1.3. */
function timeOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
