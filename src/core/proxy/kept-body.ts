/**
 * The beginning of a request's body, kept to be sent again as long as it is small.
 *
 * The first bytes stand in one room, which serves request after request: nearly every body fits, and costs no
 * memory but this. Invariant: a room that was given to a sink is another one's before the next request.
 */
import { copyBytes, emptyList, ownCopy } from '../base/index.ts';
import type { BodySink } from '../http/index.ts';
import type { Fields } from '../wire/index.ts';

const ROOM_BYTES = 2048;
const NO_ROOM = Buffer.alloc(0);

export class KeptBody {
  /** All of the body has come. */
  ended = false;
  private room = NO_ROOM;
  private roomBytes = 0;
  private isLent = false;
  /** What came behind the room. */
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
    const end = this.roomBytes + bytes.length;
    if (end > ROOM_BYTES || this.pieces.length > 0) {
      this.pieces.push(ownCopy(bytes));
      return;
    }
    if (this.room === NO_ROOM) this.room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    copyBytes(bytes, 0, this.room, this.roomBytes, bytes.length);
    this.roomBytes = end;
  }

  /** The body has ended. Trailers are not kept. */
  noteEnd(trailers: Fields | null): void {
    this.ended = true;
    if (trailers !== null) this.forget();
  }

  /** Gives what was kept to another sink. True: it takes more, and more is to come. */
  replay(sink: BodySink): boolean {
    let more = true;
    if (this.roomBytes > 0) {
      this.isLent = true;
      more = sink.data(this.room.subarray(0, this.roomBytes), true);
    }
    for (const piece of this.pieces) more = sink.data(piece, true) && more;
    if (this.ended) sink.end(null);
    sink.flush();
    return more && !this.ended;
  }

  /** It can not be sent again. */
  forget(): void {
    this.lost = true;
    this.roomBytes = 0;
    emptyList(this.pieces);
  }

  reset(): void {
    this.ended = false;
    if (this.isLent) this.room = NO_ROOM;
    this.isLent = false;
    this.roomBytes = 0;
    emptyList(this.pieces);
    this.bytes = 0;
    this.max = 0;
    this.lost = false;
  }
}
