/**
 * Reads a zipmap, the compact hash of Redis before 2.6:
 *
 *     pairs u8 (254 and above: count them) | (key, value)* | 0xff
 *     key:   length (1 byte below 254, or 0xfe and u32) | bytes
 *     value: length as above | unused bytes u8 | bytes | the unused bytes
 */

import { badFormat } from './fault.ts';
import type { PackedSource } from './packed-source.ts';

const COUNT_UNKNOWN = 254;
const WIDE_LENGTH = 0xfe;
const END = 0xff;

export class ZipmapReader implements PackedSource {
  readonly countHint: number;
  private readonly bytes: Buffer;
  private position = 1;
  private taken = 0;

  constructor(bytes: Buffer) {
    if (bytes.length < 2) badFormat('zipmap too short');
    if (bytes[bytes.length - 1] !== END) badFormat('zipmap without end');
    this.bytes = bytes;
    this.countHint = Math.min(2 * (bytes[0] as number), bytes.length - 2);
  }

  done(): boolean {
    if (this.position !== this.bytes.length - 1) return false;
    const claimed = this.bytes[0] as number;
    if (claimed < COUNT_UNKNOWN && 2 * claimed !== this.taken) badFormat('zipmap count');
    return true;
  }

  takeBytes(): Buffer {
    const isValue = (this.taken & 1) === 1;
    const length = this.readLength();
    let unused = 0;
    if (isValue) {
      this.fits(1);
      unused = this.bytes[this.position++] as number;
    }
    this.fits(length + unused);
    const start = this.position;
    this.position = start + length + unused;
    this.taken++;
    return this.bytes.subarray(start, start + length);
  }

  private readLength(): number {
    this.fits(1);
    const first = this.bytes[this.position++] as number;
    if (first < WIDE_LENGTH) return first;
    if (first !== WIDE_LENGTH) badFormat('zipmap ends early');
    this.fits(4);
    const length = this.bytes.readUInt32LE(this.position);
    this.position += 4;
    return length;
  }

  private fits(size: number): void {
    if (this.position + size > this.bytes.length - 1) badFormat('zipmap ends early');
  }
}
