/**
 * Arguments that a script gives to a command, as the bytes that a client would have sent.
 *
 * They are written one after the other into one buffer, which serves all calls: nothing is allocated
 * for a call.
 *
 * Benchmark: bench/kv.
 */
import { Args, formatDouble } from '../../core/wire/index.ts';
import { scriptArgsBytesMax } from '../limits.ts';
import type { LuaValue } from '../lua/index.ts';
import { OutOfMemoryError } from '../memory/index.ts';

const BYTES_FIRST = 16 * 1024;
/** A buffer that had to grow beyond this is not kept. */
const BYTES_KEPT = 1024 * 1024;
/** Measured: up to here a loop over the characters beats a native write. */
const LOOP_MAX = 24;

export class ScriptArgs {
  readonly args = new Args();
  private buf: Buffer = Buffer.allocUnsafeSlow(BYTES_FIRST);
  private at = 0;
  private readonly allocate: (bytes: number) => Buffer;
  private readonly bytesMax: number;

  /** `allocate`: where memory comes from. */
  constructor(allocate: (bytes: number) => Buffer, bytesMax = scriptArgsBytesMax) {
    this.allocate = allocate;
    this.bytesMax = bytesMax;
  }

  /** Takes these values; false when one is neither text nor number. @throws RangeError without memory. */
  load(values: readonly LuaValue[]): boolean {
    const { args } = this;
    if (this.buf.length > BYTES_KEPT) this.buf = Buffer.allocUnsafeSlow(BYTES_FIRST);
    this.at = 0;
    args.count = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (typeof value === 'string') this.put(value);
      else if (typeof value === 'number') this.put(numberText(value));
      else return false;
    }
    args.buf = this.buf;
    return true;
  }

  private put(text: string): void {
    const { length } = text;
    const start = this.at;
    if (start + length > this.buf.length) this.grow(length);
    const { buf } = this;
    if (length <= LOOP_MAX) {
      for (let i = 0; i < length; i++) buf[start + i] = text.charCodeAt(i);
    } else buf.write(text, start, length, 'latin1');
    this.at = start + length;
    this.args.push(start, this.at);
  }

  private grow(bytes: number): void {
    const wanted = this.at + bytes;
    if (wanted > this.bytesMax) {
      throw new OutOfMemoryError(`a script gives a command more than ${this.bytesMax} bytes`);
    }
    const larger = this.allocate(Math.min(Math.max(wanted, this.buf.length * 2), this.bytesMax));
    this.buf.copy(larger, 0, 0, this.at);
    this.buf = larger;
  }
}

/** A number as Redis 7.2 gives it to commands: whole ones plainly, others as the shortest digits. */
export function numberText(n: number): string {
  return Number.isSafeInteger(n) ? String(n) : formatDouble(n);
}
