/**
 * The body of a response outside the heap, in pieces, while it comes and afterwards.
 *
 * Invariants: all pieces but the last are full; bytes that were given out by `view` stay where they are until
 * `free` or `dropBefore`.
 */
import { copyBytes } from '../../core/base/index.ts';
import { type Address, byteOffset } from '../../core/memory/index.ts';
import type { ObjectMemory } from './object-memory.ts';

const PIECE_BYTES_MIN = 4096;
const PIECE_BYTES_MAX = 65_536;

interface Piece {
  readonly address: Address;
  readonly capacity: number;
  /** Where it begins in the body, bytes. */
  readonly start: number;
  end: number;
}

export class Pieces {
  /** Bytes of the body so far. */
  bytes = 0;
  private readonly memory: ObjectMemory;
  private readonly list: Piece[] = [];
  /** As the head has said; -1: it has not. */
  private readonly expectedBytes: number;

  constructor(memory: ObjectMemory, expectedBytes: number) {
    this.memory = memory;
    this.expectedBytes = expectedBytes;
  }

  /** Copies bytes to the end. False: there is no memory for all of them; what fitted is there. */
  append(bytes: Buffer): boolean {
    let from = 0;
    while (from < bytes.length) {
      let piece = this.list.at(-1);
      if (piece === undefined || piece.end - piece.start === piece.capacity) {
        const added = this.addPiece();
        if (added === undefined) return false;
        piece = added;
      }
      const used = piece.end - piece.start;
      const length = Math.min(bytes.length - from, piece.capacity - used);
      copyBytes(
        bytes,
        from,
        this.memory.bytesOf(piece.address),
        byteOffset(piece.address) + used,
        length,
      );
      piece.end += length;
      from += length;
      this.bytes += length;
    }
    return true;
  }

  /** A view of what lies in one piece from `from` on, at most up to `to`. `from` is below `bytes`. */
  view(from: number, to: number): Buffer {
    const piece = this.pieceAt(from);
    const offset = byteOffset(piece.address) + from - piece.start;
    return this.memory
      .bytesOf(piece.address)
      .subarray(offset, offset + Math.min(to, piece.end) - from);
  }

  /** Gives back whole pieces that lie before `offset`. */
  dropBefore(offset: number): void {
    while (this.list.length > 1 && this.list[0]!.end <= offset) {
      this.memory.free((this.list.shift() as Piece).address);
    }
  }

  free(): void {
    for (const { address } of this.list) this.memory.free(address);
    this.list.length = 0;
  }

  private addPiece(): Piece | undefined {
    const last = this.list.at(-1);
    const capacity = this.nextCapacity(last);
    const address = this.memory.take(capacity);
    if (address === 0) return undefined;
    const piece: Piece = { address, capacity, start: this.bytes, end: this.bytes };
    this.list.push(piece);
    return piece;
  }

  /** What is still to come when that is known; else twice the last one. */
  private nextCapacity(last: Piece | undefined): number {
    const left = this.expectedBytes - this.bytes;
    if (left > 0) return Math.min(left, PIECE_BYTES_MAX);
    return last === undefined ? PIECE_BYTES_MIN : Math.min(last.capacity * 2, PIECE_BYTES_MAX);
  }

  private pieceAt(offset: number): Piece {
    const { list } = this;
    let [low, high] = [0, list.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (list[middle]!.start <= offset) low = middle;
      else high = middle - 1;
    }
    return list[low]!;
  }
}
