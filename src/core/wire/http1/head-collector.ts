/**
 * Holds the beginning of a head until its end has come.
 *
 * Promises: a head that comes byte by byte costs time in proportion to its bytes: each is looked at once for
 * the end, and the parser runs after the first line, when the bytes have doubled, at a byte that cannot be
 * right, and at the end. So a violation is seen in the line it stands in, or before twice the bytes have
 * come. Memory is bounded by the limit of the head; `release` gives it back.
 */
import { copyBytes } from '../../base/index.ts';
import { CR, HT, LF, SP } from '../http/grammar.ts';
import { problems } from '../http/problems.ts';
import { EMPTY_LINES_MAX } from './limits.ts';

/** A parser of heads: bytes consumed, 0 for more needed, or a problem. */
export type HeadParse = (buf: Buffer, start: number, end: number) => number;

const BYTES_AT_FIRST = 1024;
/** Bytes that a head may have before it begins. */
const BEFORE_BYTES_MAX = EMPTY_LINES_MAX * 2 + 2;

export class HeadCollector {
  private buf: Buffer = EMPTY;
  private length = 0;
  /** Where the line begins that the search is in, and whether a line with something in it came before. */
  private lineStart = 0;
  private begun = false;
  private previous = 0;
  /** Bytes at which the parser looks again. */
  private parseAt = 0;
  private look = false;
  private readonly bytesMax: number;
  private readonly parse: HeadParse;

  /** `headBytes` as in the limits of `parse`, which refuses what is larger. */
  constructor(headBytes: number, parse: HeadParse) {
    this.bytesMax = headBytes + BEFORE_BYTES_MAX;
    this.parse = parse;
  }

  /** Bytes held. Above zero: a head has begun. */
  get size(): number {
    return this.length;
  }

  /**
   * Takes bytes up to the end of the head. When that has come the parser has read the head from memory
   * that lives until the next `take` or `release`.
   *
   * @returns bytes of this range that belong to the head (> 0, and it is complete); 0 when all were taken
   * and more are needed; negative: the parser's problem.
   */
  take(chunk: Buffer, start: number, end: number): number {
    const before = this.length;
    let at = start;
    while (at < end) {
      const stop = this.search(chunk, at, Math.min(end, at + this.bytesMax - this.length));
      this.append(chunk, at, stop);
      at = stop;
      const full = this.length === this.bytesMax;
      if (!this.look && !full && (this.parseAt === 0 || this.length < this.parseAt)) continue;
      this.look = false;
      const result = this.parse(this.buf, 0, this.length);
      if (result < 0) return result;
      if (result > 0) {
        this.restart();
        return result - before;
      }
      if (full) return problems.headTooLarge.code;
      this.parseAt = this.length * 2;
    }
    return 0;
  }

  /** Forgets what was collected, and gives large memory back. */
  release(): void {
    this.restart();
    this.buf = EMPTY;
  }

  private restart(): void {
    this.length = 0;
    this.lineStart = 0;
    this.begun = false;
    this.previous = 0;
    this.parseAt = 0;
    this.look = false;
  }

  /**
   * Goes on with the search for the end. Returns how far the bytes are to be taken before the parser looks at
   * them (`look`: the end is there, or a byte that cannot be right) or more are searched.
   */
  private search(chunk: Buffer, start: number, end: number): number {
    const shift = this.length - start;
    let { previous } = this;
    for (let i = start; i < end; i++) {
      const byte = chunk[i]!;
      const old = previous;
      previous = byte;
      if (byte > SP && old !== CR) {
        this.begun = true;
        continue;
      }
      if (this.mustLook(byte, old, i + shift)) {
        this.previous = previous;
        this.look = true;
        return i + 1;
      }
    }
    this.previous = previous;
    return end;
  }

  /** Whether the parser must look once this byte is there. `at` is its place in the head. */
  private mustLook(byte: number, old: number, at: number): boolean {
    if (old === CR && byte !== LF) return true;
    if (byte === CR) return false;
    if (byte === SP || byte === HT) return at === this.lineStart;
    if (byte !== LF) return true;
    const lineBytes = at - this.lineStart;
    this.lineStart = at + 1;
    if (old !== CR) return true;
    if (lineBytes > 1) {
      // The first line: the parser shall see it as soon as it is there.
      if (this.parseAt === 0) this.parseAt = 1;
      return false;
    }
    // The end; or too many empty lines before the head.
    return this.begun || at >= EMPTY_LINES_MAX * 2;
  }

  private append(chunk: Buffer, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.buf.length) {
      const room = Math.max(BYTES_AT_FIRST, 2 ** Math.ceil(Math.log2(needed)));
      const grown = Buffer.allocUnsafeSlow(room);
      copyBytes(this.buf, 0, grown, 0, this.length);
      this.buf = grown;
    }
    copyBytes(chunk, start, this.buf, this.length, end - start);
    this.length = needed;
  }
}

const EMPTY = Buffer.alloc(0);
