/**
 * Multipart uploads: parts come in any order and are seen by nobody; completing moves their extents into a file.
 *
 * S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
import { FilesError } from '../../errors.ts';
import { findFile, makeChain, type NewDirectories, needChain, type Path } from '../chain.ts';
import { type Condition, checkCondition } from '../condition.ts';
import type { Draft } from '../draft.ts';
import { adoptExtents, type Content, reclaim } from '../extents.ts';
import type { Extent, FileInode } from '../inode.ts';
import { partKey, uploadKey } from '../keys.ts';
import {
  decodePart,
  decodeUpload,
  encodePart,
  encodeUpload,
  type PartRecord,
  type UploadRecord,
} from '../records.ts';
import { type Versioning, versioningOf } from '../versions.ts';
import { type FileProperties, putFile } from './files.ts';
import { checkLease } from './leases.ts';

/** An upload by the bucket and key that it is for. */
export interface UploadName {
  readonly bucket: string;
  readonly key: string;
  readonly upload: number;
}

export interface StartUploadArgs {
  readonly bucket: string;
  readonly key: string;
  readonly owner: string;
  readonly object: Buffer;
}

/** @throws FilesError 'not-found': there is no such bucket. */
export function startUpload(
  draft: Draft,
  args: StartUploadArgs,
): UploadRecord & { readonly upload: number } {
  const bucket = bucketId(draft, args.bucket);
  const upload = draft.numbers();
  const record = { startedMs: draft.nowMs, owner: args.owner, object: args.object };
  draft.put(uploadKey(bucket, args.key, upload), encodeUpload(record));
  return { ...record, upload };
}

export interface PutPartArgs extends UploadName {
  readonly part: number;
  readonly size: number;
  readonly etag: string;
  readonly object: Buffer;
  readonly content: Content;
  readonly replication: number;
}

/** Stores a part, in place of the one with its number. @throws FilesError 'no-upload', 'source-changed'. */
export function putPart(draft: Draft, args: PutPartArgs): PartRecord {
  needUpload(draft, args);
  const key = partKey(args.upload, args.part);
  const before = draft.get(key);
  if (before !== null) reclaim(draft, { kind: 'extents', extents: decodePart(before).extents });
  adoptExtents(draft, args.content, args.replication);
  const part: PartRecord = {
    size: args.size,
    etag: args.etag,
    modifiedMs: draft.nowMs,
    object: args.object,
    extents: args.content.extents,
  };
  draft.put(key, encodePart(part));
  return part;
}

export interface CompleteUploadArgs extends UploadName {
  readonly directory: Path;
  readonly name: string;
  /** As the door has seen them. */
  readonly parts: readonly { readonly part: number; readonly etag: string }[];
  readonly file: Omit<FileProperties, 'size'>;
  readonly make: NewDirectories;
  /** Left out: as the bucket has it. */
  readonly versioning?: Versioning;
  readonly condition?: Condition;
}

/** Makes the file. @throws FilesError 'no-upload', 'no-part' when a part is not as the door has seen it. */
export function completeUpload(draft: Draft, args: CompleteUploadArgs): FileInode {
  needUpload(draft, args);
  const id = draft.numbers();
  const extents: Extent[] = [];
  let size = 0;
  for (const { part, etag } of args.parts) {
    const key = partKey(args.upload, part);
    const stored = draft.get(key);
    const record = stored === null ? null : decodePart(stored);
    if (record === null || record.etag !== etag) {
      throw new FilesError('no-part', `${part}`);
    }
    extents.push(...record.extents);
    size += record.size;
    draft.delete(key);
    draft.put(partKey(id, part), encodePart({ ...record, extents: [] }));
  }
  const { chain } = makeChain(draft, args.directory, args.make);
  const directory = chain[chain.length - 1]!.inode.id;
  const place = { chain, name: args.name, head: findFile(draft, directory, args.name) };
  checkCondition(args.condition, place.head);
  checkLease(draft, directory, args.name, undefined);
  endUpload(draft, args);
  const versioning = args.versioning ?? versioningOf(draft, args.directory);
  return putFile(draft, place, { ...args.file, size }, { extents }, versioning, id, true);
}

/** Takes an upload away with its parts. @throws FilesError 'no-upload'. */
export function abortUpload(draft: Draft, args: UploadName): void {
  needUpload(draft, args);
  endUpload(draft, args);
}

function endUpload(draft: Draft, { bucket, key, upload }: UploadName): void {
  draft.delete(uploadKey(bucketId(draft, bucket), key, upload));
  reclaim(draft, { kind: 'upload', id: upload });
}

function needUpload(draft: Draft, { bucket, key, upload }: UploadName): UploadRecord {
  const stored = draft.get(uploadKey(bucketId(draft, bucket), key, upload));
  if (stored === null) throw new FilesError('no-upload', `${upload}`);
  return decodeUpload(stored);
}

function bucketId(draft: Draft, bucket: string): number {
  return needChain(draft, [bucket])[1]!.inode.id;
}
