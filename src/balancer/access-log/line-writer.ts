/**
 * JSON written as bytes into one buffer, so that a line makes no strings. What it writes is ASCII: bytes of the
 * network from 0x7f on become \u007f to \u00ff, a character a byte, and can so be told from the line (RFC 8259).
 *
 * Invariant: whoever writes has asked for `room` before. Hot: bench/balancer/access-log.ts.
 */
import { copyBytes, ownBytes } from '../../core/base/index.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const NULL = Buffer.from('null', 'latin1');
/** 1 for bytes that stand for themselves. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
/** The most that one byte becomes. */
export const ESCAPED_MAX = 6;
/** Names remembered as bytes; servers may come and go for years. */
const NAMES_MAX = 10_000;

export class LineWriter {
  buf: Buffer;
  at = 0;
  private readonly names = new Map<string, Buffer>();
  private readonly digits = new Uint8Array(20);

  constructor(bytes: number) {
    this.buf = Buffer.allocUnsafe(bytes);
  }

  /** Room for so many more bytes. */
  room(bytes: number): void {
    if (this.at + bytes <= this.buf.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buf.length * 2, this.at + bytes));
    this.buf.copy(larger, 0, 0, this.at);
    this.buf = larger;
  }

  /** As it is. */
  put(bytes: Buffer): void {
    copyBytes(bytes, 0, this.buf, this.at, bytes.length);
    this.at += bytes.length;
  }

  /** A name of ours as a JSON string; its bytes are remembered. */
  name(name: string): void {
    let bytes = this.names.get(name);
    if (bytes === undefined) {
      if (this.names.size >= NAMES_MAX) this.names.clear();
      // Not ASCII alone only where a name of the configuration is not.
      bytes = ownBytes(JSON.stringify(name));
      this.names.set(name, bytes);
    }
    this.room(bytes.length);
    this.put(bytes);
  }

  /** Bytes of the network as a JSON string; null when there are none. */
  text(bytes: Buffer, start: number, length: number): void {
    if (length === 0) {
      this.put(NULL);
      return;
    }
    const { buf } = this;
    let { at } = this;
    buf[at++] = QUOTE;
    for (let i = start; i < start + length; i++) {
      const byte = bytes[i]!;
      if (PLAIN[byte] === 1) {
        buf[at++] = byte;
        continue;
      }
      buf[at++] = BACKSLASH;
      if (byte === QUOTE || byte === BACKSLASH) {
        buf[at++] = byte;
        continue;
      }
      buf[at++] = 0x75;
      buf[at++] = ZERO;
      buf[at++] = ZERO;
      buf[at++] = HEX[byte >> 4]!;
      buf[at++] = HEX[byte & 15]!;
    }
    buf[at++] = QUOTE;
    this.at = at;
  }

  /** A whole number from 0 on. */
  number(value: number): void {
    const { buf, digits } = this;
    let left = value;
    let count = 0;
    do {
      const digit = left % 10;
      digits[count++] = ZERO + digit;
      left = (left - digit) / 10;
    } while (left > 0);
    while (count > 0) buf[this.at++] = digits[--count]!;
  }

  /** Three digits. */
  thousandths(value: number): void {
    const { buf } = this;
    buf[this.at++] = ZERO + ((value / 100) | 0);
    buf[this.at++] = ZERO + (((value / 10) | 0) % 10);
    buf[this.at++] = ZERO + (value % 10);
  }

  /** Milliseconds to three places; null for NaN. */
  duration(ms: number): void {
    // NaN, and a clock that is said to have gone back.
    if (!(ms >= 0)) {
      this.put(NULL);
      return;
    }
    const microseconds = Math.round(ms * 1000);
    const whole = Math.floor(microseconds / 1000);
    this.number(whole);
    this.buf[this.at++] = 0x2e;
    this.thousandths(microseconds - whole * 1000);
  }
}
