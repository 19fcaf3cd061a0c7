/**
 * Objects that lie encrypted: by a key of the client (SSE-C) or by one of the server (SSE-S3).
 *
 * Each object or upload has a data key of its own; bytes are AES-256-CTR, so that any range can be read. The
 * counter of byte n of part p is nonce (8 bytes), p (4), n / 16 (4): no two bytes under one data key share one. The
 * data key lies with the object, wrapped by AES-256-GCM, which also tells a wrong key of a client from the right
 * one. Blocks have checksums of their own below; this layer keeps secrets and proves nothing.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  timingSafeEqual,
} from 'node:crypto';
import type { Random } from '../../core/runtime/index.ts';
import { isBase64Of } from './checksums/algorithms.ts';
import { invalidArgument, S3Error } from './errors.ts';
import type { Attributes } from './object-store.ts';
import type { Headers } from './request.ts';

const SSE = 'x-amz-server-side-encryption';
const CUSTOMER = `${SSE}-customer`;
const KMS_KEY = `${SSE}-aws-kms-key-id`;
export const NO_KMS =
  'There is no key management service here: encrypt with AES256 or with a key of your own.';

/** What `sse` of an object says, as JSON. */
interface Record {
  readonly by: 'customer' | 'server';
  /** Base64 of nonce, tag and data key as wrapped. */
  readonly key: string;
  /** Base64 of the 8 bytes that counters begin with. */
  readonly nonce: string;
  /** Of the client's key. */
  readonly md5?: string;
}

/** A data key that is at hand. */
export interface DataKey {
  readonly key: Buffer;
  readonly nonce: Buffer;
}

export interface Sealing {
  /** The attribute `sse`. */
  readonly attribute: string;
  readonly dataKey: DataKey;
  readonly headers: [string, string][];
  readonly by: Record['by'];
}

export interface Sealer {
  readonly random: Random;
  readonly encryptionKey: Buffer | undefined;
}

/** What a write asks for; null: it lies as it is. `byDefault`: the bucket wants SSE-S3. @throws S3Error */
export function sealingOf(headers: Headers, sealer: Sealer, byDefault = false): Sealing | null {
  const customer = customerKey(headers, CUSTOMER);
  const asked = headers.get(SSE);
  if (customer !== null) {
    if (asked !== undefined)
      throw invalidArgument(
        SSE,
        asked,
        'Server Side Encryption with Customer provided key is incompatible with the encryption method specified',
      );
    return seal(sealer, 'customer', customer.key, customer.md5);
  }
  const isKms = asked === 'aws:kms' || asked === 'aws:kms:dsse';
  if (!isKms && headers.has(KMS_KEY)) {
    throw invalidArgument(
      SSE,
      asked ?? '',
      'Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms',
    );
  }
  if (asked === undefined && !byDefault) return null;
  if (isKms) throw new S3Error('NotImplemented', NO_KMS);
  if (asked !== undefined && asked !== 'AES256') {
    throw invalidArgument(SSE, asked, 'The encryption method specified is not supported');
  }
  const { encryptionKey } = sealer;
  if (encryptionKey === undefined) {
    throw new S3Error('NotImplemented', 'This server has no key to encrypt with.');
  }
  return seal(sealer, 'server', encryptionKey);
}

function seal(sealer: Sealer, by: Record['by'], wrapping: Buffer, md5?: string): Sealing {
  const { random } = sealer;
  const dataKey = { key: random.bytes(32), nonce: random.bytes(8) };
  const record: Record = {
    by,
    key: wrap(dataKey.key, wrapping, random.bytes(12)).toString('base64'),
    nonce: dataKey.nonce.toString('base64'),
    ...(md5 !== undefined && { md5 }),
  };
  return { attribute: JSON.stringify(record), dataKey, by, headers: headersOf(record) };
}

/**
 * The data key of an object, null when it lies as it is. `prefix` for a copy's source.
 * @throws S3Error InvalidRequest when a key is missing or not asked for, AccessDenied when it is another one.
 */
export function openingOf(
  headers: Headers,
  { sse }: Attributes,
  sealer: Sealer,
  prefix = CUSTOMER,
): DataKey | null {
  const customer = customerKey(headers, prefix);
  const record = sse === undefined ? undefined : (JSON.parse(sse) as Record);
  if (record?.by !== 'customer' && customer !== null) {
    throw new S3Error(
      'InvalidRequest',
      'The encryption parameters are not applicable to this object.',
    );
  }
  if (record === undefined) return null;
  if (record.by === 'customer' && customer === null) {
    throw new S3Error(
      'InvalidRequest',
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    );
  }
  const wrapping = customer?.key ?? sealer.encryptionKey;
  if (wrapping === undefined) throw new S3Error('InternalError');
  const key = unwrap(Buffer.from(record.key, 'base64'), wrapping);
  if (key === null) throw new S3Error('AccessDenied');
  return { key, nonce: Buffer.from(record.nonce, 'base64') };
}

export const COPY_SOURCE_CUSTOMER = 'x-amz-copy-source-server-side-encryption-customer';

/** As `openingOf`, of an upload: its parts must come with the key that it was begun with. @throws S3Error InvalidRequest */
export function openingOfPart(
  headers: Headers,
  attributes: Attributes,
  sealer: Sealer,
): DataKey | null {
  const record = attributes.sse === undefined ? undefined : (JSON.parse(attributes.sse) as Record);
  const customer = customerKey(headers, CUSTOMER);
  if (record?.by === 'customer' && customer !== null && record.md5 !== customer.md5) {
    throw new S3Error(
      'InvalidRequest',
      'The provided encryption parameters did not match the ones used originally.',
    );
  }
  return openingOf(headers, attributes, sealer);
}

/** What answers say of an object's encryption. */
export function encryptionHeaders({ sse }: Attributes): [string, string][] {
  return sse === undefined ? [] : headersOf(JSON.parse(sse) as Record);
}

/** Whether it takes a key of the client to read it. */
export function isCustomerSealed({ sse }: Attributes): boolean {
  return sse !== undefined && (JSON.parse(sse) as Record).by === 'customer';
}

/** The ETag of what a client's key seals is no MD5 of the content: it would tell of it. */
export function sealedEtag(md5: string, { key }: DataKey): string {
  return createHmac('md5', key).update(md5).digest('hex');
}

/** Encrypts or decrypts, which is the same: bytes of part `part` from `offset` on. */
export function cipherAt({ key, nonce }: DataKey, part: number, offset: number) {
  const counter = Buffer.alloc(16);
  nonce.copy(counter);
  counter.writeUInt32BE(part, 8);
  counter.writeUInt32BE(Math.floor(offset / 16), 12);
  const cipher = createCipheriv('aes-256-ctr', key, counter);
  cipher.update(Buffer.alloc(offset % 16));
  return cipher;
}

/** A run of bytes that was encrypted as one: part number and length. */
export interface Segment {
  readonly part: number;
  readonly sizeBytes: number;
}

/** Decrypts bytes `[start, …)` of an object that is made of these segments. */
export async function* decrypted(
  pieces: AsyncIterable<Buffer>,
  dataKey: DataKey,
  segments: readonly Segment[],
  start: number,
): AsyncGenerator<Buffer> {
  let index = 0;
  let offset = start;
  while (index < segments.length - 1 && offset >= segmentAt(segments, index).sizeBytes) {
    offset -= segmentAt(segments, index).sizeBytes;
    index++;
  }
  let cipher = cipherAt(dataKey, segmentAt(segments, index).part, offset);
  for await (const piece of pieces) {
    let at = 0;
    while (at < piece.length) {
      const left = segmentAt(segments, index).sizeBytes - offset;
      if (left === 0) {
        index++;
        offset = 0;
        cipher = cipherAt(dataKey, segmentAt(segments, index).part, 0);
        continue;
      }
      const take = Math.min(left, piece.length - at);
      yield cipher.update(piece.subarray(at, at + take));
      at += take;
      offset += take;
    }
  }
}

function segmentAt(segments: readonly Segment[], index: number): Segment {
  return segments[index] ?? { part: 0, sizeBytes: Number.POSITIVE_INFINITY };
}

function customerKey(headers: Headers, prefix: string): { key: Buffer; md5: string } | null {
  const algorithm = headers.get(`${prefix}-algorithm`);
  const key = headers.get(`${prefix}-key`);
  const md5 = headers.get(`${prefix}-key-md5`);
  if (algorithm === undefined && key === undefined && md5 === undefined) return null;
  if (algorithm !== 'AES256') {
    if (algorithm !== undefined) {
      throw new S3Error('InvalidEncryptionAlgorithmError', undefined, { ArgumentName: prefix });
    }
    throw invalidArgument(
      `${prefix}-algorithm`,
      '',
      'Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.',
    );
  }
  if (key === undefined || !isBase64Of(key, 32)) {
    throw invalidArgument(
      `${prefix}-key`,
      '',
      'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.',
    );
  }
  const bytes = Buffer.from(key, 'base64');
  const digest = createHash('md5').update(bytes).digest();
  const said = Buffer.from(md5 ?? '', 'base64');
  if (md5 === undefined) {
    throw invalidArgument(
      `${prefix}-key-md5`,
      '',
      'Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.',
    );
  }
  if (said.length !== digest.length || !timingSafeEqual(said, digest)) {
    throw invalidArgument(
      `${prefix}-key-md5`,
      md5,
      'The calculated MD5 hash of the key did not match the hash that was provided.',
    );
  }
  return { key: bytes, md5 };
}

function headersOf({ by, md5 }: Record): [string, string][] {
  if (by === 'server') return [[SSE, 'AES256']];
  return [
    [`${CUSTOMER}-algorithm`, 'AES256'],
    [`${CUSTOMER}-key-md5`, md5 ?? ''],
  ];
}

function wrap(key: Buffer, wrapping: Buffer, nonce: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', wrapping, nonce);
  const sealed = Buffer.concat([cipher.update(key), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
}

function unwrap(wrapped: Buffer, wrapping: Buffer): Buffer | null {
  const decipher = createDecipheriv('aes-256-gcm', wrapping, wrapped.subarray(0, 12));
  decipher.setAuthTag(wrapped.subarray(12, 28));
  try {
    return Buffer.concat([decipher.update(wrapped.subarray(28)), decipher.final()]);
  } catch {
    return null;
  }
}
