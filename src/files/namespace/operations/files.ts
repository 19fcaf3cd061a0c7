/**
 * Files come, change and go. A put is one step: until it nothing of the file can be seen.
 */
import { FilesError } from '../../errors.ts';
import {
  type Chain,
  findChain,
  findFile,
  makeChain,
  type NewDirectories,
  needChain,
  type Path,
  showPath,
} from '../chain.ts';
import { type Condition, checkCondition } from '../condition.ts';
import type { Draft } from '../draft.ts';
import {
  adoptExtents,
  type Content,
  cutExtents,
  dropExtentRecords,
  extentsOf,
  reclaim,
  storeExtents,
} from '../extents.ts';
import { encodeInode, type FileInode } from '../inode.ts';
import { fileKey } from '../keys.ts';
import type { Caller } from '../permission.ts';
import { Access } from '../permission.ts';
import { saveEntry } from '../snapshots/save.ts';
import {
  countChange,
  findVersion,
  type Place,
  putVersion,
  removeVersion,
  type Versioning,
  type VersionName,
  versioningOf,
} from '../versions.ts';
import { checkLease } from './leases.ts';

/** Where a file stands, and who asks. */
export interface Target {
  readonly directory: Path;
  readonly name: string;
  readonly caller?: Caller;
}

export interface FileProperties {
  readonly size: number;
  readonly replication: number;
  readonly blockBytes: number;
  readonly etag: string;
  readonly object: Buffer;
  readonly owner: string;
  readonly group: string;
  readonly permission: number;
  readonly attributes?: ReadonlyMap<string, Buffer>;
  /** Default: now. */
  readonly modifiedMs?: number;
  readonly accessedMs?: number;
}

export interface PutArgs extends Target {
  readonly file: FileProperties;
  readonly content: Content;
  /** Directories that are missing are made so; without it they must be there. */
  readonly make?: NewDirectories;
  /** Left out: as the bucket has it. */
  readonly versioning?: Versioning;
  readonly condition?: Condition;
  /** Who writes; somebody else's lease refuses the file. */
  readonly holder?: string;
}

/** Makes a file, or takes the place of the one that is there. @throws FilesError. */
export function put(draft: Draft, args: PutArgs): FileInode {
  const { name, file, content, caller } = args;
  const chain = chainFor(draft, args);
  const place = { chain, name, head: findFile(draft, parentId(chain), name) };
  checkCondition(args.condition, place.head);
  if (caller !== undefined) {
    const { inode } = chain[chain.length - 1]!;
    if (place.head === null) caller.mayWrite(inode, name);
    else caller.need(place.head, Access.write, name);
  }
  checkLease(draft, parentId(chain), name, args.holder);
  adoptExtents(draft, content, file.replication);
  const versioning = args.versioning ?? versioningOf(draft, args.directory);
  return putFile(draft, place, file, content, versioning);
}

/** As `put`, with extents that are counted already. */
export function putFile(
  draft: Draft,
  place: Place,
  file: FileProperties,
  content: Pick<Content, 'extents'>,
  versioning: Versioning,
  id = draft.numbers(),
  hasParts = false,
): FileInode {
  const { nowMs } = draft;
  return putVersion(
    draft,
    place,
    {
      kind: 'file',
      id,
      createdMs: nowMs,
      modifiedMs: file.modifiedMs ?? nowMs,
      accessedMs: file.accessedMs ?? nowMs,
      permission: file.permission,
      owner: file.owner,
      group: file.group,
      attributes: file.attributes ?? new Map(),
      size: file.size,
      replication: file.replication,
      blockBytes: file.blockBytes,
      etag: file.etag,
      object: file.object,
      ...storeExtents(draft, id, content.extents),
      hasParts,
    },
    versioning,
  );
}

function chainFor(draft: Draft, { directory, make, caller }: PutArgs): Chain {
  if (make === undefined) return needChain(draft, directory, caller);
  // A bucket is never made by the way.
  needChain(draft, directory.slice(0, 1), caller);
  return makeChain(draft, directory, make, caller).chain;
}

const parentId = (chain: Chain): number => chain[chain.length - 1]!.inode.id;

export interface RemoveArgs extends Target {
  /** Left out: the file, or with versioning a delete marker in front of it. */
  readonly version?: VersionName;
  /** Left out: as the bucket has it. */
  readonly versioning?: Versioning;
  readonly condition?: Condition;
  /** Directories made for keys stay even when nothing is left in them. */
  readonly keepsDirectories?: boolean;
  /** A delete marker needs directories, also for a key that was not there. */
  readonly make?: NewDirectories;
}

export interface Removed {
  /** What went, or went behind the marker; null: there was nothing. */
  readonly file: FileInode | null;
  /** The delete marker that was made. */
  readonly marker: FileInode | null;
}

/** Takes a file, or one version of it, away. Nothing there is no error: see `Removed`. @throws FilesError. */
export function remove(draft: Draft, args: RemoveArgs): Removed {
  const { name, version, caller } = args;
  const versioning = args.versioning ?? versioningOf(draft, args.directory);
  const marks = version === undefined && versioning !== 'off' && args.make !== undefined;
  if (marks) needChain(draft, args.directory.slice(0, 1), caller);
  const chain = marks
    ? makeChain(draft, args.directory, args.make!, caller).chain
    : findChain(draft, args.directory, caller);
  const head = chain === null ? null : findFile(draft, parentId(chain), name);
  const named = version === undefined || head === null ? head : findVersion(draft, head, version);
  checkCondition(args.condition, named);
  if (chain === null) return { file: null, marker: null };
  const place = { chain, name, head };
  if (head !== null) caller?.mayRemove(chain[chain.length - 1]!.inode, head, name);
  if (marks) return { file: head, marker: putMarker(draft, place, versioning) };
  if (head === null) return { file: null, marker: null };
  if (named === null) return { file: null, marker: null };
  if (args.keepsDirectories === true) keepDirectory(draft, chain);
  removeVersion(draft, place, named, args.keepsDirectories);
  return { file: named, marker: null };
}

function putMarker(draft: Draft, place: Place, versioning: Versioning): FileInode {
  const { nowMs } = draft;
  const { head } = place;
  const id = draft.numbers();
  return putVersion(
    draft,
    place,
    {
      kind: 'marker',
      id,
      createdMs: nowMs,
      modifiedMs: nowMs,
      accessedMs: nowMs,
      permission: 0o644,
      owner: head?.owner ?? '',
      group: head?.group ?? '',
      attributes: new Map(),
      size: 0,
      replication: 0,
      blockBytes: 0,
      etag: '',
      object: Buffer.alloc(0),
      extents: [],
      extentsApart: false,
      extentsAt: id,
      hasParts: false,
    },
    versioning,
  );
}

/** To WebHDFS a directory is there until it is deleted, whatever made it. */
function keepDirectory(draft: Draft, chain: Chain): void {
  const { key, inode } = chain[chain.length - 1]!;
  if (inode.implicit) draft.put(key, encodeInode({ ...inode, implicit: false }));
}

export type FilledPlace = Place & { readonly head: FileInode };

/** The place of a file that can be seen, or with `orMarker` of a delete marker. @throws FilesError 'not-found'. */
export function needFile(draft: Draft, target: Target, orMarker = false): FilledPlace {
  const chain = needChain(draft, target.directory, target.caller);
  const head = findFile(draft, parentId(chain), target.name);
  if (head === null || (head.kind === 'marker' && !orMarker)) {
    throw new FilesError('not-found', showPath([...target.directory, target.name]));
  }
  return { chain, name: target.name, head };
}

/** Who changes the bytes of a file in place. */
interface Rewrite {
  /** What the file must still be; left out: anything. */
  readonly revision?: number;
  /** What the S3 door keeps from now on; left out: as before. */
  readonly object?: Buffer;
}

export interface AppendArgs extends Target, Rewrite {
  readonly content: Content;
  /** Bytes that come. */
  readonly bytes: number;
  readonly etag: string;
  readonly holder?: string;
  /** Bytes that were there when the writer began. */
  readonly sizeBefore: number;
}

/** Adds to the end of a file. @throws FilesError 'source-changed' when it has changed meanwhile. */
export function append(draft: Draft, args: AppendArgs): FileInode {
  const place = needFile(draft, args);
  const { head } = place;
  args.caller?.need(head, Access.write, args.name);
  checkLease(draft, parentId(place.chain), args.name, args.holder);
  checkRevision(head, args);
  if (head.size !== args.sizeBefore) throw new FilesError('source-changed', `${head.size} bytes`);
  saveBefore(draft, place);
  adoptExtents(draft, args.content, head.replication);
  const extents = [...extentsOf(draft, head), ...args.content.extents];
  return rewrite(draft, place, { ...args, extents, size: head.size + args.bytes });
}

/** A file whose content lives on, here or elsewhere. */
function saveBefore(draft: Draft, { chain, name, head }: FilledPlace): void {
  saveEntry(draft, chain, fileKey(parentId(chain), name), head, 'stays');
}

function checkRevision(head: FileInode, { revision }: Rewrite): void {
  if (revision === undefined || revision === head.revision) return;
  throw new FilesError('source-changed', `revision ${head.revision}`);
}

export interface TruncateArgs extends Target, Rewrite {
  readonly size: number;
  readonly etag: string;
  readonly holder?: string;
}

/** Cuts a file. @throws FilesError 'condition-failed' when it is shorter than that. */
export function truncate(draft: Draft, args: TruncateArgs): FileInode {
  const place = needFile(draft, args);
  args.caller?.need(place.head, Access.write, args.name);
  checkLease(draft, parentId(place.chain), args.name, args.holder);
  checkRevision(place.head, args);
  if (args.size > place.head.size) {
    throw new FilesError('condition-failed', `the file has ${place.head.size} bytes`);
  }
  saveBefore(draft, place);
  const { kept, dropped } = cutExtents(extentsOf(draft, place.head), args.size);
  reclaim(draft, { kind: 'extents', extents: dropped });
  return rewrite(draft, place, { ...args, extents: kept });
}

export interface ConcatArgs extends Target, Rewrite {
  /** Names in the same directory, in the order in which they follow. */
  readonly sources: readonly string[];
  readonly etag: string;
}

/** Moves the content of files behind that of another one; they are gone then. @throws FilesError. */
export function concat(draft: Draft, args: ConcatArgs): FileInode {
  if (new Set([args.name, ...args.sources]).size !== args.sources.length + 1) {
    throw new FilesError('bad-name', 'a file can not follow itself');
  }
  const target = needFile(draft, args);
  args.caller?.need(target.head, Access.write, args.name);
  checkRevision(target.head, args);
  saveBefore(draft, target);
  const extents = [...extentsOf(draft, target.head)];
  let { size } = target.head;
  for (const name of args.sources) {
    const place = needFile(draft, { ...args, name });
    const { head } = place;
    args.caller?.mayRemove(place.chain[place.chain.length - 1]!.inode, head, name);
    checkLease(draft, parentId(place.chain), name, undefined);
    if (head.series > 0) throw new FilesError('condition-failed', `${name} has older versions`);
    saveBefore(draft, place);
    extents.push(...extentsOf(draft, head));
    size += head.size;
    dropExtentRecords(draft, head);
    if (head.hasParts) reclaim(draft, { kind: 'upload', id: head.id });
    draft.delete(fileKey(parentId(place.chain), name));
    countChange(draft, place, null, true);
  }
  return rewrite(draft, target, { ...args, extents, size });
}

/** Gives a file other content in place. */
function rewrite(
  draft: Draft,
  place: FilledPlace,
  change: Rewrite & {
    readonly extents: Content['extents'];
    readonly size: number;
    readonly etag: string;
  },
): FileInode {
  const { head } = place;
  dropExtentRecords(draft, head);
  const next: FileInode = {
    ...head,
    ...storeExtents(draft, head.id, change.extents),
    size: change.size,
    etag: change.etag,
    object: change.object ?? head.object,
    modifiedMs: draft.nowMs,
    revision: draft.numbers(),
    hasParts: false,
  };
  if (head.hasParts) reclaim(draft, { kind: 'upload', id: head.id });
  draft.put(fileKey(parentId(place.chain), place.name), encodeInode(next));
  countChange(draft, place, next);
  return next;
}
