/**
 * An object store in memory: the obvious twin of the real one, for tests. Sorted arrays, no cleverness.
 *
 * Whatever it is asked happens in one turn of the loop, so everything is atomic. Times come from `nowMs`, ids
 * count up.
 */
import {
  type Attributes,
  type Bucket,
  type BucketChange,
  type Completion,
  type Listing,
  type ListQuery,
  type NewBucket,
  type NewObject,
  type NewPart,
  NULL_VERSION,
  type ObjectName,
  type ObjectStore,
  type ObjectVersion,
  type ObjectWriter,
  type OpenObject,
  type Outcome,
  type Part,
  type Precondition,
  type Refusal,
  type Removed,
  StoreFailure,
  type Upload,
  type UploadName,
} from '../object-store.ts';
import { judge } from '../precondition.ts';
import { rollUp } from './roll-up.ts';

interface StoredVersion extends ObjectVersion {
  readonly bytes: Buffer;
  readonly parts: readonly Part[];
}

interface StoredUpload extends Upload {
  readonly parts: Map<number, { readonly part: Part; readonly bytes: Buffer }>;
}

interface StoredBucket {
  info: Bucket;
  /** Versions of a key, newest first. */
  readonly keys: Map<string, StoredVersion[]>;
  readonly uploads: Map<string, StoredUpload>;
}

export interface MemoryStoreOptions {
  readonly nowMs?: () => number;
  /** Bytes of one piece of a read. */
  readonly pieceBytes?: number;
  /** Above so many bytes in one write the disk is full. */
  readonly roomBytes?: number;
}

export class MemoryStore implements ObjectStore {
  /** Writers that were begun and are neither committed nor aborted. */
  openWriters = 0;
  openReads = 0;
  private readonly buckets = new Map<string, StoredBucket>();
  private readonly nowMs: () => number;
  private readonly pieceBytes: number;
  private readonly roomBytes: number;
  private ids = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.nowMs = options.nowMs ?? (() => 1_700_000_000_000 + this.ids * 1000);
    this.pieceBytes = options.pieceBytes ?? 65_536;
    this.roomBytes = options.roomBytes ?? Number.POSITIVE_INFINITY;
  }

  async createBucket(name: string, bucket: NewBucket): Promise<boolean> {
    if (this.buckets.has(name)) return false;
    const { owner, documents, isVersioned = false } = bucket;
    const versioning = isVersioned ? 'enabled' : 'off';
    const info: Bucket = { name, owner, documents, createdMs: this.nowMs(), versioning };
    this.buckets.set(name, { info, keys: new Map(), uploads: new Map() });
    return true;
  }

  async deleteBucket(name: string): Promise<'deleted' | 'not-empty' | 'no-such-bucket'> {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) return 'no-such-bucket';
    if (bucket.keys.size > 0 || bucket.uploads.size > 0) return 'not-empty';
    this.buckets.delete(name);
    return 'deleted';
  }

  async bucket(name: string): Promise<Bucket | undefined> {
    return this.buckets.get(name)?.info;
  }

  async listBuckets({ prefix, after, max }: { prefix: string; after: string; max: number }) {
    const buckets = [...this.buckets.values()]
      .map(({ info }) => info)
      .filter(({ name }) => name.startsWith(prefix) && name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { buckets: buckets.slice(0, max), isTruncated: buckets.length > max };
  }

  async changeBucket(name: string, change: BucketChange): Promise<boolean> {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) return false;
    bucket.info = {
      ...bucket.info,
      versioning: change.versioning ?? bucket.info.versioning,
      documents: changed(bucket.info.documents, change.documents ?? {}),
    };
    return true;
  }

  isVersionId(text: string): boolean {
    return text === NULL_VERSION || /^v\d+$/.test(text);
  }

  async lookup(name: ObjectName): Promise<ObjectVersion | undefined> {
    return this.find(name);
  }

  async open(name: ObjectName): Promise<OpenObject | undefined> {
    const version = this.find(name);
    if (version === undefined) return undefined;
    this.openReads++;
    const { bytes } = version;
    const { pieceBytes } = this;
    return {
      version,
      async *read(start: number, end: number) {
        for (let at = start; at < end; at += pieceBytes) {
          yield bytes.subarray(at, Math.min(at + pieceBytes, end));
        }
      },
      parts: async () => version.parts,
      close: () => {
        this.openReads--;
      },
    };
  }

  async write(bucket: string): Promise<ObjectWriter> {
    this.openWriters++;
    return new MemoryWriter(this, bucket, this.roomBytes);
  }

  async remove(name: ObjectName, precondition?: Precondition): Promise<Outcome<Removed>> {
    const bucket = this.buckets.get(name.bucket);
    if (bucket === undefined) return refused('no-such-bucket');
    const old = this.find(name);
    const wrong = judge(old, precondition);
    if (wrong !== null) return refused(wrong);
    const { key, versionId } = name;
    if (versionId === undefined && bucket.info.versioning !== 'off') {
      const marker = this.put(bucket, {
        ...{ key, etag: '', attributes: {}, isDeleteMarker: true },
        ...{ bytes: Buffer.alloc(0), parts: [] },
      });
      return done({ kind: 'marker-added', versionId: marker.versionId, isDeleteMarker: true });
    }
    if (old === undefined) return done({ kind: 'nothing', isDeleteMarker: false });
    this.drop(bucket, key, old.versionId);
    return done({
      kind: 'version',
      versionId: old.versionId,
      isDeleteMarker: old.isDeleteMarker,
    });
  }

  async setAttributes(
    name: ObjectName,
    change: Readonly<Record<string, string | null>>,
    precondition?: Precondition,
  ): Promise<Outcome<ObjectVersion>> {
    const bucket = this.buckets.get(name.bucket);
    if (bucket === undefined) return refused('no-such-bucket');
    const old = this.find(name);
    if (old === undefined) {
      return refused(name.versionId === undefined ? 'no-such-key' : 'no-such-version');
    }
    const wrong = judge(old, precondition);
    if (wrong !== null) return refused(wrong);
    const version = {
      ...old,
      attributes: changed(old.attributes, change),
      revision: String(++this.ids),
    };
    const versions = bucket.keys.get(name.key) as StoredVersion[];
    versions[versions.findIndex((each) => each.versionId === old.versionId)] = version;
    return done(version);
  }

  async listObjects(bucket: string, query: ListQuery): Promise<Listing<ObjectVersion>> {
    const rows = this.versions(bucket).filter((each) => each.isLatest && !each.isDeleteMarker);
    return rollUp(rows, query, () => '');
  }

  async listVersions(bucket: string, query: ListQuery): Promise<Listing<ObjectVersion>> {
    return rollUp(this.versions(bucket), query, ({ versionId }) => versionId);
  }

  async createUpload(
    bucket: string,
    { key, attributes }: { key: string; attributes: Attributes },
  ): Promise<Outcome<Upload>> {
    const stored = this.buckets.get(bucket);
    if (stored === undefined) return refused('no-such-bucket');
    const uploadId = `upload-${String(++this.ids).padStart(6, '0')}`;
    const upload = { key, attributes, uploadId, createdMs: this.nowMs(), parts: new Map() };
    stored.uploads.set(uploadId, upload);
    return done(upload);
  }

  async upload(name: UploadName): Promise<Upload | undefined> {
    return this.findUpload(name);
  }

  async listParts(name: UploadName, { after, max }: { after: number; max: number }) {
    const upload = this.findUpload(name);
    if (upload === undefined) return undefined;
    const parts = [...upload.parts.values()]
      .map(({ part }) => part)
      .filter(({ number }) => number > after)
      .sort((a, b) => a.number - b.number);
    return { parts: parts.slice(0, max), isTruncated: parts.length > max };
  }

  async completeUpload(name: UploadName, completion: Completion): Promise<Outcome<ObjectVersion>> {
    const upload = this.findUpload(name);
    if (upload === undefined) return refused('no-such-upload');
    const wrong = judge(this.find(name), completion.precondition);
    if (wrong !== null) return refused(wrong);
    const pieces = completion.parts.map(({ number }) => upload.parts.get(number));
    const fits = completion.parts.every(({ etag }, i) => pieces[i]?.part.etag === etag);
    if (!fits) return refused('invalid-part');
    const bucket = this.buckets.get(name.bucket) as StoredBucket;
    const { etag, attributes } = completion;
    const version = this.put(bucket, {
      ...{ key: name.key, etag, attributes, isDeleteMarker: false },
      bytes: Buffer.concat(pieces.map((piece) => piece?.bytes as Buffer)),
      parts: pieces.map((piece) => piece?.part as Part),
    });
    bucket.uploads.delete(name.uploadId);
    return done(version);
  }

  async abortUpload(name: UploadName): Promise<boolean> {
    if (this.findUpload(name) === undefined) return false;
    return this.buckets.get(name.bucket)?.uploads.delete(name.uploadId) ?? false;
  }

  async listUploads(bucket: string, query: ListQuery): Promise<Listing<Upload>> {
    const uploads = [...(this.buckets.get(bucket)?.uploads.values() ?? [])];
    const rows = uploads.sort((a, b) => byBytes(a.key, b.key) || byBytes(a.uploadId, b.uploadId));
    return rollUp(rows, query, ({ uploadId }) => uploadId);
  }

  // From its writers.

  commit(name: string, object: NewObject, bytes: Buffer): Outcome<ObjectVersion> {
    const bucket = this.buckets.get(name);
    if (bucket === undefined) return refused('no-such-bucket');
    const { key, etag, attributes } = object;
    const wrong = judge(this.find({ bucket: name, key }), object.precondition);
    if (wrong !== null) return refused(wrong);
    return done(
      this.put(bucket, { key, etag, attributes, isDeleteMarker: false, bytes, parts: [] }),
    );
  }

  commitPart(bucket: string, more: NewPart, bytes: Buffer): Outcome<Part> {
    const upload = this.findUpload({ bucket, ...more });
    if (upload === undefined) return refused('no-such-upload');
    const { number, etag, attributes } = more;
    const sizeBytes = bytes.length;
    const part = { number, etag, attributes, sizeBytes, lastModifiedMs: this.nowMs() };
    upload.parts.set(number, { part, bytes });
    return done(part);
  }

  private put(
    bucket: StoredBucket,
    version: Pick<
      StoredVersion,
      'key' | 'etag' | 'attributes' | 'isDeleteMarker' | 'bytes' | 'parts'
    >,
  ): StoredVersion {
    const { key } = version;
    const id = String(++this.ids);
    const versionId = bucket.info.versioning === 'enabled' ? `v${id}` : NULL_VERSION;
    if (versionId === NULL_VERSION) this.drop(bucket, key, NULL_VERSION);
    const stored: StoredVersion = {
      ...version,
      ...{ versionId, isLatest: true, revision: id },
      sizeBytes: version.bytes.length,
      lastModifiedMs: this.nowMs(),
    };
    const others = bucket.keys.get(key) ?? [];
    bucket.keys.set(key, [stored, ...others.map((each) => ({ ...each, isLatest: false }))]);
    return stored;
  }

  private drop(bucket: StoredBucket, key: string, versionId: string): void {
    const left = (bucket.keys.get(key) ?? []).filter((each) => each.versionId !== versionId);
    if (left.length === 0) bucket.keys.delete(key);
    else
      bucket.keys.set(
        key,
        left.map((each, i) => ({ ...each, isLatest: i === 0 })),
      );
  }

  private find({ bucket, key, versionId }: ObjectName): StoredVersion | undefined {
    const versions = this.buckets.get(bucket)?.keys.get(key);
    if (versionId === undefined) return versions?.[0];
    return versions?.find((each) => each.versionId === versionId);
  }

  private findUpload({ bucket, key, uploadId }: UploadName): StoredUpload | undefined {
    const upload = this.buckets.get(bucket)?.uploads.get(uploadId);
    return upload?.key === key ? upload : undefined;
  }

  private versions(bucket: string): StoredVersion[] {
    const keys = [...(this.buckets.get(bucket)?.keys ?? [])];
    return keys.sort(([a], [b]) => byBytes(a, b)).flatMap(([, versions]) => versions);
  }
}

class MemoryWriter implements ObjectWriter {
  private readonly store: MemoryStore;
  private readonly bucket: string;
  private readonly pieces: Buffer[] = [];
  private left: number;
  private over = false;

  constructor(store: MemoryStore, bucket: string, roomBytes: number) {
    this.store = store;
    this.bucket = bucket;
    this.left = roomBytes;
  }

  write(bytes: Buffer): Promise<void> | undefined {
    this.left -= bytes.length;
    if (this.left < 0) return Promise.reject(new StoreFailure('no-space'));
    this.pieces.push(Buffer.from(bytes));
    // Sometimes at once and sometimes later, so that callers are ready for both.
    return this.pieces.length % 2 === 0 ? undefined : Promise.resolve();
  }

  async adopt(source: OpenObject): Promise<void> {
    for await (const piece of source.read(0, source.version.sizeBytes)) await this.write(piece);
  }

  async commit(object: NewObject): Promise<Outcome<ObjectVersion>> {
    this.abort();
    return this.store.commit(this.bucket, object, Buffer.concat(this.pieces));
  }

  async commitPart(part: NewPart): Promise<Outcome<Part>> {
    this.abort();
    return this.store.commitPart(this.bucket, part, Buffer.concat(this.pieces));
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.store.openWriters--;
  }
}

function changed(
  old: Attributes,
  change: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const merged = Object.entries({ ...old, ...change });
  return Object.fromEntries(merged.filter((row): row is [string, string] => row[1] !== null));
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function done<T>(value: T): Outcome<T> {
  return { done: true, value };
}

function refused<T>(because: Refusal): Outcome<T> {
  return { done: false, because };
}
