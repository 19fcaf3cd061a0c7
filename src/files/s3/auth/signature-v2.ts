/**
 * Signature Version 2 ("Signing and authenticating REST requests"): what clients that are older than Version 4 send,
 * in the Authorization field, in the query, or with the policy of a form. HMAC-SHA1 of the secret over method,
 * content, date, Amazon's fields and the resource; bodies are not signed.
 *
 * Invariants: all `x-amz-` fields are signed; the secret is used for the HMAC only; comparison in constant time.
 */
import { createHmac } from 'node:crypto';
import { invalidArgument, S3Error } from '../errors.ts';
import type { Headers, ParsedRequest, Query } from '../request.ts';
import { sameSignature } from './scope.ts';
import type { AccessKey } from './users.ts';

export interface ClaimV2 {
  readonly how: 'header' | 'query';
  readonly accessKeyId: string;
  readonly signature: string;
  readonly signedMs: number;
  /** As it came, for the answer to a clock that is off. */
  readonly date: string;
  /** What is signed as the date. */
  readonly dateLine: string;
}

/** `AWS id:signature`. @throws S3Error InvalidArgument, AccessDenied */
export function claimV2InHeader(headers: Headers, authorization: string): ClaimV2 {
  const match = /^AWS ([^:\s]+):(\S+)$/.exec(authorization.trim());
  if (match === null) {
    throw invalidArgument(
      'Authorization',
      '',
      'AWS authorization header is invalid.  Expected AwsAccessKeyId:signature',
    );
  }
  const [, accessKeyId = '', signature = ''] = match;
  const amz = headers.get('x-amz-date');
  const date = amz ?? headers.get('date') ?? '';
  const signedMs = Date.parse(date);
  if (Number.isNaN(signedMs) || signedMs < 0) {
    throw new S3Error(
      'AccessDenied',
      'AWS authentication requires a valid Date or x-amz-date header',
    );
  }
  const dateLine = amz === undefined ? date : '';
  return { how: 'header', accessKeyId, signature, signedMs, date, dateLine };
}

/** Whether a query is signed in this way, or was meant to be. */
export function isV2InQuery(query: Query): boolean {
  return query.has('AWSAccessKeyId') || (query.has('Signature') && query.has('Expires'));
}

/** @throws S3Error AccessDenied */
export function claimV2InQuery(query: Query, nowMs: number): ClaimV2 {
  const accessKeyId = query.get('AWSAccessKeyId') ?? '';
  const signature = query.get('Signature') ?? '';
  const expires = query.get('Expires') ?? '';
  if (accessKeyId === '' || signature === '' || expires === '') {
    throw new S3Error(
      'AccessDenied',
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    );
  }
  if (!/^\d{1,11}$/.test(expires)) {
    throw new S3Error('AccessDenied', `Invalid date (should be seconds since epoch): ${expires}`);
  }
  const untilMs = Number(expires) * 1000;
  if (nowMs >= untilMs) {
    throw new S3Error('AccessDenied', 'Request has expired', {
      Expires: new Date(untilMs).toISOString(),
      ServerTime: new Date(nowMs).toISOString(),
    });
  }
  return {
    ...{ how: 'query', accessKeyId, signature, signedMs: nowMs },
    ...{ date: expires, dateLine: expires },
  };
}

/** @throws S3Error SignatureDoesNotMatch */
export function proveV2(request: ParsedRequest, claim: ClaimV2, accessKey: AccessKey): void {
  const toSign = stringToSignV2(request, claim.dateLine);
  if (sameSignature(signatureV2(accessKey, toSign), claim.signature)) return;
  const { line } = request;
  if (!line.virtualHost && line.bucket !== '' && !line.rawPath.includes('/', 1)) {
    // botocore sends `/bucket` and signs `/bucket/`.
    const slashed = { ...request, line: { ...line, rawPath: `${line.rawPath}/` } };
    const other = signatureV2(accessKey, stringToSignV2(slashed, claim.dateLine));
    if (sameSignature(other, claim.signature)) return;
  }
  throw new S3Error('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: accessKey.id,
    StringToSign: toSign,
    SignatureProvided: claim.signature,
  });
}

/** Base64. `text`: a character a byte. */
export function signatureV2(accessKey: AccessKey, text: string): string {
  return createHmac('sha1', accessKey.secret()).update(text, 'latin1').digest('base64');
}

export function stringToSignV2({ line, query, headers }: ParsedRequest, dateLine: string): string {
  const amz = headers
    .names()
    .filter((name) => name.startsWith('x-amz-'))
    .toSorted()
    .map((name) => `${name}:${(headers.get(name) ?? '').trim()}\n`);
  const bucket = line.virtualHost ? `/${line.bucket}` : '';
  return [
    line.method,
    headers.get('content-md5') ?? '',
    headers.get('content-type') ?? '',
    dateLine,
    `${amz.join('')}${bucket}${line.rawPath}${signedQuery(query)}`,
  ].join('\n');
}

/** The parameters that are part of the resource, sorted, their values not encoded. */
function signedQuery(query: Query): string {
  const pairs = query.pairs
    .filter(([name]) => SIGNED.has(name))
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) =>
      value === '' ? name : `${name}=${Buffer.from(value).toString('latin1')}`,
    );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const SIGNED: ReadonlySet<string> = new Set([
  ...['accelerate', 'acl', 'analytics', 'cors', 'defaultObjectAcl', 'delete', 'inventory'],
  ...['lifecycle', 'location', 'logging', 'metrics', 'notification', 'object-lock', 'partNumber'],
  ...['policy', 'replication', 'requestPayment', 'restore', 'select', 'select-type'],
  ...['storageClass', 'tagging', 'torrent', 'uploadId', 'uploads', 'versionId', 'versioning'],
  ...['versions', 'website', 'response-cache-control', 'response-content-disposition'],
  ...['response-content-encoding', 'response-content-language', 'response-content-type'],
  'response-expires',
]);
