/** The entries of a segment's footer, gathered while its items are written. */
import { crc32 } from 'node:zlib';
import { ENTRY_BYTES, encodeEntry, encodeTrailer, type Head, TRAILER_BYTES } from './format.ts';
import type { Segment } from './segment.ts';

const FIRST_BYTES = 4096;

export class Footer {
  count = 0;
  private entries = Buffer.alloc(FIRST_BYTES);

  /** Bytes of a footer of so many entries. */
  static bytesOf(count: number): number {
    return count * ENTRY_BYTES + TRAILER_BYTES;
  }

  add(head: Head, offset: number): void {
    const at = this.count * ENTRY_BYTES;
    if (at === this.entries.length) {
      const larger = Buffer.alloc(at * 2);
      this.entries.copy(larger);
      this.entries = larger;
    }
    encodeEntry(this.entries, at, head, offset);
    this.count++;
  }

  /** The bytes to stand at the end of the segment's items. */
  encode(segment: Segment): Buffer {
    const entries = this.entries.subarray(0, this.count * ENTRY_BYTES);
    const { header, end, minSequence, maxSequence, maxOrder } = segment;
    const trailer = encodeTrailer(
      {
        entriesAt: end,
        count: this.count,
        entriesSum: crc32(entries, header.seed),
        minSequence,
        maxSequence,
        maxOrder,
      },
      header,
    );
    return Buffer.concat([entries, trailer]);
  }
}
