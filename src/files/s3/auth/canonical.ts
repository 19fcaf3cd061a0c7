/**
 * The canonical request and the string to sign of Signature Version 4 ("Create a canonical request").
 *
 * For S3 the path is encoded once and not normalised: `a//b` and `a/./b` are keys of their own.
 */
import { decodePercent, encodePath, encodePercent } from '../names.ts';
import type { Headers, Query, RequestLine } from '../request.ts';
import { ALGORITHM, sha256Hex } from './scope.ts';

export interface CanonicalInput {
  readonly line: RequestLine;
  readonly query: Query;
  readonly headers: Headers;
  /** In the order in which the client signed them. */
  readonly signedHeaders: readonly string[];
  readonly payloadHash: string;
}

/** A character a byte. */
export function canonicalRequest(input: CanonicalInput): string {
  const { line, query, headers, signedHeaders, payloadHash } = input;
  const values = signedHeaders.map((name) => `${name}:${trimmed(headers.get(name) ?? '')}\n`);
  return [
    line.method,
    canonicalPath(line.rawPath),
    canonicalQuery(query),
    values.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

export function stringToSign(date: string, scope: string, canonical: string): string {
  return `${ALGORITHM}\n${date}\n${scope}\n${sha256Hex(canonical)}`;
}

function canonicalPath(rawPath: string): string {
  return /^[A-Za-z0-9._~/-]*$/.test(rawPath) ? rawPath : encodePath(decodePercent(rawPath));
}

/** Sorted by name, then by value, as they are encoded; a presigned request has its signature not among them. */
function canonicalQuery(query: Query): string {
  return query.pairs
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encodePercent(name), encodePercent(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? order(x, y) : order(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function trimmed(value: string): string {
  return value.trim().replace(/ {2,}/g, ' ');
}
