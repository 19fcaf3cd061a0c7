/**
 * Operations that are applied together, held in the form in which they are logged
 * (docs/formats/lsm.md, "Batch"). Reuse one by `clear`.
 *
 * Benchmark: bench/lsm.
 */
import { copyBytes, invariant } from '../../base/index.ts';
import { LsmError } from './errors.ts';
import { Kind } from './kind.ts';
import { putVarint, readVarint, varintEnd } from './varint.ts';

/** sequence:f64 count:u32 */
const HEAD_BYTES = 12;
const VARINT_MAX = 8;
const BUFFER_MIN = 1024;
/** A batch that is kept for reuse lets go of more than this. */
const BUFFER_KEPT_MAX = 1024 * 1024;

export class WriteBatch {
  /** The bytes of the batch are `buffer[0, bytes)`. */
  buffer: Buffer = Buffer.allocUnsafeSlow(BUFFER_MIN);
  bytes = HEAD_BYTES;
  /** Operations. */
  count = 0;

  put(key: Buffer, value: Buffer, expiresAtMs = 0): this {
    this.putRange(key, 0, key.length, value, 0, value.length, expiresAtMs);
    return this;
  }

  /** As `put`, of ranges of larger buffers. */
  putRange(
    key: Buffer,
    keyStart: number,
    keyLength: number,
    value: Buffer,
    valueStart: number,
    valueLength: number,
    expiresAtMs: number,
  ): void {
    this.room(keyLength + valueLength);
    const { buffer } = this;
    let at = this.bytes;
    buffer[at++] = expiresAtMs > 0 ? Kind.putUntil : Kind.put;
    at = putVarint(buffer, at, keyLength);
    copyBytes(key, keyStart, buffer, at, keyLength);
    at = putVarint(buffer, at + keyLength, valueLength);
    copyBytes(value, valueStart, buffer, at, valueLength);
    at += valueLength;
    if (expiresAtMs > 0) at = buffer.writeDoubleLE(expiresAtMs, at);
    this.bytes = at;
    this.count++;
  }

  delete(key: Buffer, start = 0, length = key.length): this {
    this.room(length);
    const { buffer } = this;
    let at = this.bytes;
    buffer[at++] = Kind.delete;
    at = putVarint(buffer, at, length);
    copyBytes(key, start, buffer, at, length);
    this.bytes = at + length;
    this.count++;
    return this;
  }

  /** Deletes the keys from `from` on and before `to`. */
  deleteRange(from: Buffer, to: Buffer): this {
    invariant(from.compare(to) < 0, 'a range to delete has keys');
    this.room(from.length + to.length);
    const { buffer } = this;
    let at = this.bytes;
    buffer[at++] = Kind.deleteRange;
    at = putVarint(buffer, at, from.length);
    at += from.copy(buffer, at);
    at = putVarint(buffer, at, to.length);
    at += to.copy(buffer, at);
    this.bytes = at;
    this.count++;
    return this;
  }

  clear(): this {
    this.bytes = HEAD_BYTES;
    this.count = 0;
    if (this.buffer.length > BUFFER_KEPT_MAX) this.buffer = Buffer.allocUnsafeSlow(BUFFER_MIN);
    return this;
  }

  /** Writes the head; the bytes are complete then. */
  seal(sequence: number): void {
    this.buffer.writeDoubleLE(sequence, 0);
    this.buffer.writeUInt32LE(this.count, 8);
  }

  private room(bytes: number): void {
    const needed = this.bytes + bytes + 1 + 2 * VARINT_MAX + 8;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.bytes);
    this.buffer = larger;
  }
}

/** Reads a batch, one operation after the other: `while (reader.next()) ...`. */
export class BatchReader {
  kind: Kind = Kind.put;
  sequence = 0;
  buffer: Buffer = Buffer.alloc(0);
  keyStart = 0;
  keyLength = 0;
  /** Of a range: its `to`. */
  valueStart = 0;
  valueLength = 0;
  expiresAtMs = 0;
  private at = 0;
  private end = 0;
  /** Operations that are left. */
  count = 0;
  private file = '';

  /** @param file named when the bytes do not hold. */
  open(buffer: Buffer, start: number, end: number, file: string): void {
    this.buffer = buffer;
    this.end = end;
    this.file = file;
    if (end - start < HEAD_BYTES) throw this.damage('has no head');
    this.sequence = buffer.readDoubleLE(start) - 1;
    this.count = buffer.readUInt32LE(start + 8);
    this.at = start + HEAD_BYTES;
  }

  /** @throws LsmError 'corrupt' when the bytes are no batch. */
  next(): boolean {
    if (this.count === 0) {
      if (this.at !== this.end) throw this.damage('goes on behind its end');
      return false;
    }
    const { buffer } = this;
    this.count--;
    this.sequence++;
    if (this.at >= this.end) throw this.damage('is cut short');
    const kind = buffer[this.at]!;
    if (kind > Kind.deleteRange) throw this.damage(`has an operation of kind ${kind}`);
    this.kind = kind as Kind;
    this.keyLength = this.length(this.at + 1);
    this.keyStart = varintEnd;
    this.at = this.keyStart + this.keyLength;
    this.expiresAtMs = 0;
    this.valueStart = this.at;
    this.valueLength = 0;
    if (kind !== Kind.delete) {
      this.valueLength = this.length(this.at);
      this.valueStart = varintEnd;
      this.at = this.valueStart + this.valueLength;
    }
    if (kind === Kind.putUntil) {
      if (this.at + 8 > this.end) throw this.damage('is cut short');
      this.expiresAtMs = buffer.readDoubleLE(this.at);
      this.at += 8;
    }
    return true;
  }

  /** A length, within the bytes that are there. */
  private length(at: number): number {
    const length = at < this.end ? readVarint(this.buffer, at) : -1;
    if (length < 0 || varintEnd + length > this.end) throw this.damage('is cut short');
    return length;
  }

  private damage(detail: string): LsmError {
    return new LsmError('corrupt', { file: this.file, detail: `a batch ${detail}` });
  }
}
