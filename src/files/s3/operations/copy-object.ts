/** CopyObject, and the finding of a copy's source for it and for UploadPartCopy. */
import { authorise } from '../access/authorise.ts';
import {
  checkedAttributes,
  checksumAttribute,
  descriptionOf,
  storedChecksum,
} from '../attributes.ts';
import { Integrity, type Verified } from '../body/integrity.ts';
import { type ChecksumRow, checksumRow } from '../checksums/algorithms.ts';
import { COPY_SOURCE, checkRead, writePrecondition } from '../conditions.ts';
import {
  COPY_SOURCE_CUSTOMER,
  type DataKey,
  decrypted,
  openingOf,
  type Sealing,
} from '../encryption.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { decodePercent, isBucketName } from '../names.ts';
import type {
  Attributes,
  Bucket,
  ObjectName,
  ObjectStore,
  ObjectVersion,
  OpenObject,
} from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, mustBeDone } from '../service.ts';
import { leaf, type Xml, xmlDocument } from '../xml/writer.ts';
import { checkBeforehand, etagOf, newObject } from './put-object.ts';
import { segmentsOf } from './read-object.ts';
import {
  checkedVersionId,
  checkOwner,
  missing,
  mustHaveBytes,
  versionIdHeader,
} from './versions.ts';
import { writePieces } from './write-body.ts';

export const copyOperations: readonly Operation[] = [
  {
    name: 'CopyObject',
    method: 'PUT',
    on: 'object',
    headers: ['x-amz-copy-source'],
    action: 's3:PutObject',
    grant: { of: 'bucket', permission: 'WRITE' },
    run: copyObject,
  },
];

export interface CopySource {
  readonly name: ObjectName;
  readonly bucket: Bucket;
  readonly opened: OpenObject;
  readonly version: ObjectVersion;
  /** Null: it lies as it is. */
  readonly dataKey: DataKey | null;
}

/** Opens what x-amz-copy-source names, which the user must be allowed to read. @throws S3Error */
export async function openSource(call: BucketCall): Promise<CopySource> {
  const { headers, store, service } = call;
  const name = sourceName(store, headers.get('x-amz-copy-source') ?? '');
  const bucket = await store.bucket(name.bucket);
  if (bucket === undefined)
    throw new S3Error('NoSuchBucket', undefined, { BucketName: name.bucket });
  checkOwner(headers.get('x-amz-source-expected-bucket-owner'), bucket);
  const { key, versionId } = name;
  await authorise(call, {
    action: versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion',
    ...{ bucket, key, grant: { of: 'object', permission: 'READ' } },
    ...(versionId !== undefined && { versionId }),
  });
  const opened = await store.open(name);
  if (opened === undefined) throw missing(name);
  try {
    if (opened.version.isDeleteMarker && versionId !== undefined) {
      throw new S3Error(
        'InvalidRequest',
        'The source of a copy request may not specifically refer to a delete marker by version id.',
      );
    }
    const version = mustHaveBytes(opened.version, name);
    checkRead(headers, version, COPY_SOURCE);
    const dataKey = openingOf(headers, version.attributes, service, COPY_SOURCE_CUSTOMER);
    return { name, bucket, opened, version, dataKey };
  } catch (error) {
    opened.close();
    throw error;
  }
}

function sourceName(store: ObjectStore, value: string): ObjectName {
  const wrong = (): S3Error =>
    invalidArgument(
      'x-amz-copy-source',
      value,
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  const question = value.lastIndexOf('?versionId=');
  const path = decoded(question === -1 ? value : value.slice(0, question)).replace(/^\//, '');
  const slash = path.indexOf('/');
  if (slash <= 0 || slash === path.length - 1) throw wrong();
  const bucket = path.slice(0, slash);
  if (!isBucketName(bucket)) throw wrong();
  return {
    ...{ bucket, key: path.slice(slash + 1) },
    ...(question !== -1 && {
      versionId: checkedVersionId(store, decoded(value.slice(question + '?versionId='.length))),
    }),
  };
}

/** @throws S3Error InvalidArgument of a broken encoding */
function decoded(text: string): string {
  try {
    return decodePercent(text);
  } catch {
    throw invalidArgument('x-amz-copy-source', text, 'Invalid copy source encoding');
  }
}

/** The source's bytes `[start, end)` as its owner wrote them. */
export async function sourceBytes(
  { opened, dataKey }: CopySource,
  start: number,
  end: number,
): Promise<AsyncIterable<Buffer>> {
  const pieces = opened.read(start, end);
  return dataKey === null ? pieces : decrypted(pieces, dataKey, await segmentsOf(opened), start);
}

async function copyObject(call: BucketCall): Promise<Reply> {
  const { headers, bucket, line } = call;
  const precondition = writePrecondition(headers);
  const { attributes, sealing } = await newObject(call);
  const replaces = directive(call, 'x-amz-metadata-directive');
  const replacesTags = directive(call, 'x-amz-tagging-directive');
  const row = askedChecksum(call);
  const source = await openSource(call);
  try {
    const { version, name } = source;
    if (version.sizeBytes > LIMITS.putBytes) {
      throw new S3Error(
        'InvalidRequest',
        `The specified copy source is larger than the maximum allowable size for a copy source: ${LIMITS.putBytes}`,
      );
    }
    const toItself =
      name.bucket === bucket.name && name.key === line.key && name.versionId === undefined;
    if (toItself && !replaces && !replacesTags && !changesItself(call, sealing)) {
      throw new S3Error(
        'InvalidRequest',
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
      );
    }
    await checkBeforehand(call, precondition);
    const described: Record<string, string> = replaces
      ? { ...attributes }
      : takenOver(attributes, version.attributes);
    if (!replacesTags) {
      delete described.tags;
      const { tags } = version.attributes;
      if (tags !== undefined) {
        await authoriseTagsOfSource(call, source);
        described.tags = tags;
      }
    }
    const copied = await copyBytes(call, source, { sealing, row, described });
    const copy = await copied.commit((etag, checksum) => ({
      ...{ key: line.key, etag },
      attributes: checkedAttributes({ ...described, ...checksum }),
      ...(precondition !== undefined && { precondition }),
    }));
    return {
      ...xmlReply(xmlDocument('CopyObjectResult', copyResult(copy))),
      headers: [
        ...versionIdHeader(bucket, copy.versionId),
        ...copySourceVersion(source),
        ...(sealing?.headers ?? []),
      ],
    };
  } finally {
    source.opened.close();
  }
}

/** Tags go along only with those who may read them here and write them there. @throws S3Error AccessDenied */
async function authoriseTagsOfSource(
  call: BucketCall,
  { bucket, name: { key, versionId } }: CopySource,
): Promise<void> {
  const grant = { of: 'bucket', permission: 'WRITE' } as const;
  await authorise(call, {
    action: versionId === undefined ? 's3:GetObjectTagging' : 's3:GetObjectVersionTagging',
    ...{ bucket, key },
    ...(versionId !== undefined && { versionId }),
  });
  const { line } = call;
  const action = 's3:PutObjectTagging';
  await authorise(call, { action, bucket: call.bucket, key: line.key, grant });
}

export function copySourceVersion({ bucket, version }: CopySource): [string, string][] {
  return versionIdHeader(bucket, version.versionId).map(([, id]) => [
    'x-amz-copy-source-version-id',
    id,
  ]);
}

function copyResult({ etag, lastModifiedMs, attributes }: ObjectVersion): Xml[] {
  const checksum = storedChecksum(attributes);
  return [
    leaf('LastModified', new Date(lastModifiedMs).toISOString()),
    leaf('ETag', `"${etag}"`),
    ...(checksum === undefined
      ? []
      : [leaf('ChecksumType', checksum.type), leaf(checksum.row.element, checksum.value)]),
  ];
}

type Committed = (
  etag: string,
  checksum: Attributes,
) => Parameters<Awaited<ReturnType<BucketCall['store']['write']>>['commit']>[0];

/** Whole blocks are shared when nothing of the bytes changes; else they are read and written. */
async function copyBytes(
  call: BucketCall,
  source: CopySource,
  {
    sealing,
    row,
  }: { sealing: Sealing | null; row: ChecksumRow | undefined; described: Attributes },
): Promise<{ commit(make: Committed): Promise<ObjectVersion> }> {
  const { version, opened, dataKey } = source;
  const had = storedChecksum(version.attributes);
  const keeps =
    dataKey === null &&
    sealing === null &&
    (row === undefined || row === had?.row) &&
    had?.type !== 'COMPOSITE';
  return {
    async commit(make) {
      if (keeps) {
        const writer = await call.store.write(call.bucket.name, version.sizeBytes);
        try {
          await writer.adopt(opened);
          const checksum = had === undefined ? {} : { checksum: checksumAttribute(had) };
          return mustBeDone(await writer.commit(make(version.etag, checksum)));
        } catch (error) {
          writer.abort();
          throw error;
        }
      }
      const { sizeBytes } = version;
      const integrity = copyIntegrity(call, row ?? had?.row, sizeBytes);
      const pieces = integrity.read(await sourceBytes(source, 0, sizeBytes));
      const seal = sealing === null ? {} : { seal: { dataKey: sealing.dataKey, part: 0 } };
      return writePieces(call, pieces, sizeBytes, seal, async (writer) => {
        const verified = await integrity.verify();
        const checksum = fullChecksum(verified);
        return mustBeDone(await writer.commit(make(etagOf(verified, sealing), checksum)));
      });
    },
  };
}

/** Digests of bytes that nobody has promised anything of. */
export function copyIntegrity(
  { service }: BucketCall,
  row: ChecksumRow | undefined,
  bytes: number,
): Integrity {
  const promised = {
    check: { kind: 'plain' },
    lengthBytes: -1,
    md5: undefined,
    checksum: undefined,
  } as const;
  return new Integrity(promised, { maker: service.digests, md5: true, row, bytes });
}

function fullChecksum({ checksum }: Verified): Attributes {
  if (checksum === undefined) return {};
  const { row, digest } = checksum;
  return { checksum: checksumAttribute({ row, value: digest, type: 'FULL_OBJECT' }) };
}

/** The source's description in place of the request's, which counts for nothing. */
function takenOver(own: Attributes, source: Attributes): Record<string, string> {
  const described = descriptionOf(own);
  const others = Object.entries(own).filter(([name]) => !(name in described));
  return { ...Object.fromEntries(others), ...descriptionOf(source) };
}

/** Whether the directive says REPLACE. */
function directive({ headers }: BucketCall, name: string): boolean {
  const value = headers.get(name) ?? 'COPY';
  if (value !== 'COPY' && value !== 'REPLACE') {
    throw invalidArgument(name, value, 'Unknown metadata directive.');
  }
  return value === 'REPLACE';
}

function changesItself({ headers }: BucketCall, sealing: Sealing | null): boolean {
  return (
    sealing !== null ||
    headers.has('x-amz-storage-class') ||
    headers.has('x-amz-website-redirect-location') ||
    headers.has('x-amz-checksum-algorithm')
  );
}

function askedChecksum({ headers }: BucketCall): ChecksumRow | undefined {
  const name = headers.get('x-amz-checksum-algorithm');
  if (name === undefined) return undefined;
  const row = checksumRow(name);
  if (row === undefined)
    throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported.');
  return row;
}
