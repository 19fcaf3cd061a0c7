/**
 * What people see of an import while it runs, on stderr: a bar for a snapshot of known length, else one
 * line that is rewritten; where stderr is no terminal, a line every few seconds.
 */
import type { FileProgress, LiveProgress } from '../kv/import/index.ts';
import { type ProgressBar, progressBar } from './progress-bar.ts';

/** Between two lines where nothing can be rewritten. */
const LINE_EVERY_MS = 5_000;
const CLEAR_LINE = '\r\u001b[K';

export class ImportView {
  private readonly stream: NodeJS.WriteStream;
  private readonly say: (text: string) => void;
  private readonly nowMs: () => number;
  private bar: ProgressBar | null = null;
  private rewriting = false;
  private lastLineMs = Number.NEGATIVE_INFINITY;

  constructor(stream: NodeJS.WriteStream, say: (text: string) => void, nowMs: () => number) {
    this.stream = stream;
    this.say = say;
    this.nowMs = nowMs;
  }

  live(progress: LiveProgress, compared: number | null): void {
    const { phase, snapshotBytes: doneBytes, snapshotTotalBytes: totalBytes } = progress;
    if (phase === 'snapshot' && totalBytes !== null && this.stream.isTTY) {
      this.bar ??= progressBar('Reading the snapshot', this.stream);
      this.bar.tell({ doneBytes, totalBytes });
      return;
    }
    this.line(
      compared === null ? liveText(progress) : `${liveText(progress)}, ${compared} keys compared`,
    );
  }

  file({ phase, doneBytes, totalBytes, keys }: FileProgress): void {
    if (this.stream.isTTY) {
      this.bar ??= progressBar(phase === 'snapshot' ? 'Importing' : 'Comparing', this.stream);
      this.bar.tell({ doneBytes, totalBytes });
      if (doneBytes === totalBytes) this.endBar();
      return;
    }
    const verb = phase === 'snapshot' ? 'sent' : 'compared';
    this.line(`${mebibytes(doneBytes)} of ${mebibytes(totalBytes)} MiB read, ${keys} keys ${verb}`);
  }

  /** Leaves a clean line behind. */
  end(): void {
    this.endBar();
    if (this.rewriting) this.say(CLEAR_LINE);
    this.rewriting = false;
  }

  private line(text: string): void {
    this.endBar();
    if (this.stream.isTTY) {
      this.rewriting = true;
      this.say(`${CLEAR_LINE}${text}`);
      return;
    }
    const nowMs = this.nowMs();
    if (nowMs - this.lastLineMs < LINE_EVERY_MS) return;
    this.lastLineMs = nowMs;
    this.say(`plinth: ${text}\n`);
  }

  private endBar(): void {
    this.bar?.end();
    this.bar = null;
  }
}

function liveText(progress: LiveProgress): string {
  const { phase, keys, commands, lagBytes, snapshotBytes, refused, resumed } = progress;
  switch (phase) {
    case 'connecting':
      return 'asking the source for its data';
    case 'waiting':
      return 'the source makes its snapshot';
    case 'snapshot':
      return `${mebibytes(snapshotBytes)} MiB of the snapshot, ${keys} keys`;
    case 'stream':
    case 'done': {
      const lag = lagBytes === null ? '' : `, ${lagBytes} bytes behind`;
      const again = resumed === 0 ? '' : `, link lost and resumed ${resumed} times`;
      const refusals = refused === 0 ? '' : `, ${refused} refused`;
      return `${keys} keys of the snapshot, ${commands} commands since${lag}${again}${refusals}`;
    }
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
