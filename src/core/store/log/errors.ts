/**
 * The world's failures as the log reports them. Retryable ones may pass: call `tryResume`.
 */
import { errorCode } from '../../runtime/index.ts';

export const logErrorTable = {
  'disk-full': { retryable: true, sentence: 'the disk is full' },
  io: { retryable: true, sentence: 'the disk reported an error' },
  'sync-failed': { retryable: true, sentence: 'the disk could not make written data durable' },
  'unsynced-lost': {
    retryable: false,
    sentence: 'data whose sync failed are no longer in memory: take a checkpoint and restart',
  },
  'entry-too-large': { retryable: false, sentence: 'an entry is larger than the log takes' },
  closed: { retryable: false, sentence: 'the log is closed' },
  truncated: { retryable: false, sentence: 'the entries asked for have been deleted' },
  corrupt: { retryable: false, sentence: 'a record that was durable is damaged or missing' },
  foreign: { retryable: false, sentence: 'a segment belongs to another log or place' },
  version: { retryable: false, sentence: 'a segment has a format this program does not know' },
} as const satisfies Record<string, { retryable: boolean; sentence: string }>;

export type LogErrorCode = keyof typeof logErrorTable;

export interface LogErrorDetail {
  readonly file?: string;
  /** Byte offset in `file`. */
  readonly offset?: number;
  /** What was met and what was wanted. */
  readonly detail?: string;
  readonly cause?: unknown;
}

export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;
  readonly retryable: boolean;
  readonly file: string | null;
  readonly offset: number | null;

  constructor(code: LogErrorCode, where: LogErrorDetail = {}) {
    super(describe(code, where), where.cause === undefined ? {} : { cause: where.cause });
    this.code = code;
    this.retryable = logErrorTable[code].retryable;
    this.file = where.file ?? null;
    this.offset = where.offset ?? null;
  }

  /** What a disk's error means to a log. */
  static fromDisk(cause: unknown, file: string): LogError {
    return new LogError(isDiskFull(cause) ? 'disk-full' : 'io', { file, cause });
  }
}

/** True for errors that end when somebody frees space: write(2) ENOSPC, EDQUOT. */
export function isDiskFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** What to tell a person who meets a corrupt log. */
export function repairCommand(folder: string): string {
  return `to cut the log there, losing what follows, stop the node and run: plinth repair-log ${folder}`;
}

function describe(code: LogErrorCode, where: LogErrorDetail): string {
  let text: string = logErrorTable[code].sentence;
  if (where.file !== undefined) text += ` in ${where.file}`;
  if (where.offset !== undefined) text += ` at offset ${where.offset}`;
  if (where.detail !== undefined) text += `: ${where.detail}`;
  if (where.cause instanceof Error) text += ` (${where.cause.message})`;
  return text;
}
