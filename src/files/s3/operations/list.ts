/** Listings of objects (both versions of the operation) and of versions. */
import { ownerXml } from '../access/acl.ts';
import { storageClassOf, storedChecksum } from '../attributes.ts';
import { invalidArgument } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { encodePercent } from '../names.ts';
import type { Listing, ListPosition, ListQuery, ObjectVersion } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import type { Query } from '../request.ts';
import type { BucketCall } from '../service.ts';
import { leaf, node, type Xml, xmlDocument } from '../xml/writer.ts';
import { checkedVersionId } from './versions.ts';

const grant = { of: 'bucket', permission: 'READ' } as const;

export const listOperations: readonly Operation[] = [
  { name: 'ListObjects', method: 'GET', on: 'bucket', action: 's3:ListBucket', grant, run: listV1 },
  {
    name: 'ListObjectsV2',
    method: 'GET',
    on: 'bucket',
    queryIs: [['list-type', '2']],
    action: 's3:ListBucket',
    grant,
    run: listV2,
  },
  {
    name: 'ListObjectVersions',
    method: 'GET',
    on: 'bucket',
    query: ['versions'],
    action: 's3:ListBucketVersions',
    grant,
    run: listVersions,
  },
];

/** What all listings are asked for. */
export interface ListRequest {
  readonly prefix: string;
  readonly delimiter: string;
  /** As asked for, and as it is answered. */
  readonly max: number;
  /** Keys are written percent-encoded. */
  readonly encodes: boolean;
}

/** @throws S3Error InvalidArgument */
export function listRequest(query: Query, maxName: string): ListRequest {
  const encoding = query.get('encoding-type');
  if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'url') {
    throw invalidArgument(
      'encoding-type',
      encoding,
      'Invalid Encoding Method specified in Request',
    );
  }
  const asked = query.get(maxName);
  // S3 has sentences of its own for a number that is too small or too large.
  if (asked !== undefined && /^-?\d+$/.test(asked) && !isCount(asked)) {
    const says = `Argument ${maxName} must be an integer between 0 and ${COUNT_MAX}`;
    throw invalidArgument(maxName, asked, says);
  }
  if (asked !== undefined && asked !== '' && !/^\d{1,10}$/.test(asked)) {
    throw invalidArgument(
      maxName,
      asked,
      `Provided ${maxName} not an integer or within integer range`,
    );
  }
  const max = asked === undefined || asked === '' ? LIMITS.rowsMax : Number(asked);
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    max: Math.min(max, LIMITS.rowsMax),
    encodes: encoding !== undefined && encoding !== '',
  };
}

const COUNT_MAX = 2_147_483_647;

function isCount(digits: string): boolean {
  const count = Number(digits);
  return count >= 0 && count <= COUNT_MAX;
}

/** A page of a listing; one of no rows is asked of nobody. */
export async function pageOf<T>(
  { prefix, delimiter, max }: ListRequest,
  after: ListPosition | undefined,
  list: (query: ListQuery) => Promise<Listing<T>>,
): Promise<Listing<T>> {
  if (max === 0) return { rows: [], prefixes: [] };
  return list({ prefix, delimiter, max, ...(after !== undefined && { after }) });
}

/** Elements that say the request again. */
export function requestXml(asked: ListRequest, maxElement: string): Xml[] {
  const { prefix, delimiter, max, encodes } = asked;
  return [
    leaf('Prefix', shown(prefix, encodes)),
    leaf(maxElement, max),
    leaf('Delimiter', delimiter === '' ? undefined : shown(delimiter, encodes)),
    leaf('EncodingType', encodes ? 'url' : undefined),
  ];
}

export function prefixesXml(prefixes: readonly string[], encodes: boolean): Xml[] {
  return prefixes.map((prefix) => node('CommonPrefixes', leaf('Prefix', shown(prefix, encodes))));
}

/** A key as the client wants it written; `/` stays as it is. */
export function shown(key: string, encodes: boolean): string {
  return encodes ? key.split('/').map(encodePercent).join('/') : key;
}

async function listV1(call: BucketCall): Promise<Reply> {
  const { query, store, bucket } = call;
  const asked = listRequest(query, 'max-keys');
  const marker = query.get('marker') ?? '';
  const page = await pageOf(asked, marker === '' ? undefined : { key: marker }, (which) =>
    store.listObjects(bucket.name, which),
  );
  const { encodes, delimiter } = asked;
  return xmlReply(
    xmlDocument(
      'ListBucketResult',
      leaf('Name', bucket.name),
      requestXml(asked, 'MaxKeys'),
      leaf('Marker', shown(marker, encodes)),
      leaf('IsTruncated', page.next !== undefined),
      // Without a delimiter the last key is the marker, and S3 leaves this out.
      leaf(
        'NextMarker',
        page.next === undefined || delimiter === '' ? undefined : shown(page.next.key, encodes),
      ),
      page.rows.map((row) => objectXml(call, row, encodes, true)),
      prefixesXml(page.prefixes, encodes),
    ),
  );
}

async function listV2(call: BucketCall): Promise<Reply> {
  const { query, store, bucket } = call;
  const asked = listRequest(query, 'max-keys');
  const startAfter = query.get('start-after');
  const token = query.get('continuation-token');
  const from = token === undefined || token === '' ? (startAfter ?? '') : keyOfToken(token);
  const page = await pageOf(asked, from === '' ? undefined : { key: from }, (which) =>
    store.listObjects(bucket.name, which),
  );
  const { encodes } = asked;
  const owner = query.get('fetch-owner') === 'true';
  return xmlReply(
    xmlDocument(
      'ListBucketResult',
      leaf('Name', bucket.name),
      requestXml(asked, 'MaxKeys'),
      leaf('KeyCount', page.rows.length + page.prefixes.length),
      leaf('IsTruncated', page.next !== undefined),
      leaf('ContinuationToken', token),
      leaf('NextContinuationToken', page.next === undefined ? undefined : tokenOf(page.next.key)),
      leaf('StartAfter', startAfter === undefined ? undefined : shown(startAfter, encodes)),
      page.rows.map((row) => objectXml(call, row, encodes, owner)),
      prefixesXml(page.prefixes, encodes),
    ),
  );
}

/** A token is nothing but a key: whoever makes one up gets what start-after would give. */
function tokenOf(key: string): string {
  return Buffer.from(`1${key}`).toString('base64url');
}

function keyOfToken(token: string): string {
  const bytes = Buffer.from(token, 'base64url');
  const text = bytes.toString();
  const isOurs = text.startsWith('1') && Buffer.from(text).equals(bytes);
  if (!isOurs || bytes.toString('base64url') !== token) {
    throw invalidArgument(
      'continuation-token',
      token,
      'The continuation token provided is incorrect',
    );
  }
  return text.slice(1);
}

async function listVersions(call: BucketCall): Promise<Reply> {
  const { query, store, bucket } = call;
  const asked = listRequest(query, 'max-keys');
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('version-id-marker');
  if (idMarker !== undefined && keyMarker === '') {
    throw invalidArgument(
      'version-id-marker',
      idMarker,
      'A version-id marker cannot be specified without a key marker.',
    );
  }
  if (idMarker !== undefined && idMarker !== '') {
    checkedVersionId(store, idMarker, 'version-id-marker');
  }
  const after =
    keyMarker === ''
      ? undefined
      : { key: keyMarker, ...(idMarker !== undefined && idMarker !== '' && { id: idMarker }) };
  const page = await pageOf(asked, after, (which) => store.listVersions(bucket.name, which));
  const { encodes } = asked;
  const { next } = page;
  return xmlReply(
    xmlDocument(
      'ListVersionsResult',
      leaf('Name', bucket.name),
      requestXml(asked, 'MaxKeys'),
      leaf('KeyMarker', shown(keyMarker, encodes)),
      leaf('VersionIdMarker', idMarker ?? ''),
      leaf('IsTruncated', next !== undefined),
      leaf('NextKeyMarker', next === undefined ? undefined : shown(next.key, encodes)),
      leaf('NextVersionIdMarker', next?.id),
      page.rows.map((row) => versionXml(call, row, encodes)),
      prefixesXml(page.prefixes, encodes),
    ),
  );
}

function objectXml(call: BucketCall, row: ObjectVersion, encodes: boolean, owner: boolean): Xml {
  return node('Contents', leaf('Key', shown(row.key, encodes)), ...contentXml(call, row, owner));
}

function versionXml(call: BucketCall, row: ObjectVersion, encodes: boolean): Xml {
  const head = [
    leaf('Key', shown(row.key, encodes)),
    leaf('VersionId', row.versionId),
    leaf('IsLatest', row.isLatest),
  ];
  if (!row.isDeleteMarker) return node('Version', head, ...contentXml(call, row, true));
  return node(
    'DeleteMarker',
    head,
    leaf('LastModified', new Date(row.lastModifiedMs).toISOString()),
    ownerXml('Owner', row.attributes.owner ?? call.bucket.owner, call.service.users),
  );
}

function contentXml({ bucket, service }: BucketCall, row: ObjectVersion, owner: boolean): Xml[] {
  const checksum = storedChecksum(row.attributes);
  return [
    leaf('LastModified', new Date(row.lastModifiedMs).toISOString()),
    leaf('ETag', `"${row.etag}"`),
    leaf('ChecksumAlgorithm', checksum?.row.name),
    leaf('ChecksumType', checksum?.type),
    leaf('Size', row.sizeBytes),
    ...(owner ? [ownerXml('Owner', row.attributes.owner ?? bucket.owner, service.users)] : []),
    leaf('StorageClass', storageClassOf(row.attributes)),
  ];
}
