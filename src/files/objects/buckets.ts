/**
 * Buckets: the directories of the root, with the documents that doors keep with them. In memory once asked for.
 *
 * Invariant: what is told was so at some moment after the last change that was answered.
 */
import type { DirectoryInode } from '../namespace/inode.ts';
import { entryName, ROOT_ID, rangeOf, Space } from '../namespace/keys.ts';
import type { Namespace } from '../namespace/namespace.ts';
import { readVersioning, VERSIONING_DOCUMENT } from '../namespace/versions.ts';
import type { Bucket } from '../s3/object-store.ts';

/** Documents of the S3 door stand behind this. */
const DOCUMENT_PREFIX = 's3.';
const NAME_AT = 9;
const KNOWN_MAX = 10_000;

export function documentName(kind: string): string {
  return DOCUMENT_PREFIX + kind;
}

export class Buckets {
  private readonly namespace: Namespace;
  private readonly known = new Map<string, Bucket>();
  /** Rises with every change: what was read before is not kept. */
  private changes = 0;

  constructor(namespace: Namespace) {
    this.namespace = namespace;
  }

  async find(name: string): Promise<Bucket | undefined> {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const { changes } = this;
    const inode = await this.namespace.reader.directory([name]);
    if (inode === null) return undefined;
    const bucket = await this.read(name, inode);
    if (changes === this.changes) {
      if (this.known.size >= KNOWN_MAX) this.known.clear();
      this.known.set(name, bucket);
    }
    return bucket;
  }

  /** A bucket has changed, or any directory of the root. */
  forget(): void {
    this.changes++;
    this.known.clear();
  }

  async list(query: { prefix: string; after: string; max: number }): Promise<{
    readonly buckets: readonly Bucket[];
    readonly isTruncated: boolean;
  }> {
    const { prefix, after, max } = query;
    const names: string[] = [];
    await this.namespace.reader.each(rangeOf(Space.entry, ROOT_ID), (key) => {
      const name = entryName(key);
      // Files of the root are no buckets; the order of keys is not that of names: `a-b/` is before `a/`.
      const isDirectory = key.length > NAME_AT + Buffer.byteLength(name);
      if (isDirectory && name.startsWith(prefix) && name > after) names.push(name);
      return true;
    });
    names.sort();
    const buckets: Bucket[] = [];
    for (const name of names.slice(0, max)) {
      const bucket = await this.find(name);
      if (bucket !== undefined) buckets.push(bucket);
    }
    return { buckets, isTruncated: names.length > max };
  }

  private async read(name: string, inode: DirectoryInode): Promise<Bucket> {
    const documents: Record<string, string> = {};
    let versioning: Buffer | null = null;
    await this.namespace.reader.each(rangeOf(Space.document, inode.id), (key, value) => {
      const kind = key.toString('utf8', NAME_AT);
      if (kind === VERSIONING_DOCUMENT) versioning = value;
      if (kind.startsWith(DOCUMENT_PREFIX)) {
        documents[kind.slice(DOCUMENT_PREFIX.length)] = value.toString();
      }
      return true;
    });
    const mode = readVersioning(versioning);
    return {
      name,
      owner: inode.owner,
      createdMs: inode.createdMs,
      versioning: mode === 'on' ? 'enabled' : mode,
      documents,
    };
  }
}
