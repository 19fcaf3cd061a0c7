/** Finding the version that a request is about, and what answers say of it. */
import { describingHeaders, storedChecksum } from '../attributes.ts';
import { encryptionHeaders } from '../encryption.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { expirationHeader } from '../lifecycle-rules.ts';
import { lockHeaders } from '../lock.ts';
import type { Bucket, ObjectName, ObjectStore, ObjectVersion } from '../object-store.ts';
import type { BucketCall } from '../service.ts';
import { tagsOfText } from '../tags.ts';

/** The object that the request names, and its version if it names one. */
export function targetOf({ bucket, line, query, store }: BucketCall): ObjectName {
  const versionId = query.get('versionId');
  return {
    bucket: bucket.name,
    key: line.key,
    ...(versionId !== undefined && { versionId: checkedVersionId(store, versionId) }),
  };
}

/** @throws S3Error InvalidArgument of what no version can have; one that none has is NoSuchVersion. */
export function checkedVersionId(
  store: ObjectStore,
  versionId: string,
  argument = 'versionId',
): string {
  if (store.isVersionId(versionId)) return versionId;
  const says = versionId === '' ? 'Version id cannot be the empty string' : undefined;
  throw invalidArgument(argument, versionId, says ?? 'Invalid version id specified');
}

/** A version with bytes. @throws S3Error NoSuchKey, NoSuchVersion, MethodNotAllowed of a delete marker */
export function mustHaveBytes(
  version: ObjectVersion | undefined,
  target: ObjectName,
): ObjectVersion {
  const { key, versionId } = target;
  if (version === undefined) throw missing(target);
  if (!version.isDeleteMarker) return version;
  const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
  if (versionId === undefined) throw new S3Error('NoSuchKey', undefined, { Key: key }, headers);
  throw new S3Error(
    'MethodNotAllowed',
    undefined,
    { Method: 'GET', ResourceType: 'DeleteMarker' },
    { ...headers, allow: 'DELETE', 'last-modified': httpTime(version.lastModifiedMs) },
  );
}

/** What a version that is not there is answered with. */
export function missing({ key, versionId }: ObjectName): S3Error {
  return versionId === undefined
    ? new S3Error('NoSuchKey', undefined, { Key: key })
    : new S3Error('NoSuchVersion', undefined, { Key: key, VersionId: versionId });
}

/** The version that a request is about. @throws S3Error */
export async function lookupTarget(call: BucketCall): Promise<ObjectVersion> {
  const target = targetOf(call);
  return mustHaveBytes(await call.store.lookup(target), target);
}

/** Fields of GET and HEAD that say what the version is, without those of a range. */
export function versionHeaders(bucket: Bucket, version: ObjectVersion): [string, string][] {
  const { attributes } = version;
  const headers: [string, string][] = [
    ['last-modified', httpTime(version.lastModifiedMs)],
    ['etag', `"${version.etag}"`],
    ['accept-ranges', 'bytes'],
    ...describingHeaders(attributes),
    ...versionIdHeader(bucket, version.versionId),
    ...encryptionHeaders(attributes),
    ...lockHeaders(attributes),
    ...expirationHeader(bucket, version),
  ];
  const tags = tagsOfText(attributes.tags).length;
  if (tags > 0) headers.push(['x-amz-tagging-count', String(tags)]);
  return headers;
}

/** Only buckets that have ever had versioning speak of versions. */
export function versionIdHeader(
  { versioning }: Bucket,
  versionId: string | undefined,
): [string, string][] {
  return versioning === 'off' || versionId === undefined ? [] : [['x-amz-version-id', versionId]];
}

export function checksumHeaders({
  attributes,
}: Pick<ObjectVersion, 'attributes'>): [string, string][] {
  const checksum = storedChecksum(attributes);
  if (checksum === undefined) return [];
  return [
    [checksum.row.header, checksum.value],
    ['x-amz-checksum-type', checksum.type],
  ];
}

export function httpTime(ms: number): string {
  return new Date(ms).toUTCString();
}

/** Who names the owner of a bucket means no bucket of anybody else. @throws S3Error AccessDenied */
export function checkOwner(expected: string | undefined, { owner }: Bucket): void {
  if (expected !== undefined && expected !== owner) throw new S3Error('AccessDenied');
}
