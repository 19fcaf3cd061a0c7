/**
 * A file, or standard output, that lines are appended to without the event loop ever waiting for it.
 *
 *     write ─▶ waiting ─▶ one write under way at a time ─▶ the file
 *                 └── more than `LINES_BUFFER_BYTES_MAX` ─▶ dropped and counted
 *
 * Invariants: what is written by one call comes whole and in its order or not at all; what could not be written (a
 * full disk) is tried again until it works; a file that another program has cut short is gone on with at its end.
 */
import { pino } from 'pino';
import type { Clock, Disk, DiskFile, Timer } from '../runtime/index.ts';

/** Waiting bytes beyond which lines are dropped. */
export const LINES_BUFFER_BYTES_MAX = 4 * 1024 * 1024;
/** How long `close` waits for what takes the lines, milliseconds. */
const CLOSE_WAIT_MS = 500;
/** Between two tries of a write that failed, milliseconds. */
const RETRY_MS = 500;
const STDOUT = 1;

export interface LineFile {
  /** Appends whole lines, `count` of them, for the counter. Their memory is the file's from now on. */
  write(lines: Buffer, count: number): void;
  /** Lines dropped so far. */
  dropped(): number;
  /** Opens the path anew, because the file there is another one; what waits goes to the new one. */
  reopen(): void;
  /** Writes what waits, for half a second at most. */
  close(): Promise<void>;
}

export interface LineFileOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  /** Writing or opening anew has failed; told once until it works again. */
  onProblem(error: Error): void;
}

/**
 * @param path `-` for standard output
 * @throws as `Disk.openSync` does.
 */
export function openLineFile(path: string, options: LineFileOptions): LineFile {
  return path === '-' ? standardOutput(options) : new DiskLines(path, options);
}

class DiskLines implements LineFile {
  private readonly path: string;
  private readonly options: LineFileOptions;
  private file: DiskFile;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  /** What is being written, and how far that has come. */
  private batch: Buffer | null = null;
  private batchAt = 0;
  private writing = false;
  private failing = false;
  private reopening = false;
  private lost = 0;
  private retry: Timer | null = null;
  private closed = false;
  private emptied: () => void = () => {};

  constructor(path: string, options: LineFileOptions) {
    this.path = path;
    this.options = options;
    this.file = options.disk.openSync(path, { mode: 'create' });
  }

  write(lines: Buffer, count: number): void {
    if (this.closed || this.waitingBytes + lines.length > LINES_BUFFER_BYTES_MAX) {
      this.lost += count;
      return;
    }
    this.waiting.push(lines);
    this.waitingBytes += lines.length;
    this.next();
  }

  dropped(): number {
    return this.lost;
  }

  reopen(): void {
    this.reopening = true;
    if (this.batch === null) this.openAnew();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const { clock } = this.options;
    if (this.batch !== null) {
      const ended = Promise.withResolvers<void>();
      this.emptied = ended.resolve;
      const giveUp = clock.setTimer(CLOSE_WAIT_MS, ended.resolve);
      await ended.promise;
      clock.clearTimer(giveUp);
    }
    if (this.retry !== null) clock.clearTimer(this.retry);
    this.file.closeSync();
  }

  private next(): void {
    if (this.batch !== null) return;
    if (this.reopening) this.openAnew();
    if (this.waiting.length === 0) {
      this.emptied();
      return;
    }
    this.batch = this.waiting.length === 1 ? this.waiting[0]! : Buffer.concat(this.waiting);
    this.batchAt = 0;
    this.waiting = [];
    this.go();
  }

  /** Writes the rest of the batch at the end of the file. */
  private go(): void {
    if (this.writing) return;
    const batch = this.batch as Buffer;
    this.retry = null;
    try {
      const { file, batchAt } = this;
      const end = file.sizeSync();
      this.writing = true;
      file.write(batch, batchAt, batch.length - batchAt, end, (error, bytes) => {
        this.writing = false;
        this.went(error, bytes);
      });
    } catch (error) {
      this.writing = false;
      this.went(error as Error, 0);
    }
  }

  private went(error: Error | null, bytes: number): void {
    const { clock, onProblem } = this.options;
    if (error !== null) {
      if (!this.failing) onProblem(error);
      this.failing = true;
      this.retry = clock.setTimer(RETRY_MS, () => this.go());
      this.retry.unref();
      return;
    }
    this.failing = false;
    this.batchAt += bytes;
    this.waitingBytes -= bytes;
    if (this.batchAt < this.batch!.length) {
      this.go();
      return;
    }
    this.batch = null;
    this.next();
  }

  private openAnew(): void {
    this.reopening = false;
    const { disk, onProblem } = this.options;
    try {
      const fresh = disk.openSync(this.path, { mode: 'create' });
      this.file.closeSync();
      this.file = fresh;
    } catch (error) {
      onProblem(error as Error);
    }
  }
}

/** The descriptor is not ours to close; it is always open. */
function standardOutput({ clock, onProblem }: LineFileOptions): LineFile {
  const stream = pino.destination({
    dest: STDOUT,
    sync: false,
    maxLength: LINES_BUFFER_BYTES_MAX,
  });
  let dropped = 0;
  let writing = 0;
  let failing = false;
  stream.on('drop', () => {
    dropped += writing;
  });
  stream.on('error', (error: Error) => {
    if (!failing) onProblem(error);
    failing = true;
  });
  stream.on('write', () => {
    failing = false;
  });
  return {
    write(lines, count) {
      writing = count;
      stream.write(lines.toString());
    },
    dropped: () => dropped,
    reopen: () => {},
    close: () =>
      new Promise((resolve) => {
        const giveUp = clock.setTimer(CLOSE_WAIT_MS, resolve);
        stream.flush(() => {
          clock.clearTimer(giveUp);
          resolve();
        });
      }),
  };
}
