/**
 * The way of a body into the store: framing off, digests on, encrypted if it shall be, written with back-pressure.
 * Whatever goes wrong, the writer is aborted and nothing is left.
 */

import { Integrity, type Verified } from '../body/integrity.ts';
import type { ChecksumRow } from '../checksums/algorithms.ts';
import { cipherAt, type DataKey } from '../encryption.ts';
import { S3Error } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { ObjectWriter } from '../object-store.ts';
import { type BucketCall, bodyPromise } from '../service.ts';

export interface WriteOptions {
  /** Encrypts as this part, 0 for a whole object. */
  readonly seal?: { readonly dataKey: DataKey; readonly part: number };
  /** Wanted although the client has not sent one. */
  readonly checksum?: ChecksumRow;
}

/** Takes the body of a request and has `commit` make something of it. @throws S3Error, StoreFailure, ClientGone */
export async function writeBody<T>(
  call: BucketCall,
  options: WriteOptions,
  commit: (writer: ObjectWriter, verified: Verified) => Promise<T>,
): Promise<T> {
  const promised = bodyPromise(call);
  const { lengthBytes } = promised;
  if (lengthBytes < 0) throw new S3Error('MissingContentLength');
  if (lengthBytes > LIMITS.putBytes) {
    throw new S3Error('EntityTooLarge', undefined, {
      ProposedSize: String(lengthBytes),
      MaxSizeAllowed: String(LIMITS.putBytes),
    });
  }
  const integrity = new Integrity(promised, {
    ...{ maker: call.service.digests, md5: true, row: options.checksum },
  });
  return writePieces(call, integrity.read(call.body), lengthBytes, options, async (writer) =>
    commit(writer, await integrity.verify()),
  );
}

/** As `writeBody`, with bytes from elsewhere. */
export async function writePieces<T>(
  { store, bucket }: BucketCall,
  pieces: AsyncIterable<Buffer>,
  sizeBytes: number | undefined,
  { seal }: WriteOptions,
  commit: (writer: ObjectWriter) => Promise<T>,
): Promise<T> {
  const cipher = seal === undefined ? null : cipherAt(seal.dataKey, seal.part, 0);
  const writer = await store.write(bucket.name, sizeBytes);
  try {
    for await (const piece of pieces) {
      const taken = writer.write(cipher === null ? piece : cipher.update(piece));
      if (taken !== undefined) await taken;
    }
    return await commit(writer);
  } catch (error) {
    writer.abort();
    throw error;
  }
}
