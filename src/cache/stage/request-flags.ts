/** What the fields of a request say that matters to a cache, found in one pass: most requests say nothing. */
import { FieldId, type Fields } from '../../core/wire/index.ts';

export const RequestFlag = {
  /** Cache-Control or Pragma. */
  directives: 1,
  /** If-None-Match or If-Modified-Since: a stored response may answer them. */
  conditional: 2,
  /** If-Match or If-Unmodified-Since: for the origin alone (RFC 9110 sections 13.1.1 and 13.1.4). */
  originOnly: 4,
  /** Range. */
  range: 8,
  authorization: 16,
} as const;

export function requestFlags(fields: Fields): number {
  let flags = 0;
  for (let i = 0; i < fields.count; i++) {
    switch (fields.id(i)) {
      case FieldId.cacheControl:
      case FieldId.pragma:
        flags |= RequestFlag.directives;
        break;
      case FieldId.ifNoneMatch:
      case FieldId.ifModifiedSince:
        flags |= RequestFlag.conditional;
        break;
      case FieldId.ifMatch:
      case FieldId.ifUnmodifiedSince:
        flags |= RequestFlag.originOnly;
        break;
      case FieldId.range:
        flags |= RequestFlag.range;
        break;
      case FieldId.authorization:
        flags |= RequestFlag.authorization;
    }
  }
  return flags;
}
