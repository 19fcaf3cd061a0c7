/**
 * What a version of a file must be like for an operation to be done; judged in the same step as the change.
 */
import { FilesError } from '../errors.ts';
import type { FileInode } from './inode.ts';

/** All that are given must hold. */
export interface Condition {
  /** False: nothing may be seen there; a delete marker is nothing. True: something must. */
  readonly exists?: boolean;
  /** Without quotes. */
  readonly etag?: string;
  /** Seconds of Unix time, as HTTP dates tell them. */
  readonly modifiedSeconds?: number;
  readonly size?: number;
  readonly revision?: number;
}

/**
 * @param file the version that it is about; null: there is none.
 * @throws FilesError 'condition-failed'; 'not-found' when a file is asked for and there is none.
 */
export function checkCondition(condition: Condition | undefined, file: FileInode | null): void {
  if (condition === undefined) return;
  const { exists, etag, modifiedSeconds, size, revision } = condition;
  const seen = file?.kind === 'file' ? file : null;
  if (exists === false) {
    if (seen !== null) failed('number', seen.id);
    return;
  }
  if (exists === true && seen === null) throw missing();
  if (revision !== undefined && file?.revision !== revision) failed('revision', file?.revision);
  if (etag === undefined && modifiedSeconds === undefined && size === undefined) return;
  if (seen === null) throw missing();
  if (etag !== undefined && etag !== seen.etag) failed('entity tag', seen.etag);
  if (size !== undefined && size !== seen.size) failed('size', seen.size);
  const seconds = Math.floor(seen.modifiedMs / 1000);
  if (modifiedSeconds !== undefined && modifiedSeconds !== seconds) failed('time', seconds);
}

function missing(): FilesError {
  return new FilesError('not-found', 'the condition asks for a file');
}

function failed(what: string, met: string | number | undefined): never {
  throw new FilesError('condition-failed', `the ${what} is ${met}`);
}
