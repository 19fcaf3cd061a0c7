/** Failures of tables, logs and records below as failures of the file system. Bugs stay what they are. */
import { LogError, LsmError } from '../core/store/index.ts';
import { RecordDamage } from './codec.ts';
import { FilesError } from './errors.ts';

/** @param what the part that it is about. */
export function translated(error: unknown, what: string): unknown {
  if (error instanceof RecordDamage) return new FilesError('corrupt', what, error);
  if (!(error instanceof LsmError) && !(error instanceof LogError)) return error;
  const { code } = error;
  if (code === 'closed' || code === 'disk-full' || code === 'busy' || code === 'corrupt') {
    return new FilesError(code, what, error);
  }
  return new FilesError('io', what, error);
}
