/**
 * What all parts of the object store do alike: where a key stands, what a new file is given, and how refusals and
 * failures are told.
 */
import { FilesError } from '../errors.ts';
import type { Path } from '../namespace/chain.ts';
import type { FileProperties } from '../namespace/operations/files.ts';
import type { Attributes, Outcome, Refusal } from '../s3/object-store.ts';
import { Buckets } from './buckets.ts';
import type { FileSystem } from './file-system.ts';
import { encodeAttributes, failureOf, refusalOf } from './versions.ts';

/** Owner of what is made by S3, as WebHDFS shows it. */
export const OWNER = 'plinth';
export const MAKE = { owner: OWNER, group: OWNER, permission: 0o755, implicit: true } as const;

export class StoreWork {
  readonly files: FileSystem;
  readonly buckets: Buckets;

  constructor(files: FileSystem) {
    this.files = files;
    this.buckets = new Buckets(files.namespace);
  }

  properties(etag: string, attributes: Attributes): Omit<FileProperties, 'size'> {
    return {
      replication: this.files.replication,
      blockBytes: this.files.blockBytes,
      etag,
      object: encodeAttributes(attributes),
      owner: OWNER,
      group: OWNER,
      permission: 0o644,
    };
  }

  /** Ordinary refusals are given back, failures are thrown as doors know them. */
  async outcome<T>(bucket: string, work: () => Promise<T>): Promise<Outcome<T>> {
    try {
      return { done: true, value: await work() };
    } catch (error) {
      const because = refusalOf(error);
      if (because === undefined) {
        // The writer tries once more when what it shares has lost its name.
        if (error instanceof FilesError && error.code === 'source-changed') throw error;
        throw failureOf(error);
      }
      if (
        because === 'no-such-key' &&
        (await this.guarded(() => this.buckets.find(bucket))) === undefined
      ) {
        return refused('no-such-bucket');
      }
      return refused(because);
    }
  }

  async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failureOf(error);
    }
  }
}

/** Where a key stands: a name in a directory of the bucket. */
export function placeOf(
  bucket: string,
  key: string,
): { readonly directory: Path; readonly name: string } {
  const names = key.split('/');
  const name = names.pop() ?? '';
  return { directory: [bucket, ...names], name };
}

export function refused<T>(because: Refusal): Outcome<T> {
  return { done: false, because };
}
