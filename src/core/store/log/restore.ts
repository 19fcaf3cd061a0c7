/**
 * Makes the end of a verified log fit to be written on: cuts a torn tail, writes again what may be in
 * the page cache only, and syncs.
 */
import type { DiskFile } from '../../runtime/index.ts';
import { readBytes } from './limits.ts';
import { Segment } from './segment.ts';
import type { LogOptions, RecoveryReport } from './types.ts';
import type { Walk } from './walk.ts';

/**
 * @returns the segment to go on in; null when there is none or the last one was cut: what stood
 * behind the cut must not come to life again under frames to come.
 * @throws the disk's error.
 */
export function restoreTail(
  walk: Walk,
  options: LogOptions,
  segmentBytes: number,
): { segment: Segment | null; report: RecoveryReport } {
  const { disk, folder, policy } = options;
  const counts = { segments: walk.segments.length, entries: walk.entries, bytes: walk.bytes };
  const last = walk.segments.at(-1);
  if (last === undefined) return { segment: null, report: { ...counts, tornTail: null } };
  const file = disk.openSync(last.path, { mode: 'write', dsync: policy === 'always' });
  try {
    const sizeBytes = file.sizeSync();
    rewrite(file, walk.untestifiedFrom, walk.end);
    if (walk.torn) file.truncateSync(walk.end);
    file.datasyncSync();
    disk.syncDirectorySync(folder);
    if (walk.torn) {
      file.closeSync();
      const tornTail = { file: last.path, offset: walk.end, bytes: sizeBytes - walk.end };
      return { segment: null, report: { ...counts, tornTail } };
    }
    const sizes = {
      allocated: sizeBytes,
      segmentBytes: Math.max(segmentBytes, sizeBytes),
      sparse: policy !== 'always',
    };
    const segment = new Segment(last.header, last.path, file, sizes);
    segment.position = walk.end;
    return { segment, report: { ...counts, tornTail: null } };
  } catch (error) {
    file.closeSync();
    throw error;
  }
}

/** Writes a range over itself: after a failed sync the system believes such pages to be clean. */
function rewrite(file: DiskFile, from: number, to: number): void {
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, Math.max(0, to - from)));
  let position = from;
  while (position < to) {
    const read = file.readSync(buffer, 0, Math.min(buffer.length, to - position), position);
    for (let done = 0; done < read; ) {
      done += file.writeSync(buffer, done, read - done, position + done);
    }
    if (read === 0) throw new RangeError('the log became shorter while it was opened');
    position += read;
  }
}
