/**
 * The table of operations: what a request asks for is found here and nowhere else.
 *
 * Among the rows that fit in method, resource, query and head the one that asks for most wins, so PUT with
 * `partNumber`, `uploadId` and a copy source is UploadPartCopy and no PutObject. Sub-resources of S3 that no row
 * speaks of are refused, never ignored: PUT of `?replication` must not make a bucket.
 */
import { S3Error } from '../errors.ts';
import type { Operation, Resource } from '../operation.ts';
import type { ParsedRequest } from '../request.ts';
import { aclOperations } from './acls.ts';
import { bucketDocumentOperations } from './bucket-documents.ts';
import { bucketOperations } from './buckets.ts';
import { completeOperations } from './complete-upload.ts';
import { copyOperations } from './copy-object.ts';
import { deleteOperations } from './delete-objects.ts';
import { fixedOperations } from './fixed-answers.ts';
import { listOperations } from './list.ts';
import { uploadListOperations } from './list-uploads.ts';
import { objectDocumentOperations } from './object-documents.ts';
import { postOperations } from './post-object.ts';
import { putOperations } from './put-object.ts';
import { readOperations } from './read-object.ts';
import { uploadOperations } from './uploads.ts';

export const operationTable: readonly Operation[] = [
  ...bucketOperations,
  ...listOperations,
  ...readOperations,
  ...putOperations,
  ...postOperations,
  ...copyOperations,
  ...deleteOperations,
  ...uploadOperations,
  ...completeOperations,
  ...uploadListOperations,
  ...bucketDocumentOperations,
  ...objectDocumentOperations,
  ...aclOperations,
  ...fixedOperations,
];

/** Parameters that name a sub-resource: a request with one means nothing else. */
const SUB_RESOURCES: ReadonlySet<string> = new Set([
  ...['accelerate', 'acl', 'analytics', 'attributes', 'cors', 'delete', 'encryption', 'append'],
  ...['intelligent-tiering', 'inventory', 'legal-hold', 'lifecycle', 'location', 'logging'],
  ...['metadataConfiguration', 'metadataInventoryTable', 'metadataJournalTable', 'abac'],
  ...['metadataTable', 'metrics', 'notification', 'object-lock'],
  ...['ownershipControls', 'policy', 'policyStatus', 'publicAccessBlock', 'replication'],
  ...['renameObject', 'requestPayment', 'restore', 'retention', 'select', 'session', 'tagging'],
  ...['torrent', 'uploadId', 'uploads', 'versioning', 'versions', 'website'],
]);

/** @throws S3Error MethodNotAllowed, NotImplemented */
export function operationOf(request: ParsedRequest): Operation {
  const { line, query } = request;
  const on: Resource = line.bucket === '' ? 'service' : line.key === '' ? 'bucket' : 'object';
  let found: Operation | undefined;
  let most = -1;
  for (const row of operationTable) {
    if (row.on !== on || row.method !== line.method) continue;
    const weight = weightOf(row, request);
    if (weight > most) {
      found = row;
      most = weight;
    }
  }
  const unspoken = query.pairs.find(
    ([name]) => SUB_RESOURCES.has(name) && found?.query?.includes(name) !== true,
  );
  if (unspoken !== undefined) {
    const [name] = unspoken;
    const isLeftOut = LEFT_OUT.has(`${line.method} ${name}`);
    if (isKnown(name, on) && !isLeftOut) throw notAllowed(line.method, on);
    throw new S3Error('NotImplemented', undefined, { Header: unspoken[0] });
  }
  if (found === undefined) throw notAllowed(line.method, on);
  return found;
}

/** What S3 has of sub-resources that other rows speak of. */
const LEFT_OUT: ReadonlySet<string> = new Set(['PUT website', 'PUT replication']);

/** Whether a sub-resource is there for another method. */
function isKnown(query: string, on: Resource): boolean {
  return operationTable.some((row) => row.on === on && row.query?.[0] === query);
}

function notAllowed(method: string, on: Resource): S3Error {
  return new S3Error('MethodNotAllowed', undefined, {
    Method: method,
    ResourceType: on.toUpperCase(),
  });
}

/** How much a row asks for, -1 when the request has not all of it. */
function weightOf(
  { query = [], queryIs = [], headers = [] }: Operation,
  request: ParsedRequest,
): number {
  const fits =
    query.every((name) => request.query.has(name)) &&
    queryIs.every(([name, value]) => request.query.get(name) === value) &&
    headers.every((name) => request.headers.has(name));
  return fits ? query.length + queryIs.length + headers.length : -1;
}
