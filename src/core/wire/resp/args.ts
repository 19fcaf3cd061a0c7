/**
 * The arguments of one request: ranges of a buffer, not copies.
 *
 * Argument 0 is the command's name. All views are good only until the request has been answered; what
 * is kept longer is copied: by `copy` when it is over with the turn, by `ownCopy` otherwise.
 */
import { constants } from 'node:buffer';
import { ownCopy } from '../../base/index.ts';

const SPARE_ARGS = 64;
/** Longest string of V8: a little less than the largest argument. */
const TEXT_BYTES_MAX = constants.MAX_STRING_LENGTH;

export class Args {
  buf: Buffer = EMPTY;
  count = 0;
  starts: Int32Array = new Int32Array(SPARE_ARGS);
  ends: Int32Array = new Int32Array(SPARE_ARGS);

  /** Appends the range of one more argument. */
  push(start: number, end: number): void {
    const index = this.count++;
    if (index === this.starts.length) this.grow();
    this.starts[index] = start;
    this.ends[index] = end;
  }

  private grow(): void {
    const starts = new Int32Array(this.starts.length * 2);
    const ends = new Int32Array(this.starts.length * 2);
    starts.set(this.starts);
    ends.set(this.ends);
    this.starts = starts;
    this.ends = ends;
  }

  start(index: number): number {
    return this.starts[index] as number;
  }

  end(index: number): number {
    return this.ends[index] as number;
  }

  length(index: number): number {
    return (this.ends[index] as number) - (this.starts[index] as number);
  }

  /** A view of one argument. */
  bytes(index: number): Buffer {
    return this.buf.subarray(this.starts[index], this.ends[index]);
  }

  /** A copy of one argument; a short one lies in a block of many and holds it. */
  copy(index: number): Buffer {
    return Buffer.from(this.bytes(index));
  }

  /** A copy of one argument in memory of its own. */
  ownCopy(index: number): Buffer {
    return ownCopy(this.bytes(index));
  }

  /** One argument as a string of bytes (latin1); of the longest only what a string can hold. */
  text(index: number): string {
    const start = this.start(index);
    return this.buf.toString('latin1', start, Math.min(this.end(index), start + TEXT_BYTES_MAX));
  }

  /** One argument as an upper-case keyword; long ones are no keywords and come back empty. */
  keyword(index: number): string {
    return this.length(index) > KEYWORD_BYTES_MAX ? '' : this.text(index).toUpperCase();
  }

  /** Copies of all arguments from `from` on. */
  copies(from = 0): Buffer[] {
    const list: Buffer[] = [];
    for (let i = from; i < this.count; i++) list.push(this.copy(i));
    return list;
  }

  /** Copies of all arguments, each in memory of its own. */
  ownCopies(): Buffer[] {
    const list: Buffer[] = [];
    for (let i = 0; i < this.count; i++) list.push(this.ownCopy(i));
    return list;
  }

  /** Replaces all arguments by copies of these. */
  load(list: readonly (Buffer | string)[]): this {
    let bytes = 0;
    for (const item of list) bytes += item.length;
    let { own } = this;
    if (own.length < bytes) {
      own = Buffer.allocUnsafeSlow(Math.max(bytes, 1024));
      // A large one is given back with the request.
      if (bytes <= OWN_BYTES_KEPT) this.own = own;
    }
    this.buf = own;
    this.count = 0;
    let at = 0;
    for (const item of list) {
      const start = at;
      if (typeof item === 'string') at += own.write(item, at, item.length, 'latin1');
      else {
        item.copy(own, at);
        at += item.length;
      }
      this.push(start, at);
    }
    return this;
  }

  private own: Buffer = EMPTY;
}

const EMPTY = Buffer.alloc(0);
const KEYWORD_BYTES_MAX = 64;
const OWN_BYTES_KEPT = 64 * 1024;
