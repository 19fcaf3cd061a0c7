/** docs/s3.md: the operations of the S3 door and its errors, from the tables that the door runs on. */
import { errorTable } from '../src/files/s3/errors.ts';
import { LIMITS } from '../src/files/s3/limits.ts';
import type { Operation } from '../src/files/s3/operation.ts';
import { operationTable } from '../src/files/s3/operations/table.ts';

const TARGETS = { service: '`/`', bucket: '`/bucket`', object: '`/bucket/key`' } as const;

export function s3Page(): string {
  return `# S3

The file system speaks S3: what the [API reference](https://docs.aws.amazon.com/AmazonS3/latest/API/) says of the operations below is what they do. Requests are signed by Signature Version 4: in the Authorization field, in the query (presigned), in chunks with and without trailers, or by the policy of a form. A bucket stands in the path, or in the name of the host below \`files.s3.domains\`. Signature Version 2 is taken too, in the Authorization field, the query and forms, unless \`files.s3.signature_v2\` is off.

## Operations

| operation | request | what a policy must allow | what an ACL must grant |
|---|---|---|---|
${operationTable.toSorted(byName).map(rowOf).join('\n')}
| Preflight | \`OPTIONS\` | CORS of the bucket | |

Whoever writes an object with tags, an ACL, a retention or a legal hold needs \`s3:PutObjectTagging\`, \`s3:PutObjectAcl\`, \`s3:PutObjectRetention\` and \`s3:PutObjectLegalHold\` too. A policy that allows \`s3:PutObject\` on a condition about tags or grants allows those. A copy takes tags along for those who may read them.

Sub-resources of S3 that are not listed are answered with 501 NotImplemented and do nothing else; methods that a listed one has not, with 405 MethodNotAllowed.

## What differs from Amazon's

- One storage class: lifecycle rules expire and abort, transitions are refused.
- A region of a signature's scope is not compared with \`files.s3.region\`; the location that CreateBucket asks for is.
- Nothing is encrypted that nobody asked for: neither the request nor the bucket. SSE-S3 needs no configuration: its key is made once and kept beside the data, unless \`files.s3.encryption_key\` says another.
- SSE-KMS, access points, replication, inventory, event notifications, Select, restore and torrents are not there.
- A copy of bytes that do not change keeps the ETag of its source, also when that came in parts.
- A bucket that is made has neither enforced ownership nor a public access block: ACLs count until it is told otherwise. Policies that deny hold for owners too, but never for the policy itself.
- What nobody in particular has written into a bucket is its owner's. In a bucket with neither ACL nor policy everything is.
- Logging, notification, request payment and acceleration have one form, which can be read and set again; any other is refused with 501. \`files.s3.lifecycle_day\` shortens the days of lifecycle rules, for trials.
- Checksums are kept when the client sends or asks for one; none is made up for those who do neither.

## Limits

| limit | value | beyond it |
|---|---|---|
| key | ${LIMITS.keyBytes} bytes of UTF-8 | KeyTooLongError |
| user metadata | ${LIMITS.metadataBytes} bytes | MetadataTooLarge |
| one PUT, one part, one copy | ${gib(LIMITS.putBytes)} GiB | EntityTooLarge |
| one object | ${gib(LIMITS.objectBytes)} GiB | EntityTooLarge |
| parts but the last | at least ${LIMITS.partBytesMin / 1024 ** 2} MiB | EntityTooSmall |
| numbers of parts | 1 to ${LIMITS.partsMax} | InvalidArgument |
| rows of a page | ${LIMITS.rowsMax} | cut to it |
| keys of DeleteObjects | ${LIMITS.deletesMax} | MalformedXML |
| tags of an object, of a bucket | ${LIMITS.objectTags}, ${LIMITS.bucketTags} | BadRequest |
| XML of a request | ${LIMITS.documentBytes / 1024 ** 2} MiB, ${LIMITS.xmlDepth} levels | MaxMessageLengthExceeded, MalformedXML |
| policy | ${LIMITS.policyBytes / 1024} KiB | MalformedPolicy |
| clock of the client | ${LIMITS.skewMs / 60_000} minutes off | RequestTimeTooSkewed |
| life of a presigned URL | ${LIMITS.presignedSeconds / 86_400} days | AuthorizationQueryParametersError |

## Errors

| code | status | sentence unless there is a better one |
|---|---|---|
${Object.entries(errorTable)
  .map(([code, [status, sentence]]) => `| ${code} | ${status} | ${sentence} |`)
  .join('\n')}
`;
}

function byName(a: Operation, b: Operation): number {
  return a.name < b.name ? -1 : 1;
}

function rowOf(row: Operation): string {
  const { name, method, on, query = [], queryIs = [], headers = [], action, versionAction } = row;
  const asked = [...query, ...queryIs.map((pair) => pair.join('='))].join('&');
  const fields = headers.length === 0 ? '' : `, field \`${headers.join('`, `')}\``;
  const target = TARGETS[on].replace(/`$/, asked === '' ? '`' : `?${asked}\``);
  const actions = [action, versionAction].filter((each) => each !== undefined && each !== null);
  const allowed = actions.map((each) => `\`${each}\``).join(', of a version ');
  const granted = row.grant === undefined ? '' : `${row.grant.permission} of the ${row.grant.of}`;
  return `| ${name} | \`${method}\` ${target}${fields} | ${allowed} | ${granted} |`;
}

function gib(bytes: number): number {
  return bytes / 1024 ** 3;
}
