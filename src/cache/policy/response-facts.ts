/**
 * What a response says to a shared cache, read once when it comes: the directives that hold for us, its times,
 * its validators.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';
import { type Directives, NO_DIRECTIVES, parseCacheControl, parseTargeted } from './directives.ts';
import { parseHttpDate } from './http-date.ts';

export interface ResponseFacts {
  readonly status: number;
  readonly directives: Directives;
  /** They come from CDN-Cache-Control, so that Expires says nothing to us (RFC 9213 section 2.2). */
  readonly targeted: boolean;
  /** Wall milliseconds; NaN when the field is not there or no date. */
  readonly dateMs: number;
  readonly lastModifiedMs: number;
  /** Undefined: no such field; NaN: one that is no date, which is in the past (RFC 9111 section 5.3). */
  readonly expiresMs: number | undefined;
  /** Seconds that it has been in caches before us, 0 when none says so (section 5.1). */
  readonly ageSeconds: number;
}

/** @param nowMs when its head came, wall milliseconds. */
export function readResponse(status: number, fields: Fields, nowMs: number): ResponseFacts {
  const targeted = targetedDirectives(fields);
  const list = fields.getList(FieldId.cacheControl);
  const own = list === undefined ? NO_DIRECTIVES : parseCacheControl(list);
  const date = (id: FieldId): number => {
    const text = fields.get(id);
    return text === undefined ? Number.NaN : parseHttpDate(text, nowMs);
  };
  return {
    status,
    directives: targeted ?? own,
    targeted: targeted !== null,
    dateMs: date(FieldId.date),
    lastModifiedMs: date(FieldId.lastModified),
    expiresMs: fields.has(FieldId.expires) ? date(FieldId.expires) : undefined,
    ageSeconds: readAge(fields),
  };
}

function targetedDirectives(fields: Fields): Directives | null {
  const list = fields.getList(FieldId.cdnCacheControl);
  return list === undefined ? null : parseTargeted(list);
}

/** RFC 9111 section 5.1: of several values the first; one that is no time is ignored. */
function readAge(fields: Fields): number {
  const text = fields.getList(FieldId.age);
  if (text === undefined) return 0;
  const first = text.split(',', 1)[0]!.trim();
  return /^\d+$/.test(first) ? Number(first) : 0;
}
