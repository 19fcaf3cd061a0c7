/**
 * Turns an item into its bytes, as many at a time as there is room for.
 *
 *     head ─▶ meta ─▶ body, summed up block by block as it is copied ─▶ table of the sums, zeros up to the unit
 */
import { crc32 } from 'node:zlib';
import {
  BLOCK_BYTES,
  blockSeed,
  blocksOf,
  encodeHead,
  HEAD_BYTES,
  headChecksum,
  KIND_RECORD,
} from './format.ts';
import type { Item } from './item.ts';

const NOTHING: readonly Uint8Array[] = [];

export class ItemEncoder {
  /** Nothing is left to write. */
  finished = true;
  private readonly head = Buffer.alloc(HEAD_BYTES);
  private headSum = 0;
  private meta: Uint8Array = this.head;
  private body = NOTHING;
  private table: Buffer = this.head;
  /** Which of head, meta, pieces of the body and table is being written, and how far. */
  private part = 0;
  private at = 0;
  private block = 0;
  private blockAt = 0;
  private blockSum = 0;

  /** @param offset where it will begin in its file; @param seed that file's. */
  begin(item: Item, offset: number, seed: number): void {
    encodeHead(this.head, item, offset);
    this.headSum = headChecksum(this.head, item.meta, seed);
    this.head.writeUInt32LE(this.headSum, 4);
    this.meta = item.meta;
    this.body = item.body;
    const behind = item.bytes - HEAD_BYTES - item.metaBytes - item.bodyBytes;
    this.table = Buffer.alloc(item.kind === KIND_RECORD ? behind : 0);
    this.part = 0;
    this.at = 0;
    this.block = 0;
    this.blockAt = 0;
    this.blockSum = blockSeed(this.headSum, 0);
    this.finished = false;
    if (item.bodyBytes === 0 && this.table.length > 0) this.endTable(0);
  }

  /** Writes from `at` on. @returns behind what was written: the buffer's end, unless it is finished. */
  fill(into: Buffer, start: number): number {
    let to = start;
    const parts = this.body.length + 3;
    while (this.part < parts) {
      const source = this.source();
      let count = Math.min(source.length - this.at, into.length - to);
      const isBody = this.part >= 2 && this.part < parts - 1;
      if (isBody) count = Math.min(count, BLOCK_BYTES - this.blockAt);
      into.set(source.subarray(this.at, this.at + count), to);
      if (isBody) this.sum(into.subarray(to, to + count));
      to += count;
      this.at += count;
      if (this.at === source.length) {
        this.part++;
        this.at = 0;
        // The table is known when the body is behind us.
        if (this.part === parts - 1 && this.blockAt > 0) this.endBlock();
      } else if (to === into.length) return to;
    }
    this.finished = true;
    this.body = NOTHING;
    this.meta = this.head;
    return to;
  }

  private source(): Uint8Array {
    if (this.part === 0) return this.head;
    if (this.part === 1) return this.meta;
    return this.body[this.part - 2] ?? this.table;
  }

  private sum(bytes: Uint8Array): void {
    this.blockSum = crc32(bytes, this.blockSum);
    this.blockAt += bytes.length;
    if (this.blockAt === BLOCK_BYTES) this.endBlock();
  }

  private endBlock(): void {
    this.table.writeUInt32LE(this.blockSum, 4 * this.block);
    this.block++;
    this.blockAt = 0;
    this.blockSum = blockSeed(this.headSum, this.block);
    // Padding is less than a sum: the table's last place but the padding is that of the end.
    if (this.block === blocksOf(this.bodyBytes())) this.endTable(this.block);
  }

  private endTable(blocks: number): void {
    this.table.writeUInt32LE(crc32(this.table.subarray(0, 4 * blocks), this.headSum), 4 * blocks);
  }

  private bodyBytes(): number {
    return this.head.readUInt32LE(44);
  }
}
