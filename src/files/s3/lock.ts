/**
 * Object lock ("Using S3 Object Lock"): retention until a time (governance, compliance) and legal holds of versions,
 * and the retention that a bucket gives by default.
 *
 * Attributes `lock-mode`, `lock-until` (milliseconds) and `legal-hold` (`ON`). The bucket's document `object-lock`
 * is JSON.
 */
import { checksumRowOfHeader } from './checksums/algorithms.ts';
import { invalidArgument, S3Error } from './errors.ts';
import type { Attributes, Bucket } from './object-store.ts';
import type { Headers } from './request.ts';

export type LockMode = 'GOVERNANCE' | 'COMPLIANCE';

export interface BucketLock {
  readonly enabled: true;
  readonly rule?: { readonly mode: LockMode; readonly days?: number; readonly years?: number };
}

const DAY_MS = 86_400_000;

export function bucketLock({ documents }: Bucket): BucketLock | undefined {
  const text = documents['object-lock'];
  return text === undefined ? undefined : (JSON.parse(text) as BucketLock);
}

/** Attributes of a new version: what its head asks for, else what the bucket gives. @throws S3Error */
export function lockOfWrite(headers: Headers, bucket: Bucket, nowMs: number): Attributes {
  const mode = headers.get('x-amz-object-lock-mode');
  const until = headers.get('x-amz-object-lock-retain-until-date');
  const hold = headers.get('x-amz-object-lock-legal-hold');
  const lock = bucketLock(bucket);
  const asks = mode !== undefined || until !== undefined || hold !== undefined;
  if (lock === undefined) {
    if (asks) throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
    return {};
  }
  const found: Record<string, string> = {};
  if (hold !== undefined) {
    if (hold !== 'ON' && hold !== 'OFF')
      throw invalidArgument('x-amz-object-lock-legal-hold', hold);
    if (hold === 'ON') found['legal-hold'] = 'ON';
  }
  if ((mode === undefined) !== (until === undefined)) {
    throw invalidArgument(
      'x-amz-object-lock-mode',
      mode ?? '',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  }
  if (mode !== undefined && until !== undefined) {
    return { ...found, ...retention(mode, until, nowMs) };
  }
  const { rule } = lock;
  if (rule === undefined) return found;
  const days = rule.days ?? (rule.years ?? 0) * 365;
  return { ...found, 'lock-mode': rule.mode, 'lock-until': String(nowMs + days * DAY_MS) };
}

/** @throws S3Error InvalidArgument */
export function retention(mode: string, until: string, nowMs: number): Attributes {
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') {
    throw invalidArgument('x-amz-object-lock-mode', mode, 'Unknown wormMode directive.');
  }
  const untilMs = Date.parse(until);
  if (Number.isNaN(untilMs)) throw invalidArgument('x-amz-object-lock-retain-until-date', until);
  if (untilMs <= nowMs) {
    throw invalidArgument(
      'x-amz-object-lock-retain-until-date',
      until,
      'The retain until date must be in the future!',
    );
  }
  return { 'lock-mode': mode, 'lock-until': String(untilMs) };
}

/** Why a version may not go now, undefined when it may. */
export function heldBy(attributes: Attributes, nowMs: number): 'hold' | LockMode | undefined {
  if (attributes['legal-hold'] === 'ON') return 'hold';
  const mode = attributes['lock-mode'];
  const untilMs = Number(attributes['lock-until'] ?? 0);
  return mode !== undefined && untilMs > nowMs ? (mode as LockMode) : undefined;
}

/** What answers say of a version's lock. */
export function lockHeaders(attributes: Attributes): [string, string][] {
  const headers: [string, string][] = [];
  const mode = attributes['lock-mode'];
  if (mode !== undefined) {
    headers.push(['x-amz-object-lock-mode', mode]);
    const until = new Date(Number(attributes['lock-until'])).toISOString();
    headers.push(['x-amz-object-lock-retain-until-date', until]);
  }
  const hold = attributes['legal-hold'];
  if (hold !== undefined) headers.push(['x-amz-object-lock-legal-hold', hold]);
  return headers;
}

/**
 * What is locked can not be put right, so whoever uploads it says beside the signature what it must be ("How Object Lock
 * works").
 * @throws S3Error InvalidRequest
 */
export function needDigestOfLocked(
  { headers }: { readonly headers: Headers },
  attributes: Attributes,
  what: 'Object' | 'Part',
): void {
  if (attributes['lock-mode'] === undefined && attributes['legal-hold'] === undefined) return;
  const isSaid =
    headers.has('content-md5') ||
    headers.has('x-amz-trailer') ||
    headers.names().some((name) => checksumRowOfHeader(name) !== undefined);
  if (isSaid) return;
  throw new S3Error(
    'InvalidRequest',
    `Content-MD5 OR x-amz-checksum- HTTP header is required for Put ${what} requests with Object Lock parameters`,
  );
}
