/**
 * One request as the operations see it: the names of bucket and key, the query, the fields of the head, who asks.
 *
 * Made once from an Exchange, whose head it copies as far as anybody asks, so that it may be used behind an await.
 * Values of fields are a character a byte (latin1), as they came.
 */
import { parseIp } from '../../core/base/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { decodePercent } from './names.ts';

export interface RequestLine {
  readonly method: string;
  /** As it came, percent-encoded. */
  readonly rawPath: string;
  /** Host and port as they came. */
  readonly authority: string;
  /** Empty: the request is for the service. */
  readonly bucket: string;
  /** Empty: the request is for the bucket. */
  readonly key: string;
  /** The bucket stood in the name of the host. */
  readonly virtualHost: boolean;
}

export class Query {
  /** Names and values, decoded, in their order. */
  readonly pairs: readonly (readonly [name: string, value: string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    this.pairs = pairs;
  }

  has(name: string): boolean {
    return this.pairs.some(([each]) => each === name);
  }

  get(name: string): string | undefined {
    return this.pairs.find(([each]) => each === name)?.[1];
  }
}

export class Headers {
  /** In small letters; several of one name joined with a comma, RFC 9110 section 5.3. */
  private readonly values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.values = values;
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  entries(): IterableIterator<[string, string]> {
    return this.values.entries();
  }

  names(): string[] {
    return [...this.values.keys()];
  }
}

export interface ParsedRequest {
  readonly line: RequestLine;
  readonly query: Query;
  readonly headers: Headers;
  readonly contentLength: number;
  readonly expectContinue: boolean;
}

/**
 * `domains`: names of hosts below which the first label is a bucket.
 * @throws S3Error InvalidURI
 */
export function parseRequest(exchange: Exchange, domains: readonly string[]): ParsedRequest {
  const { request } = exchange;
  const authority = request.authority();
  const rawPath = request.path();
  const hostBucket = bucketOfHost(request.host().toLowerCase(), domains);
  const path = decodePercent(rawPath.slice(1));
  const slash = path.indexOf('/');
  const [bucket, key] =
    hostBucket !== ''
      ? [hostBucket, path]
      : slash === -1
        ? [path, '']
        : [path.slice(0, slash), path.slice(slash + 1)];
  return {
    line: {
      ...{ method: request.methodName(), rawPath, authority, bucket, key },
      virtualHost: hostBucket !== '',
    },
    query: parseQuery(request.hasQuery ? request.query() : ''),
    headers: readHeaders(exchange),
    contentLength: request.contentLength,
    expectContinue: request.expectContinue,
  };
}

/**
 * What a presigned request means: parameters of its query whose names are those of Amazon's fields are fields, since
 * signers put them there (the AWS SDK all, so that whoever uses the URL need not send them). S3 takes no notice of
 * digests there: they are signed before anybody knows the body.
 */
export function meantByQuery(request: ParsedRequest): ParsedRequest {
  const { query, headers } = request;
  if (!query.has('X-Amz-Signature')) return request;
  const fields = new Map(headers.entries());
  for (const [name, value] of query.pairs) {
    const small = name.toLowerCase();
    if (!small.startsWith('x-amz-') || NO_FIELDS.test(small) || fields.has(small)) continue;
    fields.set(small, Buffer.from(value).toString('latin1'));
  }
  return { ...request, headers: new Headers(fields) };
}

/** Parameters of the signature itself, and digests. */
const NO_FIELDS =
  /^x-amz-(algorithm|credential|date|expires|signedheaders|signature|security-token|content-sha256|checksum-.*|sdk-checksum-algorithm|trailer)$/;

/** A `+` is a blank, as forms and AWS read it. @throws S3Error InvalidURI */
export function parseQuery(text: string): Query {
  if (text === '') return new Query([]);
  const pairs = text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const at = pair.indexOf('=');
      const name = at === -1 ? pair : pair.slice(0, at);
      const value = at === -1 ? '' : pair.slice(at + 1);
      return [unplus(name), unplus(value)] as const;
    });
  return new Query(pairs);
}

function unplus(text: string): string {
  return decodePercent(text.replaceAll('+', ' '));
}

function bucketOfHost(host: string, domains: readonly string[]): string {
  if (domains.length === 0 || parseIp(host) !== null) return '';
  for (const domain of domains) {
    if (host.length > domain.length + 1 && host.endsWith(`.${domain}`)) {
      return host.slice(0, -domain.length - 1);
    }
  }
  return '';
}

function readHeaders({ request }: Exchange): Headers {
  const { fields } = request;
  const values = new Map<string, string>();
  for (let i = 0; i < fields.count; i++) {
    if (fields.isRemoved(i)) continue;
    const name = fields.name(i).toLowerCase();
    const before = values.get(name);
    const value = fields.value(i);
    values.set(name, before === undefined ? value : `${before},${value}`);
  }
  // HTTP/2 has no Host field; who signs means the authority.
  if (!values.has('host')) values.set('host', request.authority());
  return new Headers(values);
}
