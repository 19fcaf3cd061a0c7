/** PutObject, and what every way of making an object says of it. */
import { aclOfHeaders, aclText, bringsAcl, isPublicAcl } from '../access/acl.ts';
import { authoriseBrought } from '../access/authorise-write.ts';
import { publicAccessBlock } from '../access/public-access.ts';
import { checkedAttributes, checksumAttribute, describedBy } from '../attributes.ts';
import type { Verified } from '../body/integrity.ts';
import { writePrecondition } from '../conditions.ts';
import { type Sealing, sealedEtag, sealingOf } from '../encryption.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { expirationHeader } from '../lifecycle-rules.ts';
import { lockOfWrite, needDigestOfLocked } from '../lock.ts';
import type { Attributes, Precondition } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { judge } from '../precondition.ts';
import type { Reply } from '../reply.ts';
import { type BucketCall, mustBeDone, userIdOf } from '../service.ts';
import { tagsOfField, tagsText } from '../tags.ts';
import { checksumHeaders, versionIdHeader } from './versions.ts';
import { writeBody } from './write-body.ts';

export const putOperations: readonly Operation[] = [
  {
    name: 'PutObject',
    method: 'PUT',
    on: 'object',
    action: 's3:PutObject',
    grant: { of: 'bucket', permission: 'WRITE' },
    run: putObject,
  },
];

async function putObject(call: BucketCall): Promise<Reply> {
  const { bucket, line, headers } = call;
  const precondition = writePrecondition(headers);
  const { attributes, sealing } = await newObject(call);
  needDigestOfLocked(call, attributes, 'Object');
  await checkBeforehand(call, precondition);
  const version = await writeBody(
    call,
    sealing === null ? {} : { seal: { dataKey: sealing.dataKey, part: 0 } },
    async (writer, verified) =>
      mustBeDone(
        await writer.commit({
          key: line.key,
          etag: etagOf(verified, sealing),
          attributes: checkedAttributes({ ...attributes, ...checksumOf(verified) }),
          ...(precondition !== undefined && { precondition }),
        }),
      ),
  );
  return {
    status: 200,
    headers: [
      ['etag', `"${version.etag}"`],
      ...checksumHeaders(version),
      ...versionIdHeader(bucket, version.versionId),
      ...(sealing?.headers ?? []),
      ...expirationHeader(bucket, version),
    ],
  };
}

/** What the head of a request says of the object that it makes. */
export interface NewObjectHead {
  readonly attributes: Attributes;
  readonly sealing: Sealing | null;
}

/** @throws S3Error */
export async function newObject(call: BucketCall): Promise<NewObjectHead> {
  const { bucket, headers, query, service, nowMs } = call;
  // Whoever names a version or a part does not mean the whole object, which would be lost.
  const versionId = query.get('versionId');
  if (versionId !== undefined) {
    throw invalidArgument('versionId', versionId, 'This operation does not accept a version-id.');
  }
  const part = query.get('partNumber');
  if (part !== undefined) {
    throw invalidArgument(
      'partNumber',
      part,
      'This operation does not accept a partNumber without an uploadId.',
    );
  }
  await authoriseBrought(call);
  const tags = tagsOfField(headers.get('x-amz-tagging'));
  const sealing = sealingOf(headers, service, bucket.documents.encryption !== undefined);
  const attributes: Attributes = {
    ...describedBy(headers),
    ...ownership(call),
    ...lockOfWrite(headers, bucket, nowMs),
    ...(tags !== undefined && tags.length > 0 && { tags: tagsText(tags) }),
    ...(sealing !== null && { sse: sealing.attribute }),
  };
  return { attributes, sealing };
}

/** Owner and ACL of a new object, by the bucket's object ownership. @throws S3Error */
export function ownership(call: BucketCall): Attributes {
  const { bucket, headers, service } = call;
  const rule = bucket.documents.ownership;
  const writer = userIdOf(call);
  if (rule === 'BucketOwnerEnforced') {
    const canned = headers.get('x-amz-acl');
    if (bringsAcl(headers) && canned !== 'bucket-owner-full-control') {
      throw new S3Error('AccessControlListNotSupported');
    }
    return { owner: bucket.owner };
  }
  const preferred =
    rule === 'BucketOwnerPreferred' && headers.get('x-amz-acl') === 'bucket-owner-full-control';
  const owner = preferred ? bucket.owner : writer;
  const acl = aclOfHeaders(headers, { owner, bucketOwner: bucket.owner, users: service.users });
  if (acl === undefined) return { owner };
  if (isPublicAcl(acl) && publicAccessBlock(bucket).blockPublicAcls) {
    throw new S3Error('AccessDenied');
  }
  return { owner, acl: aclText(acl) };
}

/** A write that can not succeed is refused before its body comes. @throws S3Error */
export async function checkBeforehand(
  call: BucketCall,
  precondition: Precondition | undefined,
): Promise<void> {
  if (precondition === undefined) return;
  const { store, bucket, line } = call;
  const current = await store.lookup({ bucket: bucket.name, key: line.key });
  const because = judge(current, precondition);
  if (because !== null) mustBeDone({ done: false, because });
}

export function etagOf({ md5 }: Verified, sealing: Sealing | null): string {
  return sealing?.by === 'customer' ? sealedEtag(md5, sealing.dataKey) : md5;
}

/** The attribute of a checksum over all bytes. */
export function checksumOf({ checksum }: Verified): Attributes {
  if (checksum === undefined) return {};
  const { row, digest } = checksum;
  return { checksum: checksumAttribute({ row, value: digest, type: 'FULL_OBJECT' }) };
}
