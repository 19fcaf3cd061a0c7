/**
 * What the door keeps with an object, as attributes of the store: one name, one meaning.
 *
 *     content-type, cache-control, …    fields that GET gives back
 *     x-amz-meta-*                      user metadata, a character a byte
 *     owner  acl  tags  checksum  sse  lock-mode  lock-until  legal-hold  upload  parts  storage-class
 */
import type { ChecksumType } from './checksums/algorithms.ts';
import { type ChecksumRow, checksumRow } from './checksums/algorithms.ts';
import { S3Error } from './errors.ts';
import { LIMITS } from './limits.ts';
import { ATTRIBUTES_BYTES_MAX, type Attributes } from './object-store.ts';
import type { Headers } from './request.ts';

/** Fields of a PUT that its GET gives back. */
const KEPT_FIELDS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-website-redirect-location',
] as const;

export const META = 'x-amz-meta-';
export const DEFAULT_TYPE = 'binary/octet-stream';

/** What the head of a write says of the object. @throws S3Error MetadataTooLarge, InvalidStorageClass */
export function describedBy(headers: Headers): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of KEPT_FIELDS) {
    const value = headers.get(name);
    if (value !== undefined && value !== '') kept[name] = value;
  }
  const encoding = withoutChunks(kept['content-encoding']);
  delete kept['content-encoding'];
  if (encoding !== undefined) kept['content-encoding'] = encoding;
  kept['content-type'] ??= DEFAULT_TYPE;
  let bytes = 0;
  for (const [name, value] of headers.entries()) {
    if (!name.startsWith(META)) continue;
    bytes += name.length - META.length + value.length;
    kept[name] = value;
  }
  if (bytes > LIMITS.metadataBytes) {
    throw new S3Error('MetadataTooLarge', undefined, {
      Size: String(bytes),
      MaxSizeAllowed: String(LIMITS.metadataBytes),
    });
  }
  const storageClass = headers.get('x-amz-storage-class');
  if (storageClass !== undefined && storageClass !== 'STANDARD') {
    if (storageClass !== 'REDUCED_REDUNDANCY') throw new S3Error('InvalidStorageClass');
    kept['storage-class'] = storageClass;
  }
  return kept;
}

/** Whether a whole set fits into what a store keeps. @throws S3Error MetadataTooLarge */
export function checkedAttributes(attributes: Attributes): Attributes {
  let bytes = 0;
  for (const [name, value] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > ATTRIBUTES_BYTES_MAX) throw new S3Error('MetadataTooLarge');
  return attributes;
}

/** `aws-chunked` says how a body came, not what it is. */
function withoutChunks(encoding: string | undefined): string | undefined {
  const left = encoding
    ?.split(',')
    .map((each) => each.trim())
    .filter((each) => each !== 'aws-chunked' && each !== '')
    .join(',');
  return left === '' ? undefined : left;
}

/** The fields of a GET that say what the object is. */
export function describingHeaders(attributes: Attributes): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(META) || KEPT.has(name)) headers.push([name, value]);
  }
  if (attributes['content-type'] === undefined) headers.push(['content-type', DEFAULT_TYPE]);
  const storageClass = attributes['storage-class'];
  if (storageClass !== undefined) headers.push(['x-amz-storage-class', storageClass]);
  return headers;
}

const KEPT: ReadonlySet<string> = new Set(KEPT_FIELDS);

/** Those that a copy takes over unless it brings its own. */
export function descriptionOf(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attributes).filter(([name]) => name.startsWith(META) || KEPT.has(name)),
  );
}

export interface StoredChecksum {
  readonly row: ChecksumRow;
  /** Base64, a composite one with `-N`. */
  readonly value: string;
  readonly type: ChecksumType;
}

export function checksumAttribute({ row, value, type }: StoredChecksum): string {
  return `${row.name} ${value} ${type}`;
}

export function storedChecksum({ checksum }: Attributes): StoredChecksum | undefined {
  const [name = '', value = '', type = ''] = checksum?.split(' ') ?? [];
  const row = checksumRow(name);
  return row === undefined ? undefined : { row, value, type: type as ChecksumType };
}

export function storageClassOf(attributes: Attributes): string {
  return attributes['storage-class'] ?? 'STANDARD';
}
