/** PostObject: an upload by a form of a browser, allowed by a signed policy. */
import { authorise } from '../access/authorise.ts';
import { checkedAttributes } from '../attributes.ts';
import { authenticateForm, checkPolicy, type SizeRange } from '../auth/post-policy.ts';
import { boundaryOf, type Form, isForm, readForm } from '../body/form-data.ts';
import { Integrity, promiseOf } from '../body/integrity.ts';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { checkKey, encodePath, encodePercent } from '../names.ts';
import type { ObjectVersion } from '../object-store.ts';
import type { Operation } from '../operation.ts';
import type { Reply } from '../reply.ts';
import { Headers } from '../request.ts';
import { type BucketCall, mustBeDone } from '../service.ts';
import { tagsOfXml, tagsText } from '../tags.ts';
import { leaf, plainDocument } from '../xml/writer.ts';
import { checksumOf, etagOf, newObject } from './put-object.ts';
import { versionIdHeader } from './versions.ts';
import { writePieces } from './write-body.ts';

export const postOperations: readonly Operation[] = [
  // Who it comes from stands in the form.
  { name: 'PostObject', method: 'POST', on: 'bucket', action: null, run: postObject },
];

async function postObject(call: BucketCall): Promise<Reply> {
  const { headers, bucket, service, nowMs } = call;
  const contentType = headers.get('content-type');
  const boundary = boundaryOf(contentType);
  if (boundary === undefined) {
    if (isForm(contentType)) throw new S3Error('MalformedPOSTRequest');
    throw new S3Error('PreconditionFailed', undefined, {
      Condition: 'Bucket POST must be of the enclosure-type multipart/form-data',
    });
  }
  const form = await readForm(call.body, boundary);
  const { fields } = form;
  const key = fields.get('key')?.replaceAll('$' + '{filename}', form.fileName);
  if (key === undefined || key === '') {
    throw new S3Error(
      'InvalidArgument',
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      { ArgumentName: 'key', ArgumentValue: '' },
    );
  }
  checkKey(key);
  const { users, keys, takesV2 } = service;
  const auth = authenticateForm(fields, { users, keys, takesV2, nowMs });
  const range: SizeRange =
    auth.user === null
      ? { min: 0, max: Number.POSITIVE_INFINITY }
      : checkPolicy(new Map([...fields, ['key', key]]), bucket.name, nowMs);
  const own: BucketCall = {
    ...call,
    ...{ auth, user: auth.user, headers: headersOf(form) },
    line: { ...call.line, key },
  };
  await authorise(own, {
    ...{ action: 's3:PutObject', bucket, key },
    grant: { of: 'bucket', permission: 'WRITE' },
  });
  return answerTo(own, fields, await store(own, form, range));
}

/** The fields of the form as those of a PUT. */
function headersOf({ fields, fileType }: Form): Headers {
  const headers = new Map<string, string>();
  for (const [name, value] of fields) {
    if (name === 'acl') headers.set('x-amz-acl', value);
    else if (name === 'tagging') {
      const tags = tagsOfXml(Buffer.from(value), LIMITS.objectTags);
      headers.set('x-amz-tagging', tagsText(tags));
    } else headers.set(name, Buffer.from(value).toString('latin1'));
  }
  if (!headers.has('content-type') && fileType !== undefined) headers.set('content-type', fileType);
  return new Headers(headers);
}

async function store(call: BucketCall, { file }: Form, range: SizeRange): Promise<ObjectVersion> {
  const { attributes, sealing } = await newObject(call);
  const promised = promiseOf({ ...call, contentLength: -1 }, { kind: 'plain' });
  // The form around the file is small.
  const bytes = call.contentLength;
  const integrity = new Integrity(promised, { maker: call.service.digests, md5: true, bytes });
  const seal = sealing === null ? {} : { seal: { dataKey: sealing.dataKey, part: 0 } };
  const pieces = withinRange(integrity.read(file), Math.min(range.max, LIMITS.putBytes));
  return writePieces(call, pieces, undefined, seal, async (writer) => {
    const verified = await integrity.verify();
    if (verified.sizeBytes < range.min) {
      throw new S3Error('EntityTooSmall', undefined, {
        ProposedSize: String(verified.sizeBytes),
        MinSizeAllowed: String(range.min),
      });
    }
    return mustBeDone(
      await writer.commit({
        ...{ key: call.line.key, etag: etagOf(verified, sealing) },
        attributes: checkedAttributes({ ...attributes, ...checksumOf(verified) }),
      }),
    );
  });
}

async function* withinRange(pieces: AsyncIterable<Buffer>, max: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > max) {
      throw new S3Error('EntityTooLarge', undefined, {
        ProposedSize: String(size),
        MaxSizeAllowed: String(max),
      });
    }
    yield piece;
  }
}

function answerTo(call: BucketCall, fields: Form['fields'], version: ObjectVersion): Reply {
  const { bucket, line, encrypted } = call;
  const { key } = line;
  const path = line.virtualHost ? '' : `${bucket.name}/`;
  const location = `${encrypted ? 'https' : 'http'}://${line.authority}/${path}${encodePath(key)}`;
  const etag = `"${version.etag}"`;
  const headers: [string, string][] = [
    ['etag', etag],
    ['location', location],
    ...versionIdHeader(bucket, version.versionId),
  ];
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect');
  if (redirect !== undefined && /^https?:\/\/[\x21-\x7e]+$/.test(redirect)) {
    const mark = redirect.includes('?') ? '&' : '?';
    const to = `${redirect}${mark}bucket=${bucket.name}&key=${encodePercent(key)}&etag=${encodePercent(etag)}`;
    return {
      status: 303,
      headers: [...headers.filter(([name]) => name !== 'location'), ['location', to]],
    };
  }
  const asked = fields.get('success_action_status');
  if (asked === '200') return { status: 200, headers };
  if (asked !== '201') return { status: 204, headers };
  const text = plainDocument(
    'PostResponse',
    leaf('Location', location),
    leaf('Bucket', bucket.name),
    leaf('Key', key),
    leaf('ETag', etag),
  );
  return { status: 201, headers, text };
}
