/**
 * What an earlier process left in the folder of a tier, brought into the index: the purge log, then the segments,
 * oldest first. What was not closed is closed, what does not hold is removed.
 */
import {
  type Clock,
  type Disk,
  type DiskFile,
  errorCode,
  type Random,
} from '../../core/runtime/index.ts';
import { ignoreDiskErrors } from './errors.ts';
import type { Footer } from './footer.ts';
import { HEADER_BYTES } from './format.ts';
import { loadSegment } from './load-segment.ts';
import { PurgeLog } from './purge-log.ts';
import type { RecordIndex } from './record-index.ts';
import type { Segment } from './segment.ts';
import { fileName, fileNumber, type Segments } from './segments.ts';
import type { Settings } from './settings.ts';
import { Tail } from './tail.ts';
import type { Damage, TierCounts } from './types.ts';

export interface OpenFolderOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly folder: string;
  readonly settings: Settings;
  readonly segments: Segments;
  readonly index: RecordIndex;
  readonly counts: TierCounts;
  readonly onDamage: (damage: Damage) => void;
}

/** @throws the disk's error. */
export async function openFolder(options: OpenFolderOptions): Promise<PurgeLog> {
  const { disk, random, folder, settings } = options;
  disk.mkdirSync(folder);
  const names = disk.listSync(folder);
  const { log, missing, path } = await PurgeLog.open(
    { disk, random, folder, fileBytesMax: settings.purgeFileBytesMax },
    names,
  );
  const numbers = names.map((name) => fileNumber(name, 'seg')).filter((each) => each !== null);
  if (missing !== null && numbers.length > 0) {
    // Any of them might hold what a purge that is missing was about.
    options.onDamage({ file: path, offset: 0, what: missing });
    for (const number of numbers) await disk.unlink(`${folder}/${fileName(number, 'seg')}`);
    await disk.syncDirectory(folder);
  } else for (const number of numbers) await load(number, options);
  await log.removeLeftovers(names);
  return log;
}

async function load(number: number, options: OpenFolderOptions): Promise<void> {
  const { disk, folder, segments, index, counts } = options;
  const path = `${folder}/${fileName(number, 'seg')}`;
  const slot = segments.freeSlot();
  const onDamage = (damage: Damage): void => {
    counts.damaged++;
    options.onDamage(damage);
  };
  let file: DiskFile | null = null;
  try {
    file = await disk.open(path, { mode: 'write' });
    const loaded = await loadSegment(file, number, { index, slot, onDamage });
    if (loaded !== null && loaded.segment.items > 0) {
      segments.add(loaded.segment);
      await end(loaded.segment, loaded.footer, options);
      return;
    }
    // A shorter one was cut off while it was begun.
    if (loaded === null && file.sizeSync() >= HEADER_BYTES) {
      onDamage({ file: path, offset: 0, what: 'segment' });
    }
  } catch (error) {
    // Too many open files, say, is nothing against the segment.
    if (errorCode(error) !== 'EIO') throw error;
    // Not to be read now is not to be believed later, when purges may be forgotten.
    counts.readErrors++;
    forget(index, slot);
  }
  file?.closeSync();
  segments.nextNumber = Math.max(segments.nextNumber, number + 1);
  await disk.unlink(path);
  await disk.syncDirectory(folder);
}

/** Gives a segment the footer that it lacks. Without one it is read whole again the next time. */
async function end(
  segment: Segment,
  footer: Footer | null,
  { segments }: OpenFolderOptions,
): Promise<void> {
  segments.closed(segment, segment.file.sizeSync());
  if (footer === null) return;
  const tail = Tail.resume(segment, footer, segments);
  if (!tail.cutBack()) return;
  try {
    await tail.seal();
  } catch (error) {
    ignoreDiskErrors(error);
    tail.abandon();
  }
}

/** Takes out what a segment brought before it failed. */
function forget(index: RecordIndex, slot: number): void {
  for (let piece = 0; piece < index.pieces; piece++) {
    index.inSlot(piece, slot, (entry) => index.remove(entry));
  }
}
