/**
 * Digests of one body while it passes: the MD5 that is its ETag, the SHA-256 that is signed, the checksum that is
 * promised or asked for, each once whoever wants it.
 */
import { createHash } from 'node:crypto';
import { type ChecksumName, checksumRow, type RunningChecksum } from '../checksums/algorithms.ts';

export type DigestName = 'MD5' | ChecksumName;
export type Digests = ReadonlyMap<DigestName, Buffer>;

export interface RunningDigests {
  /**
   * Undefined: the bytes were taken, and may change. Else they are when the promise is done; until then nothing else
   * is called but `drop`.
   * @throws S3Error InternalError, also by the promise
   */
  update(bytes: Buffer): Promise<void> | undefined;
  /** Once, behind the last byte. @throws S3Error InternalError */
  finish(): Promise<Digests>;
  /** Nobody wants them any more. Twice, and behind `finish`, is fine. */
  drop(): void;
}

export interface DigestMaker {
  /** `bodyBytes`: as many as are expected, or somewhat more. What is begun is finished or dropped. */
  begin(names: readonly DigestName[], bodyBytes: number): RunningDigests;
}

/** Makes them at once, in the thread that calls. */
export class OwnDigests implements RunningDigests {
  private readonly running: readonly (readonly [DigestName, RunningChecksum])[];

  constructor(names: readonly DigestName[]) {
    this.running = names.map((name) => [
      name,
      checksumRow(name)?.begin() ?? createHash(name.toLowerCase()),
    ]);
  }

  update(bytes: Uint8Array): undefined {
    for (const [, each] of this.running) each.update(bytes);
  }

  finish(): Promise<Digests> {
    return Promise.resolve(this.made());
  }

  made(): Digests {
    return new Map(this.running.map(([name, each]) => [name, each.digest()]));
  }

  drop(): void {}
}

export const ownDigestMaker: DigestMaker = { begin: (names) => new OwnDigests(names) };
