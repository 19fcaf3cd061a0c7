/** ListParts and ListMultipartUploads. */
import { ownerXml } from '../access/acl.ts';
import { storageClassOf, storedChecksum } from '../attributes.ts';
import { invalidArgument } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Upload } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import type { BucketCall } from '../service.ts';
import { leaf, node, type Xml, xmlDocument } from '../xml/writer.ts';
import { listRequest, pageOf, prefixesXml, requestXml, shown } from './list.ts';
import { partsChecksumOf, uploadName, uploadOf } from './uploads.ts';

export const uploadListOperations: readonly Operation[] = [
  {
    name: 'ListParts',
    method: 'GET',
    on: 'object',
    query: ['uploadId'],
    action: 's3:ListMultipartUploadParts',
    grant: { of: 'bucket', permission: 'WRITE' },
    run: listParts,
  },
  {
    name: 'ListMultipartUploads',
    method: 'GET',
    on: 'bucket',
    query: ['uploads'],
    action: 's3:ListBucketMultipartUploads',
    grant: { of: 'bucket', permission: 'READ' },
    run: listUploads,
  },
];

async function listParts(call: BucketCall): Promise<Reply> {
  const { bucket, line, query, service, store } = call;
  const upload = await uploadOf(call);
  const after = wholeNumber(query.get('part-number-marker'), 'part-number-marker', 0);
  const max = Math.min(wholeNumber(query.get('max-parts'), 'max-parts', 1000), LIMITS.rowsMax);
  const page = max === 0 ? undefined : await store.listParts(uploadName(call), { after, max });
  const parts = page?.parts ?? [];
  const { attributes } = upload;
  const checksum = partsChecksumOf(upload);
  return xmlReply(
    xmlDocument(
      'ListPartsResult',
      leaf('Bucket', bucket.name),
      leaf('Key', line.key),
      leaf('UploadId', upload.uploadId),
      ownerXml('Initiator', attributes.initiator ?? bucket.owner, service.users),
      ownerXml('Owner', attributes.owner ?? bucket.owner, service.users),
      leaf('StorageClass', storageClassOf(attributes)),
      leaf('PartNumberMarker', after),
      leaf('NextPartNumberMarker', parts.at(-1)?.number ?? 0),
      leaf('MaxParts', max),
      leaf('IsTruncated', page?.isTruncated ?? false),
      leaf('ChecksumAlgorithm', checksum?.row.name),
      leaf('ChecksumType', checksum?.type),
      parts.map((part) => {
        const own = storedChecksum(part.attributes);
        return node(
          'Part',
          leaf('PartNumber', part.number),
          leaf('LastModified', new Date(part.lastModifiedMs).toISOString()),
          leaf('ETag', `"${part.etag}"`),
          leaf('Size', part.sizeBytes),
          own === undefined ? [] : leaf(own.row.element, own.value),
        );
      }),
    ),
  );
}

async function listUploads(call: BucketCall): Promise<Reply> {
  const { bucket, query, store } = call;
  const asked = listRequest(query, 'max-uploads');
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  // Without a key the id counts for nothing.
  const after =
    keyMarker === '' ? undefined : { key: keyMarker, ...(idMarker !== '' && { id: idMarker }) };
  const page = await pageOf(asked, after, (which) => store.listUploads(bucket.name, which));
  const { encodes } = asked;
  const { next } = page;
  return xmlReply(
    xmlDocument(
      'ListMultipartUploadsResult',
      leaf('Bucket', bucket.name),
      leaf('KeyMarker', shown(keyMarker, encodes)),
      leaf('UploadIdMarker', keyMarker === '' ? '' : idMarker),
      leaf('NextKeyMarker', next === undefined ? undefined : shown(next.key, encodes)),
      leaf('NextUploadIdMarker', next?.id),
      requestXml(asked, 'MaxUploads'),
      leaf('IsTruncated', next !== undefined),
      page.rows.map((row) => uploadXml(call, row, encodes)),
      prefixesXml(page.prefixes, encodes),
    ),
  );
}

function uploadXml({ bucket, service }: BucketCall, upload: Upload, encodes: boolean): Xml {
  const { attributes } = upload;
  const checksum = partsChecksumOf(upload);
  return node(
    'Upload',
    leaf('Key', shown(upload.key, encodes)),
    leaf('UploadId', upload.uploadId),
    ownerXml('Initiator', attributes.initiator ?? bucket.owner, service.users),
    ownerXml('Owner', attributes.owner ?? bucket.owner, service.users),
    leaf('StorageClass', storageClassOf(attributes)),
    leaf('Initiated', new Date(upload.createdMs).toISOString()),
    leaf('ChecksumAlgorithm', checksum?.row.name),
    leaf('ChecksumType', checksum?.type),
  );
}

function wholeNumber(value: string | undefined, name: string, otherwise: number): number {
  if (value === undefined || value === '') return otherwise;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw invalidArgument(name, value, `Provided ${name} not an integer or within integer range`);
}
