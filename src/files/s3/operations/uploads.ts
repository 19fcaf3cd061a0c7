/** Uploads in parts: begun, parts put and copied, aborted. What completes and lists them stands beside. */

import { checkedAttributes, checksumAttribute } from '../attributes.ts';
import type { Verified } from '../body/integrity.ts';
import { type ChecksumRow, type ChecksumType, checksumRow } from '../checksums/algorithms.ts';
import { type DataKey, encryptionHeaders, openingOfPart, sealedEtag } from '../encryption.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { needDigestOfLocked } from '../lock.ts';
import type { Attributes, Part, Upload, UploadName } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { NO_CONTENT, type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, bodyPromise, mustBeDone, userIdOf } from '../service.ts';
import { leaf, xmlDocument } from '../xml/writer.ts';
import { copyIntegrity, copySourceVersion, openSource, sourceBytes } from './copy-object.ts';
import { newObject } from './put-object.ts';
import { writeBody, writePieces } from './write-body.ts';

const writes = {
  on: 'object',
  action: 's3:PutObject',
  grant: { of: 'bucket', permission: 'WRITE' },
} as const;

export const uploadOperations: readonly Operation[] = [
  { name: 'CreateMultipartUpload', method: 'POST', query: ['uploads'], ...writes, run: create },
  {
    name: 'UploadPart',
    method: 'PUT',
    query: ['partNumber', 'uploadId'],
    ...writes,
    run: uploadPart,
  },
  {
    name: 'UploadPartCopy',
    method: 'PUT',
    query: ['partNumber', 'uploadId'],
    headers: ['x-amz-copy-source'],
    ...writes,
    run: uploadPartCopy,
  },
  {
    name: 'AbortMultipartUpload',
    method: 'DELETE',
    on: 'object',
    query: ['uploadId'],
    action: 's3:AbortMultipartUpload',
    grant: writes.grant,
    run: abort,
  },
];

async function create(call: BucketCall): Promise<Reply> {
  const { bucket, line, store } = call;
  const { attributes, sealing } = await newObject(call);
  const checksum = askedChecksum(call);
  const upload = mustBeDone(
    await store.createUpload(bucket.name, {
      key: line.key,
      attributes: checkedAttributes({
        ...attributes,
        initiator: userIdOf(call),
        ...(checksum !== undefined && {
          'parts-checksum': `${checksum.row.name} ${checksum.type}`,
        }),
      }),
    }),
  );
  return {
    ...xmlReply(
      xmlDocument(
        'InitiateMultipartUploadResult',
        leaf('Bucket', bucket.name),
        leaf('Key', line.key),
        leaf('UploadId', upload.uploadId),
      ),
    ),
    headers: [
      ...(sealing?.headers ?? []),
      ...(checksum === undefined
        ? []
        : ([
            ['x-amz-checksum-algorithm', checksum.row.name],
            ['x-amz-checksum-type', checksum.type],
          ] as const)),
    ],
  };
}

export interface PartsChecksum {
  readonly row: ChecksumRow;
  readonly type: ChecksumType;
}

function askedChecksum({ headers }: BucketCall): PartsChecksum | undefined {
  const name = headers.get('x-amz-checksum-algorithm');
  const type = headers.get('x-amz-checksum-type')?.toUpperCase();
  if (name === undefined) {
    if (type === undefined) return undefined;
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  const row = checksumRow(name);
  if (row === undefined)
    throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  const found = type === undefined ? row.types[0] : row.types.find((each) => each === type);
  if (found === undefined) {
    if (type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
      throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
    }
    throw new S3Error(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${row.name.toLowerCase()} checksum algorithm.`,
    );
  }
  return { row, type: found };
}

/** The checksum that an upload was begun with. */
export function partsChecksumOf({ attributes }: Upload): PartsChecksum | undefined {
  const [name = '', type = ''] = attributes['parts-checksum']?.split(' ') ?? [];
  const row = checksumRow(name);
  return row === undefined ? undefined : { row, type: type as ChecksumType };
}

/** The upload that the query names. */
export function uploadName({ bucket, line, query }: BucketCall): UploadName {
  return { bucket: bucket.name, key: line.key, uploadId: query.get('uploadId') ?? '' };
}

/** @throws S3Error NoSuchUpload */
export async function uploadOf(call: BucketCall): Promise<Upload> {
  const upload = await call.store.upload(uploadName(call));
  if (upload === undefined) {
    throw new S3Error('NoSuchUpload', undefined, { UploadId: call.query.get('uploadId') ?? '' });
  }
  return upload;
}

function partNumber({ query }: BucketCall): number {
  const text = query.get('partNumber') ?? '';
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= LIMITS.partsMax) return number;
  throw invalidArgument(
    'partNumber',
    text,
    'Part number must be an integer between 1 and 10000, inclusive',
  );
}

async function uploadPart(call: BucketCall): Promise<Reply> {
  const number = partNumber(call);
  const upload = await uploadOf(call);
  needDigestOfLocked(call, upload.attributes, 'Part');
  const dataKey = openingOfPart(call.headers, upload.attributes, call.service);
  const { row: wanted, type } = partsChecksumOf(upload) ?? {};
  const sent = bodyPromise(call).checksum?.row;
  if (wanted !== undefined && sent !== wanted) {
    // The checksum of the whole bytes can be made of what is computed here; one of checksums is the client's.
    const mayLack = sent === undefined && type === 'FULL_OBJECT';
    if (!mayLack) throw checksumMismatch(wanted.name, sent?.name);
  }
  const part = await writeBody(
    call,
    {
      ...(dataKey !== null && { seal: { dataKey, part: number } }),
      ...(wanted !== undefined && { checksum: wanted }),
    },
    async (writer, verified) =>
      mustBeDone(await writer.commitPart(newPart(call, number, verified, dataKey))),
  );
  return {
    status: 200,
    headers: [
      ['etag', `"${part.etag}"`],
      ...partChecksumHeaders(part),
      ...encryptionHeaders(upload.attributes),
    ],
  };
}

/** A checksum of another algorithm than the upload's, or none. */
export function checksumMismatch(wanted: string | undefined, met: string | undefined): S3Error {
  const name = (text: string | undefined): string => text?.toLowerCase() ?? 'null';
  return new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${name(wanted)}, actual checksum Type: ${name(met)}`,
  );
}

function newPart(call: BucketCall, number: number, verified: Verified, dataKey: DataKey | null) {
  const { checksum, md5 } = verified;
  const attributes: Attributes =
    checksum === undefined
      ? {}
      : {
          checksum: checksumAttribute({
            ...{ row: checksum.row, value: checksum.digest, type: 'FULL_OBJECT' },
          }),
        };
  const etag = dataKey === null ? md5 : sealedEtag(md5, dataKey);
  return { ...uploadName(call), number, etag, attributes };
}

function partChecksumHeaders({ attributes }: Part): [string, string][] {
  const [name = '', value = ''] = attributes.checksum?.split(' ') ?? [];
  const row = checksumRow(name);
  return row === undefined ? [] : [[row.header, value]];
}

async function uploadPartCopy(call: BucketCall): Promise<Reply> {
  const { headers, service } = call;
  const number = partNumber(call);
  const upload = await uploadOf(call);
  const dataKey = openingOfPart(headers, upload.attributes, service);
  const source = await openSource(call);
  try {
    const { sizeBytes } = source.version;
    const { start, end } = copyRange(headers.get('x-amz-copy-source-range'), sizeBytes);
    if (end - start > LIMITS.putBytes) {
      throw new S3Error(
        'InvalidRequest',
        `The specified copy source is larger than the maximum allowable size for a copy source: ${LIMITS.putBytes}`,
      );
    }
    const integrity = copyIntegrity(call, partsChecksumOf(upload)?.row, end - start);
    const pieces = integrity.read(await sourceBytes(source, start, end));
    const seal = dataKey === null ? {} : { seal: { dataKey, part: number } };
    const part = await writePieces(call, pieces, end - start, seal, async (writer) => {
      const verified = await integrity.verify();
      return mustBeDone(await writer.commitPart(newPart(call, number, verified, dataKey)));
    });
    const [name = '', value = ''] = part.attributes.checksum?.split(' ') ?? [];
    const row = checksumRow(name);
    return {
      ...xmlReply(
        xmlDocument(
          'CopyPartResult',
          leaf('LastModified', new Date(part.lastModifiedMs).toISOString()),
          leaf('ETag', `"${part.etag}"`),
          row === undefined ? [] : leaf(row.element, value),
        ),
      ),
      headers: [...copySourceVersion(source), ...encryptionHeaders(upload.attributes)],
    };
  } finally {
    source.opened.close();
  }
}

/** `bytes=first-last`, both there and within the source. */
function copyRange(value: string | undefined, sizeBytes: number): { start: number; end: number } {
  if (value === undefined) return { start: 0, end: sizeBytes };
  const match = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(value);
  const [start, last] = [Number(match?.[1] ?? Number.NaN), Number(match?.[2] ?? Number.NaN)];
  if (match === null || last < start) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      value,
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
    );
  }
  if (last >= sizeBytes) {
    throw invalidArgument(
      'x-amz-copy-source-range',
      value,
      `Range specified is not valid for source object of size: ${sizeBytes}`,
    );
  }
  return { start, end: last + 1 };
}

async function abort(call: BucketCall): Promise<Reply> {
  if (!(await call.store.abortUpload(uploadName(call)))) {
    throw new S3Error('NoSuchUpload', undefined, { UploadId: call.query.get('uploadId') ?? '' });
  }
  return NO_CONTENT;
}
