/**
 * Names of buckets and keys as S3 allows them ("Bucket naming rules", "Object key naming"), and the decoding of what
 * a URL says.
 */
import { parseIp } from '../../core/base/index.ts';
import { invalidArgument, S3Error } from './errors.ts';
import { LIMITS } from './limits.ts';

const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?![.-])|-(?!\.)){1,61}[a-z0-9]$/;
/** What Amazon keeps for itself: clients take such names for something else. */
const RESERVED_STARTS = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const RESERVED_ENDS = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'];
const DOT_BESIDE_HYPHEN = /\.-|-\.|\.\./;

/** Whether a bucket may be made with this name. */
export function isBucketName(name: string): boolean {
  return (
    BUCKET.test(name) &&
    !DOT_BESIDE_HYPHEN.test(name) &&
    parseIp(name) === null &&
    !RESERVED_STARTS.some((start) => name.startsWith(start)) &&
    !RESERVED_ENDS.some((end) => name.endsWith(end))
  );
}

/** @throws S3Error InvalidBucketName */
export function checkBucketName(name: string): void {
  if (!isBucketName(name)) {
    throw new S3Error('InvalidBucketName', undefined, { BucketName: name });
  }
}

/** Whether a bucket may ever have had this name: older ones were freer. */
export function isPossibleBucketName(name: string): boolean {
  return /^[A-Za-z0-9._-]{3,255}$/.test(name);
}

/** @throws S3Error KeyTooLongError */
export function checkKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > LIMITS.keyBytes) {
    throw new S3Error('KeyTooLongError', undefined, {
      Size: String(bytes),
      MaxSizeAllowed: String(LIMITS.keyBytes),
    });
  }
  if (key.includes('\0')) throw invalidArgument('key', '', 'A key has no NUL.');
}

/**
 * What a percent-encoded text says, as UTF-8.
 * @throws S3Error InvalidURI when an encoding is broken or the bytes are no UTF-8.
 */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return isAscii(text) ? text : decodeBytes(Buffer.from(text, 'latin1'));
  try {
    return decodeURIComponent(isAscii(text) ? text : decodeBytes(Buffer.from(text, 'latin1')));
  } catch {
    throw new S3Error('InvalidURI');
  }
}

function decodeBytes(bytes: Buffer): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new S3Error('InvalidURI');
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Every byte but `A-Z a-z 0-9 - . _ ~` as %XX: the encoding of Signature V4 and of encoding-type=url. */
export function encodePercent(text: string): string {
  if (/^[A-Za-z0-9._~-]*$/.test(text)) return text;
  return encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed()).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** As `encodePercent`, and `/` stays. */
export function encodePath(path: string): string {
  return path.split('/').map(encodePercent).join('/');
}
