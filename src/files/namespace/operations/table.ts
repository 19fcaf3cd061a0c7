/**
 * All operations on the namespace. Each is a pure function of a draft and its arguments: it changes the draft and
 * gives a result, or throws a `FilesError` and has changed nothing.
 */
import type { Draft } from '../draft.ts';
import { IDENTITY_KEY } from '../keys.ts';
import { setDirectory, setDocuments, setFile, setQuota } from './attributes.ts';
import { makeDirectory, removeDirectory, rename } from './directories.ts';
import { append, concat, put, remove, truncate } from './files.ts';
import { lease, release } from './leases.ts';
import { reclaimSlice } from './reclaim.ts';
import {
  allowSnapshots,
  createSnapshot,
  deleteSnapshot,
  disallowSnapshots,
  renameSnapshot,
} from './snapshots.ts';
import { moveToTrash } from './trash.ts';
import { abortUpload, completeUpload, putPart, startUpload } from './uploads.ts';

export const operations = {
  put,
  remove,
  append,
  truncate,
  concat,
  makeDirectory,
  removeDirectory,
  rename,
  moveToTrash,
  setFile,
  setDirectory,
  setQuota,
  setDocuments,
  startUpload,
  putPart,
  completeUpload,
  abortUpload,
  lease,
  release,
  reclaimSlice,
  allowSnapshots,
  disallowSnapshots,
  createSnapshot,
  renameSnapshot,
  deleteSnapshot,
  identity,
  /** Numbers for blocks, taken ahead of need. @returns the first. */
  numbers: (draft: Draft, { count }: { readonly count: number }): number => draft.numbers(count),
} as const;

/** Gives the file system an identity for life, unless it has one. @returns the one that it has. */
function identity(draft: Draft, { id }: { readonly id: string }): string {
  const stored = draft.get(IDENTITY_KEY);
  if (stored !== null) return stored.toString('latin1');
  draft.put(IDENTITY_KEY, Buffer.from(id, 'latin1'));
  return id;
}

export type OperationName = keyof typeof operations;
export type OperationArgs<N extends OperationName> = Parameters<(typeof operations)[N]>[1];
export type OperationResult<N extends OperationName> = ReturnType<(typeof operations)[N]>;
