/**
 * The beginning of a request's body, kept to be sent again as long as it is small.
 */
import type { BodySink } from '../http/index.ts';

export class KeptBody {
  /** All of the body has come. */
  ended = false;
  private pieces: Buffer[] = [];
  private bytes = 0;
  private max = 0;
  private lost = false;

  begin(bytesMax: number): void {
    this.max = bytesMax;
  }

  /** Everything that has come is kept. */
  get isWhole(): boolean {
    return !this.lost;
  }

  note(bytes: Buffer): void {
    if (this.lost) return;
    this.bytes += bytes.length;
    if (this.bytes > this.max) {
      this.lost = true;
      this.pieces = [];
      return;
    }
    this.pieces.push(Buffer.from(bytes));
  }

  /** Gives what was kept to another sink. True: it takes more, and more is to come. */
  replay(sink: BodySink): boolean {
    let more = true;
    for (const piece of this.pieces) more = sink.data(piece, true) && more;
    if (this.ended) sink.end(null);
    sink.flush();
    return more && !this.ended;
  }

  reset(): void {
    this.ended = false;
    this.pieces = [];
    this.bytes = 0;
    this.max = 0;
    this.lost = false;
  }
}
