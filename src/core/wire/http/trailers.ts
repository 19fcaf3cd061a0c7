/**
 * Which fields may stand in a trailer section.
 *
 * RFC 9110 section 6.5.1: no fields that frame the message, route it, modify the request, authenticate, or
 * say how the content is to be read. Decided here: those that frame, route, or rule the connection, end the
 * message with a problem, because there are parsers that obey them there (llhttp: `Connection: close`); the
 * others are dropped, so that no server behind merges them into the head.
 */
import { FieldId } from './field-ids.ts';
import { type Fields, REMOVED } from './fields.ts';
import { problems } from './problems.ts';

const REFUSED = new Set<number>([
  FieldId.host,
  FieldId.contentLength,
  FieldId.transferEncoding,
  FieldId.connection,
  FieldId.proxyConnection,
  FieldId.upgrade,
]);

const DROPPED = new Set<number>([
  FieldId.expect,
  FieldId.keepAlive,
  FieldId.te,
  FieldId.trailer,
  FieldId.http2Settings,
  FieldId.proxyAuthenticate,
  FieldId.proxyAuthorization,
  FieldId.via,
  FieldId.forwarded,
  FieldId.xForwardedFor,
  FieldId.xForwardedProto,
  FieldId.xForwardedHost,
  FieldId.xForwardedPort,
  FieldId.xRealIp,
  FieldId.cookie,
  FieldId.setCookie,
  FieldId.age,
  FieldId.cacheControl,
  FieldId.cdnCacheControl,
  FieldId.pragma,
  FieldId.expires,
  FieldId.vary,
  FieldId.warning,
  FieldId.range,
  FieldId.ifRange,
  FieldId.ifMatch,
  FieldId.ifNoneMatch,
  FieldId.ifModifiedSince,
  FieldId.ifUnmodifiedSince,
  FieldId.authorization,
  FieldId.wwwAuthenticate,
  FieldId.maxForwards,
  FieldId.contentEncoding,
  FieldId.contentType,
  FieldId.contentRange,
  FieldId.location,
  FieldId.retryAfter,
  FieldId.strictTransportSecurity,
  FieldId.user,
]);

/** Removes from a trailer section what must not stand there. Returns 0 or the problem `badTrailer`. */
export function sieveTrailers(fields: Fields): number {
  for (let i = 0; i < fields.count; i++) {
    const id = fields.id(i);
    if (id === FieldId.other || id === REMOVED) continue;
    if (REFUSED.has(id)) return problems.badTrailer.code;
    if (DROPPED.has(id)) fields.remove(i);
  }
  return 0;
}
