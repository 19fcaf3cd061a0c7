/**
 * The access log: lines are gathered and handed on in batches, so that a request costs the making of its line
 * and nothing else. What cannot be written in time is dropped and counted.
 *
 *     off ──path set──▶ on ──path changed──▶ on (the old file is written to its end and closed)
 */
import type { RequestEnding } from '../../core/downstream/index.ts';
import type { Exchange } from '../../core/http/index.ts';
import { type LineFile, type Logger, openLineFile } from '../../core/observe/index.ts';
import type { Clock, Disk, Timer } from '../../core/runtime/index.ts';
import type { SessionReport } from '../l4/backends.ts';
import { writeAccessLine } from './access-line.ts';
import { LineWriter } from './line-writer.ts';
import { writeSessionLine } from './session-line.ts';

/** A batch is handed on when it has so many bytes, or is so old, milliseconds. */
const BATCH_BYTES = 48 * 1024;
const BATCH_MS = 100;

export interface AccessLogContext {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Logger;
}

export class AccessLog {
  /** Lines made so far. */
  lines = 0;
  private readonly context: AccessLogContext;
  private path: string | undefined = undefined;
  private file: LineFile | undefined = undefined;
  private droppedBefore = 0;
  private readonly batch = new LineWriter(2 * BATCH_BYTES);
  private batchLines = 0;
  private timer: Timer | null = null;

  constructor(context: AccessLogContext) {
    this.context = context;
  }

  get isOn(): boolean {
    return this.file !== undefined;
  }

  get dropped(): number {
    return this.droppedBefore + (this.file?.dropped() ?? 0);
  }

  /** Makes the file if it is not there. @throws Error one sentence, when it cannot be written. */
  check(path: string | undefined): void {
    if (path === undefined || path === '-' || path === this.path) return;
    try {
      this.context.disk.openSync(path, { mode: 'create' }).closeSync();
    } catch (cause) {
      const { code } = cause as { code?: string };
      throw new Error(`the access log cannot be written to ${path} (${code ?? String(cause)})`, {
        cause,
      });
    }
  }

  /** Goes on in another file, or stops with undefined. */
  setPath(path: string | undefined): void {
    if (path === this.path) return;
    void this.close();
    this.path = path;
    if (path === undefined) return;
    const { log, clock, disk } = this.context;
    const onProblem = (error: Error): void =>
      log.error('the access log cannot be written', { file: path, error });
    try {
      this.file = openLineFile(path, { disk, clock, onProblem });
    } catch (error) {
      // It could be opened a moment ago, when the setting was checked.
      onProblem(error as Error);
    }
  }

  /** A request is over. Called only while the log is on. */
  write(exchange: Exchange, ending: RequestEnding): void {
    const { clock } = this.context;
    const totalMs = clock.monotonicMs() - exchange.startedMs;
    writeAccessLine(this.batch, exchange, ending, clock.wallMs(), totalMs);
    this.written();
  }

  /** A session of layer 4 is over. Called only while the log is on. */
  writeSession(listener: string, session: SessionReport): void {
    writeSessionLine(this.batch, listener, session, this.context.clock.wallMs());
    this.written();
  }

  private written(): void {
    const { clock } = this.context;
    this.lines++;
    this.batchLines++;
    if (this.batch.at >= BATCH_BYTES) this.flush();
    else if (this.timer === null) {
      this.timer = clock.setTimer(BATCH_MS, () => {
        this.timer = null;
        this.flush();
      });
      this.timer.unref();
    }
  }

  /** Another program has moved the file away: goes on in a new one. */
  reopen(): void {
    this.flush();
    this.file?.reopen();
  }

  /** Resolves when everything has been written, or it takes too long. */
  async close(): Promise<void> {
    this.flush();
    const { file } = this;
    this.path = undefined;
    this.file = undefined;
    if (this.timer !== null) this.context.clock.clearTimer(this.timer);
    this.timer = null;
    if (file === undefined) return;
    this.droppedBefore += file.dropped();
    await file.close();
  }

  private flush(): void {
    if (this.batchLines === 0) return;
    const { batch } = this;
    this.file?.write(Buffer.from(batch.buf.subarray(0, batch.at)), this.batchLines);
    batch.at = 0;
    this.batchLines = 0;
  }
}
