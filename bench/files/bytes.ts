/** What large objects hold: bytes that repeat with a period that divides no block, chunk or buffer, and the look at what comes back. */
import { createHash } from 'node:crypto';

export const MEBIBYTE = 2 ** 20;

const PERIOD = MEBIBYTE + 4099;
/** Twice the period: any piece of up to a period is a view of it. */
const PATTERN = patternOf(2 * PERIOD);

function patternOf(bytes: number): Buffer {
  const pattern = Buffer.allocUnsafeSlow(bytes);
  let state = 0x2545f491;
  for (let at = 0; at < PERIOD; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pattern[at] = state >>> 24;
  }
  pattern.copy(pattern, PERIOD, 0, bytes - PERIOD);
  return pattern;
}

/** Bytes `[from, to)` of the content, in pieces of at most 256 KiB, which are not to be changed. */
export function contentOf(from: number, to: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = from; at < to; ) {
    const count = Math.min(256 * 1024, to - at);
    pieces.push(PATTERN.subarray(at % PERIOD, (at % PERIOD) + count));
    at += count;
  }
  return pieces;
}

/** Compares what comes, in its order, with the content. */
export class ContentCheck {
  private at = 0;

  /** @throws when it is another. */
  take(bytes: Buffer): void {
    for (let from = 0; from < bytes.length; ) {
      const count = Math.min(PERIOD, bytes.length - from);
      const expected = this.at % PERIOD;
      if (PATTERN.compare(bytes, from, from + count, expected, expected + count) !== 0) {
        throw new Error(`the bytes at ${this.at} are not what was written`);
      }
      from += count;
      this.at += count;
    }
  }
}

/** A small object of its own for each number. */
export function smallContent(nth: number, bytes: number): Buffer {
  const content = Buffer.from(PATTERN.subarray(nth % PERIOD, (nth % PERIOD) + bytes));
  content.writeUInt32LE(nth >>> 0, 0);
  return content;
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
