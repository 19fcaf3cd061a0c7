/**
 * What the file system answers instead of doing what was asked. Doors translate codes into theirs.
 */

export const filesErrorTable = {
  'not-found': { retryable: false, sentence: 'there is no such file or directory' },
  'not-a-directory': { retryable: false, sentence: 'a part of the path is a file' },
  'is-a-directory': { retryable: false, sentence: 'the path is a directory' },
  exists: { retryable: false, sentence: 'there is something of this name' },
  'not-empty': { retryable: false, sentence: 'the directory is not empty' },
  'bad-name': { retryable: false, sentence: 'the name can not be used' },
  'name-too-long': { retryable: false, sentence: 'a name has too many bytes' },
  'too-deep': { retryable: false, sentence: 'the path has too many parts' },
  snapshot: { retryable: false, sentence: 'snapshots do not allow it' },
  'into-itself': { retryable: false, sentence: 'a directory can not move below itself' },
  'permission-denied': { retryable: false, sentence: 'the user may not do this' },
  'names-quota': { retryable: false, sentence: 'the quota of names is used up' },
  'space-quota': { retryable: false, sentence: 'the quota of space is used up' },
  'condition-failed': { retryable: false, sentence: 'the file is not as the condition wants it' },
  'lease-held': { retryable: true, sentence: 'somebody else is writing the file' },
  'lease-lost': { retryable: false, sentence: 'the lease on the file has ended' },
  'no-upload': { retryable: false, sentence: 'there is no such upload' },
  'no-part': { retryable: false, sentence: 'a part is missing or is not the one named' },
  'no-version': { retryable: false, sentence: 'there is no such version' },
  'source-changed': { retryable: true, sentence: 'what was to be copied has changed meanwhile' },
  'too-many-extents': { retryable: false, sentence: 'the file has too many pieces' },
  'disk-full': { retryable: true, sentence: 'there is no room on the disk' },
  io: { retryable: true, sentence: 'the disk reported an error' },
  corrupt: { retryable: false, sentence: 'data on the disk are damaged' },
  foreign: { retryable: false, sentence: 'a disk belongs to another file system' },
  'in-use': { retryable: true, sentence: 'a disk is used by another process' },
  missing: { retryable: false, sentence: 'a block is not there' },
  'no-nodes': { retryable: true, sentence: 'too few DataNodes take a block' },
  'no-replica': { retryable: true, sentence: 'no replica of a block can be reached' },
  'node-gone': { retryable: true, sentence: 'a DataNode or the NameNode does not answer' },
  untrusted: { retryable: false, sentence: 'the other end does not know the secret' },
  busy: { retryable: true, sentence: 'writes come faster than they can be stored' },
  closed: { retryable: true, sentence: 'the file system is stopping' },
} as const satisfies Record<string, { retryable: boolean; sentence: string }>;

export type FilesErrorCode = keyof typeof filesErrorTable;

export class FilesError extends Error {
  override readonly name = 'FilesError';
  readonly code: FilesErrorCode;
  /** It may yet be done: its journal entry was written, and it is not known how far. */
  isUndecided = false;

  /** @param detail what it was about, and what was met. */
  constructor(code: FilesErrorCode, detail = '', cause?: unknown) {
    const { sentence } = filesErrorTable[code];
    super(
      detail === '' ? sentence : `${sentence}: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
    this.code = code;
  }

  get retryable(): boolean {
    return filesErrorTable[this.code].retryable;
  }
}
