/**
 * What all parts of the object store do alike: where a key stands, what a new file is given, and how refusals and
 * failures are told.
 */
import { FilesError } from '../errors.ts';
import type { NewDirectories, Path } from '../namespace/chain.ts';
import type { FileProperties } from '../namespace/operations/files.ts';
import type { Attributes, Outcome, Refusal } from '../s3/object-store.ts';
import { Buckets } from './buckets.ts';
import type { FileSystem } from './file-system.ts';
import { encodeAttributes, failureOf, refusalOf } from './versions.ts';

/** Owner of what is made by S3, as WebHDFS shows it. */
export const OWNER = 'plinth';

/** Bits of those who may read, as those of who may look up names. */
const SEARCH_BY_READ = 2;

export class StoreWork {
  readonly files: FileSystem;
  readonly buckets: Buckets;

  constructor(files: FileSystem) {
    this.files = files;
    this.buckets = new Buckets(files.namespace);
  }

  /** How directories are made that a key needs: who may read objects may find them. */
  get make(): NewDirectories {
    const { objectMode } = this.files;
    const permission = objectMode | ((objectMode & 0o444) >> SEARCH_BY_READ);
    return { owner: OWNER, group: OWNER, permission, implicit: true };
  }

  properties(etag: string, attributes: Attributes): Omit<FileProperties, 'size'> {
    return {
      replication: this.files.replication,
      blockBytes: this.files.blockBytes,
      etag,
      object: encodeAttributes(attributes),
      owner: OWNER,
      group: OWNER,
      permission: this.files.objectMode,
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
