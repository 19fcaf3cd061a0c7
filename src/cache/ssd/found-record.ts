/** A record whose head was read and verified, and how to come by its body. */
import { BLOCK_BYTES, HEAD_BYTES, type Head } from './format.ts';
import type { Segment } from './segment.ts';
import type { DiskRecord } from './types.ts';

export class FoundRecord implements DiskRecord {
  readonly hashLow: number;
  readonly hashHigh: number;
  readonly tag: number;
  readonly order: number;
  readonly sequence: number;
  readonly bodyBytes: number;
  readonly meta: Buffer;
  readonly segment: Segment;
  readonly entry: number;
  /** Where the body begins in the file. */
  readonly bodyAt: number;
  readonly headSum: number;
  /** The body's checksums; null: the whole body is at hand and was verified. */
  readonly table: Buffer | null;
  /** What of the body was read with the head. */
  readonly atHand: Buffer;

  /** @param bytes from `offset` of the file on, head and meta whole. */
  constructor(
    head: Head,
    place: { readonly segment: Segment; readonly entry: number; readonly offset: number },
    read: { readonly bytes: Buffer; readonly headSum: number; readonly table: Buffer | null },
  ) {
    const bodyStart = HEAD_BYTES + head.metaBytes;
    this.hashLow = head.hashLow;
    this.hashHigh = head.hashHigh;
    this.tag = head.tag;
    this.order = head.order;
    this.sequence = head.sequence;
    this.bodyBytes = head.bodyBytes;
    this.meta = read.bytes.subarray(HEAD_BYTES, bodyStart);
    this.segment = place.segment;
    this.entry = place.entry;
    this.bodyAt = place.offset + bodyStart;
    this.headSum = read.headSum;
    this.table = read.table;
    this.atHand = read.bytes.subarray(bodyStart, bodyStart + head.bodyBytes);
  }

  /** Whether the block is in memory, from its beginning to its end. */
  hasBlock(nth: number): boolean {
    const end = Math.min((nth + 1) * BLOCK_BYTES, this.bodyBytes);
    return end <= this.atHand.length;
  }
}
