/** Signs the few requests by which the lab fills its origin: AWS Signature Version 4, in the header, body not signed. */
import { createHash, createHmac } from 'node:crypto';

export interface SignedRequest {
  readonly method: 'PUT';
  /** `host:port`. */
  readonly host: string;
  /** Path and query as they are sent; the query is one name without a value, or none. */
  readonly target: string;
  readonly accessKeyId: string;
  readonly secretKey: string;
  readonly wallMs: number;
}

const REGION = 'us-east-1';
const UNSIGNED = 'UNSIGNED-PAYLOAD';
const SIGNED_HEADERS = 'host;x-amz-content-sha256;x-amz-date';

/** The fields that the request is sent with. */
export function signedFields(request: SignedRequest): Readonly<Record<string, string>> {
  const { method, host, target, accessKeyId, secretKey, wallMs } = request;
  const date = `${new Date(wallMs).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
  const [path = '', query] = target.split('?');
  const canonical = [
    method,
    path,
    query === undefined ? '' : `${query}=`,
    `host:${host}\nx-amz-content-sha256:${UNSIGNED}\nx-amz-date:${date}\n`,
    SIGNED_HEADERS,
    UNSIGNED,
  ].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', date, scope, digest].join('\n');
  const hmac = (key: string | Buffer, part: string): Buffer =>
    createHmac('sha256', key).update(part).digest();
  const key = [date.slice(0, 8), REGION, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${secretKey}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return {
    host,
    'x-amz-date': date,
    'x-amz-content-sha256': UNSIGNED,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${SIGNED_HEADERS}, Signature=${signature}`,
  };
}
