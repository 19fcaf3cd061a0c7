/**
 * Reads written entries back from the segment files while the log goes on.
 *
 * Remembers where the last read ended, so that a follower that reads on does not search again.
 */
import type { Disk } from '../../runtime/index.ts';
import { LogError } from './errors.ts';
import { headerBytes } from './format.ts';
import { createEntry, FrameScanner } from './scan.ts';
import type { SegmentInfo, SegmentStore } from './segment-store.ts';
import type { LogEntry } from './types.ts';

export class LogReader {
  readonly #disk: Disk;
  readonly #store: SegmentStore;
  readonly #entry = createEntry();
  /** In this segment the frame that holds or follows `index` begins at `position`. */
  #place = { number: 0, position: headerBytes, index: 0 };

  constructor(disk: Disk, store: SegmentStore) {
    this.#disk = disk;
    this.#store = store;
  }

  /** See `Log.readFrom`. */
  read(
    index: number,
    visit: (entry: LogEntry) => void,
    bounds: { readonly lastIndex: number; readonly limitBytes: number },
  ): number {
    let next = index;
    let given = 0;
    while (next <= bounds.lastIndex && given < bounds.limitBytes) {
      const before = next;
      const nth = this.#segmentOf(next);
      const limit = this.#store.segments[nth + 1]?.header.firstIndex ?? bounds.lastIndex + 1;
      const segment = this.#store.segments[nth]!;
      const file = this.#disk.openSync(segment.path, { mode: 'read' });
      try {
        const scanner = this.#scannerAt(file, segment, next);
        while (next < limit && given < bounds.limitBytes) {
          if (!scanner.find()) throw damaged(segment.path, scanner.position, next);
          const { firstIndex, count } = scanner.frame;
          if (firstIndex + count > next) {
            if (firstIndex > next) throw damaged(segment.path, scanner.position, next);
            given += Math.max(1, scanner.visit(this.#entry, next, visit));
            next = firstIndex + count;
          }
          scanner.skip();
        }
        this.#place = { number: segment.header.number, position: scanner.position, index: next };
      } finally {
        file.closeSync();
      }
      if (next === before) break;
    }
    return next;
  }

  #scannerAt(
    file: ReturnType<Disk['openSync']>,
    segment: SegmentInfo,
    index: number,
  ): FrameScanner {
    const { number, position, index: at } = this.#place;
    const onward = number === segment.header.number && at <= index;
    return new FrameScanner(file, segment.header.id, onward ? position : headerBytes);
  }

  /** The newest segment that begins at or before `index`. */
  #segmentOf(index: number): number {
    const { segments } = this.#store;
    let nth = segments.length - 1;
    while (nth >= 0 && segments[nth]!.header.firstIndex > index) nth--;
    if (nth < 0) throw new LogError('truncated', { detail: `entry ${index} was asked for` });
    return nth;
  }
}

function damaged(file: string, offset: number, index: number): LogError {
  return new LogError('corrupt', { file, offset, detail: `entry ${index} cannot be read` });
}
