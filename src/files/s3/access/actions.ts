/**
 * The actions that a policy of a bucket may name, as Amazon's service authorization reference lists them, each with
 * what it is done to. A policy that names none of them, or one that its resources have no use for, is a mistake that
 * its author wants to hear of.
 */
import { matchesPattern } from './pattern.ts';

export type ActionTarget = 'bucket' | 'object';

/** Behind `s3:`. */
const BUCKET_ACTIONS = [
  ...['CreateBucket', 'DeleteBucket', 'DeleteBucketPolicy', 'DeleteBucketWebsite'],
  ...['GetAccelerateConfiguration', 'GetAnalyticsConfiguration', 'GetBucketAcl'],
  ...['GetBucketCORS', 'GetBucketLocation', 'GetBucketLogging', 'GetBucketNotification'],
  ...['GetBucketObjectLockConfiguration', 'GetBucketOwnershipControls', 'GetBucketPolicy'],
  ...['GetBucketPolicyStatus', 'GetBucketPublicAccessBlock', 'GetBucketRequestPayment'],
  ...['GetBucketTagging', 'GetBucketVersioning', 'GetBucketWebsite'],
  ...['GetEncryptionConfiguration', 'GetIntelligentTieringConfiguration'],
  ...['GetInventoryConfiguration', 'GetLifecycleConfiguration', 'GetMetricsConfiguration'],
  ...['GetReplicationConfiguration', 'ListBucket', 'ListBucketMultipartUploads'],
  ...['ListBucketVersions', 'PutAccelerateConfiguration', 'PutAnalyticsConfiguration'],
  ...['PutBucketAcl', 'PutBucketCORS', 'PutBucketLogging', 'PutBucketNotification'],
  ...['PutBucketObjectLockConfiguration', 'PutBucketOwnershipControls', 'PutBucketPolicy'],
  ...['PutBucketPublicAccessBlock', 'PutBucketRequestPayment', 'PutBucketTagging'],
  ...['PutBucketVersioning', 'PutBucketWebsite', 'PutEncryptionConfiguration'],
  ...['PutIntelligentTieringConfiguration', 'PutInventoryConfiguration'],
  ...['PutLifecycleConfiguration', 'PutMetricsConfiguration', 'PutReplicationConfiguration'],
] as const;

const OBJECT_ACTIONS = [
  ...['AbortMultipartUpload', 'BypassGovernanceRetention', 'DeleteObject', 'DeleteObjectTagging'],
  ...['DeleteObjectVersion', 'DeleteObjectVersionTagging', 'GetObject', 'GetObjectAcl'],
  ...['GetObjectAttributes', 'GetObjectLegalHold', 'GetObjectRetention', 'GetObjectTagging'],
  ...['GetObjectTorrent', 'GetObjectVersion', 'GetObjectVersionAcl'],
  ...['GetObjectVersionAttributes', 'GetObjectVersionForReplication', 'GetObjectVersionTagging'],
  ...['GetObjectVersionTorrent', 'InitiateReplication', 'ListMultipartUploadParts'],
  ...['ObjectOwnerOverrideToBucketOwner', 'PutObject', 'PutObjectAcl', 'PutObjectLegalHold'],
  ...['PutObjectRetention', 'PutObjectTagging', 'PutObjectVersionAcl'],
  ...['PutObjectVersionTagging', 'ReplicateDelete', 'ReplicateObject', 'ReplicateTags'],
  'RestoreObject',
] as const;

const ACTIONS: readonly (readonly [name: string, on: ActionTarget])[] = [
  ...BUCKET_ACTIONS.map((name) => [`s3:${name}`.toLowerCase(), 'bucket'] as const),
  ...OBJECT_ACTIONS.map((name) => [`s3:${name}`.toLowerCase(), 'object'] as const),
];

/** What the actions that a pattern stands for are done to; empty: there is no such action. */
export function targetsOfAction(pattern: string): ReadonlySet<ActionTarget> {
  const small = pattern.toLowerCase();
  return new Set(ACTIONS.filter(([name]) => matchesPattern(small, name)).map(([, on]) => on));
}
