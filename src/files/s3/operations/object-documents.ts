/** What can be changed of an object that is there: tags, retention, legal hold. */
import { authorise, authoriseTags } from '../access/authorise.ts';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { bucketLock, heldBy, retention } from '../lock.ts';
import type { ObjectVersion, Precondition } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import { type Reply, xmlReply } from '../reply.ts';
import { type BucketCall, documentOf, mustBeDone } from '../service.ts';
import { tagsOfText, tagsOfXml, tagsText, tagsXml } from '../tags.ts';
import { neededText, readXml, textIn } from '../xml/reader.ts';
import { leaf, xmlDocument } from '../xml/writer.ts';
import { lookupTarget, targetOf, versionIdHeader } from './versions.ts';

const tagging = { on: 'object', query: ['tagging'] } as const;

export const objectDocumentOperations: readonly Operation[] = [
  {
    ...{ name: 'GetObjectTagging', method: 'GET', ...tagging },
    ...{ action: 's3:GetObjectTagging', versionAction: 's3:GetObjectVersionTagging' },
    run: getTags,
  },
  {
    ...{ name: 'PutObjectTagging', method: 'PUT', ...tagging },
    ...{ action: 's3:PutObjectTagging', versionAction: 's3:PutObjectVersionTagging' },
    bringsTags: true,
    run: putTags,
  },
  {
    ...{ name: 'DeleteObjectTagging', method: 'DELETE', ...tagging },
    ...{ action: 's3:DeleteObjectTagging', versionAction: 's3:DeleteObjectVersionTagging' },
    run: deleteTags,
  },
  {
    ...{ name: 'GetObjectRetention', method: 'GET', on: 'object', query: ['retention'] },
    ...{ action: 's3:GetObjectRetention', run: getRetention },
  },
  {
    ...{ name: 'PutObjectRetention', method: 'PUT', on: 'object', query: ['retention'] },
    ...{ action: 's3:PutObjectRetention', run: putRetention },
  },
  {
    ...{ name: 'GetObjectLegalHold', method: 'GET', on: 'object', query: ['legal-hold'] },
    ...{ action: 's3:GetObjectLegalHold', run: getHold },
  },
  {
    ...{ name: 'PutObjectLegalHold', method: 'PUT', on: 'object', query: ['legal-hold'] },
    ...{ action: 's3:PutObjectLegalHold', run: putHold },
  },
];

async function getTags(call: BucketCall): Promise<Reply> {
  const version = await lookupTarget(call);
  return {
    ...xmlReply(tagsXml(tagsOfText(version.attributes.tags))),
    headers: versionIdHeader(call.bucket, version.versionId),
  };
}

async function putTags(call: BucketCall): Promise<Reply> {
  const tags = tagsOfXml(await documentOf(call), LIMITS.objectTags);
  await authoriseTags(call, call.bucket, tags);
  const version = await lookupTarget(call);
  return change(call, version, { tags: tags.length === 0 ? null : tagsText(tags) });
}

async function deleteTags(call: BucketCall): Promise<Reply> {
  const version = await lookupTarget(call);
  return { ...(await change(call, version, { tags: null })), status: 204 };
}

/** Of two who change it at once the last one has it. */
async function change(
  call: BucketCall,
  { versionId }: ObjectVersion,
  attributes: Readonly<Record<string, string | null>>,
  precondition?: Precondition,
): Promise<Reply> {
  const target = { ...targetOf(call), versionId };
  const outcome = await call.store.setAttributes(target, attributes, precondition);
  if (!outcome.done && outcome.because === 'precondition-failed') {
    throw new S3Error('OperationAborted');
  }
  mustBeDone(outcome);
  return { status: 200, headers: versionIdHeader(call.bucket, versionId) };
}

/** A lock is changed only if it is still the one that was judged. */
function changeLock(
  call: BucketCall,
  version: ObjectVersion,
  attributes: Readonly<Record<string, string | null>>,
): Promise<Reply> {
  const { revision } = version;
  return change(call, version, attributes, { revision });
}

/** @throws S3Error InvalidRequest of a bucket without object lock */
function needLock({ bucket }: BucketCall): void {
  if (bucketLock(bucket) === undefined) {
    throw new S3Error('InvalidRequest', 'Bucket is missing Object Lock Configuration');
  }
}

async function getRetention(call: BucketCall): Promise<Reply> {
  needLock(call);
  const { attributes } = await lookupTarget(call);
  const mode = attributes['lock-mode'];
  if (mode === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
  const until = new Date(Number(attributes['lock-until'])).toISOString();
  return xmlReply(xmlDocument('Retention', leaf('Mode', mode), leaf('RetainUntilDate', until)));
}

async function putRetention(call: BucketCall): Promise<Reply> {
  needLock(call);
  const root = readXml(await documentOf(call), 'Retention');
  const mode = textIn(root, 'Mode');
  const until = textIn(root, 'RetainUntilDate');
  // Nothing in it takes the retention away, which is as hard as making it shorter.
  if (mode === undefined && until === undefined) {
    const version = await lookupTarget(call);
    await mayLoosen(call, version, 0);
    return changeLock(call, version, { 'lock-mode': null, 'lock-until': null });
  }
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw new S3Error('MalformedXML');
  const next = retention(mode, neededText(root, 'RetainUntilDate'), call.nowMs);
  const version = await lookupTarget(call);
  // Another mode is as hard as a shorter time, whichever it is.
  const other = version.attributes['lock-mode'] !== mode;
  await mayLoosen(call, version, other ? 0 : Number(next['lock-until']));
  return changeLock(call, version, next);
}

/** A retention that runs may be made longer by all; shorter only governance, by those who may bypass it. */
async function mayLoosen(call: BucketCall, version: ObjectVersion, untilMs: number): Promise<void> {
  const { 'legal-hold': _, ...retained } = version.attributes;
  const held = heldBy(retained, call.nowMs);
  if (held === undefined) return;
  const wasMs = Number(version.attributes['lock-until']);
  if (untilMs >= wasMs) return;
  const bypass = call.headers.get('x-amz-bypass-governance-retention')?.toLowerCase() === 'true';
  if (held !== 'GOVERNANCE' || !bypass) {
    throw new S3Error('AccessDenied', 'Access Denied because object protected by object lock.');
  }
  const { bucket, line } = call;
  await authorise(call, { action: 's3:BypassGovernanceRetention', bucket, key: line.key });
}

async function getHold(call: BucketCall): Promise<Reply> {
  needLock(call);
  const { attributes } = await lookupTarget(call);
  const status = attributes['legal-hold'];
  if (status === undefined) throw new S3Error('NoSuchObjectLockConfiguration');
  return xmlReply(xmlDocument('LegalHold', leaf('Status', status)));
}

async function putHold(call: BucketCall): Promise<Reply> {
  needLock(call);
  const status = textIn(readXml(await documentOf(call), 'LegalHold'), 'Status');
  if (status !== 'ON' && status !== 'OFF') throw new S3Error('MalformedXML');
  return change(call, await lookupTarget(call), { 'legal-hold': status });
}
