/** `plinth files status`: disks and what reads them through, of a NameNode and of a DataNode. */
import type { DiskShown, FilesStatus } from '../files/index.ts';
import { roughSize } from './rough-size.ts';
import { table } from './table.ts';

export function disksText(disks: readonly DiskShown[]): string {
  const rows = disks.map(({ folder, state, freeBytes, totalBytes }) => [
    folder,
    state,
    roughSize(freeBytes),
    roughSize(totalBytes),
  ]);
  return table([['DISK', 'STATE', 'FREE', 'TOTAL'], ...rows]);
}

export function scrubText({
  rounds,
  blocks,
  bytes,
  bad,
  bytesPerSecond,
}: FilesStatus['scrub']): string {
  if (bytesPerSecond === 0) return 'off';
  const now = `${blocks} blocks, ${roughSize(bytes)} of this round`;
  return `${rounds} rounds, ${now}, ${roughSize(bytesPerSecond)} a second, ${bad} bad blocks found`;
}
