/**
 * An engine that nobody has open, looked at without changing anything: a checkpoint, or the folder of a
 * process that has stopped.
 */
import { basename, join } from 'node:path';
import type { Disk } from '../../runtime/index.ts';
import { readManifest } from './manifest.ts';
import { tablePath } from './table-path.ts';
import type { LsmWorker, VerifyReport } from './types.ts';

export interface LsmFolder {
  /** As `Lsm.durableMark`. */
  readonly mark: number;
  /** As `CheckpointReport.exact`. */
  readonly exact: boolean;
  /** Of all tables together. */
  readonly bytes: number;
  /** The files of the tables, by their names in the folder. */
  readonly tables: readonly { readonly name: string; readonly bytes: number }[];
  /** As `Lsm.verify`. Takes tables from a worker that is the caller's to close. */
  verify(worker: LsmWorker, onProgress?: (doneBytes: number) => void): Promise<VerifyReport>;
}

/** Reads which tables there are. @throws LsmError 'corrupt', 'version', 'io'. */
export function readLsmFolder(disk: Disk, folder: string): LsmFolder {
  const { add, mark, sequence, markSequence } = readManifest(disk, join(folder, 'manifest'));
  const metas = add.map(({ meta }) => meta);
  return {
    mark,
    exact: sequence <= markSequence,
    bytes: metas.reduce((sum, { bytes }) => sum + bytes, 0),
    tables: metas.map(({ number, bytes }) => ({ name: basename(tablePath('', number)), bytes })),
    verify(worker, onProgress) {
      // The sizes matter to those who write tables.
      const options = { folder, blockBytes: 0, tableBytes: 0 };
      return worker.verify({ options, tables: metas }, (bytes) => onProgress?.(bytes));
    },
  };
}
