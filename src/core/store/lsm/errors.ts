/**
 * What the engine throws and hands to callbacks.
 */
import { errorCode } from '../../runtime/index.ts';
import { LogError } from '../log/index.ts';

/**
 * corrupt: a file does not hold; `file` and `offset` say where. version: a file of a newer program.
 * disk-full, io: the disk refused; nothing acknowledged is lost, `detail` is its word. busy: writes
 * came faster than the disk takes them, beyond the bound. too-large: a batch of more than 64 MiB.
 * closed: used after `close`.
 */
export type LsmErrorCode =
  | 'corrupt'
  | 'version'
  | 'disk-full'
  | 'io'
  | 'busy'
  | 'too-large'
  | 'closed';

export interface LsmErrorContext {
  readonly file?: string;
  readonly offset?: number;
  readonly detail?: string;
}

export class LsmError extends Error {
  override readonly name = 'LsmError';
  readonly code: LsmErrorCode;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly detail: string | undefined;

  constructor(code: LsmErrorCode, context: LsmErrorContext = {}, cause?: unknown) {
    super(describe(code, context), cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = context.file;
    this.offset = context.offset;
    this.detail = context.detail;
  }

  /** What the disk or a log threw, in our words. An `LsmError` is given back as it is. */
  static from(error: unknown, file: string): LsmError {
    if (error instanceof LsmError) return error;
    if (error instanceof LogError) return fromLog(error, file);
    const code = errorCode(error);
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    const detail = error instanceof Error ? error.message : String(error);
    return new LsmError(full ? 'disk-full' : 'io', { file, detail }, error);
  }
}

const logCodes: Partial<Record<LogError['code'], LsmErrorCode>> = {
  corrupt: 'corrupt',
  foreign: 'corrupt',
  truncated: 'corrupt',
  version: 'version',
  'disk-full': 'disk-full',
  'entry-too-large': 'too-large',
  closed: 'closed',
};

function fromLog(error: LogError, folder: string): LsmError {
  const file = error.file ?? folder;
  const offset = error.offset === null ? {} : { offset: error.offset };
  return new LsmError(
    logCodes[error.code] ?? 'io',
    { file, ...offset, detail: error.message },
    error,
  );
}

function describe(code: LsmErrorCode, context: LsmErrorContext): string {
  const { file, offset, detail } = context;
  const place = file === undefined ? '' : ` in ${file}`;
  const where = offset === undefined ? '' : ` at byte ${offset}`;
  return `LSM ${code}${place}${where}${detail === undefined ? '' : `: ${detail}`}`;
}
