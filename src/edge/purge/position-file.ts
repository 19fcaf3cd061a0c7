/**
 * Where a PoP stands in the order of purges, kept for its next start: docs/formats/edge-bus.md.
 *
 * Invariant: it is never ahead of what the cache has durably purged, so it is written behind that and some time later.
 */
import { dirname } from 'node:path';
import type { Clock, Disk, Timer } from '../../core/runtime/index.ts';
import { readFileWhole } from '../../core/store/index.ts';
import type { Position } from './messages.ts';
import { readPosition } from './wire.ts';

/** Between two writes at least, milliseconds: what is not written is told anew at the next start. */
const PAUSE_MS = 1000;

export class PositionFile {
  private readonly disk: Disk;
  private readonly clock: Clock;
  private readonly path: string;
  private readonly onFailed: (error: unknown) => void;
  private wanted: Position | null = null;
  private writing: Promise<void> | null = null;
  private timer: Timer | null = null;

  constructor(options: {
    readonly disk: Disk;
    readonly clock: Clock;
    readonly path: string;
    onFailed(error: unknown): void;
  }) {
    this.disk = options.disk;
    this.clock = options.clock;
    this.path = options.path;
    this.onFailed = options.onFailed;
  }

  /** Null: nothing is known. */
  read(): Position | null {
    try {
      const bytes = readFileWhole(this.disk, this.path);
      return bytes === null ? null : (readPosition(JSON.parse(bytes.toString('utf8'))) ?? null);
    } catch (error) {
      this.onFailed(error);
      return null;
    }
  }

  /** Forgets it, durably. @throws the disk's error */
  clear(): void {
    this.wanted = null;
    if (this.disk.statSync(this.path) === null) return;
    this.disk.unlinkSync(this.path);
    this.disk.syncDirectorySync(dirname(this.path));
  }

  /** Has it written soon. */
  keep(position: Position): void {
    this.wanted = position;
    if (this.timer !== null || this.writing !== null) return;
    this.timer = this.clock.setTimer(PAUSE_MS, () => {
      this.timer = null;
      void this.flush();
    });
    this.timer.unref();
  }

  /** Resolves when what was given to `keep` is written, or could not be. */
  async flush(): Promise<void> {
    if (this.timer !== null) this.clock.clearTimer(this.timer);
    this.timer = null;
    await this.writing;
    const { wanted } = this;
    if (wanted === null) return;
    this.wanted = null;
    this.writing = this.write(Buffer.from(JSON.stringify(wanted)))
      .catch(this.onFailed)
      .finally(() => {
        this.writing = null;
      });
    await this.writing;
    if (this.wanted !== null) this.keep(this.wanted);
  }

  /** As `writeFileAtomic`, off the loop: the old content or the new one, whatever happens. */
  private async write(bytes: Buffer): Promise<void> {
    const { disk, path } = this;
    const next = `${path}.new`;
    const file = await disk.open(next, { mode: 'create' });
    try {
      file.truncateSync(0);
      let done = 0;
      while (done < bytes.length) {
        const from = done;
        done += await new Promise<number>((resolve, reject) => {
          file.write(bytes, from, bytes.length - from, from, (error, count) => {
            if (error === null) resolve(count);
            else reject(error);
          });
        });
      }
      await new Promise<void>((resolve, reject) => {
        file.datasync((error) => (error === null ? resolve() : reject(error)));
      });
    } finally {
      file.closeSync();
    }
    await disk.rename(next, path);
    await disk.syncDirectory(dirname(path));
  }
}
