/**
 * Validators and what a validation changes: RFC 9110 sections 8.8 and 13, RFC 9111 sections 3.2 and 4.3.
 */
import { FieldId, type Fields } from '../../core/wire/index.ts';

export interface Validators {
  /** With its quotes and its `W/`; undefined when there is none. */
  readonly etag: string | undefined;
  /** As it was received. */
  readonly lastModified: string | undefined;
}

const ETAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** Of a response; what is no entity tag (RFC 9110 section 8.8.3) counts as none. */
export function validatorsOf(fields: Fields): Validators {
  const etag = fields.get(FieldId.etag);
  return {
    etag: etag !== undefined && ETAG.test(etag) ? etag : undefined,
    lastModified: fields.get(FieldId.lastModified),
  };
}

export function isWeak(etag: string): boolean {
  return etag.startsWith('W/');
}

/** RFC 9110 section 8.8.3.2. */
export function weaklyEqual(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

/** RFC 9110 section 8.8.3.2: both strong and the same. */
export function stronglyEqual(a: string, b: string): boolean {
  return a === b && !isWeak(a);
}

function opaque(etag: string): string {
  return isWeak(etag) ? etag.slice(2) : etag;
}

/** Null: it is no list of entity tags (RFC 9110 section 13.1.1), `*` among them. */
export function parseEntityTags(list: string): readonly string[] | '*' | null {
  if (list.trim() === '*') return '*';
  const tags: string[] = [];
  const pattern = /[ \t,]*((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/y;
  let at = 0;
  while (at < list.length) {
    pattern.lastIndex = at;
    const found = pattern.exec(list);
    if (found === null) return /^[ \t,]*$/.test(list.slice(at)) && tags.length > 0 ? tags : null;
    tags.push(found[1] as string);
    at += found[0].length;
  }
  return tags.length === 0 ? null : tags;
}

/**
 * Whether a 304 is about a stored response, RFC 9111 section 4.3.4: by its strong entity tag, else by its weak one
 * or its date; one without validators is about the only response that was asked about.
 */
export function isAbout(notModified: Validators, stored: Validators): boolean {
  const { etag, lastModified } = notModified;
  if (etag !== undefined) {
    if (stored.etag === undefined) return false;
    return isWeak(etag) ? weaklyEqual(etag, stored.etag) : stronglyEqual(etag, stored.etag);
  }
  if (lastModified !== undefined && stored.lastModified !== undefined) {
    return lastModified === stored.lastModified;
  }
  return true;
}

/** Fields that a 304 does not bring to a stored response, RFC 9111 section 3.2. */
export const NOT_FRESHENED: ReadonlySet<FieldId> = new Set([
  FieldId.contentLength,
  FieldId.contentRange,
  FieldId.contentEncoding,
  FieldId.transferEncoding,
  FieldId.connection,
]);
