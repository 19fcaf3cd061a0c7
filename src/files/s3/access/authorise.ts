/**
 * Whether a user may do something with a bucket or an object ("How Amazon S3 authorizes a request").
 *
 *     policy denies ─▶ no     admin, owner of the bucket ─▶ yes     policy or ACL allows ─▶ yes     else ─▶ no
 *
 * What another user has written into a bucket is that user's, unless the bucket's ownership is enforced: its owner may
 * remove it, and read it as far as its ACL says.
 *
 * Public access blocks take away what policies and ACLs give to everybody.
 */
import { S3Error } from '../errors.ts';
import type { Bucket, ObjectVersion } from '../object-store.ts';
import type { Grantable, Operation } from '../operation.ts';
import { ANONYMOUS_ID, type Call } from '../service.ts';
import type { Tags } from '../tags.ts';
import { type Acl, aclAllows, aclOfText, isPublicAcl } from './acl.ts';
import { type Asked, isPublicPolicy, judgePolicy, type Policy, policyOf } from './policy.ts';
import { policyContext } from './policy-context.ts';
import { publicAccessBlock } from './public-access.ts';

export interface Access {
  readonly action: string;
  readonly bucket: Bucket;
  /** Undefined: it is about the bucket. */
  readonly key?: string;
  readonly versionId?: string;
  readonly grant?: Operation['grant'];
  /** That the body brings, when it is read; else the head's count. */
  readonly requestTags?: Tags;
  /** Another action that implies this one, where a policy allows it on a condition on one of these keys. */
  readonly impliedBy?: { readonly action: string; readonly keys: RegExp };
}

/** @throws S3Error AccessDenied */
export async function authorise(call: Call, access: Access): Promise<void> {
  if (!(await may(call, access))) throw new S3Error('AccessDenied');
}

/** For an operation's own action, about what the request names. @throws S3Error AccessDenied */
export async function authoriseOperation(call: Call, bucket: Bucket): Promise<void> {
  if (call.operation.bringsTags === true && asksAboutTags(bucket)) return;
  await authoriseNamed(call, bucket);
}

/** For an operation whose body has brought these tags. @throws S3Error AccessDenied */
export async function authoriseTags(call: Call, bucket: Bucket, tags: Tags): Promise<void> {
  if (asksAboutTags(bucket)) await authoriseNamed(call, bucket, tags);
}

function asksAboutTags(bucket: Bucket): boolean {
  const conditions = policyOf(bucket)?.statements.flatMap((each) => each.conditions) ?? [];
  return conditions.some(({ key }) => key.startsWith('s3:requestobjecttag'));
}

async function authoriseNamed(call: Call, bucket: Bucket, requestTags?: Tags): Promise<void> {
  const { operation, line, query } = call;
  const { action, versionAction, on, grant } = operation;
  if (action === null) return;
  const versionId = query.get('versionId');
  await authorise(call, {
    ...(requestTags !== undefined && { requestTags }),
    action: versionId === undefined ? action : (versionAction ?? action),
    bucket,
    ...(on === 'object' && { key: line.key }),
    ...(versionId !== undefined && { versionId }),
    ...(grant !== undefined && { grant }),
  });
}

export async function may(call: Call, access: Access): Promise<boolean> {
  const { bucket, action, key, grant } = access;
  const { user } = call;
  const isMine = user !== null && (user.isAdmin || bucket.owner === user.id);
  const block = publicAccessBlock(bucket);
  const policy = policyOf(bucket);
  if (policy !== undefined) {
    const resource = `arn:aws:s3:::${bucket.name}${key === undefined ? '' : `/${key}`}`;
    const context = await policyContext(call, access, policy);
    const asked: Asked = { user, action, resource, context };
    const verdict = judgePolicy(policy, asked);
    // Who owns the bucket can always get at its policy: nobody locks themselves out.
    if (verdict === 'deny') return isMine && action.endsWith('BucketPolicy');
    const restricted = block.restrictPublicBuckets && isPublicPolicy(policy) && !isMine;
    const allows = verdict === 'allow' || isImplied(policy, asked, access.impliedBy);
    if (allows && !restricted) return true;
  }
  const judgesObject = grant?.of === 'object' && mayHaveForeign(bucket) && user?.isAdmin !== true;
  if (isMine && !judgesObject) return true;
  if (ABOUT_UPLOADS.has(action) && (await hasBegun(call, access))) return true;
  if (grant === undefined) return false;
  return grant.of === 'bucket'
    ? bucketAclAllows(call, bucket, grant.permission, block.ignorePublicAcls)
    : objectAclAllows(call, access, grant.permission, block.ignorePublicAcls);
}

/** Whether a statement allows the other action and has this one in mind. */
function isImplied(policy: Policy, asked: Asked, by: Access['impliedBy']): boolean {
  if (by === undefined) return false;
  const statements = policy.statements.filter(({ conditions }) =>
    conditions.some(({ key, negated }) => !negated && by.keys.test(key)),
  );
  return judgePolicy({ statements }, { ...asked, action: by.action }) === 'allow';
}

/** What whoever has begun an upload may do with it ("Multipart upload and permissions"). */
const ABOUT_UPLOADS: ReadonlySet<string> = new Set([
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
]);

async function hasBegun({ user, query, store }: Call, { bucket, key }: Access): Promise<boolean> {
  const uploadId = query.get('uploadId');
  if (user === null || key === undefined || uploadId === undefined) return false;
  const upload = await store.upload({ bucket: bucket.name, key, uploadId });
  return upload?.attributes.initiator === user.id;
}

/** A bucket that has never let others in has no objects of others, and its owner's reads need not ask whose they are. */
function mayHaveForeign({ documents }: Bucket): boolean {
  const { ownership, acl, policy } = documents;
  return ownership !== 'BucketOwnerEnforced' && (acl !== undefined || policy !== undefined);
}

function bucketAclAllows(
  { user }: Call,
  bucket: Bucket,
  permission: Grantable,
  ignorePublic: boolean,
): boolean {
  if (bucket.documents.ownership === 'BucketOwnerEnforced') return false;
  const acl = aclOfText(bucket.documents.acl, bucket.owner);
  return !(ignorePublic && isPublicAcl(acl)) && aclAllows(acl, user, permission);
}

async function objectAclAllows(
  call: Call,
  { bucket, key = '', versionId }: Access,
  permission: Grantable,
  ignorePublic: boolean,
): Promise<boolean> {
  const version = await call.store.lookup({
    ...{ bucket: bucket.name, key },
    ...(versionId !== undefined && { versionId }),
  });
  if (version === undefined) {
    // Whoever may list the bucket may know that it is not there.
    return may(call, {
      action: 's3:ListBucket',
      bucket,
      grant: { of: 'bucket', permission: 'READ' },
    });
  }
  if (bucket.documents.ownership === 'BucketOwnerEnforced') return false;
  const { user } = call;
  const owner = version.attributes.owner ?? bucket.owner;
  if (user !== null && owner === user.id) return true;
  // What nobody in particular has written is the bucket's.
  if (user !== null && owner === ANONYMOUS_ID && bucket.owner === user.id) return true;
  const acl = objectAcl(version, bucket);
  return !(ignorePublic && isPublicAcl(acl)) && aclAllows(acl, user, permission);
}

export function objectAcl({ attributes }: ObjectVersion, bucket: Bucket): Acl {
  return aclOfText(attributes.acl, attributes.owner ?? bucket.owner);
}
