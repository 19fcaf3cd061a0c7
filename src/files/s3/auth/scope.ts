/** The scope of a credential, and the key that signs within it. Signature Version 4, "Create a signing key". */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AccessKey } from './users.ts';

export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const EMPTY_SHA256 = sha256Hex('');

export interface Credential {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  /** `date/region/s3/aws4_request`. */
  readonly scope: string;
}

/** Reads `key/date/region/s3/aws4_request`; the key may have slashes. Undefined: it is none. */
export function parseCredential(text: string): Credential | undefined {
  const match = /^(.+)\/(\d{8})\/([A-Za-z0-9-]+)\/(s3)\/(aws4_request)$/.exec(text);
  if (match === null) return undefined;
  const [, accessKeyId = '', date = '', region = ''] = match;
  return { accessKeyId, date, region, scope: `${date}/${region}/s3/aws4_request` };
}

/** Keys of the last days and regions: four HMACs that nearly every request shares with the one before. */
export class SigningKeys {
  private readonly kept = new Map<string, Buffer>();

  keyOf(accessKey: AccessKey, { date, region }: Credential): Buffer {
    const name = `${accessKey.id} ${date} ${region}`;
    const kept = this.kept.get(name);
    if (kept !== undefined) return kept;
    const key = ['s3', 'aws4_request'].reduce<Buffer>(
      hmac,
      hmac(hmac(Buffer.from(`AWS4${accessKey.secret()}`), date), region),
    );
    if (this.kept.size >= KEPT_MAX) this.kept.clear();
    this.kept.set(name, key);
    return key;
  }

  /** Secrets have changed. */
  forget(): void {
    this.kept.clear();
  }
}

const KEPT_MAX = 1024;

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

export function signatureOf(key: Buffer, stringToSign: string): string {
  return createHmac('sha256', key).update(stringToSign, 'latin1').digest('hex');
}

/** Compares in a time that says nothing of where they differ. */
export function sameSignature(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1');
  const right = Buffer.from(b, 'latin1');
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Of a text a character a byte. */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex');
}

/** `20130524T000000Z` as milliseconds, undefined when it is none. */
export function parseAmzDate(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The other way round. */
export function amzDate(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}
