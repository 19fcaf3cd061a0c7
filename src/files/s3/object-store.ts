/**
 * What the doors ask of the object layer: buckets, versions of objects, uploads in parts, and nothing about S3.
 *
 * The store owns atomicity, durability, order and ids. The door owns meaning: what an attribute or a document
 * says, who may do what, what an ETag is made of. So the store reads neither attributes nor documents.
 *
 * Invariants: a promise that resolves with something done means that it is durable and seen by every later call.
 * A precondition is judged in the same step as the change that it guards. Keys are compared by the bytes of their
 * UTF-8, never by characters. Ordinary outcomes are returned; a `StoreFailure` is thrown when the world fails.
 * Ids of versions and uploads are letters, digits, `.`, `_` and `-`, and read as no number.
 * A key is 1 to 1024 bytes of UTF-8 and otherwise anything: `a//b`, `.`, `/`, `a` beside `a/b`.
 */

/** Opaque texts by name, all of one object at most `ATTRIBUTES_BYTES_MAX` bytes of UTF-8. */
export type Attributes = Readonly<Record<string, string>>;

/** The door refuses more; a store has room for so much. Bytes of names and values. */
export const ATTRIBUTES_BYTES_MAX = 65_536;

/** Whether a bucket keeps what is overwritten. It can not go back to 'off'. */
export type Versioning = 'off' | 'enabled' | 'suspended';

/** The version id of what is written while versioning is not enabled; at most one version of a key has it. */
export const NULL_VERSION = 'null';

export interface Bucket {
  readonly name: string;
  /** User id. */
  readonly owner: string;
  readonly createdMs: number;
  readonly versioning: Versioning;
  /** Opaque texts by kind (policy, lifecycle and the like), 1 MiB at most together. */
  readonly documents: Attributes;
}

export interface NewBucket {
  readonly owner: string;
  readonly documents: Attributes;
  /** With versions from the start: no crash leaves it without. */
  readonly isVersioned?: boolean;
}

export interface BucketChange {
  readonly versioning?: 'enabled' | 'suspended';
  /** Null takes the document away; kinds that are not named stay. */
  readonly documents?: Readonly<Record<string, string | null>>;
}

/** An object by its name. Without `versionId` the current version. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  readonly isLatest: boolean;
  /** It says that the key is deleted: no bytes, no ETag. */
  readonly isDeleteMarker: boolean;
  readonly sizeBytes: number;
  readonly lastModifiedMs: number;
  /**
   * Without quotes, never empty (except of a delete marker). Of a file that came by another door one that
   * changes with its content and has a hyphen, so that nobody takes it for an MD5.
   */
  readonly etag: string;
  /** Changes whenever anything of this version changes, attributes too; never taken by another version. */
  readonly revision: string;
  readonly attributes: Attributes;
}

/** What must be true of the version that the change is about (the current one if no id is named). All of it. */
export interface Precondition {
  /** False: there must be none, a delete marker counts as none. True: there must be one. */
  readonly exists?: boolean;
  readonly etag?: string;
  /** To the second, as HTTP says it. */
  readonly lastModifiedSeconds?: number;
  readonly sizeBytes?: number;
  readonly revision?: string;
}

/** Why something was not done; nothing has changed. */
export type Refusal =
  | 'no-such-bucket'
  | 'no-such-key'
  | 'no-such-version'
  | 'no-such-upload'
  | 'precondition-failed'
  /** A part is missing or another one has come under its number since. */
  | 'invalid-part';

export type Outcome<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly because: Refusal };

/** A version held open: its bytes stay whatever becomes of its name, until `close`. */
export interface OpenObject {
  readonly version: ObjectVersion;
  /**
   * Bytes `[start, end)` in order, in pieces of the store's choosing, 1 MiB at most. A piece is valid until the
   * next one is asked for. Ending the iteration early frees what it holds. Throws StoreFailure when a byte can
   * not be had; what came before is right.
   */
  read(start: number, end: number): AsyncIterable<Buffer>;
  /** The parts that the version was completed from, empty when it came whole. */
  parts(): Promise<readonly Part[]>;
  /** Once; behind it no `read`. */
  close(): void;
}

export interface NewObject {
  readonly key: string;
  readonly etag: string;
  readonly attributes: Attributes;
  readonly precondition?: Precondition;
}

export interface NewPart {
  readonly key: string;
  readonly uploadId: string;
  /** 1 to 10,000. A later part of the same number takes the place of an earlier one. */
  readonly number: number;
  readonly etag: string;
  readonly attributes: Attributes;
}

/**
 * Bytes on their way to become an object or a part. Nobody sees them before `commit`; without it they are gone,
 * also when the process dies.
 */
export interface ObjectWriter {
  /**
   * The next bytes. Undefined: they are taken, the memory is free. A promise: they are in use until it settles,
   * and nothing else may be called before but `abort`; it rejects with StoreFailure.
   */
  write(bytes: Buffer): Promise<void> | undefined;
  /** The next bytes are all of another version; a store that can shares the blocks. */
  adopt(source: OpenObject): Promise<void>;
  /** Makes what was written the current version. The writer is over. */
  commit(object: NewObject): Promise<Outcome<ObjectVersion>>;
  /** Makes what was written a part of an upload. The writer is over. */
  commitPart(part: NewPart): Promise<Outcome<Part>>;
  /** Lets go of everything; allowed at any time, twice too. */
  abort(): void;
}

export interface Removed {
  /** A version that is gone, a delete marker that has come, or there was nothing to do. */
  readonly kind: 'version' | 'marker-added' | 'nothing';
  /** Of what is gone or has come. */
  readonly versionId?: string;
  /** What is gone, or what has come, is a delete marker. */
  readonly isDeleteMarker: boolean;
}

export interface Upload {
  readonly key: string;
  readonly uploadId: string;
  readonly createdMs: number;
  readonly attributes: Attributes;
}

/** `key` and the upload's id; the id alone does not find it. */
export interface UploadName {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

export interface Part {
  readonly number: number;
  readonly sizeBytes: number;
  readonly lastModifiedMs: number;
  readonly etag: string;
  readonly attributes: Attributes;
}

export interface Completion {
  /** Ascending, one at least; each must be there with this ETag. Parts that are not named are dropped. */
  readonly parts: readonly { readonly number: number; readonly etag: string }[];
  readonly etag: string;
  readonly attributes: Attributes;
  readonly precondition?: Precondition;
}

/** A place in a listing: behind `key`, and with `id` (version or upload) behind that one of the key's. */
export interface ListPosition {
  readonly key: string;
  readonly id?: string;
}

export interface ListQuery {
  /** Of keys; empty for all. */
  readonly prefix: string;
  /**
   * Not empty: keys that have it behind the prefix are rolled up into what stands up to its end, and that counts
   * as one row. `/` must be quick whatever lies below.
   */
  readonly delimiter: string;
  /**
   * Rows behind here only. A rolled-up row is behind when it is greater than `key` itself, so that a listing
   * goes on behind the prefix that it ended with.
   */
  readonly after?: ListPosition;
  /** Rows at most, 1 to 1000; fewer may come only at the end or together with `next`. */
  readonly max: number;
}

/** Rows in the order of their keys; versions of a key newest first, uploads of a key oldest first. */
export interface Listing<T> {
  readonly rows: readonly T[];
  /** Rolled-up rows, ascending; they count towards `max`. */
  readonly prefixes: readonly string[];
  /** Where to go on; absent at the end. */
  readonly next?: ListPosition;
}

export interface ObjectStore {
  /** False: there is one of this name. */
  createBucket(name: string, bucket: NewBucket): Promise<boolean>;
  /** Only an empty one goes: without versions, delete markers and uploads. */
  deleteBucket(name: string): Promise<'deleted' | 'not-empty' | 'no-such-bucket'>;
  /** Asked for by every request: from memory. */
  bucket(name: string): Promise<Bucket | undefined>;
  /** In the order of names, those behind `after`. */
  listBuckets(query: {
    prefix: string;
    after: string;
    max: number;
  }): Promise<{ readonly buckets: readonly Bucket[]; readonly isTruncated: boolean }>;
  /** False: there is no such bucket. */
  changeBucket(name: string, change: BucketChange): Promise<boolean>;

  /** Whether a text has the form of an id of a version here, whether or not there is such a one. */
  isVersionId(text: string): boolean;
  /** Delete markers too; undefined: there is none, nor such a bucket. */
  lookup(name: ObjectName): Promise<ObjectVersion | undefined>;
  /** As `lookup`, for reading. Of a delete marker too: without bytes. */
  open(name: ObjectName): Promise<OpenObject | undefined>;
  /** `sizeBytes` when it is known beforehand. */
  write(bucket: string, sizeBytes?: number): Promise<ObjectWriter>;
  /**
   * With a version id that version is gone for good. Without: gone if versioning is 'off', else a delete marker
   * comes on top; 'suspended': that marker has NULL_VERSION and takes the place of the version with that id.
   */
  remove(name: ObjectName, precondition?: Precondition): Promise<Outcome<Removed>>;
  /** Changes attributes in place, null takes one away; time and ETag stay. */
  setAttributes(
    name: ObjectName,
    change: Readonly<Record<string, string | null>>,
    precondition?: Precondition,
  ): Promise<Outcome<ObjectVersion>>;
  /** Current versions that are no delete markers. */
  listObjects(bucket: string, query: ListQuery): Promise<Listing<ObjectVersion>>;
  listVersions(bucket: string, query: ListQuery): Promise<Listing<ObjectVersion>>;

  createUpload(
    bucket: string,
    upload: { key: string; attributes: Attributes },
  ): Promise<Outcome<Upload>>;
  upload(name: UploadName): Promise<Upload | undefined>;
  /** In the order of numbers, those above `after`. Undefined: there is no such upload. */
  listParts(
    name: UploadName,
    query: { after: number; max: number },
  ): Promise<{ readonly parts: readonly Part[]; readonly isTruncated: boolean } | undefined>;
  /** The parts become one version without a byte being copied; the upload is over. */
  completeUpload(name: UploadName, completion: Completion): Promise<Outcome<ObjectVersion>>;
  /** False: there is no such upload. */
  abortUpload(name: UploadName): Promise<boolean>;
  listUploads(bucket: string, query: ListQuery): Promise<Listing<Upload>>;
}

/** Why the store could not do what it was asked. */
export const storeFailureTable = {
  'no-space': 'no disk has room for it',
  quota: 'a quota would be exceeded',
  corrupt: 'no replica has the bytes as they were written',
  unavailable: 'too few nodes take part',
  'too-large': 'it is larger than a file may be',
} as const;

export type StoreFailureCode = keyof typeof storeFailureTable;

export class StoreFailure extends Error {
  readonly code: StoreFailureCode;

  constructor(code: StoreFailureCode, options?: ErrorOptions) {
    super(storeFailureTable[code], options);
    this.name = 'StoreFailure';
    this.code = code;
  }
}
