/**
 * The beginning of a request's body, kept to be sent again as long as it is small.
 */
import { emptyList } from '../base/index.ts';
import type { BodySink } from '../http/index.ts';
import type { Fields } from '../wire/index.ts';

export class KeptBody {
  /** All of the body has come. */
  ended = false;
  private readonly pieces: Buffer[] = [];
  private bytes = 0;
  private max = 0;
  private lost = false;

  /** @param length bytes of the body, negative when nobody knows. */
  begin(bytesMax: number, length: number): void {
    this.max = bytesMax;
    this.lost = length > bytesMax;
  }

  /** Everything that has come is kept. */
  get isWhole(): boolean {
    return !this.lost;
  }

  note(bytes: Buffer): void {
    if (this.lost) return;
    this.bytes += bytes.length;
    if (this.bytes > this.max) {
      this.forget();
      return;
    }
    this.pieces.push(Buffer.from(bytes));
  }

  /** The body has ended. Trailers are not kept. */
  noteEnd(trailers: Fields | null): void {
    this.ended = true;
    if (trailers !== null) this.forget();
  }

  /** Gives what was kept to another sink. True: it takes more, and more is to come. */
  replay(sink: BodySink): boolean {
    let more = true;
    for (const piece of this.pieces) more = sink.data(piece, true) && more;
    if (this.ended) sink.end(null);
    sink.flush();
    return more && !this.ended;
  }

  /** It can not be sent again. */
  forget(): void {
    this.lost = true;
    emptyList(this.pieces);
  }

  reset(): void {
    this.ended = false;
    emptyList(this.pieces);
    this.bytes = 0;
    this.max = 0;
    this.lost = false;
  }
}
