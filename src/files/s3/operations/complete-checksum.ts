/**
 * Checksums when an upload is completed ("Checking object integrity", multipart uploads): those that the client names
 * of parts and of the whole, against those that were computed as the parts came.
 */
import { checksumAttribute, storedChecksum } from '../attributes.ts';
import { type ChecksumRow, checksumTable, isDigest } from '../checksums/algorithms.ts';
import { compositeChecksum, fullObjectChecksum } from '../checksums/combine.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import type { Attributes, Part, Upload } from '../object-store.ts';
import type { Headers } from '../request.ts';
import { textIn, type XmlElement } from '../xml/reader.ts';
import { checksumMismatch, type PartsChecksum, partsChecksumOf } from './uploads.ts';

/** A part as the client names it. */
export interface NamedPart {
  readonly number: number;
  readonly etag: string;
  readonly element: XmlElement;
}

/** What the client says of one part. @throws S3Error InvalidPart, InvalidArgument, BadDigest */
export function checkPartChecksum(part: Part, element: XmlElement): void {
  const said = checksumTable.flatMap((row) => {
    const value = textIn(element, row.element);
    return value === undefined ? [] : [{ row, value }];
  });
  const [only] = said;
  if (only === undefined) return;
  const { row, value } = only;
  if (said.length > 1 || !isDigest(row, value)) {
    const says = 'Invalid Base64 or multiple checksums present in request';
    throw invalidArgument(row.element, value, says);
  }
  const stored = storedChecksum(part.attributes);
  if (stored?.row === row) {
    if (stored.value === value) return;
    throw new S3Error('InvalidPart', undefined, { PartNumber: String(part.number) });
  }
  // A part has one checksum, and this is none of its.
  const name = row.name.toLowerCase();
  const says = `The ${name} you specified for part ${part.number} did not match what we received.`;
  throw new S3Error('BadDigest', says);
}

/**
 * The checksum of the object, which must be the one that the client has computed, if it has.
 * @throws S3Error InvalidRequest, BadDigest
 */
export function checksumOfWhole(
  headers: Headers,
  upload: Upload,
  parts: readonly Part[],
  named: readonly NamedPart[],
): Attributes {
  const said = saidOfWhole(headers);
  const wanted = checkedType(headers, partsChecksumOf(upload)) ?? derivable(said?.row, parts);
  if (wanted === undefined) {
    if (said === undefined) return {};
    throw checksumMismatch(undefined, said.row.name);
  }
  const { row, type } = wanted;
  if (said !== undefined && said.row !== row) throw checksumMismatch(row.name, said.row.name);
  if (type === 'COMPOSITE') needAll(row, named);
  const digests = parts.map(({ attributes }) => storedChecksum(attributes)?.value ?? '');
  const value =
    type === 'COMPOSITE'
      ? compositeChecksum(row, digests)
      : fullObjectChecksum(
          row,
          parts.map(({ sizeBytes }, i) => ({ sizeBytes, digest: digests[i] ?? '' })),
        );
  if (said !== undefined && said.value !== value && said.value !== withoutCount(value)) {
    const says = `The ${row.name.toLowerCase()} you specified did not match the calculated checksum.`;
    throw new S3Error('BadDigest', says);
  }
  return { checksum: checksumAttribute({ row, value, type }) };
}

interface Said {
  readonly row: ChecksumRow;
  readonly value: string;
}

/** What the head says of the object. */
function saidOfWhole(headers: Headers): Said | undefined {
  const said = checksumTable.filter(({ header }) => headers.has(header));
  const [row] = said;
  if (row === undefined) return undefined;
  if (said.length > 1) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const value = headers.get(row.header) ?? '';
  if (!isDigest(row, withoutCount(value))) {
    throw new S3Error('InvalidRequest', `Value for ${row.header} header is invalid.`);
  }
  return { row, value };
}

/** Behind the checksum of checksums stands how many they are. */
function withoutCount(value: string): string {
  return value.replace(/-\d{1,5}$/, '');
}

/** The head may repeat the type that the upload was begun with. */
function checkedType(
  headers: Headers,
  wanted: PartsChecksum | undefined,
): PartsChecksum | undefined {
  const type = headers.get('x-amz-checksum-type')?.toUpperCase();
  if (type === undefined) return wanted;
  if (type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  if (wanted !== undefined && wanted.type !== type) {
    throw new S3Error(
      'InvalidRequest',
      `The upload was created using the ${wanted.type} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  return wanted;
}

/** Of an upload that was begun without one: what can be made of the checksums that its parts came with. */
function derivable(
  row: ChecksumRow | undefined,
  parts: readonly Part[],
): PartsChecksum | undefined {
  if (row === undefined || !row.types.includes('FULL_OBJECT')) return undefined;
  const all = parts.every(({ attributes }) => storedChecksum(attributes)?.row === row);
  return all ? { row, type: 'FULL_OBJECT' } : undefined;
}

/** A checksum of checksums needs each from the client too. */
function needAll(row: ChecksumRow, named: readonly NamedPart[]): void {
  const missing = named.find(({ element }) => textIn(element, row.element) === undefined);
  if (missing === undefined) return;
  throw new S3Error(
    'InvalidRequest',
    `The upload was created using a ${row.name.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${missing.number} in the request.`,
  );
}
