/**
 * Reads the effects of a payload of the log back. Grammar: docs/formats/effects.md.
 */
import type { Args } from '../../core/wire/index.ts';

/** Takes one effect; `args` is reused and good only during the call. */
export type VisitEffect = (database: number, args: Args) => void;

/** Gives the effects of a payload, one after the other. @throws RangeError when the bytes are no effects. */
export function readEffects(
  buf: Buffer,
  start: number,
  end: number,
  args: Args,
  visit: VisitEffect,
): void {
  let at = start;
  while (at < end) {
    const database = readNumber(buf, at, end);
    at = numberEnd;
    const count = readNumber(buf, at, end);
    at = numberEnd;
    args.buf = buf;
    args.count = 0;
    for (let i = 0; i < count; i++) {
      const length = readNumber(buf, at, end);
      at = numberEnd;
      if (at + length > end) throw new RangeError('an argument of an effect is cut off');
      args.push(at, at + length);
      at += length;
    }
    visit(database, args);
  }
}

/** Offset behind the number that `readNumber` read. */
let numberEnd = 0;

function readNumber(buf: Buffer, start: number, end: number): number {
  let value = 0;
  let at = start;
  for (let shift = 0; shift < 35; shift += 7) {
    if (at >= end) throw new RangeError('an effect ends in the middle of a number');
    const byte = buf[at++] as number;
    value = shift === 0 ? byte & 127 : value + (byte & 127) * 2 ** shift;
    if (byte < 128) {
      numberEnd = at;
      return value;
    }
  }
  throw new RangeError('a number of an effect is too long');
}

/**
 * As `readEffects` for a payload in parts, which may be cut anywhere. At most one effect is copied at
 * a time, and only one that is cut.
 */
export function readPartedEffects(parts: readonly Buffer[], args: Args, visit: VisitEffect): void {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) {
    readEffects(only, 0, only.length, args, visit);
    return;
  }
  const cursor = new PartCursor(parts);
  while (!cursor.atEnd) {
    const effect = cursor.effect();
    readEffects(effect, 0, effect.length, args, visit);
  }
}

/** Walks over parts as if they were one buffer. */
class PartCursor {
  private readonly parts: readonly Buffer[];
  private nth = 0;
  /** Offset in the part at hand. */
  private at = 0;

  constructor(parts: readonly Buffer[]) {
    this.parts = parts;
    this.leaveEnded();
  }

  get atEnd(): boolean {
    return this.nth === this.parts.length;
  }

  /** The bytes of the next effect: a view when they are in one part. */
  effect(): Buffer {
    const { nth, at } = this;
    this.number();
    const count = this.number();
    for (let i = 0; i < count; i++) this.skip(this.number());
    if (this.nth === nth) return this.parts[nth]!.subarray(at, this.at);
    const pieces = this.parts.slice(nth, this.nth);
    pieces[0] = pieces[0]!.subarray(at);
    if (!this.atEnd) pieces.push(this.parts[this.nth]!.subarray(0, this.at));
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
  }

  private number(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.atEnd) throw new RangeError('an effect ends in the middle of a number');
      const byte = this.parts[this.nth]![this.at] as number;
      this.at++;
      this.leaveEnded();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('a number of an effect is too long');
  }

  private skip(bytes: number): void {
    let left = bytes;
    while (left > 0) {
      if (this.atEnd) throw new RangeError('an argument of an effect is cut off');
      const step = Math.min(left, this.parts[this.nth]!.length - this.at);
      this.at += step;
      left -= step;
      this.leaveEnded();
    }
  }

  private leaveEnded(): void {
    while (this.nth < this.parts.length && this.at === this.parts[this.nth]!.length) {
      this.nth++;
      this.at = 0;
    }
  }
}
