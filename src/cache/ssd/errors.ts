/**
 * What opening the tier throws and what a purge that was not made durable is refused with.
 */
import { errorCode } from '../../core/runtime/index.ts';

export const diskTierErrorTable = {
  'disk-full': 'the disk of the cache is full',
  io: 'the disk of the cache refused',
  closed: 'the disk tier of the cache is closed',
  'too-large': 'a purge is longer than the log of purges takes',
  busy: 'too many purges wait to be written',
} as const;

export type DiskTierErrorCode = keyof typeof diskTierErrorTable;

export class DiskTierError extends Error {
  override readonly name = 'DiskTierError';
  readonly code: DiskTierErrorCode;

  constructor(code: DiskTierErrorCode, detail = '', cause?: unknown) {
    const text = diskTierErrorTable[code];
    super(detail === '' ? text : `${text}: ${detail}`, cause === undefined ? {} : { cause });
    this.code = code;
  }

  /** What the disk threw, in our words. One of ours is given back as it is. */
  static from(error: unknown): DiskTierError {
    if (error instanceof DiskTierError) return error;
    const code = errorCode(error);
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    const detail = error instanceof Error ? error.message : String(error);
    return new DiskTierError(full ? 'disk-full' : 'io', detail, error);
  }
}

/** Lets pass what the disk refused, which is told elsewhere; everything else is a bug of ours. */
export function ignoreDiskErrors(error: unknown): void {
  if (!(error instanceof DiskTierError)) throw error;
}
