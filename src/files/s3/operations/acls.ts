/** ACLs of buckets and objects: read and set. */
import {
  type Acl,
  aclOfHeaders,
  aclOfText,
  aclOfXml,
  aclText,
  aclXml,
  isPublicAcl,
} from '../access/acl.ts';
import { objectAcl } from '../access/authorise.ts';
import { publicAccessBlock } from '../access/public-access.ts';
import { S3Error } from '../errors.ts';
import type { Operation } from '../operation.ts';
import { OK, type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, documentOf, mustBeDone } from '../service.ts';
import { lookupTarget, targetOf, versionIdHeader } from './versions.ts';

export const aclOperations: readonly Operation[] = [
  {
    name: 'GetBucketAcl',
    method: 'GET',
    on: 'bucket',
    query: ['acl'],
    action: 's3:GetBucketAcl',
    grant: { of: 'bucket', permission: 'READ_ACP' },
    run: getBucketAcl,
  },
  {
    name: 'PutBucketAcl',
    method: 'PUT',
    on: 'bucket',
    query: ['acl'],
    action: 's3:PutBucketAcl',
    grant: { of: 'bucket', permission: 'WRITE_ACP' },
    run: putBucketAcl,
  },
  {
    name: 'GetObjectAcl',
    method: 'GET',
    on: 'object',
    query: ['acl'],
    action: 's3:GetObjectAcl',
    versionAction: 's3:GetObjectVersionAcl',
    grant: { of: 'object', permission: 'READ_ACP' },
    run: getObjectAcl,
  },
  {
    name: 'PutObjectAcl',
    method: 'PUT',
    on: 'object',
    query: ['acl'],
    action: 's3:PutObjectAcl',
    versionAction: 's3:PutObjectVersionAcl',
    grant: { of: 'object', permission: 'WRITE_ACP' },
    run: putObjectAcl,
  },
];

async function getBucketAcl({ bucket, service }: BucketCall): Promise<Reply> {
  return xmlReply(aclXml(aclOfText(bucket.documents.acl, bucket.owner), service.users));
}

async function putBucketAcl(call: BucketCall): Promise<Reply> {
  const { bucket, store } = call;
  const acl = await newAcl(call, bucket.owner);
  await store.changeBucket(bucket.name, { documents: { acl: aclText(acl) } });
  return OK;
}

async function getObjectAcl(call: BucketCall): Promise<Reply> {
  const version = await lookupTarget(call);
  return {
    ...xmlReply(aclXml(objectAcl(version, call.bucket), call.service.users)),
    headers: versionIdHeader(call.bucket, version.versionId),
  };
}

async function putObjectAcl(call: BucketCall): Promise<Reply> {
  const { bucket, store } = call;
  const version = await lookupTarget(call);
  const acl = await newAcl(call, version.attributes.owner ?? bucket.owner);
  const target = { ...targetOf(call), versionId: version.versionId };
  mustBeDone(await store.setAttributes(target, { acl: aclText(acl) }));
  return { status: 200, headers: versionIdHeader(bucket, version.versionId) };
}

/** The ACL that a request brings in its head or body. @throws S3Error */
async function newAcl(call: BucketCall, owner: string): Promise<Acl> {
  const { bucket, headers, service } = call;
  const { users } = service;
  if (bucket.documents.ownership === 'BucketOwnerEnforced') {
    throw new S3Error('AccessControlListNotSupported');
  }
  const body = await documentOf(call);
  const inHead = aclOfHeaders(headers, { owner, bucketOwner: bucket.owner, users });
  if (inHead !== undefined && body.length > 0) throw new S3Error('UnexpectedContent');
  if (inHead === undefined && body.length === 0) throw new S3Error('MissingSecurityHeader');
  const acl = inHead ?? aclOfXml(body, owner, users);
  if (isPublicAcl(acl) && publicAccessBlock(bucket).blockPublicAcls) {
    throw new S3Error('AccessDenied');
  }
  return acl;
}
