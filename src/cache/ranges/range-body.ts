/**
 * The body of a 206 from a stored body, piece by piece: whoever sends it takes the next one when the last is gone,
 * so that a slow client holds one piece and not a response.
 */
import { invariant } from '../../core/base/index.ts';
import type { Part } from '../policy/index.ts';
import type { Framing } from './framing.ts';

/** A stored body, wherever it lies. */
export interface BodySource {
  /** Length of the whole body. */
  readonly bytes: number;
  /**
   * A view of bytes at `from`: one at least, none at `to` or behind it; fewer than asked where the body lies in
   * pieces. Valid until the next call or until the source is let go.
   */
  piece(from: number, to: number): Buffer;
}

/** What is asked of the source at once. */
const PIECE_BYTES_MAX = 256 * 1024;

export class RangeBody {
  /** Bytes that are still to come. */
  leftBytes: number;
  private readonly source: BodySource;
  private readonly framing: Framing;
  private nth = 0;
  /** Where in the part it stands; -1: before its head. */
  private at = -1;

  constructor(source: BodySource, framing: Framing) {
    this.source = source;
    this.framing = framing;
    this.leftBytes = framing.contentBytes;
  }

  /** Null behind the last piece. A piece is valid until the next call; it is never empty. */
  next(): Buffer | null {
    const piece = this.take();
    if (piece !== null) this.leftBytes -= piece.length;
    return piece;
  }

  private take(): Buffer | null {
    const { parts, heads, tail } = this.framing;
    if (this.nth < parts.length) {
      const part = parts[this.nth] as Part;
      if (this.at === -1) {
        this.at = part.start;
        const head = heads[this.nth] as Buffer;
        if (head.length > 0) return head;
      }
      return this.takeOf(part);
    }
    if (this.nth++ === parts.length && tail.length > 0) return tail;
    return null;
  }

  private takeOf({ end }: Part): Buffer {
    const { at } = this;
    const to = Math.min(end, at + PIECE_BYTES_MAX);
    const piece = this.source.piece(at, to);
    invariant(piece.length > 0 && piece.length <= to - at, 'a body gives what it is asked for');
    this.at += piece.length;
    if (this.at === end) {
      this.nth++;
      this.at = -1;
    }
    return piece;
  }
}
