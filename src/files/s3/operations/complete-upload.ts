/** CompleteMultipartUpload: the parts that the client names become one object. */
import { createHash } from 'node:crypto';
import { checkedAttributes, storedChecksum } from '../attributes.ts';
import { checksumTable } from '../checksums/algorithms.ts';
import { unquoted, writePrecondition } from '../conditions.ts';
import { encryptionHeaders } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { encodePath } from '../names.ts';
import type { Attributes, ObjectVersion, Part, Upload } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import { Headers } from '../request.ts';
import { type BucketCall, documentOf, mustBeDone } from '../service.ts';
import { childrenOf, numberIn, readXml, textIn, type XmlElement } from '../xml/reader.ts';
import { leaf, xmlDocument } from '../xml/writer.ts';
import { checkPartChecksum, checksumOfWhole, type NamedPart } from './complete-checksum.ts';
import { uploadName } from './uploads.ts';
import { versionIdHeader } from './versions.ts';

export const completeOperations: readonly Operation[] = [
  {
    name: 'CompleteMultipartUpload',
    method: 'POST',
    on: 'object',
    query: ['uploadId'],
    action: 's3:PutObject',
    grant: { of: 'bucket', permission: 'WRITE' },
    run: complete,
  },
];

async function complete(call: BucketCall): Promise<Reply> {
  const { store, headers } = call;
  const name = uploadName(call);
  const upload = await store.upload(name);
  const root = readXml(await completionDocument(call), 'CompleteMultipartUpload');
  const named = childrenOf(root, 'Part').map(namedPart);
  if (upload === undefined) return completedBefore(call);
  const parts = await chosenParts(call, named);
  const sizes = parts.map(({ sizeBytes }) => sizeBytes);
  const sizeBytes = sizes.reduce((sum, each) => sum + each, 0);
  const expected = headers.get('x-amz-mp-object-size');
  if (expected !== undefined && expected !== String(sizeBytes)) {
    throw new S3Error(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${sizeBytes}`,
    );
  }
  if (sizeBytes > LIMITS.objectBytes) throw new S3Error('EntityTooLarge');
  const small = parts.slice(0, -1).find((each) => each.sizeBytes < LIMITS.partBytesMin);
  if (small !== undefined) {
    throw new S3Error('EntityTooSmall', undefined, {
      ProposedSize: String(small.sizeBytes),
      MinSizeAllowed: String(LIMITS.partBytesMin),
      PartNumber: String(small.number),
      ETag: small.etag,
    });
  }
  const precondition = writePrecondition(headers);
  const version = mustBeDone(
    await store.completeUpload(name, {
      parts: parts.map(({ number, etag }) => ({ number, etag })),
      etag: etagOfParts(parts),
      attributes: checkedAttributes({
        ...attributesOf(upload),
        ...checksumOfWhole(headers, upload, parts, named),
        ...{ parts: String(parts.length), upload: upload.uploadId },
      }),
      ...(precondition !== undefined && { precondition }),
    }),
  );
  return completed(call, version);
}

function completionDocument(call: BucketCall): Promise<Buffer> {
  // A checksum in the head is that of the object, not of the document.
  const { headers } = call;
  const own = new Map(
    [...headers.entries()].filter(([name]) => !checksumTable.some(({ header }) => header === name)),
  );
  return documentOf({ ...call, headers: new Headers(own) }, LIMITS.completionBytes);
}

function namedPart(element: XmlElement): NamedPart {
  const number = numberIn(element, 'PartNumber');
  const etag = textIn(element, 'ETag');
  if (number === undefined || etag === undefined) throw new S3Error('MalformedXML');
  return { number, etag: unquoted(etag), element };
}

/** The stored parts that the client names. @throws S3Error InvalidPart, InvalidPartOrder, MalformedXML */
async function chosenParts(call: BucketCall, named: readonly NamedPart[]): Promise<Part[]> {
  if (named.length === 0 || named.length > LIMITS.partsMax) throw new S3Error('MalformedXML');
  const stored = new Map<number, Part>();
  let after = 0;
  for (;;) {
    const page = await call.store.listParts(uploadName(call), { after, max: 1000 });
    for (const part of page?.parts ?? []) stored.set(part.number, part);
    after = page?.parts.at(-1)?.number ?? 0;
    if (page?.isTruncated !== true) break;
  }
  let last = 0;
  return named.map(({ number, etag, element }) => {
    if (number <= last) throw new S3Error('InvalidPartOrder');
    last = number;
    const part = stored.get(number);
    if (part === undefined || part.etag !== etag) {
      throw new S3Error('InvalidPart', undefined, { PartNumber: String(number), ETag: etag });
    }
    checkPartChecksum(part, element);
    return part;
  });
}

/** MD5 of the parts' MD5s, and how many they are. */
function etagOfParts(parts: readonly Part[]): string {
  const md5 = createHash('md5');
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'));
  return `${md5.digest('hex')}-${parts.length}`;
}

function attributesOf({ attributes }: Upload): Attributes {
  const { initiator: _, 'parts-checksum': __, ...kept } = attributes;
  return kept;
}

/** Who asks again behind a lost answer is told again. @throws S3Error NoSuchUpload */
async function completedBefore(call: BucketCall): Promise<Reply> {
  const { store, bucket, line, query } = call;
  const version = await store.lookup({ bucket: bucket.name, key: line.key });
  const uploadId = query.get('uploadId');
  if (version !== undefined && version.attributes.upload === uploadId)
    return completed(call, version);
  throw new S3Error('NoSuchUpload', undefined, { UploadId: uploadId ?? '' });
}

function completed(call: BucketCall, version: ObjectVersion): Reply {
  const { bucket, line, encrypted } = call;
  const scheme = encrypted ? 'https' : 'http';
  const path = line.virtualHost ? encodePath(line.key) : `${bucket.name}/${encodePath(line.key)}`;
  const checksum = storedChecksum(version.attributes);
  return {
    ...xmlReply(
      xmlDocument(
        'CompleteMultipartUploadResult',
        leaf('Location', `${scheme}://${line.authority}/${path}`),
        leaf('Bucket', bucket.name),
        leaf('Key', line.key),
        leaf('ETag', `"${version.etag}"`),
        checksum === undefined
          ? []
          : [leaf(checksum.row.element, checksum.value), leaf('ChecksumType', checksum.type)],
      ),
    ),
    headers: [
      ...versionIdHeader(bucket, version.versionId),
      ...encryptionHeaders(version.attributes),
    ],
  };
}
