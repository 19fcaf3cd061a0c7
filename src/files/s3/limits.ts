/** What one request may take. Behind each limit the error that answers it. */

export const LIMITS = {
  /** Bytes of a key in UTF-8: KeyTooLongError. */
  keyBytes: 1024,
  /** User metadata, names without their prefix and values, bytes: MetadataTooLarge. */
  metadataBytes: 2048,
  /** Bytes of an XML or JSON body: MaxMessageLengthExceeded. A DeleteObjects of 1,000 long keys fits. */
  documentBytes: 2 * 1024 * 1024,
  /** CompleteMultipartUpload of 10,000 parts with checksums. */
  completionBytes: 4 * 1024 * 1024,
  /** Bytes of a bucket policy: PolicyTooLarge of S3 is MalformedPolicy here. */
  policyBytes: 20 * 1024,
  /** Elements of one XML body: MalformedXML. */
  xmlElements: 200_000,
  /** Levels of one XML body: MalformedXML. */
  xmlDepth: 16,
  /** One object by one PUT, and one part: EntityTooLarge. */
  putBytes: 5 * 1024 ** 3,
  /** One object: EntityTooLarge. */
  objectBytes: 5 * 1024 ** 4,
  /** Every part but the last: EntityTooSmall. */
  partBytesMin: 5 * 1024 ** 2,
  /** Numbers of parts: InvalidArgument. */
  partsMax: 10_000,
  /** Rows of one page of a listing; more is cut to it. */
  rowsMax: 1000,
  /** Keys of one DeleteObjects: MalformedXML. */
  deletesMax: 1000,
  /** Tags of an object and of a bucket: InvalidTag (BadRequest). */
  objectTags: 10,
  bucketTags: 50,
  tagKeyCharacters: 128,
  tagValueCharacters: 256,
  /** Rules of CORS and of lifecycle: MalformedXML. */
  rules: 1000,
  /** Grants of an ACL: MalformedACLError. */
  grants: 100,
  /** Buckets of one user: TooManyBuckets. */
  bucketsPerUser: 10_000,
  /** Fields of a POST form before the file, bytes: MaxPostPreDataLengthExceededError. */
  formBytes: 20 * 1024,
  /** One line of aws-chunked framing, bytes: InvalidRequest. */
  chunkLineBytes: 4096,
  /** One signed chunk, bytes: InvalidRequest. */
  chunkBytes: 128 * 1024 ** 2,
  /** How far a client's clock may be off, milliseconds: RequestTimeTooSkewed. */
  skewMs: 15 * 60_000,
  /** A presigned request lives so long at most, seconds: AuthorizationQueryParametersError. */
  presignedSeconds: 604_800,
} as const;
