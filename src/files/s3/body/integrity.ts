/**
 * What the head of a request promises about its body (length, MD5, checksum, digest of the signature), and the
 * check that the body keeps it. Nothing is committed before `verify` has returned.
 */
import type { BodyCheck } from '../auth/body-check.ts';
import {
  type ChecksumRow,
  checksumRow,
  checksumRowOfHeader,
  checksumTable,
  isBase64Of,
  isDigest,
} from '../checksums/algorithms.ts';
import {
  type DigestMaker,
  type DigestName,
  type Digests,
  ownDigestMaker,
  type RunningDigests,
} from '../digests/running-digests.ts';
import { S3Error } from '../errors.ts';
import type { ParsedRequest } from '../request.ts';
import { AwsChunks } from './aws-chunks.ts';

export interface BodyPromise {
  readonly check: BodyCheck;
  /** Bytes without framing, -1 when nobody has said. */
  readonly lengthBytes: number;
  /** Base64. */
  readonly md5: string | undefined;
  readonly checksum: PromisedChecksum | undefined;
}

export interface PromisedChecksum {
  readonly row: ChecksumRow;
  /** Base64; undefined: it comes behind the body. */
  readonly digest: string | undefined;
}

/** @throws S3Error when what is promised can not be. */
export function promiseOf(
  { headers, contentLength }: ParsedRequest,
  check: BodyCheck,
): BodyPromise {
  const md5 = headers.get('content-md5');
  if (md5 !== undefined && !isBase64Of(md5, 16)) {
    throw new S3Error('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  const checksum = checksumOf(headers);
  return { check, lengthBytes: lengthOf(headers, contentLength, check), md5, checksum };
}

function lengthOf(
  headers: ParsedRequest['headers'],
  contentLength: number,
  { kind }: BodyCheck,
): number {
  if (kind !== 'chunks') return contentLength;
  const decoded = headers.get('x-amz-decoded-content-length');
  if (decoded === undefined || !/^\d{1,15}$/.test(decoded)) {
    throw new S3Error('MissingContentLength');
  }
  return Number(decoded);
}

function checksumOf(headers: ParsedRequest['headers']): PromisedChecksum | undefined {
  const given = checksumTable.filter(({ header }) => headers.has(header));
  if (given.length === 0 && headers.names().some(isUnknownChecksum)) {
    throw new S3Error(
      'InvalidRequest',
      'The algorithm type you specified in x-amz-checksum- header is invalid.',
    );
  }
  const trailer = headers.get('x-amz-trailer')?.trim().toLowerCase();
  const behind = trailer === undefined ? undefined : checksumRowOfHeader(trailer);
  if (trailer !== undefined && behind === undefined) {
    throw new S3Error(
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    );
  }
  if (given.length + (behind === undefined ? 0 : 1) > 1) {
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  const algorithm = headers.get('x-amz-sdk-checksum-algorithm');
  const row = given[0] ?? behind;
  if (algorithm !== undefined) {
    const wanted = checksumRow(algorithm);
    if (wanted === undefined) {
      throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported.');
    }
    if (row !== undefined && row !== wanted) {
      throw new S3Error(
        'InvalidRequest',
        'Value for x-amz-sdk-checksum-algorithm header is invalid.',
      );
    }
  }
  if (row === undefined) {
    if (algorithm === undefined) return undefined;
    throw new S3Error(
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    );
  }
  if (behind !== undefined) return { row, digest: undefined };
  const digest = headers.get(row.header) ?? '';
  if (!isDigest(row, digest)) {
    throw new S3Error('InvalidRequest', `Value for ${row.header} header is invalid.`);
  }
  return { row, digest };
}

/** Fields of that beginning which are no digests. */
const NO_DIGESTS = new Set(['algorithm', 'mode', 'type']);

function isUnknownChecksum(name: string): boolean {
  const beginning = 'x-amz-checksum-';
  return (
    name.startsWith(beginning) &&
    !NO_DIGESTS.has(name.slice(beginning.length)) &&
    checksumRowOfHeader(name) === undefined
  );
}

export interface Verified {
  readonly sizeBytes: number;
  /** Hex. */
  readonly md5: string;
  readonly checksum: { readonly row: ChecksumRow; readonly digest: string } | undefined;
}

export interface Wanted {
  readonly maker: DigestMaker;
  /** Whoever takes the body needs these even if the client has not said them. */
  readonly md5: boolean;
  readonly row?: ChecksumRow | undefined;
  /** Bytes that are expected where nobody has promised a length. */
  readonly bytes?: number;
}

/** Goes with one body from its first byte to its last. */
export class Integrity {
  private readonly promised: BodyPromise;
  private readonly wanted: Wanted;
  private readonly chunks: AwsChunks | null;
  private readonly row: ChecksumRow | undefined;
  private running: RunningDigests | null = null;
  private sizeBytes = 0;

  constructor(promised: BodyPromise, wanted: Wanted) {
    const { check, checksum } = promised;
    this.promised = promised;
    this.wanted = wanted;
    this.chunks = check.kind === 'chunks' ? new AwsChunks(check.signing, check.trailer) : null;
    this.row = checksum?.row ?? wanted.row;
  }

  /** The body's bytes without framing, looked at as they pass; once. @throws S3Error */
  async *read(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const { lengthBytes } = this.promised;
    const running = this.begin();
    let isWhole = false;
    try {
      for await (const piece of this.chunks?.read(source) ?? source) {
        this.sizeBytes += piece.length;
        if (lengthBytes >= 0 && this.sizeBytes > lengthBytes) throw new S3Error('IncompleteBody');
        const taken = running.update(piece);
        if (taken !== undefined) await taken;
        yield piece;
      }
      isWhole = true;
    } finally {
      if (!isWhole) running.drop();
    }
  }

  private begin(): RunningDigests {
    const { promised, wanted, row } = this;
    const names = new Set<DigestName>();
    if (wanted.md5 || promised.md5 !== undefined) names.add('MD5');
    if (promised.check.kind === 'sha256') names.add('SHA256');
    if (row !== undefined) names.add(row.name);
    const bytes = promised.lengthBytes >= 0 ? promised.lengthBytes : (wanted.bytes ?? 0);
    this.running = wanted.maker.begin([...names], bytes);
    return this.running;
  }

  /** Once, when `read` has come to its end. @throws S3Error when the body is not what was promised. */
  async verify(): Promise<Verified> {
    const { promised, sizeBytes } = this;
    const running = this.running ?? this.begin();
    if (promised.lengthBytes >= 0 && sizeBytes !== promised.lengthBytes) {
      running.drop();
      throw new S3Error('IncompleteBody');
    }
    const digests = await running.finish();
    const { check } = promised;
    if (check.kind === 'sha256') {
      const computed = digests.get('SHA256')?.toString('hex') ?? '';
      if (computed !== check.hex) {
        throw new S3Error('XAmzContentSHA256Mismatch', undefined, {
          ClientComputedContentSHA256: check.hex,
          S3ComputedContentSHA256: computed,
        });
      }
    }
    this.checkTrailers();
    const md5 = digests.get('MD5');
    if (promised.md5 !== undefined && md5?.toString('base64') !== promised.md5) {
      throw new S3Error(
        'BadDigest',
        'The Content-MD5 you specified did not match what we received.',
        {
          ExpectedDigest: promised.md5,
          CalculatedDigest: md5?.toString('base64') ?? '',
        },
      );
    }
    return { sizeBytes, md5: md5?.toString('hex') ?? '', checksum: this.verifyChecksum(digests) };
  }

  /** Behind the body comes the checksum that the head announces, and nothing else. */
  private checkTrailers(): void {
    const { checksum } = this.promised;
    const announced = checksum?.digest === undefined ? checksum?.row.header : undefined;
    for (const [name, value] of this.chunks?.trailers ?? []) {
      if (name !== announced || checksum === undefined) throw new S3Error('MalformedTrailerError');
      if (isDigest(checksum.row, value)) continue;
      throw new S3Error('InvalidRequest', `Value for ${name} trailing header is invalid.`);
    }
  }

  private verifyChecksum(digests: Digests): Verified['checksum'] {
    const { row } = this;
    const { checksum } = this.promised;
    if (row === undefined) return undefined;
    const digest = digests.get(row.name)?.toString('base64') ?? '';
    if (checksum === undefined) return { row, digest };
    const said = checksum.digest ?? this.chunks?.trailers.get(row.header);
    if (said === undefined) throw new S3Error('MalformedTrailerError');
    if (said !== digest) {
      throw new S3Error(
        'BadDigest',
        `The ${row.name} you specified did not match the calculated checksum.`,
      );
    }
    return { row, digest };
  }
}

/**
 * A whole body of `bytesMax` bytes at most, checked.
 * @throws S3Error MaxMessageLengthExceeded and those of `verify`
 */
export async function readDocument(
  source: AsyncIterable<Buffer>,
  promised: BodyPromise,
  bytesMax: number,
): Promise<Buffer> {
  if (promised.lengthBytes > bytesMax) throw new S3Error('MaxMessageLengthExceeded');
  const integrity = new Integrity(promised, { maker: ownDigestMaker, md5: false });
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of integrity.read(source)) {
    size += piece.length;
    if (size > bytesMax) throw new S3Error('MaxMessageLengthExceeded');
    pieces.push(Buffer.from(piece));
  }
  await integrity.verify();
  return Buffer.concat(pieces);
}
