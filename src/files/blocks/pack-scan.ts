/**
 * Reading a container from one record to the next.
 */
import type { DiskFile } from '../../core/runtime/index.ts';
import { packedBytesMax } from '../limits.ts';
import { readWhole } from './file-work.ts';
import {
  bodyBytes,
  bodyHolds,
  RECORD_HEAD_BYTES,
  type RecordHead,
  readRecordHead,
  recordBytes,
} from './format.ts';

const WINDOW_BYTES = 2 * 1024 * 1024;

export interface ScannedRecord extends RecordHead {
  readonly offset: number;
  /** Chunks and checksums; good until the next record. */
  readonly body: Buffer;
  readonly holds: boolean;
}

/**
 * Gives records from `from` on to `visit`, until one has no head that holds.
 * @returns where the last one ends. @throws the disk's error.
 */
export async function scanPack(
  file: DiskFile,
  from: number,
  visit: (record: ScannedRecord) => void | Promise<void>,
): Promise<number> {
  const window = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  let at = from;
  for (;;) {
    const read = await readWhole(file, window, 0, WINDOW_BYTES, at);
    let inside = 0;
    for (;;) {
      const head = readRecordHead(window.subarray(0, read), inside);
      if (head === null || head.length > packedBytesMax) break;
      const end = inside + recordBytes(head.length);
      if (end > read) break;
      const start = inside + RECORD_HEAD_BYTES;
      const body = window.subarray(start, start + bodyBytes(head.length));
      await visit({ ...head, offset: at + inside, body, holds: bodyHolds(head.block, body) });
      inside = end;
    }
    at += inside;
    // The window has no whole record: the container ends here.
    if (inside === 0 || read < WINDOW_BYTES) return at;
  }
}
