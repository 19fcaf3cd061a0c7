/**
 * What people see of work on many bytes, on stderr: a bar; where stderr is no terminal, a line every few
 * seconds.
 */
import { type ProgressBar, progressBar } from './progress-bar.ts';

/** Between two lines where nothing can be rewritten. */
const LINE_EVERY_MS = 5_000;

export class WorkView {
  private readonly stream: NodeJS.WriteStream;
  private readonly say: (text: string) => void;
  private readonly nowMs: () => number;
  private bar: ProgressBar | null = null;
  private what = '';
  private lastLineMs: number;

  constructor(stream: NodeJS.WriteStream, say: (text: string) => void, nowMs: () => number) {
    this.stream = stream;
    this.say = say;
    this.nowMs = nowMs;
    this.lastLineMs = nowMs();
  }

  /** `what` is being done, as `Copying`; another word begins anew. */
  tell(what: string, doneBytes: number, totalBytes: number): void {
    if (this.stream.isTTY) {
      if (what !== this.what) this.end();
      this.what = what;
      this.bar ??= progressBar(what, this.stream);
      this.bar.tell({ doneBytes, totalBytes });
      return;
    }
    const nowMs = this.nowMs();
    if (nowMs - this.lastLineMs < LINE_EVERY_MS) return;
    this.lastLineMs = nowMs;
    this.say(`plinth: ${what}: ${mebibytes(doneBytes)} of ${mebibytes(totalBytes)} MiB\n`);
  }

  /** Leaves a clean line behind. */
  end(): void {
    this.bar?.end();
    this.bar = null;
    this.what = '';
  }
}

export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
