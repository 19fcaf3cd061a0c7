/**
 * What the engine throws and hands to callbacks.
 */
import { errorCode } from '../../runtime/index.ts';

/**
 * corrupt: a file does not hold; `file` and `offset` say where. version: a file of a newer program.
 * disk-full, io: the disk refused; nothing acknowledged is lost, `detail` is its word. busy: writes
 * came faster than the disk takes them, beyond the bound. closed: used after `close`.
 */
export type LsmErrorCode = 'corrupt' | 'version' | 'disk-full' | 'io' | 'busy' | 'closed';

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

  /** What the disk threw, in our words. An `LsmError` is given back as it is. */
  static from(error: unknown, file: string): LsmError {
    if (error instanceof LsmError) return error;
    const code = errorCode(error);
    const full = code === 'ENOSPC' || code === 'EDQUOT';
    const detail = error instanceof Error ? error.message : String(error);
    return new LsmError(full ? 'disk-full' : 'io', { file, detail }, error);
  }
}

function describe(code: LsmErrorCode, context: LsmErrorContext): string {
  const { file, offset, detail } = context;
  const place = file === undefined ? '' : ` in ${file}`;
  const where = offset === undefined ? '' : ` at byte ${offset}`;
  return `LSM ${code}${place}${where}${detail === undefined ? '' : `: ${detail}`}`;
}
