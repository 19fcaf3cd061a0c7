/**
 * The versions of one name: the newest stands in the entry, older ones behind it, newest first.
 *
 * Invariant: at most one version of a name is called `null`; the entry knows where it is.
 * S3 user guide: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
 */
import { FilesError } from '../errors.ts';
import { adjust, type Chain, findChain, type Path, prune } from './chain.ts';
import type { Draft } from './draft.ts';
import { reclaimFile } from './extents.ts';
import { decodeInode, encodeInode, type FileInode } from './inode.ts';
import { documentKey, fileKey, rangeOf, Space, versionKey } from './keys.ts';
import { saveEntry } from './snapshots/save.ts';

/** The document of a bucket that says whether it keeps what is overwritten; without it `off`. */
export const VERSIONING_DOCUMENT = 'versioning';

/** Whether a bucket keeps what is overwritten. */
export type Versioning = 'off' | 'on' | 'suspended';

/** A version by its number, or the one called `null`. */
export type VersionName = number | 'null';

/** A name, and what stands there. */
export interface Place {
  readonly chain: Chain;
  readonly name: string;
  readonly head: FileInode | null;
}

/** A file that comes; its version is not known yet. */
export type NewFile = Omit<
  FileInode,
  'revision' | 'series' | 'version' | 'isNull' | 'nullAt' | 'olderSpace'
>;

export const spaceOf = ({ size, replication }: FileInode): number => size * replication;

/** What can be seen at a place. */
export function visible(head: FileInode | null): FileInode | null {
  return head?.kind === 'file' ? head : null;
}

/** What the bucket of a path says. */
export function versioningOf(draft: Draft, path: Path): Versioning {
  const bucket = findChain(draft, path.slice(0, 1))?.[1];
  if (bucket === undefined) return 'off';
  return readVersioning(draft.get(documentKey(bucket.inode.id, VERSIONING_DOCUMENT)));
}

export function readVersioning(document: Buffer | null): Versioning {
  const text = document?.toString() ?? 'off';
  return text === 'on' || text === 'suspended' ? text : 'off';
}

/** Puts a file, or a delete marker, in front of what is there. @returns it as it stands now. */
export function putVersion(
  draft: Draft,
  place: Place,
  file: NewFile,
  versioning: Versioning,
): FileInode {
  const { chain, name, head } = place;
  const mode = versioning === 'off' && (head?.series ?? 0) > 0 ? 'suspended' : versioning;
  const older = head === null ? NONE : keepOlder(draft, place, head, mode, file.id);
  const next: FileInode = {
    ...file,
    ...older,
    revision: file.id,
    version: mode === 'off' ? 0 : draft.numbers(),
    isNull: mode !== 'on',
  };
  draft.put(fileKey(chain[chain.length - 1]!.inode.id, name), encodeInode(next));
  countChange(draft, place, next);
  return next;
}

const NONE = { series: 0, nullAt: undefined, olderSpace: 0 } as const;

/** What becomes of the version in front when another one takes its place. */
function keepOlder(
  draft: Draft,
  { chain, name }: Place,
  head: FileInode,
  mode: Versioning,
  id: number,
): Pick<FileInode, 'series' | 'nullAt' | 'olderSpace'> {
  const goes = mode === 'off' || (mode === 'suspended' && head.isNull);
  const key = fileKey(chain[chain.length - 1]!.inode.id, name);
  const isKept = saveEntry(draft, chain, key, head, goes ? 'goes' : 'stays');
  if (goes) {
    if (!isKept) reclaimFile(draft, head);
    return { series: head.series, nullAt: head.nullAt, olderSpace: head.olderSpace };
  }
  const series = head.series > 0 ? head.series : id;
  const kept = { ...head, series, nullAt: undefined, olderSpace: 0 };
  draft.put(versionKey(series, head.version), encodeInode(kept));
  const nullAt = head.isNull ? head.version : head.nullAt;
  const olderSpace = head.olderSpace + spaceOf(head);
  if (mode === 'on' || nullAt === undefined) return { series, nullAt, olderSpace };
  // Suspended: what comes is the version `null`, so the older one of that name goes.
  const gone = takeOlder(draft, series, nullAt);
  return { series, nullAt: undefined, olderSpace: olderSpace - spaceOf(gone) };
}

function takeOlder(draft: Draft, series: number, version: number): FileInode {
  const file = olderVersion(draft, series, version);
  if (file === null) throw new FilesError('no-version', String(version));
  draft.delete(versionKey(series, version));
  reclaimFile(draft, file);
  return file;
}

export function olderVersion(draft: Draft, series: number, version: number): FileInode | null {
  const stored = draft.get(versionKey(series, version));
  return stored === null ? null : (decodeInode(stored) as FileInode);
}

/** The version of a name, wherever it stands. */
export function findVersion(draft: Draft, head: FileInode, name: VersionName): FileInode | null {
  if (isCalled(head, name)) return head;
  const version = name === 'null' ? head.nullAt : name;
  if (version === undefined || head.series === 0) return null;
  const older = olderVersion(draft, head.series, version);
  return older !== null && isCalled(older, name) ? older : null;
}

function isCalled(file: FileInode, name: VersionName): boolean {
  return name === 'null' ? file.isNull : file.version === name && !file.isNull;
}

/** Writes a version that has changed back to where it stands. */
export function rewriteVersion(draft: Draft, place: Place, file: FileInode): void {
  const { chain, name, head } = place;
  if (head?.id === file.id) {
    draft.put(fileKey(chain[chain.length - 1]!.inode.id, name), encodeInode(file));
  } else {
    draft.put(versionKey(file.series, file.version), encodeInode(file));
  }
}

/** Takes one version away; the newest of the older ones takes the place of the one in front. */
export function removeVersion(
  draft: Draft,
  place: Place,
  version: FileInode,
  keepsDirectories = false,
): void {
  const head = place.head!;
  const key = fileKey(place.chain[place.chain.length - 1]!.inode.id, place.name);
  if (version.id !== head.id) {
    takeOlder(draft, head.series, version.version);
    const nullAt = version.isNull ? undefined : head.nullAt;
    const next = { ...head, nullAt, olderSpace: head.olderSpace - spaceOf(version) };
    draft.put(key, encodeInode(next));
    countChange(draft, place, next);
    return;
  }
  if (!saveEntry(draft, place.chain, key, head, 'goes')) reclaimFile(draft, head);
  const next = head.series > 0 ? newestOlder(draft, head.series) : null;
  if (next === null) {
    draft.delete(key);
    countChange(draft, place, null, keepsDirectories);
    return;
  }
  draft.delete(versionKey(head.series, next.version));
  const front: FileInode = {
    ...next,
    nullAt: next.isNull ? undefined : head.nullAt,
    olderSpace: head.olderSpace - spaceOf(next),
  };
  draft.put(key, encodeInode(front));
  countChange(draft, place, front);
}

function newestOlder(draft: Draft, series: number): FileInode | null {
  const { from, to } = rangeOf(Space.version, series);
  const found = draft.first(from, to);
  return found === null ? null : (decodeInode(found.value) as FileInode);
}

/** Brings the tallies up to date when `next` stands where `place.head` stood. */
export function countChange(
  draft: Draft,
  place: Place,
  next: FileInode | null,
  keepsDirectories = false,
): void {
  const { chain, head } = place;
  const before = visible(head);
  const after = visible(next);
  const space = (file: FileInode | null): number =>
    file === null ? 0 : spaceOf(file) + file.olderSpace;
  adjust(
    draft,
    chain,
    {
      files: (after === null ? 0 : 1) - (before === null ? 0 : 1),
      bytes: (after?.size ?? 0) - (before?.size ?? 0),
      space: space(next) - space(head),
    },
    (next === null ? 0 : 1) - (head === null ? 0 : 1),
  );
  if (next === null && !keepsDirectories) prune(draft, chain);
}
