/**
 * What people see of bytes on their way, on stderr: a bar on a terminal, or a line that is rewritten where it is not
 * known how many come; elsewhere a line every few seconds.
 */
import { mebibytes, WorkView } from './work-view.ts';

const CLEAR_LINE = '\r\u001b[K';
const REWRITE_EVERY_MS = 100;

export class TransferView {
  doneBytes = 0;
  private readonly what: string;
  private readonly totalBytes: number | undefined;
  private readonly view: WorkView;
  private readonly stream: NodeJS.WriteStream;
  private readonly nowMs: () => number;
  private rewrittenMs = Number.NEGATIVE_INFINITY;

  /** @param what is done, as `Sending`. @param totalBytes undefined: not known. */
  constructor(
    what: string,
    totalBytes: number | undefined,
    stream: NodeJS.WriteStream,
    nowMs: () => number,
  ) {
    this.what = what;
    this.totalBytes = totalBytes;
    this.stream = stream;
    this.nowMs = nowMs;
    this.view = new WorkView(stream, (text) => stream.write(text), nowMs);
  }

  /** Hands bytes on and shows how far they are. */
  async *through(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      for await (const piece of bytes) {
        yield piece;
        this.doneBytes += piece.length;
        this.show();
      }
    } finally {
      this.end();
    }
  }

  private show(): void {
    const { what, doneBytes, totalBytes, stream } = this;
    if (totalBytes !== undefined) {
      this.view.tell(what, doneBytes, totalBytes);
      return;
    }
    if (!stream.isTTY) return;
    const nowMs = this.nowMs();
    if (nowMs - this.rewrittenMs < REWRITE_EVERY_MS) return;
    this.rewrittenMs = nowMs;
    stream.write(`${CLEAR_LINE}${what}: ${mebibytes(doneBytes)} MiB`);
  }

  private end(): void {
    this.view.end();
    if (this.rewrittenMs !== Number.NEGATIVE_INFINITY) this.stream.write(CLEAR_LINE);
  }
}
