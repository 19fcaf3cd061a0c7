/**
 * Turns what commands changed into payloads of the log. All effects of one command, transaction or
 * script are one payload, so recovery applies them together or not at all. One that is longer than
 * PART_BYTES_MAX goes to the log in parts, cut anywhere. Grammar: docs/formats/effects.md; reading
 * them back: read-effects.ts.
 *
 * Benchmark: bench/kv.
 */
import type { Args } from '../../core/wire/index.ts';
import type { EffectArg } from '../command/call.ts';
import { copyBytes } from '../memory/index.ts';

/** Where entries go: the write-ahead log, or nowhere. */
export interface EffectSink {
  reserve(maxBytes: number, keepBytes?: number): { buffer: Buffer; offset: number };
  /** `more`: the next commit goes on with the same payload. */
  commit(usedBytes: number, timestampMs: number, more?: boolean): number;
  /** False: no more writes should be run until it has caught up. */
  readonly accepting?: boolean;
}

const VARINT_BYTES_MAX = 5;
/** Longest entry of the log: with its heads it fills one of the log's memory chunks, which are reused. */
const PART_BYTES_MAX = 1024 * 1024 - 128;

export class EffectLog {
  /** Undefined: nothing is logged (no persistence, or a replay runs). */
  sink: EffectSink | undefined;
  /** Log index of the last entry of the last payload, 0 before the first. */
  lastIndex = 0;
  /** Effects encoded since the start. */
  effects = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private offset = 0;
  private used = 0;
  private capacity = 0;
  /** Bytes of the payload at hand that are in parts before this one. */
  private partedBytes = 0;
  private readonly partBytesMax: number;

  /** `partBytesMax`: at least 5, the bytes of a number. */
  constructor(partBytesMax = PART_BYTES_MAX) {
    this.partBytesMax = partBytesMax;
  }

  /** Bytes of the payload at hand. */
  get payloadBytes(): number {
    return this.partedBytes + this.used;
  }

  /** The log is behind by more than it should: writes have to wait. */
  get crowded(): boolean {
    return this.sink?.accepting === false;
  }

  /** Adds a command as it is to the payload at hand. */
  addCommand(database: number, args: Args): void {
    if (this.sink === undefined) return;
    const { buf, count, starts, ends } = args;
    let bytes = (2 + count) * VARINT_BYTES_MAX;
    for (let i = 0; i < count; i++) bytes += (ends[i] as number) - (starts[i] as number);
    this.effects++;
    if (!this.ensure(bytes)) {
      this.putNumber(database);
      this.putNumber(count);
      for (let i = 0; i < count; i++) this.putBytes(buf, starts[i] as number, ends[i] as number);
      return;
    }
    const to = this.buffer;
    let at = putVarint(to, this.offset + this.used, database);
    at = putVarint(to, at, count);
    for (let i = 0; i < count; i++) {
      const start = starts[i] as number;
      const length = (ends[i] as number) - start;
      at = putVarint(to, at, length);
      copyBytes(buf, start, to, at, length);
      at += length;
    }
    this.used = at - this.offset;
  }

  /** Adds a command given as a list to the payload at hand. */
  add(database: number, args: readonly EffectArg[]): void {
    if (this.sink === undefined) return;
    const list = args.map((arg) =>
      typeof arg === 'string'
        ? Buffer.from(arg, 'latin1')
        : typeof arg === 'number'
          ? Buffer.from(decimal(arg))
          : arg,
    );
    let bytes = (2 + list.length) * VARINT_BYTES_MAX;
    for (const item of list) bytes += item.length;
    this.effects++;
    if (!this.ensure(bytes)) {
      this.putNumber(database);
      this.putNumber(list.length);
      for (const item of list) this.putBytes(item, 0, item.length);
      return;
    }
    const to = this.buffer;
    let at = putVarint(to, this.offset + this.used, database);
    at = putVarint(to, at, list.length);
    for (const item of list) {
      at = putVarint(to, at, item.length);
      item.copy(to, at);
      at += item.length;
    }
    this.used = at - this.offset;
  }

  /** Ends the payload at hand; false when it has no effect, and then there is none. */
  commit(nowMs: number): boolean {
    if (this.used === 0) return false;
    this.lastIndex = this.sink!.commit(this.used, nowMs);
    this.used = 0;
    this.capacity = 0;
    this.partedBytes = 0;
    return true;
  }

  /** Makes room for an effect of at most `bytes`; false when no part takes that. */
  private ensure(bytes: number): boolean {
    if (this.used + bytes <= this.capacity) return true;
    if (bytes > this.partBytesMax) return false;
    if (this.used + bytes > this.partBytesMax) this.endPart();
    const wanted = this.used === 0 ? bytes : Math.min((this.used + bytes) * 2, this.partBytesMax);
    this.reserve(wanted);
    return true;
  }

  private reserve(bytes: number): void {
    const reservation = this.sink!.reserve(bytes, this.used);
    this.buffer = reservation.buffer;
    this.offset = reservation.offset;
    this.capacity = bytes;
  }

  /** The payload goes on in the next entry; something has to follow. */
  private endPart(): void {
    // The time of a payload is that of its last part.
    this.sink!.commit(this.used, 0, true);
    this.partedBytes += this.used;
    this.used = 0;
    this.capacity = 0;
  }

  // What is too long for one part is written piece by piece.

  private putNumber(value: number): void {
    if (this.used + VARINT_BYTES_MAX > this.capacity) this.nextPart();
    this.used = putVarint(this.buffer, this.offset + this.used, value) - this.offset;
  }

  private putBytes(from: Buffer, start: number, end: number): void {
    this.putNumber(end - start);
    for (let at = start; at < end; ) {
      if (this.used === this.capacity) this.nextPart();
      const length = Math.min(end - at, this.capacity - this.used);
      copyBytes(from, at, this.buffer, this.offset + this.used, length);
      this.used += length;
      at += length;
    }
  }

  private nextPart(): void {
    if (this.used > 0) this.endPart();
    this.reserve(this.partBytesMax);
  }
}

/** A number as commands read it; 64-bit integers with all their digits. */
function decimal(n: number): string {
  const exact = Number.isSafeInteger(n) || !Number.isInteger(n) || Math.abs(n) >= 2 ** 63;
  return exact ? String(n) : BigInt(n).toString();
}

function putVarint(buf: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 128) {
    buf[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buf[at++] = rest;
  return at;
}
