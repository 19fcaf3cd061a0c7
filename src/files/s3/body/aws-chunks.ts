/**
 * Takes the framing of aws-chunked away and checks its signatures ("Transferring payload in multiple chunks",
 * "Trailing headers").
 *
 *     size [;chunk-signature=…] CRLF data CRLF … 0 [;chunk-signature=…] CRLF {name:value CRLF} CRLF
 *
 * Bytes are handed on before their chunk's signature is known to be right: whoever takes them commits nothing before
 * the end, and at a wrong signature there is none.
 */
import { createHash, type Hash } from 'node:crypto';
import type { ChunkSigning } from '../auth/body-check.ts';
import { EMPTY_SHA256, sameSignature, sha256Hex, signatureOf } from '../auth/scope.ts';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';

const LF = 0x0a;

export class AwsChunks {
  /** Fields behind the last chunk, in small letters; whole at the end of `read`. */
  readonly trailers: Map<string, string> = new Map();
  private readonly signing: ChunkSigning | null;
  private readonly mayTrail: boolean;
  private previous: string;
  private at: 'size' | 'data' | 'data-end' | 'trailer' | 'end' = 'size';
  private line = '';
  /** Bytes to come of the chunk. */
  private left = 0;
  private signature = '';
  private hash: Hash | null = null;
  /** The trailer as it is signed, and its signature. */
  private trailerText = '';
  private trailerSignature = '';

  constructor(signing: ChunkSigning | null, mayTrail: boolean) {
    this.signing = signing;
    this.mayTrail = mayTrail;
    this.previous = signing?.seed ?? '';
  }

  /** The bytes without framing. @throws S3Error */
  async *read(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      let at = 0;
      while (at < piece.length) {
        if (this.at === 'data') {
          const end = Math.min(piece.length, at + this.left);
          const data = piece.subarray(at, end);
          this.left -= data.length;
          this.hash?.update(data);
          at = end;
          if (this.left === 0) this.at = 'data-end';
          yield data;
        } else {
          at = this.takeLine(piece, at);
        }
      }
    }
    // Some clients leave out the empty line at the very end.
    if (this.at === 'trailer' && this.line === '') this.finish();
    if (this.at !== 'end') throw new S3Error('IncompleteBody');
    if (this.line !== '') throw malformed();
  }

  private takeLine(piece: Buffer, start: number): number {
    const end = piece.indexOf(LF, start);
    const stop = end === -1 ? piece.length : end;
    this.line += piece.toString('latin1', start, stop);
    if (this.line.length > LIMITS.chunkLineBytes) throw malformed();
    if (end === -1) return stop;
    const line = this.line.replace(/\r$/, '');
    this.line = '';
    this.takeWhole(line);
    return stop + 1;
  }

  private takeWhole(line: string): void {
    switch (this.at) {
      case 'size':
        this.takeSize(line);
        return;
      case 'data-end':
        if (line !== '') throw malformed();
        this.checkChunk();
        this.at = 'size';
        return;
      case 'trailer':
        if (line === '') this.finish();
        else this.takeTrailer(line);
        return;
      default:
        // Nothing may follow the end.
        throw malformed();
    }
  }

  private takeSize(line: string): void {
    const match = /^([0-9a-fA-F]{1,10})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line);
    if (match === null) throw malformed();
    const [, size = '', signature] = match;
    if (this.signing !== null && signature === undefined) throw malformed();
    this.left = Number.parseInt(size, 16);
    if (this.left > LIMITS.chunkBytes && this.signing !== null) throw malformed();
    this.signature = signature ?? '';
    if (this.left > 0) {
      this.hash = this.signing === null ? null : createHash('sha256');
      this.at = 'data';
      return;
    }
    this.checkChunk();
    this.at = 'trailer';
  }

  private checkChunk(): void {
    const { signing } = this;
    if (signing === null) return;
    const digest = this.hash?.digest('hex') ?? EMPTY_SHA256;
    this.hash = null;
    this.check('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, digest], this.signature, signing);
  }

  private takeTrailer(line: string): void {
    const colon = line.indexOf(':');
    if (!this.mayTrail || colon <= 0 || this.trailers.size >= TRAILERS_MAX) {
      throw new S3Error('MalformedTrailerError');
    }
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'x-amz-trailer-signature') {
      this.trailerSignature = value;
      return;
    }
    if (this.trailers.has(name)) throw new S3Error('MalformedTrailerError');
    this.trailers.set(name, value);
    this.trailerText += `${name}:${value}\n`;
  }

  private finish(): void {
    this.at = 'end';
    const { signing } = this;
    if (signing === null || !this.mayTrail) return;
    // Without fields there is nothing to be signed.
    if (this.trailers.size === 0 && this.trailerSignature === '') return;
    const digest = sha256Hex(this.trailerText);
    this.check('AWS4-HMAC-SHA256-TRAILER', [digest], this.trailerSignature, signing);
  }

  private check(
    what: string,
    digests: readonly string[],
    signature: string,
    { key, date, scope }: ChunkSigning,
  ): void {
    const toSign = [what, date, scope, this.previous, ...digests].join('\n');
    if (!sameSignature(signatureOf(key, toSign), signature)) {
      throw new S3Error('SignatureDoesNotMatch', undefined, { StringToSign: toSign });
    }
    this.previous = signature;
  }
}

const TRAILERS_MAX = 16;

/** S3 takes framing that it can not follow for a body that is not whole. */
function malformed(): S3Error {
  return new S3Error('IncompleteBody', 'The request body terminated unexpectedly');
}
