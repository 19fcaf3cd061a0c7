/**
 * How the bytes of a body are framed and signed, by what x-amz-content-sha256 says ("Signature calculations for the
 * Authorization header").
 */
import { invalidArgument, S3Error } from '../errors.ts';

/** What the signature of a chunk is made with; each one signs the one before it too. */
export interface ChunkSigning {
  readonly key: Buffer;
  readonly date: string;
  readonly scope: string;
  /** The signature of the request. */
  readonly seed: string;
}

export type BodyCheck =
  /** As it is; only the length and digests say whether it is whole. */
  | { readonly kind: 'plain' }
  /** As it is, with this digest. */
  | { readonly kind: 'sha256'; readonly hex: string }
  /** In chunks of aws-chunked, each signed or none. */
  | {
      readonly kind: 'chunks';
      readonly signing: ChunkSigning | null;
      /** Fields may follow the last chunk. */
      readonly trailer: boolean;
    };

/** @throws S3Error for what nobody has specified, and for signed chunks of a request that is not signed. */
export function bodyCheckOf(payloadHash: string, signing: ChunkSigning | null): BodyCheck {
  switch (payloadHash) {
    case 'UNSIGNED-PAYLOAD':
      return { kind: 'plain' };
    case 'STREAMING-UNSIGNED-PAYLOAD-TRAILER':
      return { kind: 'chunks', signing: null, trailer: true };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD':
      return { kind: 'chunks', signing: needed(signing), trailer: false };
    case 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER':
      return { kind: 'chunks', signing: needed(signing), trailer: true };
  }
  if (payloadHash.startsWith('STREAMING-')) throw new S3Error('NotImplemented');
  if (!/^[0-9a-f]{64}$/i.test(payloadHash)) {
    throw invalidArgument(
      'x-amz-content-sha256',
      payloadHash,
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.',
    );
  }
  return { kind: 'sha256', hex: payloadHash.toLowerCase() };
}

function needed(signing: ChunkSigning | null): ChunkSigning {
  if (signing === null) throw new S3Error('AccessDenied');
  return signing;
}
