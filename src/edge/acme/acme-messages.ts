/** What answers of an authority say: problems, links between certificates and their renewal. Pure. */
import { X509Certificate } from 'node:crypto';
import { AcmeError } from './acme-error.ts';
import type { RenewalWindow } from './authority.ts';
import { type DirectoryResponse, retryAfterMsOf } from './directory-http.ts';
import { isObject } from './sharing.ts';

const PREFIX = 'urn:ietf:params:acme:error:';

/** The type of a problem document (RFC 8555 section 6.7), without its prefix; empty: it is none. */
export function problemOf(data: unknown): string {
  if (!isObject(data) || typeof data.type !== 'string') return '';
  return data.type.startsWith(PREFIX) ? data.type.slice(PREFIX.length) : data.type;
}

/** An answer that says no. */
export function refusalOf({ status, headers, data }: DirectoryResponse, nowMs: number): AcmeError {
  const problem = problemOf(data);
  const isBusy = status === 429 || status === 503 || problem === 'rateLimited';
  return new AcmeError(isBusy ? 'rate-limited' : 'refused', wordsOf(data, status), {
    problem,
    retryAfterMs: retryAfterMsOf(headers['retry-after'], nowMs),
  });
}

/** The authority's own words, with those about single names (RFC 8555 section 6.7.1). */
export function wordsOf(data: unknown, status?: number): string {
  const where = status === undefined ? '' : `status ${status}`;
  if (!isObject(data)) return where;
  const { detail, subproblems } = data;
  const parts = [problemOf(data), typeof detail === 'string' ? detail : ''];
  for (const each of Array.isArray(subproblems) ? subproblems : []) {
    if (!isObject(each)) continue;
    const name = isObject(each.identifier) ? `${String(each.identifier.value)}: ` : '';
    parts.push(`${name}${wordsOf(each)}`);
  }
  return parts.filter((part) => part !== '').join('; ') || where;
}

/** How renewal information names a certificate (RFC 9773 section 4.1). */
export function renewalIdOf(pem: string): string | undefined {
  const certificate = new X509Certificate(pem);
  const keyId = authorityKeyIdOf(certificate.raw);
  if (keyId === undefined) return undefined;
  const hex = certificate.serialNumber;
  // As DER writes it: a serial number whose first bit is set has a zero before it.
  const serial = Buffer.from(
    Number.parseInt(hex.slice(0, 2), 16) >= 0x80 ? `00${hex}` : hex,
    'hex',
  );
  return `${keyId.toString('base64url')}.${serial.toString('base64url')}`;
}

/** 2.5.29.35, then OCTET STRING, SEQUENCE and [0] (RFC 5280 section 4.2.1.1), all of them short. */
const AUTHORITY_KEY_ID = Buffer.from('0603551d23', 'hex');

function authorityKeyIdOf(der: Buffer): Buffer | undefined {
  const at = der.indexOf(AUTHORITY_KEY_ID);
  if (at < 0) return undefined;
  const octets = at + AUTHORITY_KEY_ID.length;
  const length = der[octets + 5] ?? 0;
  const isShort = der[octets] === 0x04 && der[octets + 2] === 0x30 && der[octets + 4] === 0x80;
  if (!isShort || length === 0 || length > 64) return undefined;
  return der.subarray(octets + 6, octets + 6 + length);
}

/** How often renewal information is asked for where the authority does not say. */
const ASK_AGAIN_MS = 6 * 3_600_000;
const ASK_AGAIN_MS_MIN = 60_000;
const ASK_AGAIN_MS_MAX = 24 * 3_600_000;

/** Undefined: it is no such information, or its window is empty (RFC 9773 section 4.2). */
export function windowOf(response: DirectoryResponse, nowMs: number): RenewalWindow | undefined {
  const { data, headers } = response;
  if (!isObject(data) || !isObject(data.suggestedWindow)) return undefined;
  const startMs = Date.parse(String(data.suggestedWindow.start));
  const endMs = Date.parse(String(data.suggestedWindow.end));
  if (Number.isNaN(startMs) || Number.isNaN(endMs) || endMs <= startMs) return undefined;
  const wishMs = retryAfterMsOf(headers['retry-after'], nowMs) ?? ASK_AGAIN_MS;
  const askAgainMs = Math.min(ASK_AGAIN_MS_MAX, Math.max(ASK_AGAIN_MS_MIN, wishMs));
  return { startMs, endMs, askAgainMs };
}
