/** Buckets themselves: made, listed, looked at, removed. */
import { aclOfHeaders, aclText, ownerXml, privateAcl } from '../access/acl.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { checkBucketName, isPossibleBucketName } from '../names.ts';
import type { Attributes, Bucket } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { NO_CONTENT, type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, type Call, documentOf } from '../service.ts';
import { type Tags, tagsOfSet, tagsText } from '../tags.ts';
import { childOf, onlyChildren, readXml, textIn } from '../xml/reader.ts';
import { leaf, node, xmlDocument } from '../xml/writer.ts';

export const bucketOperations: readonly Operation[] = [
  {
    name: 'ListBuckets',
    method: 'GET',
    on: 'service',
    action: 's3:ListAllMyBuckets',
    run: listBuckets,
  },
  {
    name: 'CreateBucket',
    method: 'PUT',
    on: 'bucket',
    makes: true,
    action: null,
    run: createBucket,
  },
  {
    name: 'HeadBucket',
    method: 'HEAD',
    on: 'bucket',
    action: 's3:ListBucket',
    grant: { of: 'bucket', permission: 'READ' },
    run: headBucket,
  },
  {
    name: 'DeleteBucket',
    method: 'DELETE',
    on: 'bucket',
    action: 's3:DeleteBucket',
    run: deleteBucket,
  },
  {
    name: 'GetBucketLocation',
    method: 'GET',
    on: 'bucket',
    query: ['location'],
    action: 's3:GetBucketLocation',
    run: bucketLocation,
  },
];

async function listBuckets(call: Call): Promise<Reply> {
  const { query, user, store, service } = call;
  if (user === null) throw new S3Error('AccessDenied');
  const max = maxBuckets(query.get('max-buckets'));
  const prefix = query.get('prefix') ?? '';
  const isHere = (query.get('bucket-region') ?? service.region) === service.region;
  const found: Bucket[] = [];
  let after = nameOfToken(query.get('continuation-token'));
  // All buckets are in one region.
  let more = isHere;
  // One more than asked for tells whether there are more.
  while (more && found.length <= max) {
    const page = await store.listBuckets({ prefix, after, max: 1000 });
    more = page.isTruncated;
    after = page.buckets.at(-1)?.name ?? after;
    found.push(...page.buckets.filter(({ owner }) => user.isAdmin || owner === user.id));
  }
  const shown = found.slice(0, max);
  const rows = shown.map(({ name, createdMs }) =>
    node(
      'Bucket',
      leaf('Name', name),
      leaf('CreationDate', new Date(createdMs).toISOString()),
      query.has('max-buckets') ? leaf('BucketRegion', service.region) : [],
    ),
  );
  const last = shown.at(-1)?.name ?? '';
  return xmlReply(
    xmlDocument(
      'ListAllMyBucketsResult',
      ownerXml('Owner', user.id, service.users),
      node('Buckets', rows),
      leaf('Prefix', prefix === '' ? undefined : prefix),
      leaf(
        'ContinuationToken',
        found.length > max ? Buffer.from(last).toString('base64url') : undefined,
      ),
    ),
  );
}

function maxBuckets(value: string | undefined): number {
  if (value === undefined) return LIMITS.bucketsPerUser;
  const max = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (max < 1 || max > LIMITS.bucketsPerUser) throw invalidArgument('max-buckets', value);
  return max;
}

/** The name that a token goes on behind. @throws S3Error InvalidArgument of one that was never given */
function nameOfToken(token: string | undefined): string {
  if (token === undefined || token === '') return '';
  const name = Buffer.from(token, 'base64url').toString();
  if (isPossibleBucketName(name) && Buffer.from(name).toString('base64url') === token) return name;
  const says = 'The continuation token provided is incorrect';
  throw invalidArgument('continuation-token', token, says);
}

async function createBucket(call: Call): Promise<Reply> {
  const { line, user, store, headers, service } = call;
  const name = line.bucket;
  if (user === null) throw new S3Error('AccessDenied');
  checkBucketName(name);
  const { location, tags } = configurationOf(await documentOf(call));
  if (location !== '' && location !== service.region) {
    throw new S3Error('InvalidLocationConstraint', undefined, { LocationConstraint: location });
  }
  const owner = user.id;
  const ownership = headers.get('x-amz-object-ownership');
  const documents: Record<string, string> = {};
  if (tags.length > 0) documents.tags = tagsText(tags);
  if (ownership !== undefined) documents.ownership = checkOwnership(ownership);
  const acl = aclOfHeaders(headers, { owner, bucketOwner: owner, users: service.users });
  if (acl !== undefined) {
    const given = acl.grants.some(({ to }) => to !== owner);
    if (ownership === 'BucketOwnerEnforced' && given) {
      throw new S3Error('InvalidBucketAclWithObjectOwnership');
    }
    documents.acl = aclText(acl);
  }
  const lock = headers.get('x-amz-bucket-object-lock-enabled')?.toLowerCase() === 'true';
  if (lock) documents['object-lock'] = JSON.stringify({ enabled: true });
  const bucket = { owner, documents: documents as Attributes, isVersioned: lock };
  return (await store.createBucket(name, bucket)) ? made(name) : existing(call, owner);
}

function made(name: string): Reply {
  return { status: 200, headers: [['location', `/${name}`], arnHeader(name)] };
}

function arnHeader(name: string): [string, string] {
  return ['x-amz-bucket-arn', `arn:aws:s3:::${name}`];
}

/** In us-east-1 one may make one's own bucket again; everywhere else it is a conflict. */
async function existing({ store, line, service }: Call, owner: string): Promise<Reply> {
  const bucket = await store.bucket(line.bucket);
  if (bucket?.owner !== owner)
    throw new S3Error('BucketAlreadyExists', undefined, { BucketName: line.bucket });
  if (service.region !== 'us-east-1') {
    throw new S3Error('BucketAlreadyOwnedByYou', undefined, { BucketName: line.bucket });
  }
  if (bucket.documents.acl !== undefined) {
    await store.changeBucket(line.bucket, { documents: { acl: aclText(privateAcl(owner)) } });
  }
  return made(line.bucket);
}

/** Empty: the body says none. @throws S3Error MalformedXML, InvalidTag, NotImplemented of a directory bucket */
function configurationOf(body: Buffer): { location: string; tags: Tags } {
  if (body.length === 0) return { location: '', tags: [] };
  const root = readXml(body, 'CreateBucketConfiguration');
  onlyChildren(root, ['LocationConstraint', 'Tags', 'Location', 'Bucket']);
  if (childOf(root, 'Location') !== undefined || childOf(root, 'Bucket') !== undefined) {
    throw new S3Error('NotImplemented', 'Directory buckets are not offered.');
  }
  const set = childOf(root, 'Tags');
  return {
    location: textIn(root, 'LocationConstraint') ?? '',
    tags: set === undefined ? [] : tagsOfSet(set, LIMITS.bucketTags),
  };
}

export function checkOwnership(value: string): string {
  if (/^(BucketOwnerPreferred|ObjectWriter|BucketOwnerEnforced)$/.test(value)) return value;
  throw invalidArgument('x-amz-object-ownership', value, 'Invalid x-amz-object-ownership header');
}

async function headBucket({ bucket }: BucketCall): Promise<Reply> {
  return { status: 200, headers: [['x-amz-access-point-alias', 'false'], arnHeader(bucket.name)] };
}

async function deleteBucket({ store, line }: BucketCall): Promise<Reply> {
  const outcome = await store.deleteBucket(line.bucket);
  if (outcome === 'not-empty')
    throw new S3Error('BucketNotEmpty', undefined, { BucketName: line.bucket });
  if (outcome === 'no-such-bucket') throw new S3Error('NoSuchBucket');
  return NO_CONTENT;
}

async function bucketLocation({ service }: BucketCall): Promise<Reply> {
  // The first region has the empty name.
  const region = service.region === 'us-east-1' ? '' : service.region;
  const text = xmlDocument('LocationConstraint').replace(
    '></LocationConstraint>',
    region === '' ? '/>' : `>${region}</LocationConstraint>`,
  );
  return xmlReply(text);
}
