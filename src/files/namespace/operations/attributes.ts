/**
 * Attributes of files and directories, quotas, and documents that doors keep with a directory.
 */
import { FilesError } from '../../errors.ts';
import { attributeBytesMax } from '../../limits.ts';
import { markWay, needChain, type Path, showPath } from '../chain.ts';
import { type Condition, checkCondition } from '../condition.ts';
import type { Draft } from '../draft.ts';
import { extentsOf } from '../extents.ts';
import { type DirectoryInode, encodeInode, type FileInode, type Inode } from '../inode.ts';
import { blockKey, documentKey, fileKey } from '../keys.ts';
import { Access, type Caller } from '../permission.ts';
import { decodeBlock, encodeBlock } from '../records.ts';
import { saveEntry } from '../snapshots/save.ts';
import { countChange, findVersion, rewriteVersion, type VersionName } from '../versions.ts';
import { needFile, type Target } from './files.ts';

export interface AttributeChange {
  readonly permission?: number;
  readonly owner?: string;
  readonly group?: string;
  readonly modifiedMs?: number;
  readonly accessedMs?: number;
  /** null: it goes. */
  readonly attributes?: ReadonlyMap<string, Buffer | null>;
}

export interface FileChange extends AttributeChange {
  readonly replication?: number;
  /** What the S3 door keeps, whole. */
  readonly object?: Buffer;
}

export interface SetFileArgs extends Target {
  readonly version?: VersionName;
  readonly change: FileChange;
  readonly condition?: Condition;
}

/** Changes a file, or one version of it. @throws FilesError 'not-found', 'no-version', 'permission-denied'. */
export function setFile(draft: Draft, args: SetFileArgs): FileInode {
  const { change, caller, name } = args;
  const place = needFile(draft, args, args.version !== undefined);
  const file =
    args.version === undefined ? place.head : findVersion(draft, place.head, args.version);
  if (file === null) throw new FilesError('no-version', `${name}, ${args.version}`);
  checkCondition(args.condition, file);
  mayChange(file, change, caller, name);
  const next: FileInode = {
    ...file,
    ...changed(file, change),
    replication: change.replication ?? file.replication,
    object: change.object ?? file.object,
    revision: draft.numbers(),
  };
  if (file.id === place.head.id) {
    const { inode } = place.chain[place.chain.length - 1]!;
    saveEntry(draft, place.chain, fileKey(inode.id, name), place.head, 'stays');
  }
  if (next.replication !== file.replication) replicate(draft, file, next.replication);
  rewriteVersion(draft, place, next);
  if (file.id === place.head.id) countChange(draft, place, next);
  else if (next.replication !== file.replication) {
    const olderSpace = place.head.olderSpace + (next.replication - file.replication) * file.size;
    const head = { ...place.head, olderSpace };
    rewriteVersion(draft, place, head);
    countChange(draft, place, head);
  }
  return next;
}

/** Blocks of the file get other replicas; one that others share gets no fewer. */
function replicate(draft: Draft, file: FileInode, replication: number): void {
  for (const { block } of extentsOf(draft, file)) {
    const key = blockKey(block);
    const stored = draft.get(key);
    if (stored === null) continue;
    const record = decodeBlock(stored);
    const wanted =
      record.references === 1 ? replication : Math.max(record.replication, replication);
    draft.put(key, encodeBlock({ ...record, replication: wanted }));
  }
}

export interface SetDirectoryArgs {
  readonly path: Path;
  readonly change: AttributeChange;
  readonly caller?: Caller;
}

/** @throws FilesError 'not-found', 'permission-denied'. */
export function setDirectory(draft: Draft, args: SetDirectoryArgs): DirectoryInode {
  const { key, inode } = stepAt(draft, args, 'changes');
  mayChange(inode, args.change, args.caller, showPath(args.path));
  const next: DirectoryInode = { ...inode, ...changed(inode, args.change) };
  draft.put(key, encodeInode(next));
  return next;
}

export interface SetQuotaArgs {
  readonly path: Path;
  /** null: none; undefined: as it is. */
  readonly namesMax?: number | null;
  readonly spaceMax?: number | null;
}

/** Sets quotas, which may be below what is used: nothing more comes in then. */
export function setQuota(draft: Draft, args: SetQuotaArgs): DirectoryInode {
  const { key, inode } = stepAt(draft, args, 'changes');
  const next: DirectoryInode = {
    ...inode,
    namesMax: args.namesMax === undefined ? inode.namesMax : (args.namesMax ?? undefined),
    spaceMax: args.spaceMax === undefined ? inode.spaceMax : (args.spaceMax ?? undefined),
  };
  draft.put(key, encodeInode(next));
  return next;
}

export interface SetDocumentsArgs {
  readonly path: Path;
  /** By name; null: it goes. */
  readonly documents: Readonly<Record<string, Buffer | null>>;
}

/** Keeps bytes with a directory under names. @throws FilesError 'not-found'. */
export function setDocuments(draft: Draft, args: SetDocumentsArgs): void {
  putDocuments(draft, stepAt(draft, args).inode.id, args.documents);
}

export function putDocuments(
  draft: Draft,
  owner: number,
  documents: SetDocumentsArgs['documents'],
): void {
  for (const [name, document] of Object.entries(documents)) {
    const key = documentKey(owner, name);
    if (document === null) draft.delete(key);
    else draft.put(key, document);
  }
}

function stepAt(
  draft: Draft,
  { path, caller }: { readonly path: Path; readonly caller?: Caller },
  fate?: 'changes',
): { readonly key: Buffer; readonly inode: DirectoryInode } {
  const chain = needChain(draft, path, caller);
  const step = chain[chain.length - 1]!;
  if (fate === 'changes') {
    const above = chain.slice(0, -1);
    saveEntry(draft, above, step.key, step.inode, 'stays');
    // A comparison of snapshots finds what has changed by the tallies above it.
    markWay(draft, above);
  }
  return step;
}

/** HDFS permissions guide: modes and owners are the owner's, times and attributes those of who may write. */
function mayChange(
  inode: Inode,
  change: FileChange,
  caller: Caller | undefined,
  name: string,
): void {
  if (caller === undefined) return;
  if (change.owner !== undefined && change.owner !== inode.owner && !caller.isSuperuser) {
    throw new FilesError('permission-denied', `${name}: only a superuser gives files away`);
  }
  if (change.group !== undefined && !caller.isSuperuser && !caller.groups.includes(change.group)) {
    throw new FilesError('permission-denied', `${name}: the user is not of group ${change.group}`);
  }
  const isOwners = change.permission !== undefined || change.owner !== undefined;
  if (isOwners || change.group !== undefined) caller.needOwner(inode, name);
  else caller.need(inode, Access.write, name);
}

function changed<I extends Inode>(inode: I, change: AttributeChange): I {
  return {
    ...inode,
    permission: change.permission ?? inode.permission,
    owner: change.owner ?? inode.owner,
    group: change.group ?? inode.group,
    modifiedMs: change.modifiedMs ?? inode.modifiedMs,
    accessedMs: change.accessedMs ?? inode.accessedMs,
    attributes: changedAttributes(inode.attributes, change.attributes),
  };
}

function changedAttributes(
  before: ReadonlyMap<string, Buffer>,
  change: ReadonlyMap<string, Buffer | null> | undefined,
): ReadonlyMap<string, Buffer> {
  if (change === undefined) return before;
  const after = new Map(before);
  for (const [name, value] of change) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  let bytes = 0;
  for (const [name, value] of after) bytes += Buffer.byteLength(name) + value.length;
  if (bytes > attributeBytesMax) {
    throw new FilesError('name-too-long', `attributes of ${bytes} bytes`);
  }
  return after;
}
