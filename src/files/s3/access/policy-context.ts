/** What conditions of a policy can ask about: the request, who sent it, and the tags of the object. */
import { decodePercent } from '../names.ts';
import type { Call } from '../service.ts';
import { tagsOfField, tagsOfText } from '../tags.ts';
import type { Access } from './authorise.ts';
import { COPY_SOURCE_KEY, type PolicyContext } from './conditions.ts';
import type { Policy } from './policy.ts';

/** Keys that a field of the head or a parameter of the query of this name answers. */
const FROM_FIELDS = [
  'x-amz-acl',
  'x-amz-metadata-directive',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
  'x-amz-content-sha256',
  'x-amz-grant-read',
  'x-amz-grant-write',
  'x-amz-grant-read-acp',
  'x-amz-grant-write-acp',
  'x-amz-grant-full-control',
  'x-amz-object-ownership',
  'if-match',
  'if-none-match',
] as const;
const FROM_QUERY = ['prefix', 'delimiter', 'max-keys'] as const;

export async function policyContext(
  call: Call,
  access: Access,
  { statements }: Policy,
): Promise<PolicyContext> {
  const asked = new Set(statements.flatMap(({ conditions }) => conditions.map(({ key }) => key)));
  // Most policies ask nothing.
  if (asked.size === 0) return new Map();
  const context = new Map<string, readonly string[]>();
  const set = (key: string, value: string | undefined): void => {
    if (value !== undefined) context.set(key, [value]);
  };
  aboutRequest(call, set);
  aboutUser(call, set);
  const { versionId } = access;
  set('s3:versionid', versionId);
  const inHead = tagsOfField(call.headers.get('x-amz-tagging')) ?? [];
  const requestTags = access.requestTags ?? inHead;
  for (const [key, value] of requestTags) {
    set(`s3:requestobjecttag/${key.toLowerCase()}`, value);
  }
  if (requestTags.length > 0) {
    context.set(
      's3:requestobjecttagkeys',
      requestTags.map(([key]) => key),
    );
  }
  const asksTags = [...asked].some((key) => key.startsWith('s3:existingobjecttag/'));
  if (asksTags && access.key !== undefined) {
    const version = await call.store.lookup({
      ...{ bucket: access.bucket.name, key: access.key },
      ...(versionId !== undefined && { versionId }),
    });
    for (const [key, value] of tagsOfText(version?.attributes.tags)) {
      set(`s3:existingobjecttag/${key.toLowerCase()}`, value);
    }
  }
  return context;
}

/** `bucket/key` however it was written, so that no other spelling gets past a policy. */
function copySourceOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const question = value.lastIndexOf('?versionId=');
  const path = question === -1 ? value : value.slice(0, question);
  try {
    return decodePercent(path).replace(/^\//, '');
  } catch {
    // What can not be read names nothing, and the operation says so.
    return undefined;
  }
}

type Put = (key: string, value: string | undefined) => void;

function aboutRequest(call: Call, set: Put): void {
  const { headers, query, auth, nowMs } = call;
  set('aws:sourceip', call.remoteAddress);
  set('aws:securetransport', String(call.encrypted));
  set('aws:useragent', headers.get('user-agent'));
  set('aws:referer', headers.get('referer'));
  set('aws:currenttime', new Date(nowMs).toISOString());
  set('aws:epochtime', String(Math.floor(nowMs / 1000)));
  for (const name of FROM_FIELDS) set(`s3:${name}`, headers.get(name));
  for (const name of FROM_QUERY) set(`s3:${name}`, query.get(name));
  set(COPY_SOURCE_KEY, copySourceOf(headers.get('x-amz-copy-source')));
  set('s3:object-lock-mode', headers.get('x-amz-object-lock-mode'));
  set('s3:object-lock-retain-until-date', headers.get('x-amz-object-lock-retain-until-date'));
  set('s3:object-lock-legal-hold', headers.get('x-amz-object-lock-legal-hold'));
  if (auth.how === 'anonymous') return;
  set('s3:signatureversion', auth.version);
  const types = { header: 'REST-HEADER', query: 'REST-QUERY-STRING', post: 'POST' } as const;
  set('s3:authtype', types[auth.how]);
  set('s3:signatureage', String(nowMs - auth.signedMs));
}

function aboutUser({ user }: Call, set: Put): void {
  set('aws:principaltype', user === null ? 'Anonymous' : 'User');
  if (user === null) return;
  set('aws:userid', user.id);
  set('aws:username', user.id);
  set('aws:principalarn', `arn:aws:iam::${user.id}:user/${user.id}`);
}
