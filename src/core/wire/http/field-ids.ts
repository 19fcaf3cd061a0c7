/**
 * Small numbers for the names of fields that somebody looks for, so that nobody compares strings.
 *
 * Invariants: 0 is every other name; the numbers live in one process only and are never stored. The ids up
 * to `FRAMING_LAST` are those that decide on a message's framing and connection, those from `CLIENT_FIRST` to
 * `CLIENT_LAST` those by which proxies tell of clients. Names are compared without
 * case (RFC 9110 section 5.1). Hot: bench/http-parse.ts.
 */
import { LOWER_CASE } from './grammar.ts';

export const FieldId = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  upgrade: 5,
  expect: 6,
  keepAlive: 7,
  proxyConnection: 8,
  te: 9,
  trailer: 10,
  http2Settings: 11,
  proxyAuthenticate: 12,
  proxyAuthorization: 13,
  proxyAuthenticationInfo: 14,
  via: 15,
  forwarded: 16,
  xForwardedFor: 17,
  xForwardedProto: 18,
  xForwardedHost: 19,
  xForwardedPort: 20,
  xRealIp: 21,
  xRequestId: 22,
  traceparent: 23,
  tracestate: 24,
  cookie: 25,
  setCookie: 26,
  date: 27,
  server: 28,
  age: 29,
  cacheControl: 30,
  cdnCacheControl: 31,
  pragma: 32,
  expires: 33,
  etag: 34,
  lastModified: 35,
  vary: 36,
  range: 37,
  ifRange: 38,
  ifMatch: 39,
  ifNoneMatch: 40,
  ifModifiedSince: 41,
  ifUnmodifiedSince: 42,
  authorization: 43,
  wwwAuthenticate: 44,
  authenticationInfo: 45,
  accept: 46,
  acceptEncoding: 47,
  acceptLanguage: 48,
  acceptRanges: 49,
  contentEncoding: 50,
  contentType: 51,
  contentRange: 52,
  contentLanguage: 53,
  contentLocation: 54,
  contentDisposition: 55,
  location: 56,
  retryAfter: 57,
  surrogateKey: 58,
  surrogateControl: 59,
  cacheTag: 60,
  cacheStatus: 61,
  warning: 62,
  maxForwards: 63,
  allow: 64,
  link: 65,
  strictTransportSecurity: 66,
  secWebsocketKey: 67,
  secWebsocketAccept: 68,
  secWebsocketVersion: 69,
  secWebsocketProtocol: 70,
  secWebsocketExtensions: 71,
  userAgent: 72,
  referer: 73,
  origin: 74,
  priority: 75,
  grpcStatus: 76,
  grpcMessage: 77,
  grpcTimeout: 78,
  altSvc: 79,
  accessControlAllowOrigin: 80,
  user: 81,
} as const;
export type FieldId = (typeof FieldId)[keyof typeof FieldId];

/** The last of the ids that framing and connection depend on. */
export const FRAMING_LAST = FieldId.expect;
/** The first and the last of the ids by which proxies tell of their clients. */
export const CLIENT_FIRST: number = FieldId.forwarded;
export const CLIENT_LAST: number = FieldId.xRealIp;

/** Spellings that are not each word with a capital letter. */
const SPELLINGS: Readonly<Record<string, string>> = {
  te: 'TE',
  etag: 'ETag',
  'http2-settings': 'HTTP2-Settings',
  'x-real-ip': 'X-Real-IP',
  'cdn-cache-control': 'CDN-Cache-Control',
  'www-authenticate': 'WWW-Authenticate',
  'sec-websocket-key': 'Sec-WebSocket-Key',
  'sec-websocket-accept': 'Sec-WebSocket-Accept',
  'sec-websocket-version': 'Sec-WebSocket-Version',
  'sec-websocket-protocol': 'Sec-WebSocket-Protocol',
  'sec-websocket-extensions': 'Sec-WebSocket-Extensions',
  // W3C Trace Context, section 3.2: small letters should be sent.
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  'grpc-status': 'grpc-status',
  'grpc-message': 'grpc-message',
  'grpc-timeout': 'grpc-timeout',
};

const NAMES: readonly string[] = Object.keys(FieldId).map((key) =>
  key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
);
const LOWER_NAMES: readonly Buffer[] = NAMES.map((name) => Buffer.from(name, 'latin1'));
const WIRE_NAMES: readonly Buffer[] = NAMES.map((name) =>
  Buffer.from(
    SPELLINGS[name] ?? name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()),
    'latin1',
  ),
);
export const FIELD_ID_COUNT = NAMES.length;

const SLOTS = 512;
const NAME_BYTES_MAX = Math.max(...NAMES.map((name) => name.length));
/** The first id of a slot, and the next one of the same slot. */
const FIRST = new Uint8Array(SLOTS);
const NEXT = new Uint8Array(FIELD_ID_COUNT);
for (let id = 1; id < FIELD_ID_COUNT; id += 1) {
  const name = LOWER_NAMES[id] as Buffer;
  const slot = slotOf(name, 0, name.length);
  NEXT[id] = FIRST[slot] as number;
  FIRST[slot] = id;
}

/** The id of the name in a range of bytes, 0 when nobody looks for it. */
export function fieldIdOf(buf: Buffer, start: number, length: number): FieldId {
  if (length === 0 || length > NAME_BYTES_MAX) return FieldId.other;
  let id = FIRST[slotOf(buf, start, length)]!;
  while (id !== 0) {
    if (isName(buf, start, length, LOWER_NAMES[id]!)) return id as FieldId;
    id = NEXT[id]!;
  }
  return FieldId.other;
}

/** The name in small letters, as bytes: what HTTP/2 sends (RFC 9113 section 8.2). */
export function lowerNameOf(id: FieldId): Buffer {
  return LOWER_NAMES[id] as Buffer;
}

/** The name as HTTP/1 usually spells it, as bytes. */
export function wireNameOf(id: FieldId): Buffer {
  return WIRE_NAMES[id] as Buffer;
}

function slotOf(buf: Buffer, start: number, length: number): number {
  const first = buf[start]! | 0x20;
  const middle = buf[start + (length >> 1)]! | 0x20;
  const last = buf[start + length - 1]! | 0x20;
  return (length + first * 7 + middle * 31 + last * 97) & (SLOTS - 1);
}

function isName(buf: Buffer, start: number, length: number, name: Buffer): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (LOWER_CASE[buf[start + i]!] !== name[i]) return false;
  return true;
}
