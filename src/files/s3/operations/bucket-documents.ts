/**
 * Configurations of a bucket that are kept as a document each: read, set, taken away. One row of `documents` makes
 * three operations; what a document means stands in a file of its own.
 */

import { aclOfText, isPublicAcl } from '../access/acl.ts';
import { checkPrincipals, isPublicPolicy, parsePolicy, policyOf } from '../access/policy.ts';
import {
  publicAccessBlock,
  publicAccessBlockOfXml,
  publicAccessBlockXml,
} from '../access/public-access.ts';
import { type CorsRule, corsOfXml, corsXml } from '../cors.ts';
import { NO_KMS } from '../encryption.ts';
import { type ErrorCode, S3Error } from '../errors.ts';
import { lifecycleOf, lifecycleOfXml, lifecycleXml } from '../lifecycle-rules.ts';
import { LIMITS } from '../limits.ts';
import { type BucketLock, bucketLock } from '../lock.ts';
import type { Bucket } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { NO_CONTENT, OK, type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, documentOf } from '../service.ts';
import { tagsOfText, tagsOfXml, tagsText, tagsXml } from '../tags.ts';
import {
  childOf,
  childrenOf,
  neededText,
  numberIn,
  readXml,
  textIn,
  type XmlElement,
} from '../xml/reader.ts';
import { leaf, node, xmlDocument } from '../xml/writer.ts';

interface DocumentRow {
  /** The sub-resource in the query. */
  readonly query: string;
  /** Of the store's document. */
  readonly kind: string;
  /** Behind Get, Put and Delete. */
  readonly name: string;
  /** Behind `s3:Get` and `s3:Put`. */
  readonly action: string;
  /** When it is not there. */
  readonly missing: ErrorCode;
  /** Not for configurations that stay once they are there. */
  readonly remove: boolean;
  /** Of an answer to Put; 200 unless it is another. */
  readonly putStatus?: 204;
  /** What is kept, from what came. @throws S3Error */
  read(bytes: Buffer, call: BucketCall): string;
  /** The answer's text. */
  show(kept: string, bucket: Bucket): string;
}

const documents: readonly DocumentRow[] = [
  {
    ...{ query: 'tagging', kind: 'tags', name: 'BucketTagging', action: 'BucketTagging' },
    ...{ missing: 'NoSuchTagSet', remove: true, putStatus: 204 },
    read: (bytes) => tagsText(tagsOfXml(bytes, LIMITS.bucketTags)),
    show: (kept) => tagsXml(tagsOfText(kept)),
  },
  {
    ...{ query: 'cors', kind: 'cors', name: 'BucketCors', action: 'BucketCORS' },
    ...{ missing: 'NoSuchCORSConfiguration', remove: true },
    read: (bytes) => JSON.stringify(corsOfXml(bytes)),
    show: (kept) => corsXml(JSON.parse(kept) as CorsRule[]),
  },
  {
    ...{ query: 'lifecycle', kind: 'lifecycle', name: 'BucketLifecycleConfiguration' },
    ...{ action: 'LifecycleConfiguration', missing: 'NoSuchLifecycleConfiguration', remove: true },
    read: (bytes, { service }) => {
      const makeId = (): string => service.random.bytes(12).toString('base64url');
      return JSON.stringify(lifecycleOfXml(bytes, makeId));
    },
    show: (_kept, bucket) => lifecycleXml(lifecycleOf(bucket)),
  },
  {
    ...{ query: 'publicAccessBlock', kind: 'public-access-block', name: 'PublicAccessBlock' },
    ...{ action: 'BucketPublicAccessBlock', remove: true },
    missing: 'NoSuchPublicAccessBlockConfiguration',
    read: (bytes) => JSON.stringify(publicAccessBlockOfXml(bytes)),
    show: (_kept, bucket) => publicAccessBlockXml(publicAccessBlock(bucket)),
  },
  {
    ...{ query: 'ownershipControls', kind: 'ownership', name: 'BucketOwnershipControls' },
    ...{ action: 'BucketOwnershipControls', remove: true },
    missing: 'OwnershipControlsNotFoundError',
    read: readOwnership,
    show: (kept) => xmlDocument('OwnershipControls', node('Rule', leaf('ObjectOwnership', kept))),
  },
  {
    ...{ query: 'encryption', kind: 'encryption', name: 'BucketEncryption' },
    ...{ action: 'EncryptionConfiguration', remove: true },
    missing: 'ServerSideEncryptionConfigurationNotFoundError',
    read: readEncryption,
    show: (kept) =>
      xmlDocument(
        'ServerSideEncryptionConfiguration',
        node(
          'Rule',
          node('ApplyServerSideEncryptionByDefault', leaf('SSEAlgorithm', kept)),
          leaf('BucketKeyEnabled', false),
        ),
      ),
  },
  {
    ...{ query: 'object-lock', kind: 'object-lock', name: 'ObjectLockConfiguration' },
    ...{ action: 'BucketObjectLockConfiguration', remove: false },
    missing: 'ObjectLockConfigurationNotFoundError',
    read: readLock,
    show: (_kept, bucket) => lockXml(bucketLock(bucket)),
  },
];

export const bucketDocumentOperations: readonly Operation[] = [
  ...documents.flatMap(operationsOf),
  {
    name: 'GetBucketPolicy',
    method: 'GET',
    on: 'bucket',
    query: ['policy'],
    action: 's3:GetBucketPolicy',
    run: getPolicy,
  },
  {
    name: 'PutBucketPolicy',
    method: 'PUT',
    on: 'bucket',
    query: ['policy'],
    action: 's3:PutBucketPolicy',
    run: putPolicy,
  },
  {
    name: 'DeleteBucketPolicy',
    method: 'DELETE',
    on: 'bucket',
    query: ['policy'],
    action: 's3:DeleteBucketPolicy',
    run: (call: BucketCall) => change(call, 'policy', null),
  },
  {
    name: 'GetBucketPolicyStatus',
    method: 'GET',
    on: 'bucket',
    query: ['policyStatus'],
    action: 's3:GetBucketPolicyStatus',
    run: policyStatus,
  },
  {
    name: 'GetBucketVersioning',
    method: 'GET',
    on: 'bucket',
    query: ['versioning'],
    action: 's3:GetBucketVersioning',
    run: getVersioning,
  },
  {
    name: 'PutBucketVersioning',
    method: 'PUT',
    on: 'bucket',
    query: ['versioning'],
    action: 's3:PutBucketVersioning',
    run: putVersioning,
  },
];

function operationsOf(row: DocumentRow): readonly Operation[] {
  const { query, kind, name, action, missing, remove } = row;
  const base = { on: 'bucket', query: [query] } as const;
  const get: Operation = {
    ...base,
    ...{ name: `Get${name}`, method: 'GET', action: `s3:Get${action}` },
    run: async ({ bucket }: BucketCall) => {
      const kept = bucket.documents[kind];
      if (kept === undefined) throw new S3Error(missing, undefined, { BucketName: bucket.name });
      return xmlReply(row.show(kept, bucket));
    },
  };
  const put: Operation = {
    ...base,
    ...{ name: `Put${name}`, method: 'PUT', action: `s3:Put${action}` },
    run: async (call: BucketCall) => {
      await change(call, kind, row.read(await documentOf(call), call));
      return row.putStatus === 204 ? NO_CONTENT : OK;
    },
  };
  const del: Operation = {
    ...base,
    ...{ name: `Delete${name}`, method: 'DELETE', action: `s3:Put${action}` },
    run: (call: BucketCall) => change(call, kind, null),
  };
  return remove ? [get, put, del] : [get, put];
}

async function change(call: BucketCall, kind: string, text: string | null): Promise<Reply> {
  const { store, bucket } = call;
  const done = await store.changeBucket(bucket.name, { documents: { [kind]: text } });
  if (!done) throw new S3Error('NoSuchBucket');
  return NO_CONTENT;
}

function readOwnership(bytes: Buffer, { bucket }: BucketCall): string {
  const root = readXml(bytes, 'OwnershipControls');
  const rule = childOf(root, 'Rule');
  const value = rule === undefined ? '' : neededText(rule, 'ObjectOwnership');
  if (!/^(BucketOwnerPreferred|ObjectWriter|BucketOwnerEnforced)$/.test(value)) {
    throw new S3Error('MalformedXML');
  }
  const acl = aclOfText(bucket.documents.acl, bucket.owner);
  const given = acl.grants.some(({ to }) => to !== bucket.owner);
  if (value === 'BucketOwnerEnforced' && given) {
    throw new S3Error('InvalidBucketAclWithObjectOwnership');
  }
  return value;
}

function readEncryption(bytes: Buffer, { service }: BucketCall): string {
  const root = readXml(bytes, 'ServerSideEncryptionConfiguration');
  const rule = childOf(root, 'Rule');
  const byDefault =
    rule === undefined ? undefined : childOf(rule, 'ApplyServerSideEncryptionByDefault');
  if (byDefault === undefined) throw new S3Error('MalformedXML');
  const algorithm = neededText(byDefault, 'SSEAlgorithm');
  if (algorithm === 'aws:kms' || algorithm === 'aws:kms:dsse') {
    throw new S3Error('NotImplemented', NO_KMS);
  }
  if (algorithm !== 'AES256') throw new S3Error('MalformedXML');
  if (service.encryptionKey === undefined) {
    throw new S3Error('NotImplemented', 'This server has no key to encrypt with.');
  }
  return algorithm;
}

function readLock(bytes: Buffer, { bucket }: BucketCall): string {
  if (bucketLock(bucket) === undefined && bucket.versioning !== 'enabled') {
    throw new S3Error(
      'InvalidBucketState',
      "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
    );
  }
  const root = readXml(bytes, 'ObjectLockConfiguration');
  if (textIn(root, 'ObjectLockEnabled') !== 'Enabled') throw new S3Error('MalformedXML');
  const rule = childOf(root, 'Rule');
  if (rule === undefined) return JSON.stringify({ enabled: true } satisfies BucketLock);
  const byDefault = childOf(rule, 'DefaultRetention');
  if (byDefault === undefined) throw new S3Error('MalformedXML');
  const mode = neededText(byDefault, 'Mode');
  const days = periodIn(byDefault, 'Days');
  const years = periodIn(byDefault, 'Years');
  if (
    (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') ||
    (days === undefined) === (years === undefined)
  ) {
    throw new S3Error('MalformedXML');
  }
  const wrong = (days ?? 1) < 1 || (years ?? 1) < 1 || (days ?? 0) > 36_500 || (years ?? 0) > 100;
  if (wrong)
    throw new S3Error(
      'InvalidRetentionPeriod',
      'Default retention period must be a positive integer value.',
    );
  const lock: BucketLock = {
    enabled: true,
    rule: { mode, ...(days !== undefined && { days }), ...(years !== undefined && { years }) },
  };
  return JSON.stringify(lock);
}

/** One below nothing is a number too: it is told as a wrong period. @throws S3Error MalformedXML */
function periodIn(element: XmlElement, name: string): number | undefined {
  return /^-\d{1,15}$/.test(textIn(element, name) ?? '') ? -1 : numberIn(element, name);
}

function lockXml(lock: BucketLock | undefined): string {
  const rule = lock?.rule;
  return xmlDocument(
    'ObjectLockConfiguration',
    leaf('ObjectLockEnabled', 'Enabled'),
    rule === undefined
      ? []
      : node(
          'Rule',
          node(
            'DefaultRetention',
            leaf('Mode', rule.mode),
            leaf('Days', rule.days),
            leaf('Years', rule.years),
          ),
        ),
  );
}

async function getPolicy({ bucket }: BucketCall): Promise<Reply> {
  const text = bucket.documents.policy;
  if (text === undefined)
    throw new S3Error('NoSuchBucketPolicy', undefined, { BucketName: bucket.name });
  return { status: 200, text, headers: [['content-type', 'application/json']] };
}

async function putPolicy(call: BucketCall): Promise<Reply> {
  const { bucket } = call;
  const text = (await documentOf(call)).toString();
  const policy = parsePolicy(text, bucket.name);
  checkPrincipals(policy, call.service.users);
  if (publicAccessBlock(bucket).blockPublicPolicy && isPublicPolicy(policy)) {
    throw new S3Error('AccessDenied');
  }
  return change(call, 'policy', text);
}

async function policyStatus({ bucket }: BucketCall): Promise<Reply> {
  const policy = policyOf(bucket);
  const isPublic =
    (policy !== undefined && isPublicPolicy(policy)) ||
    isPublicAcl(aclOfText(bucket.documents.acl, bucket.owner));
  return xmlReply(xmlDocument('PolicyStatus', leaf('IsPublic', isPublic)));
}

const VERSIONING = { off: undefined, enabled: 'Enabled', suspended: 'Suspended' } as const;

async function getVersioning({ bucket }: BucketCall): Promise<Reply> {
  const status = VERSIONING[bucket.versioning];
  return xmlReply(xmlDocument('VersioningConfiguration', leaf('Status', status)));
}

async function putVersioning(call: BucketCall): Promise<Reply> {
  const { store, bucket } = call;
  const root = readXml(await documentOf(call), 'VersioningConfiguration');
  const status = textIn(root, 'Status');
  if (childrenOf(root, 'MfaDelete').some(({ text }) => text.trim() === 'Enabled')) {
    throw new S3Error('NotImplemented', 'MFA delete is not offered.');
  }
  if (status !== 'Enabled' && status !== 'Suspended') {
    throw new S3Error('IllegalVersioningConfigurationException');
  }
  if (status === 'Suspended' && bucketLock(bucket) !== undefined) {
    throw new S3Error(
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    );
  }
  const versioning = status === 'Enabled' ? 'enabled' : 'suspended';
  await store.changeBucket(bucket.name, { versioning });
  return OK;
}
