/**
 * Turns what commands changed into log entries. All effects of one command, transaction or script
 * are one entry, so recovery applies them together or not at all. (Only what is more than the log
 * takes as one entry, a gibibyte, is split.) Grammar: docs/formats/effects.md.
 *
 *   entry  = *effect
 *   effect = database argc *argument      database, argc: varint
 *   argument = length bytes               length: varint
 */
import type { Args } from '../../core/wire/index.ts';
import type { EffectArg } from '../command/call.ts';
import { copyBytes } from '../memory/index.ts';

/** Where entries go: the write-ahead log, or nowhere. */
export interface EffectSink {
  reserve(maxBytes: number, keepBytes?: number): { buffer: Buffer; offset: number };
  commit(usedBytes: number, timestampMs: number): number;
  /** False: no more writes should be run until it has caught up. */
  readonly accepting?: boolean;
}

const VARINT_BYTES_MAX = 5;
/** Bytes that the log takes as one entry. */
const ENTRY_BYTES_MAX = 1024 * 1024 * 1024;

export class EffectLog {
  /** Undefined: nothing is logged (no persistence, or a replay runs). */
  sink: EffectSink | undefined;
  /** Log index of the last entry, 0 before the first. */
  lastIndex = 0;
  /** Effects encoded since the start. */
  effects = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private offset = 0;
  private used = 0;
  private capacity = 0;
  private readonly entryBytesMax: number;
  private readonly nowMs: () => number;

  /** `nowMs`: Unix ms of an entry that has to be split. */
  constructor(nowMs: () => number, entryBytesMax = ENTRY_BYTES_MAX) {
    this.nowMs = nowMs;
    this.entryBytesMax = entryBytesMax;
  }

  /** The log is behind by more than it should: writes have to wait. */
  get crowded(): boolean {
    return this.sink?.accepting === false;
  }

  /** Adds a command as it is to the entry at hand. */
  addCommand(database: number, args: Args): void {
    if (this.sink === undefined) return;
    const { buf, count, starts, ends } = args;
    let bytes = (2 + count) * VARINT_BYTES_MAX;
    for (let i = 0; i < count; i++) bytes += (ends[i] as number) - (starts[i] as number);
    this.ensure(bytes);
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
    this.effects++;
  }

  /** Adds a command given as a list to the entry at hand. */
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
    this.ensure(bytes);
    const to = this.buffer;
    let at = putVarint(to, this.offset + this.used, database);
    at = putVarint(to, at, list.length);
    for (const item of list) {
      at = putVarint(to, at, item.length);
      item.copy(to, at);
      at += item.length;
    }
    this.used = at - this.offset;
    this.effects++;
  }

  /** Ends the entry at hand; false when it has no effect, and then there is none. */
  commit(nowMs: number): boolean {
    if (this.used === 0) return false;
    this.lastIndex = this.sink!.commit(this.used, nowMs);
    this.used = 0;
    this.capacity = 0;
    return true;
  }

  private ensure(bytes: number): void {
    if (this.used + bytes <= this.capacity) return;
    // What has been done can not be undone any more: an entry in two parts is better than none.
    if (this.used > 0 && this.used + bytes > this.entryBytesMax) this.commit(this.nowMs());
    const wanted = this.used === 0 ? bytes : Math.min((this.used + bytes) * 2, this.entryBytesMax);
    const reservation = this.sink!.reserve(wanted, this.used);
    this.buffer = reservation.buffer;
    this.offset = reservation.offset;
    this.capacity = wanted;
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

/**
 * Gives the effects of an entry to `visit`, one after the other; `args` is reused and good only
 * during the call. Throws RangeError when the bytes are no effects.
 */
export function readEffects(
  buf: Buffer,
  start: number,
  end: number,
  args: Args,
  visit: (database: number, args: Args) => void,
): void {
  let at = start;
  const readVarint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= end) throw new RangeError('an effect ends in the middle of a number');
      const byte = buf[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number of an effect is too long');
  };
  while (at < end) {
    const database = readVarint();
    const count = readVarint();
    args.buf = buf;
    args.count = 0;
    for (let i = 0; i < count; i++) {
      const length = readVarint();
      if (at + length > end) throw new RangeError('an argument of an effect is cut off');
      args.push(at, at + length);
      at += length;
    }
    visit(database, args);
  }
}
