/**
 * Tables that the manifest does not name: a crash left them behind, or the manifest is lost.
 */
import type { Disk } from '../../runtime/index.ts';
import { LsmError } from './errors.ts';
import { tableNumber, tablePath } from './table-path.ts';

/** @throws LsmError 'corrupt' when there are tables: the manifest that named them must be gone. */
export function refuseOrphans(disk: Disk, folder: string): void {
  const orphan = disk.listSync(folder).find((name) => tableNumber(name) !== null);
  if (orphan === undefined) return;
  const detail = 'there are tables, but the manifest that names them is gone';
  throw new LsmError('corrupt', { file: folder, detail });
}

/** Deletes tables that are not named. @throws what the disk says. */
export function deleteLeftovers(disk: Disk, folder: string, named: ReadonlySet<number>): void {
  for (const name of disk.listSync(folder)) {
    const number = tableNumber(name);
    if (number !== null && !named.has(number)) disk.unlinkSync(tablePath(folder, number));
  }
}
