/**
 * What a write brings besides bytes needs permissions of its own ("Required permissions for Amazon S3 API
 * operations"): tags, an ACL, a retention, a legal hold. Whoever may write by the bucket's ACL owns what they write, so
 * tags and ACL are theirs to give; a lock binds the bucket's owner too, and takes a policy.
 *
 * A policy that allows s3:PutObject on condition of tags or grants has them in mind, and allows them: Amazon's own
 * examples are written so.
 */
import type { BucketCall } from '../service.ts';
import { bringsAcl } from './acl.ts';
import { authorise } from './authorise.ts';

/** For an operation whose head makes an object. @throws S3Error AccessDenied */
export async function authoriseBrought(call: BucketCall): Promise<void> {
  const { headers, bucket, line } = call;
  const target = { bucket, key: line.key };
  const grant = { of: 'bucket', permission: 'WRITE' } as const;
  if (headers.has('x-amz-tagging')) {
    await authorise(call, {
      ...{ action: 's3:PutObjectTagging', ...target, grant },
      impliedBy: { action: 's3:PutObject', keys: /^s3:requestobjecttag/ },
    });
  }
  if (bringsAcl(headers)) {
    await authorise(call, {
      ...{ action: 's3:PutObjectAcl', ...target, grant },
      impliedBy: { action: 's3:PutObject', keys: /^s3:x-amz-(acl|grant-.*)$/ },
    });
  }
  if (headers.has('x-amz-object-lock-mode')) {
    await authorise(call, { action: 's3:PutObjectRetention', ...target });
  }
  if (headers.has('x-amz-object-lock-legal-hold')) {
    await authorise(call, { action: 's3:PutObjectLegalHold', ...target });
  }
}
