/**
 * The object store of the S3 door on namespace and blocks. A bucket is a directory of the root, a key the path
 * below it.
 */
import { FilesError } from '../errors.ts';
import type { Content } from '../namespace/extents.ts';
import type { Extent, FileInode } from '../namespace/inode.ts';
import { type ListItem, type ListPage, listFiles, listVersions } from '../namespace/list.ts';
import { VERSIONING_DOCUMENT } from '../namespace/versions.ts';
import type {
  Attributes,
  Bucket,
  BucketChange,
  Completion,
  Listing,
  ListPosition,
  ListQuery,
  NewBucket,
  NewObject,
  ObjectName,
  ObjectStore,
  ObjectVersion,
  ObjectWriter,
  OpenObject,
  Outcome,
  Part,
  Precondition,
  Removed,
  Upload,
  UploadName,
} from '../s3/object-store.ts';
import { type Buckets, documentName } from './buckets.ts';
import type { FileSystem } from './file-system.ts';
import { type NamingWork, StoredObjectWriter } from './object-writer.ts';
import { placeOf, refused, StoreWork } from './store-work.ts';
import { Uploads } from './uploads.ts';
import {
  changedAttributes,
  conditionOf,
  decodeAttributes,
  encodeAttributes,
  failureOf,
  partOf,
  versionName,
  versionOf,
} from './versions.ts';

const CHANGE_TRIES = 100;

interface FoundObject {
  readonly file: FileInode;
  readonly version: ObjectVersion;
}

export class NamespaceObjectStore implements ObjectStore {
  private readonly files: FileSystem;
  private readonly buckets: Buckets;
  private readonly work: StoreWork;
  private readonly uploads: Uploads;
  /** Of objects that are open. */
  private readonly extents = new WeakMap<OpenObject, readonly Extent[]>();

  constructor(files: FileSystem) {
    this.files = files;
    this.work = new StoreWork(files);
    this.buckets = this.work.buckets;
    this.uploads = new Uploads(this.work);
  }

  /** Directories of the root have been changed by another door. */
  forgetBuckets(): void {
    this.buckets.forget();
  }

  async createBucket(
    name: string,
    { owner, documents, isVersioned = false }: NewBucket,
  ): Promise<boolean> {
    try {
      const versioning = isVersioned ? { [VERSIONING_DOCUMENT]: Buffer.from('on') } : {};
      await this.files.namespace.run('makeDirectory', {
        path: [name],
        make: { ...this.work.make, owner, implicit: false },
        exclusive: true,
        documents: { ...encodeDocuments(documents), ...versioning },
      });
      return true;
    } catch (error) {
      if (error instanceof FilesError && error.code === 'exists') return false;
      throw failureOf(error);
    } finally {
      this.buckets.forget();
    }
  }

  async deleteBucket(name: string): Promise<'deleted' | 'not-empty' | 'no-such-bucket'> {
    try {
      const args = { path: [name], recursive: false, withoutUploads: true };
      await this.files.namespace.run('removeDirectory', args);
      this.files.reclaim();
      return 'deleted';
    } catch (error) {
      if (error instanceof FilesError && error.code === 'not-found') return 'no-such-bucket';
      if (error instanceof FilesError && error.code === 'not-empty') return 'not-empty';
      throw failureOf(error);
    } finally {
      this.buckets.forget();
    }
  }

  async bucket(name: string): Promise<Bucket | undefined> {
    return this.work.guarded(() => this.buckets.find(name));
  }

  async listBuckets(query: {
    prefix: string;
    after: string;
    max: number;
  }): Promise<{ readonly buckets: readonly Bucket[]; readonly isTruncated: boolean }> {
    return this.work.guarded(() => this.buckets.list(query));
  }

  async changeBucket(name: string, change: BucketChange): Promise<boolean> {
    const documents = encodeDocuments(change.documents ?? {});
    if (change.versioning !== undefined) {
      const mode = change.versioning === 'enabled' ? 'on' : 'suspended';
      documents[VERSIONING_DOCUMENT] = Buffer.from(mode);
    }
    try {
      if (Object.keys(documents).length === 0) {
        return (await this.buckets.find(name)) !== undefined;
      }
      await this.files.namespace.run('setDocuments', { path: [name], documents });
      return true;
    } catch (error) {
      if (error instanceof FilesError && error.code === 'not-found') return false;
      throw failureOf(error);
    } finally {
      this.buckets.forget();
    }
  }

  isVersionId(text: string): boolean {
    return versionName(text) !== undefined;
  }

  async lookup(name: ObjectName): Promise<ObjectVersion | undefined> {
    return this.work.guarded(async () => (await this.find(name))?.version);
  }

  private async find(name: ObjectName): Promise<FoundObject | undefined> {
    const { reader } = this.files.namespace;
    const { directory, name: last } = placeOf(name.bucket, name.key);
    const { versionId } = name;
    if (versionId === undefined) {
      const file = await reader.head(directory, last);
      return file === null ? undefined : { file, version: versionOf(name.key, file, true) };
    }
    const wanted = versionName(versionId);
    if (wanted === undefined) return undefined;
    const found = await reader.version(directory, last, wanted);
    if (found === null) return undefined;
    const { file, isLatest } = found;
    return { file, version: versionOf(name.key, file, isLatest) };
  }

  async open(name: ObjectName): Promise<OpenObject | undefined> {
    const { files } = this;
    return this.work.guarded(() =>
      files.pins.open(async () => {
        const found = await this.find(name);
        if (found === undefined) return undefined;
        const extents = await files.namespace.reader.extents(found.file);
        files.pins.pin(extents);
        return this.opened(found, extents);
      }),
    );
  }

  private opened({ version, file }: FoundObject, extents: readonly Extent[]): OpenObject {
    const { files } = this;
    let isOpen = true;
    const object: OpenObject = {
      version,
      async *read(start, end) {
        try {
          yield* files.read(extents, start, end);
        } catch (error) {
          throw failureOf(error);
        }
      },
      parts: () => this.partsOf(file),
      close() {
        if (!isOpen) return;
        isOpen = false;
        files.pins.unpin(extents);
      },
    };
    this.extents.set(object, extents);
    return object;
  }

  private async partsOf(file: FileInode): Promise<readonly Part[]> {
    if (!file.hasParts) return [];
    return this.work.guarded(async () => {
      return (await this.files.namespace.reader.parts(file.id)).map(partOf);
    });
  }

  async write(bucket: string, sizeBytes?: number): Promise<ObjectWriter> {
    const naming: NamingWork = {
      object: (object, content, size) => this.nameObject(bucket, object, content, size),
      part: (part, content, size) => this.uploads.namePart(bucket, part, content, size),
      extentsOf: (source) => {
        const extents = this.extents.get(source);
        if (extents === undefined) throw new FilesError('missing', 'an object of another store');
        return extents;
      },
    };
    return new StoredObjectWriter(this.files.write(sizeBytes), naming);
  }

  private nameObject(
    bucket: string,
    object: NewObject,
    content: Content,
    size: number,
  ): Promise<Outcome<ObjectVersion>> {
    const { key, etag, attributes, precondition } = object;
    const condition = conditionOf(precondition);
    return this.work.outcome(bucket, async () => {
      const file = await this.files.namespace.run('put', {
        ...placeOf(bucket, key),
        file: { ...this.work.properties(etag, attributes), size },
        content,
        make: this.work.make,
        ...(condition !== undefined && { condition }),
      });
      this.files.reclaim();
      return versionOf(key, file, true);
    });
  }

  async remove(name: ObjectName, precondition?: Precondition): Promise<Outcome<Removed>> {
    const { bucket, key, versionId } = name;
    const version = versionId === undefined ? undefined : versionName(versionId);
    const condition = conditionOf(precondition);
    return this.work.outcome(bucket, async () => {
      if ((await this.buckets.find(bucket)) === undefined) throw new FilesError('not-found');
      const removed = await this.files.namespace.run('remove', {
        ...placeOf(bucket, key),
        make: this.work.make,
        // An id that is none of ours is that of a version which is not there.
        ...(versionId !== undefined && { version: version ?? Number.MAX_SAFE_INTEGER }),
        ...(condition !== undefined && { condition }),
      });
      this.files.reclaim();
      const { file, marker } = removed;
      if (marker !== null) {
        const { versionId: id } = versionOf(key, marker, true);
        return { kind: 'marker-added', versionId: id, isDeleteMarker: true };
      }
      if (file === null) return { kind: 'nothing', isDeleteMarker: false };
      const { versionId: id, isDeleteMarker } = versionOf(key, file, true);
      return { kind: 'version', versionId: id, isDeleteMarker };
    });
  }

  async setAttributes(
    name: ObjectName,
    change: Readonly<Record<string, string | null>>,
    precondition?: Precondition,
  ): Promise<Outcome<ObjectVersion>> {
    for (let tries = 0; tries < CHANGE_TRIES; tries++) {
      const found = await this.work.guarded(() => this.find(name));
      if (found === undefined) return this.missing(name);
      const { file, version } = found;
      const outcome = await this.work.outcome(name.bucket, async () => {
        const attributes = changedAttributes(decodeAttributes(file.object), change);
        const next = await this.files.namespace.run('setFile', {
          ...placeOf(name.bucket, name.key),
          version: file.isNull ? 'null' : file.version,
          change: { object: encodeAttributes(attributes) },
          condition: { ...conditionOf(precondition), revision: file.revision },
        });
        return versionOf(name.key, next, version.isLatest);
      });
      if (outcome.done || outcome.because !== 'precondition-failed') return outcome;
      const { revision } = precondition ?? {};
      if (revision !== undefined && revision !== version.revision) return outcome;
      const again = await this.work.guarded(() => this.find(name));
      // Nobody was faster: it is the precondition.
      if (again?.file.revision === file.revision) return outcome;
    }
    throw failureOf(new FilesError('busy', name.key));
  }

  private async missing<T>({ bucket, versionId }: ObjectName): Promise<Outcome<T>> {
    if ((await this.bucket(bucket)) === undefined) return refused('no-such-bucket');
    return refused(versionId === undefined ? 'no-such-key' : 'no-such-version');
  }

  async listObjects(bucket: string, query: ListQuery): Promise<Listing<ObjectVersion>> {
    const { prefix, delimiter, after, max } = query;
    const { reader } = this.files.namespace;
    const page = await this.work.guarded(() =>
      listFiles(reader, { bucket, prefix, delimiter, after: after?.key ?? '', max }),
    );
    return listing(page, false);
  }

  async listVersions(bucket: string, query: ListQuery): Promise<Listing<ObjectVersion>> {
    const { prefix, delimiter, after, max } = query;
    const { reader } = this.files.namespace;
    const afterVersion = after?.id === undefined ? undefined : versionName(after.id);
    const page = await this.work.guarded(() =>
      listVersions(reader, {
        ...{ bucket, prefix, delimiter, after: after?.key ?? '', max },
        ...(afterVersion !== undefined && { afterVersion }),
      }),
    );
    return listing(page, true);
  }

  createUpload(
    bucket: string,
    upload: { key: string; attributes: Attributes },
  ): Promise<Outcome<Upload>> {
    return this.uploads.create(bucket, upload);
  }

  upload(name: UploadName): Promise<Upload | undefined> {
    return this.uploads.find(name);
  }

  listParts(
    name: UploadName,
    query: { after: number; max: number },
  ): Promise<{ readonly parts: readonly Part[]; readonly isTruncated: boolean } | undefined> {
    return this.uploads.parts(name, query);
  }

  completeUpload(name: UploadName, completion: Completion): Promise<Outcome<ObjectVersion>> {
    return this.uploads.complete(name, completion);
  }

  abortUpload(name: UploadName): Promise<boolean> {
    return this.uploads.abort(name);
  }

  listUploads(bucket: string, query: ListQuery): Promise<Listing<Upload>> {
    return this.uploads.list(bucket, query);
  }
}

function listing(page: ListPage, withIds: boolean): Listing<ObjectVersion> {
  const rows: ObjectVersion[] = [];
  const prefixes: string[] = [];
  for (const { key, file, isLatest } of page.items) {
    if (file === undefined) prefixes.push(key);
    else rows.push(versionOf(key, file, isLatest ?? true));
  }
  if (!page.isTruncated) return { rows, prefixes };
  return { rows, prefixes, next: positionOf(page.items[page.items.length - 1]!, rows, withIds) };
}

function positionOf(
  { key, file }: ListItem,
  rows: readonly ObjectVersion[],
  withIds: boolean,
): ListPosition {
  if (file === undefined || !withIds) return { key };
  return { key, id: rows[rows.length - 1]!.versionId };
}

function encodeDocuments(
  documents: Readonly<Record<string, string | null>>,
): Record<string, Buffer | null> {
  const rows = Object.entries(documents).map(([kind, text]) => [
    documentName(kind),
    text === null ? null : Buffer.from(text),
  ]);
  return Object.fromEntries(rows) as Record<string, Buffer | null>;
}
