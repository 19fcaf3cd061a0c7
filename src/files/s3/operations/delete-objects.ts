/** DeleteObject, and DeleteObjects of up to 1,000 keys at once. */
import { authorise } from '../access/authorise.ts';
import { deletePrecondition, unquoted } from '../conditions.ts';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { bucketLock, heldBy } from '../lock.ts';
import { checkKey } from '../names.ts';
import { type ObjectName, type Precondition, type Removed, StoreFailure } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, documentOf, mustBeDone } from '../service.ts';
import { childrenOf, neededText, readXml, textIn, type XmlElement } from '../xml/reader.ts';
import { leaf, node, type Xml, xmlDocument } from '../xml/writer.ts';
import { checkedVersionId, targetOf } from './versions.ts';

const grant = { of: 'bucket', permission: 'WRITE' } as const;

export const deleteOperations: readonly Operation[] = [
  {
    name: 'DeleteObject',
    method: 'DELETE',
    on: 'object',
    action: 's3:DeleteObject',
    versionAction: 's3:DeleteObjectVersion',
    grant,
    run: deleteObject,
  },
  // Each key is asked for by itself.
  {
    name: 'DeleteObjects',
    method: 'POST',
    on: 'bucket',
    query: ['delete'],
    action: null,
    run: deleteObjects,
  },
];

async function deleteObject(call: BucketCall): Promise<Reply> {
  const precondition = deletePrecondition(call.headers);
  const removed = await remove(call, targetOf(call), precondition);
  const headers: [string, string][] = [];
  if (call.bucket.versioning !== 'off') {
    if (removed.isDeleteMarker) headers.push(['x-amz-delete-marker', 'true']);
    const versionId = removed.versionId ?? call.query.get('versionId');
    if (versionId !== undefined) headers.push(['x-amz-version-id', versionId]);
  }
  return { status: 204, headers };
}

/** Attempts to remove what was found unlocked, when it changes at every one. */
const ATTEMPTS = 4;

/** @throws S3Error AccessDenied of a version that is locked */
async function remove(
  call: BucketCall,
  target: ObjectName,
  precondition: Precondition | undefined,
): Promise<Removed> {
  const { store, bucket } = call;
  const locks = target.versionId !== undefined && bucketLock(bucket) !== undefined;
  if (!locks) return mustBeDone(await store.remove(target, precondition));
  for (let attempt = 1; ; attempt++) {
    const version = await store.lookup(target);
    if (version === undefined) return mustBeDone(await store.remove(target, precondition));
    await checkUnlocked(call, target, heldBy(version.attributes, call.nowMs));
    // What was found unlocked must be what goes: a lock may come between.
    const { revision } = version;
    const outcome = await store.remove(target, { ...precondition, revision });
    const again = !outcome.done && outcome.because === 'precondition-failed';
    if (!again || attempt === ATTEMPTS) return mustBeDone(outcome);
    if ((await store.lookup(target))?.revision === revision) return mustBeDone(outcome);
  }
}

async function checkUnlocked(
  call: BucketCall,
  { key, versionId }: ObjectName,
  held: ReturnType<typeof heldBy>,
): Promise<void> {
  if (held === undefined) return;
  const bypass = call.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true';
  if (held === 'GOVERNANCE' && bypass) {
    await authorise(call, {
      action: 's3:BypassGovernanceRetention',
      bucket: call.bucket,
      key,
      ...(versionId !== undefined && { versionId }),
    });
    return;
  }
  throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.');
}

interface Deletion {
  readonly target: ObjectName;
  readonly precondition: Precondition | undefined;
}

async function deleteObjects(call: BucketCall): Promise<Reply> {
  const { headers, auth } = call;
  const hasDigest =
    headers.has('content-md5') ||
    headers.has('x-amz-trailer') ||
    headers.names().some((name) => name.startsWith('x-amz-checksum-')) ||
    auth.body.kind !== 'plain';
  if (!hasDigest) {
    throw new S3Error(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const root = readXml(await documentOf(call), 'Delete');
  const rows = childrenOf(root, 'Object');
  if (rows.length === 0 || rows.length > LIMITS.deletesMax) throw new S3Error('MalformedXML');
  const quiet = textIn(root, 'Quiet')?.toLowerCase() === 'true';
  const deletions = rows.map((row) => deletionOf(call, row));
  const results: Xml[] = [];
  // Several at once share the store's commits.
  for (let at = 0; at < deletions.length; at += AT_ONCE) {
    const some = deletions.slice(at, at + AT_ONCE);
    results.push(...(await Promise.all(some.map((each) => deleteOne(call, each, quiet)))));
  }
  return xmlReply(xmlDocument('DeleteResult', results));
}

const AT_ONCE = 100;

function deletionOf({ bucket }: BucketCall, row: XmlElement): Deletion {
  const key = row.children.find(({ name }) => name === 'Key')?.text ?? '';
  if (key === '') throw new S3Error('MalformedXML');
  const versionId = textIn(row, 'VersionId');
  const etag = textIn(row, 'ETag');
  const time = textIn(row, 'LastModifiedTime');
  const size = textIn(row, 'Size');
  const precondition = {
    ...(etag !== undefined && (etag === '*' ? { exists: true } : { etag: unquoted(etag) })),
    ...(time !== undefined && { lastModifiedSeconds: Math.floor(Date.parse(time) / 1000) }),
    ...(size !== undefined && { sizeBytes: Number(neededText(row, 'Size')) }),
  };
  return {
    target: {
      ...{ bucket: bucket.name, key },
      ...(versionId !== undefined && versionId !== '' && { versionId }),
    },
    precondition: Object.keys(precondition).length === 0 ? undefined : precondition,
  };
}

/** The row of the answer; what goes wrong with one key is told of that key. */
async function deleteOne(
  call: BucketCall,
  { target, precondition }: Deletion,
  quiet: boolean,
): Promise<Xml> {
  const { key, versionId } = target;
  const names = [leaf('Key', key), leaf('VersionId', versionId)];
  try {
    checkKey(key);
    if (versionId !== undefined) checkedVersionId(call.store, versionId);
    await authorise(call, {
      action: versionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion',
      ...{ bucket: call.bucket, key, grant },
      ...(versionId !== undefined && { versionId }),
    });
    const removed = await remove(call, target, precondition);
    if (quiet) return '' as Xml;
    const marker = removed.isDeleteMarker && call.bucket.versioning !== 'off';
    return node(
      'Deleted',
      names,
      leaf('DeleteMarker', marker ? true : undefined),
      leaf('DeleteMarkerVersionId', marker ? removed.versionId : undefined),
    );
  } catch (error) {
    if (error instanceof StoreFailure) {
      return node('Error', names, leaf('Code', 'InternalError'), leaf('Message', error.message));
    }
    if (!(error instanceof S3Error)) throw error;
    return node('Error', names, leaf('Code', error.code), leaf('Message', error.says));
  }
}
