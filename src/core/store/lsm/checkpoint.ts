/**
 * A consistent copy of an engine by hard links: tables never change, so both names may share them.
 *
 * The folder is complete when its manifest is there, which is written last.
 */
import { dirname } from 'node:path';
import type { Clock, Disk, Random } from '../../runtime/index.ts';
import type { Counters, Edit } from './edit.ts';
import { LsmError } from './errors.ts';
import { writeCheckpointManifest } from './manifest.ts';
import { tablePath } from './table-path.ts';
import type { CheckpointReport } from './types.ts';

interface Place {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: string;
}

/**
 * @param folder new, or empty, on the same file system.
 * @param edit whole: every table, held by the caller until this is done, and every counter.
 * @throws LsmError, and what the disk says; the folder is not complete then.
 */
export async function writeCheckpoint(
  options: Place,
  folder: string,
  edit: Required<Pick<Edit, 'whole' | 'add'>> & Counters,
): Promise<CheckpointReport> {
  const { disk } = options;
  disk.mkdirSync(folder);
  if (disk.listSync(folder).length > 0) {
    throw new LsmError('io', { file: folder, detail: 'a checkpoint needs an empty folder' });
  }
  let bytes = 0;
  for (const { meta } of edit.add) {
    await disk.link(tablePath(options.folder, meta.number), tablePath(folder, meta.number));
    bytes += meta.bytes;
  }
  await disk.syncDirectory(folder);
  // Nothing of our log is in the copy, so its entries begin anew there.
  await writeCheckpointManifest(options, folder, { ...edit, walIndex: 0 });
  await disk.syncDirectory(dirname(folder));
  const exact = edit.sequence <= edit.markSequence;
  return { tables: edit.add.length, bytes, mark: edit.mark, exact };
}
