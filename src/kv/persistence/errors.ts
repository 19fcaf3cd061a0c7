/** A stored file can not be used: what, where, and what an operator can do. */
export class CorruptCheckpointError extends Error {
  override readonly name = 'CorruptCheckpointError';
  readonly code = 'corrupt';
  readonly file: string;
  readonly offset: number;

  constructor(file: string, offset: number, detail: string) {
    super(
      `checkpoint ${file} is corrupt at offset ${offset}: ${detail}. Nothing was loaded. ` +
        'Restore the data folder from a backup or a replica, or move the file away to start from ' +
        'an older checkpoint and the log, if they are still there',
    );
    this.file = file;
    this.offset = offset;
  }
}
