/**
 * A HyperLogLog that is being changed. Sparse ones are changed in a buffer of their own, as they grow
 * and shrink by single bytes; dense ones where they stand. One object serves all commands in turn.
 *
 * The bytes after a change are those that Redis would have, so runs are split and joined as it does:
 * the run of the register in up to three, then equal neighbours among the next five runs.
 */
import { raiseDense, writeDense } from './dense.ts';
import {
  DENSE_BYTES,
  Encoding,
  forgetCardinality,
  HEADER_BYTES,
  isDense,
  REGISTERS,
  setEncoding,
  writeHeader,
} from './format.ts';
import { countIn, patternOf, registerOf } from './murmur64.ts';
import {
  eachRun,
  isVal,
  isXzero,
  runBytes,
  runLength,
  VAL_COUNT_MAX,
  VAL_RUN_MAX,
  valByte,
  valCount,
  writeZeros,
} from './runs.ts';

/** Bytes that raising one register adds at most. */
const GROWTH_BYTES_MAX = 4;
/** Runs looked at for equal neighbours. */
const JOINED_RUNS_MAX = 5;

/** What raising a register came to. */
export const Raised = { unchanged: 0, changed: 1, corrupted: -1 } as const;
export type Raised = (typeof Raised)[keyof typeof Raised];

export class Sketch {
  /** The sketch is `bytes[start, start + length)`. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  length = 0;
  private scratch = Buffer.allocUnsafeSlow(DENSE_BYTES * 2);
  // Of the last register raised: the run before its own, and the first register of that.
  private hintAt = 0;
  private hintFirst = 0;

  /** Begins with the bytes of a sketch. */
  open(bytes: Buffer, start: number, length: number): this {
    if (isDense(bytes, start)) {
      this.bytes = bytes;
      this.start = start;
    } else {
      this.reserve(length);
      bytes.copy(this.scratch, 0, start, start + length);
      this.useScratch();
    }
    this.length = length;
    return this;
  }

  /** Begins with a sketch without elements. */
  openEmpty(): this {
    this.useScratch();
    writeHeader(this.bytes, 0, Encoding.sparse);
    this.length = writeZeros(this.bytes, HEADER_BYTES, REGISTERS);
    return this;
  }

  private useScratch(): void {
    this.bytes = this.scratch;
    this.start = 0;
    this.forgetHint();
  }

  private reserve(length: number): void {
    if (length + GROWTH_BYTES_MAX <= this.scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(length * 2);
    this.scratch.copy(larger);
    this.scratch = larger;
    this.bytes = larger;
  }

  private forgetHint(): void {
    this.hintAt = HEADER_BYTES;
    this.hintFirst = 0;
  }

  /** Whether the changes stand in a buffer of their own and have to be stored. */
  get detached(): boolean {
    return this.bytes === this.scratch;
  }

  get dense(): boolean {
    return isDense(this.bytes, this.start);
  }

  /** Adds an element; `sparseBytesMax` is the setting hll-sparse-max-bytes. */
  add(buf: Buffer, start: number, length: number, sparseBytesMax: number): Raised {
    const pattern = patternOf(buf, start, length);
    return this.raise(registerOf(pattern), countIn(pattern), sparseBytesMax);
  }

  /** Raises a register to a count. */
  raise(index: number, count: number, sparseBytesMax: number): Raised {
    if (!this.dense) return this.raiseSparse(index, count, sparseBytesMax);
    const registers = this.start + HEADER_BYTES;
    return raiseDense(this.bytes, registers, index, count) ? Raised.changed : Raised.unchanged;
  }

  /**
   * Raises all registers to those of `registers`, one a byte, which are nowhere lower than the sketch's
   * own. False when its runs are broken.
   */
  raiseAll(registers: Uint8Array, sparseBytesMax: number): boolean {
    for (let index = 0; index < REGISTERS; index++) {
      if (this.dense) {
        writeDense(this.bytes, this.start + HEADER_BYTES, registers);
        return true;
      }
      const count = registers[index]!;
      if (count > 0 && this.raiseSparse(index, count, sparseBytesMax) === Raised.corrupted) {
        return false;
      }
    }
    return true;
  }

  /** Makes a sparse sketch dense; false when its runs are broken. */
  toDense(): boolean {
    if (this.dense) return true;
    const dense = Buffer.alloc(DENSE_BYTES);
    this.bytes.copy(dense, 0, 0, HEADER_BYTES);
    setEncoding(dense, 0, Encoding.dense);
    const whole = eachRun(this.bytes, HEADER_BYTES, this.length, (first, length, count) => {
      if (count === 0) return;
      for (let i = first; i < first + length; i++) raiseDense(dense, HEADER_BYTES, i, count);
    });
    if (!whole) return false;
    dense.copy(this.scratch);
    this.length = DENSE_BYTES;
    return true;
  }

  private raiseSparse(index: number, count: number, sparseBytesMax: number): Raised {
    if (count > VAL_COUNT_MAX) return this.promote(index, count);
    this.reserve(this.length);
    const { bytes, length: end } = this;
    let at = HEADER_BYTES;
    let first = 0;
    if (index >= this.hintFirst) {
      at = this.hintAt;
      first = this.hintFirst;
    }
    let previous = 0;
    let previousFirst = 0;
    let span = 0;
    while (at < end) {
      span = runLength(bytes, at);
      if (index < first + span) break;
      previous = at;
      previousFirst = first;
      at += runBytes(bytes[at]!);
      first += span;
    }
    if (at >= end) return Raised.corrupted;
    if (previous === 0 && at > HEADER_BYTES) {
      // The run hinted at is the register's own, and the one before it is not known.
      this.forgetHint();
      return this.raiseSparse(index, count, sparseBytesMax);
    }
    this.hintAt = previous === 0 ? HEADER_BYTES : previous;
    this.hintFirst = previousFirst;
    const byte = bytes[at]!;
    if (isVal(byte) && valCount(byte) >= count) return Raised.unchanged;
    if (span === 1 && !isXzero(byte)) bytes[at] = valByte(count, 1);
    else if (!this.split(at, first, span, index, count, sparseBytesMax)) {
      return this.promote(index, count);
    }
    this.join(this.hintAt);
    forgetCardinality(bytes, 0);
    return Raised.changed;
  }

  /** Writes the run at `at` anew with one register raised; false when that makes the sketch too long. */
  private split(
    at: number,
    first: number,
    span: number,
    index: number,
    count: number,
    sparseBytesMax: number,
  ): boolean {
    const { bytes } = this;
    const byte = bytes[at]!;
    const old = isVal(byte) ? valCount(byte) : 0;
    let n = 0;
    if (index > first) n = writeRun(pieces, n, old, index - first);
    pieces[n++] = valByte(count, 1);
    if (index < first + span - 1) n = writeRun(pieces, n, old, first + span - 1 - index);
    const behind = at + runBytes(byte);
    const growth = n - runBytes(byte);
    if (growth > 0 && this.length + growth > sparseBytesMax) return false;
    if (growth !== 0) bytes.copyWithin(behind + growth, behind, this.length);
    pieces.copy(bytes, at, 0, n);
    this.length += growth;
    return true;
  }

  /** Joins equal neighbours among the runs from `from` on. */
  private join(from: number): void {
    const { bytes } = this;
    let at = from;
    for (let left = JOINED_RUNS_MAX; left > 0 && at < this.length; left--) {
      const byte = bytes[at]!;
      if (isVal(byte) && at + 1 < this.length && isVal(bytes[at + 1]!)) {
        const length = runLength(bytes, at) + runLength(bytes, at + 1);
        if (valCount(byte) === valCount(bytes[at + 1]!) && length <= VAL_RUN_MAX) {
          bytes[at + 1] = valByte(valCount(byte), length);
          bytes.copyWithin(at, at + 1, this.length);
          this.length--;
          continue;
        }
      }
      at += runBytes(byte);
    }
  }

  private promote(index: number, count: number): Raised {
    if (!this.toDense()) return Raised.corrupted;
    raiseDense(this.bytes, HEADER_BYTES, index, count);
    forgetCardinality(this.bytes, 0);
    return Raised.changed;
  }
}

const pieces = Buffer.alloc(8);

function writeRun(to: Buffer, at: number, count: number, length: number): number {
  if (count === 0) return writeZeros(to, at, length);
  to[at] = valByte(count, length);
  return at + 1;
}
