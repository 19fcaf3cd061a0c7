/**
 * How each field that is known by id travels in HPACK, and where the static table has its name.
 *
 * RFC 7541, 7.1.3: whoever shares a table with others could find out a secret in it by guessing, so fields
 * that hold one never enter a table, here or at any hop behind. Fields whose value is another one nearly
 * each time would only push out those that repeat.
 */
import { FIELD_ID_COUNT, FieldId, lowerNameOf } from '../../http/index.ts';
import { staticIndexOf } from './static-table.ts';

export const Policy = {
  /** Enters the table when the same name and value come twice. */
  repeat: 0,
  /** Literal without indexing (6.2.2). */
  literal: 1,
  /** Literal never to be indexed (6.2.3). */
  never: 2,
  /** Belongs to a HTTP/1 connection and is not sent at all (RFC 9113, 8.2.2). */
  drop: 3,
} as const;
export type Policy = (typeof Policy)[keyof typeof Policy];

const never: readonly FieldId[] = [
  FieldId.authorization,
  FieldId.proxyAuthorization,
  FieldId.authenticationInfo,
  FieldId.proxyAuthenticationInfo,
  FieldId.cookie,
  FieldId.setCookie,
];
const literal: readonly FieldId[] = [
  FieldId.contentLength,
  FieldId.contentRange,
  FieldId.age,
  FieldId.etag,
  FieldId.lastModified,
  FieldId.ifMatch,
  FieldId.ifNoneMatch,
  FieldId.ifModifiedSince,
  FieldId.ifUnmodifiedSince,
  FieldId.ifRange,
  FieldId.range,
  FieldId.location,
  FieldId.referer,
  FieldId.xRequestId,
  FieldId.traceparent,
  FieldId.xForwardedFor,
  FieldId.xRealIp,
  FieldId.forwarded,
];
const drop: readonly FieldId[] = [
  FieldId.connection,
  FieldId.keepAlive,
  FieldId.proxyConnection,
  FieldId.transferEncoding,
  FieldId.upgrade,
  FieldId.http2Settings,
];

/** The policy of each field id. */
export const policies = new Uint8Array(FIELD_ID_COUNT);
for (const id of literal) policies[id] = Policy.literal;
for (const id of never) policies[id] = Policy.never;
for (const id of drop) policies[id] = Policy.drop;

/** For each field id the index of its name in the static table, 0 when it has none. */
export const staticNames = new Uint8Array(FIELD_ID_COUNT);
for (let id = 1; id < FIELD_ID_COUNT; id++) {
  staticNames[id] = staticIndexOf(lowerNameOf(id as FieldId).toString('latin1'));
}
