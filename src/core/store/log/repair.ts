/**
 * Cuts a damaged log at the place where it stops to hold. Only on an explicit request of a person:
 * entries behind the cut were acknowledged as durable and are lost by it.
 */
import { join } from 'node:path';
import { runAtOnce, type WorkDone } from '../../base/index.ts';
import type { Disk } from '../../runtime/index.ts';
import { LogError } from './errors.ts';
import { headerBytes } from './format.ts';
import { walkLog } from './walk.ts';

export interface RepairOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Report only. */
  readonly dryRun?: boolean;
  /** How much of the log has been read, every few MiB. */
  readonly progress?: (done: WorkDone) => void;
}

export interface RepairReport {
  /** Null: the log holds and nothing was done. */
  readonly damage: {
    readonly file: string;
    readonly offset: number;
    readonly detail: string;
  } | null;
  /** The last entry that is kept; 0 when none is. */
  readonly lastIndexKept: number;
  readonly entriesKept: number;
  /** Segment files deleted whole. */
  readonly droppedFiles: readonly string[];
  /** Bytes cut off, those of the deleted files included; zeros that were never used count too. */
  readonly droppedBytes: number;
}

/**
 * The log must not be open. Running it again after an abort is safe.
 *
 * @throws LogError 'foreign', 'version'; the disk's error.
 */
export function repairLog(options: RepairOptions): RepairReport {
  const { disk, folder, dryRun = false } = options;
  const walking = walkLog({ disk, folder, nodeId: undefined, from: 0, visit: undefined });
  const walk = runAtOnce(walking, options.progress);
  const { damage } = walk;
  if (damage !== null && damage.code !== 'corrupt') {
    // A newer format or a stranger's segment is not damage: cutting it would destroy good data.
    throw new LogError(damage.code, damage);
  }
  const lastIndexKept = Math.max(0, walk.nextIndex - 1);
  const kept = { lastIndexKept, entriesKept: walk.entries };
  if (damage === null) return { damage, ...kept, droppedFiles: [], droppedBytes: 0 };

  const cutsFile = damage.offset >= headerBytes;
  const names = walk.files.slice(cutsFile ? damage.segment + 1 : damage.segment);
  const droppedFiles = names.map((name) => join(folder, name));
  let droppedBytes = 0;
  // Newest first: whenever this is interrupted, the names left are an unbroken run.
  for (const path of droppedFiles.toReversed()) {
    droppedBytes += disk.statSync(path)?.sizeBytes ?? 0;
    if (dryRun) continue;
    disk.unlinkSync(path);
    disk.syncDirectorySync(folder);
  }
  if (cutsFile) {
    const file = disk.openSync(damage.file, { mode: dryRun ? 'read' : 'write' });
    try {
      droppedBytes += file.sizeSync() - damage.offset;
      if (!dryRun) {
        file.truncateSync(damage.offset);
        file.datasyncSync();
      }
    } finally {
      file.closeSync();
    }
  }
  return { damage, ...kept, droppedFiles, droppedBytes };
}
