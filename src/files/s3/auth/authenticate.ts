/**
 * Who sent a request, by Signature Version 4 in the Authorization field or in the query (Version 2 stands beside), and
 * how its body is to be checked. What is signed otherwise is refused; what is not signed comes from nobody.
 *
 * Invariants: the secret is used for signing keys only; signatures are compared in constant time; every
 * `x-amz-` field of a signed request is signed, so that nobody on the way can add one.
 */
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Headers, ParsedRequest } from '../request.ts';
import { type BodyCheck, bodyCheckOf, type ChunkSigning } from './body-check.ts';
import { canonicalRequest, stringToSign } from './canonical.ts';
import {
  ALGORITHM,
  amzDate,
  type Credential,
  parseAmzDate,
  parseCredential,
  type SigningKeys,
  sameSignature,
  signatureOf,
} from './scope.ts';
import {
  type ClaimV2,
  claimV2InHeader,
  claimV2InQuery,
  isV2InQuery,
  proveV2,
} from './signature-v2.ts';
import type { AccessKey, User, Users } from './users.ts';

export interface Authenticated {
  /** Null: nobody, the request is not signed. */
  readonly user: User | null;
  readonly accessKeyId: string;
  readonly how: 'anonymous' | 'header' | 'query' | 'post';
  /** As policies name it, undefined when it is not signed. */
  readonly version?: 'AWS' | 'AWS4-HMAC-SHA256';
  /** When it was signed, milliseconds; 0 when it was not. */
  readonly signedMs: number;
  readonly body: BodyCheck;
}

export interface Authenticator {
  readonly users: Users;
  readonly keys: SigningKeys;
  /** Version 2 is taken too. */
  readonly takesV2: boolean;
  readonly nowMs: number;
}

/** What one way of signing says, the same for both. */
interface Claim {
  readonly how: 'header' | 'query';
  readonly credential: Credential;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly date: string;
  readonly signedMs: number;
  readonly payloadHash: string;
}

/** @throws S3Error when it is signed and the signature is not right. */
export function authenticate(request: ParsedRequest, by: Authenticator): Authenticated {
  const { headers, query } = request;
  // An empty field says as much as none.
  const authorization = headers.get('authorization') || undefined;
  const inQuery = query.has('X-Amz-Algorithm') || query.has('X-Amz-Signature');
  if (authorization !== undefined && inQuery) {
    throw new S3Error('InvalidArgument', 'Only one auth mechanism allowed.');
  }
  if (authorization?.startsWith('AWS ') === true) {
    return proveOld(request, () => claimV2InHeader(headers, authorization), by);
  }
  if (inQuery) return prove(request, claimInQuery(request, by.nowMs), by);
  if (authorization !== undefined) {
    return prove(request, claimInHeader(request, authorization, by.nowMs), by);
  }
  if (isV2InQuery(query)) return proveOld(request, () => claimV2InQuery(query, by.nowMs), by);
  const body = bodyCheckOf(headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD', null);
  return { user: null, accessKeyId: '', how: 'anonymous', signedMs: 0, body };
}

/** The key of an id, or the answer to one that nobody has. */
export function accessKeyOf(users: Users, id: string): AccessKey {
  const key = users.key(id);
  if (key === undefined) {
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: id });
  }
  return key;
}

/** Refuses a clock that is too far from ours. */
export function checkSkew(date: string, signedMs: number, nowMs: number): void {
  if (Math.abs(nowMs - signedMs) <= LIMITS.skewMs) return;
  throw new S3Error('RequestTimeTooSkewed', undefined, {
    RequestTime: date,
    ServerTime: new Date(nowMs).toISOString(),
    MaxAllowedSkewMilliseconds: String(LIMITS.skewMs),
  });
}

function proveOld(
  request: ParsedRequest,
  readClaim: () => ClaimV2,
  by: Authenticator,
): Authenticated {
  const { headers } = request;
  if (!by.takesV2) throw unsupported();
  const claim = readClaim();
  const { how, date, signedMs } = claim;
  if (headers.has('x-amz-security-token')) throw new S3Error('InvalidToken');
  const accessKey = accessKeyOf(by.users, claim.accessKeyId);
  if (how === 'header') checkSkew(date, signedMs, by.nowMs);
  proveV2(request, claim, accessKey);
  const body = bodyCheckOf(headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD', null);
  const { user, id: accessKeyId } = accessKey;
  return { user, accessKeyId, how, signedMs, body, version: 'AWS' };
}

function prove(request: ParsedRequest, claim: Claim, by: Authenticator): Authenticated {
  const { headers } = request;
  const { credential, signedHeaders, signature, date, payloadHash, how, signedMs } = claim;
  if (headers.has('x-amz-security-token')) throw new S3Error('InvalidToken');
  const accessKey = accessKeyOf(by.users, credential.accessKeyId);
  checkSignedHeaders(headers, signedHeaders);
  const canonical = canonicalRequest({ ...request, signedHeaders, payloadHash });
  const toSign = stringToSign(date, credential.scope, canonical);
  const key = by.keys.keyOf(accessKey, credential);
  if (!sameSignature(signatureOf(key, toSign), signature)) {
    throw new S3Error('SignatureDoesNotMatch', undefined, {
      AWSAccessKeyId: accessKey.id,
      StringToSign: toSign,
      SignatureProvided: signature,
      CanonicalRequest: canonical,
    });
  }
  const signing: ChunkSigning = { key, date, scope: credential.scope, seed: signature };
  const body = bodyCheckOf(payloadHash, signing);
  const { user, id: accessKeyId } = accessKey;
  return { user, accessKeyId, how, signedMs, body, version: ALGORITHM };
}

function claimInHeader(request: ParsedRequest, authorization: string, nowMs: number): Claim {
  const { headers } = request;
  const [algorithm = ''] = authorization.split(/\s/, 1);
  if (algorithm !== ALGORITHM) {
    if (algorithm.startsWith('AWS4-')) throw new S3Error('NotImplemented');
    throw new S3Error('InvalidArgument', 'Unsupported Authorization Type', {
      ArgumentName: 'Authorization',
    });
  }
  const parts = new Map<string, string>();
  for (const part of authorization.slice(algorithm.length).split(',')) {
    const at = part.indexOf('=');
    parts.set(part.slice(0, Math.max(at, 0)).trim(), part.slice(at + 1).trim());
  }
  const need = (name: string): string => {
    const value = parts.get(name);
    if (value !== undefined && value !== '') return value;
    const says = `The authorization header is malformed; ${name} is missing.`;
    throw new S3Error('AuthorizationHeaderMalformed', says);
  };
  const credential = parseCredential(need('Credential'));
  if (credential === undefined) {
    const says =
      'The authorization header is malformed; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".';
    throw new S3Error('AuthorizationHeaderMalformed', says);
  }
  const { date, signedMs } = dateOf(headers);
  checkSkew(date, signedMs, nowMs);
  if (!date.startsWith(credential.date)) {
    const says =
      'The authorization header is malformed; the date of the Credential is not that of the request.';
    throw new S3Error('AuthorizationHeaderMalformed', says);
  }
  const payloadHash = headers.get('x-amz-content-sha256');
  if (payloadHash === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  return {
    ...{ how: 'header', credential, date, signedMs, payloadHash },
    signedHeaders: need('SignedHeaders').split(';'),
    signature: need('Signature'),
  };
}

/** The time of a request, from x-amz-date or Date. */
function dateOf(headers: Headers): { date: string; signedMs: number } {
  const amz = headers.get('x-amz-date');
  const date = headers.get('date');
  let signedMs: number | undefined;
  if (amz !== undefined) signedMs = parseAmzDate(amz);
  else if (date !== undefined) signedMs = parseAmzDate(date) ?? msOf(Date.parse(date));
  if (signedMs === undefined || signedMs < 0) {
    throw new S3Error(
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    );
  }
  return { date: amz ?? amzDate(signedMs), signedMs };
}

function msOf(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : ms;
}

function claimInQuery(request: ParsedRequest, nowMs: number): Claim {
  const { query, headers } = request;
  const need = (name: string): string => {
    const value = query.get(name);
    if (value !== undefined && value !== '') return value;
    const says =
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.';
    throw new S3Error('AuthorizationQueryParametersError', says);
  };
  const wrong = (says: string): S3Error => new S3Error('AuthorizationQueryParametersError', says);
  if (need('X-Amz-Algorithm') !== ALGORITHM) {
    throw wrong(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  }
  if (query.has('X-Amz-Security-Token')) throw new S3Error('InvalidToken');
  const credential = parseCredential(need('X-Amz-Credential'));
  if (credential === undefined) {
    throw wrong(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    );
  }
  const date = need('X-Amz-Date');
  const signedMs = parseAmzDate(date);
  if (signedMs === undefined || !date.startsWith(credential.date)) {
    throw wrong("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  }
  const expires = need('X-Amz-Expires');
  if (!/^\d{1,9}$/.test(expires)) throw wrong('X-Amz-Expires should be a number');
  const seconds = Number(expires);
  if (seconds > LIMITS.presignedSeconds) {
    throw wrong(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${LIMITS.presignedSeconds} seconds`,
    );
  }
  if (signedMs - nowMs > LIMITS.skewMs) {
    throw new S3Error('AccessDenied', 'Request is not yet valid');
  }
  if (nowMs > signedMs + seconds * 1000) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      'X-Amz-Expires': expires,
      Expires: new Date(signedMs + seconds * 1000).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    });
  }
  return {
    ...{ how: 'query', credential, date, signedMs },
    payloadHash:
      query.get('X-Amz-Content-Sha256') ??
      headers.get('x-amz-content-sha256') ??
      'UNSIGNED-PAYLOAD',
    signedHeaders: need('X-Amz-SignedHeaders').split(';'),
    signature: need('X-Amz-Signature'),
  };
}

/** Host and all of Amazon's fields are to be signed. */
function checkSignedHeaders(headers: Headers, signed: readonly string[]): void {
  const missing = headers
    .names()
    .filter((name) => (name === 'host' || name.startsWith('x-amz-')) && !signed.includes(name));
  if (missing.length === 0) return;
  throw new S3Error(
    'AccessDenied',
    'There were headers present in the request which were not signed',
    {
      HeadersNotSigned: missing.join(', '),
    },
  );
}

export function unsupported(): S3Error {
  return new S3Error(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  );
}
