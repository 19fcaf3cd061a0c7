/** What the origin of the lab has, and how it gets there. */
import type { Clock } from '../../core/runtime/index.ts';
import { LAB_BUCKET, type LabKeys } from './files.ts';
import { signedFields } from './sign-s3.ts';

interface Content {
  readonly key: string;
  readonly type: string;
  readonly body: string | Buffer;
}

const PICTURES = 20;
/** Of the long one, for ranges. */
const FILM_BYTES = 8 * 1024 * 1024;

const page = `<!doctype html><title>Plinth</title><h1>A network in a box</h1>
<p>This page lies in a bucket of the origin and came by way of a point of presence near you.</p>
`;

function contents(): Content[] {
  const pictures = Array.from({ length: PICTURES }, (_, i) => ({
    key: `pictures/${i}.svg`,
    type: 'image/svg+xml',
    body: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="${(i % 4) + 1}"/></svg>\n`,
  }));
  return [
    { key: 'index.html', type: 'text/html', body: page },
    { key: 'hello.txt', type: 'text/plain', body: 'Hello from the origin.\n' },
    ...pictures,
    { key: 'members/secret.txt', type: 'text/plain', body: 'For those with a signed address.\n' },
    { key: 'home/news.txt', type: 'text/plain', body: 'For Germany, France and Great Britain.\n' },
    {
      key: 'film.bin',
      type: 'application/octet-stream',
      body: Buffer.alloc(FILM_BYTES, 'plinth '),
    },
  ];
}

/** Everybody may read. */
const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${LAB_BUCKET}/*`,
    },
  ],
});

/**
 * Makes the bucket and its objects; those that are there are written anew.
 * @param host `host:port` of the S3 door.
 * @throws Error what the origin has refused
 */
export async function fillOrigin(host: string, keys: LabKeys, clock: Clock): Promise<void> {
  const put = async (target: string, body: string | Buffer, type?: string): Promise<void> => {
    const { accessKeyId, secretKey } = keys;
    const { host: _, ...fields } = signedFields({
      ...{ method: 'PUT', host, target, accessKeyId, secretKey },
      wallMs: clock.wallMs(),
    });
    const answer = await fetch(`http://${host}${target}`, {
      method: 'PUT',
      headers: { ...fields, ...(type !== undefined && { 'content-type': type }) },
      body,
    });
    const text = await answer.text();
    const isThere = text.includes('BucketAlreadyOwnedByYou');
    if (!answer.ok && !isThere) throw new Error(`the origin refused ${target}: ${text}`);
  };
  await put(`/${LAB_BUCKET}`, '');
  await put(`/${LAB_BUCKET}?policy`, policy, 'application/json');
  for (const { key, type, body } of contents()) await put(`/${LAB_BUCKET}/${key}`, body, type);
}
