/** The heads of responses that may be sent in several codings. */
import {
  BodyKind,
  FieldId,
  type Fields,
  lowerName,
  type ResponseHead,
} from '../../core/wire/index.ts';
import type { Coding } from '../policy/index.ts';
import { codedTag } from './coded-tags.ts';

/** Digests of the bytes as they were, RFC 9530 sections 2 and 3 and what was there before. */
const DIGESTS = ['content-digest', 'repr-digest', 'digest', 'content-md5'].map(lowerName);

/** Makes the head of a stored response that of a coding made of it. */
export function becomeCoded(head: ResponseHead, coding: Coding, bodyBytes: number): void {
  const { fields } = head;
  if (coding === 'identity') fields.removeAll(FieldId.contentEncoding);
  else fields.set(FieldId.contentEncoding, coding);
  fields.set(FieldId.contentLength, String(bodyBytes));
  head.body = BodyKind.length;
  head.contentLength = bodyBytes;
  const etag = fields.get(FieldId.etag);
  if (etag !== undefined) fields.set(FieldId.etag, codedTag(etag, coding));
  for (const name of DIGESTS) {
    for (let at = fields.findName(name); at !== -1; at = fields.findName(name, at + 1)) {
      fields.remove(at);
    }
  }
  varyByEncoding(fields);
}

/**
 * Says that the response depends on Accept-Encoding (RFC 9110 section 12.5.5): also where it is sent as it came, if
 * others get it coded.
 */
export function varyByEncoding(fields: Fields): void {
  const list = fields.getList(FieldId.vary) ?? '';
  const names = list.split(',').map((name) => name.trim().toLowerCase());
  if (names.includes('*') || names.includes('accept-encoding')) return;
  fields.appendToList(FieldId.vary, 'Accept-Encoding');
}
