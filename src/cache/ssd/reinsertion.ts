/**
 * Writes anew what was used of a segment that leaves, up to a quarter of a segment.
 *
 * Neighbours are read together, so that it keeps up with the writes that want the room. It ends early when room is
 * wanted at once, for the writer that waits for the room is the one that would write.
 */
import { readWhole } from './file-io.ts';
import { decodeHead, HEAD_BYTES, heldChecksum, itemBytes, KIND_RECORD } from './format.ts';
import type { Item } from './item.ts';
import { metaBytesMax, reinsertBytesMax, reinsertQueuedBytes, reinsertShare } from './limits.ts';
import type { RecordIndex } from './record-index.ts';
import type { Segment } from './segment.ts';
import type { DiskTierOptions, TierCounts } from './types.ts';
import { bodyHolds } from './verify.ts';

/** Records that lie so far apart are read apart. */
const GAP_BYTES = 64 * 1024;

/** A record that was used: its entry in the index, and where it is in the file. */
export interface Used {
  readonly entry: number;
  readonly order: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface ReinsertionOptions {
  readonly index: RecordIndex;
  readonly segmentBytes: number;
  readonly keep: DiskTierOptions['keep'];
  readonly counts: TierCounts;
  /** Queues a record to be written anew. False: not now. */
  readonly push: (item: Item) => boolean;
}

export class Reinsertion {
  /** Nothing more is begun. */
  isHurried = false;
  private readonly options: ReinsertionOptions;
  private queuedBytes = 0;
  private wake: (() => void) | null = null;

  constructor(options: ReinsertionOptions) {
    this.options = options;
  }

  /** Ends what goes on, soon. */
  hurry(): void {
    this.isHurried = true;
    this.wake?.();
  }

  /** Until all is written that will be. @param used in the order of the file. */
  async run(segment: Segment, used: readonly Used[]): Promise<void> {
    const small = used.filter(({ bytes }) => bytes <= reinsertBytesMax);
    let left = this.options.segmentBytes / reinsertShare;
    for (let from = 0; from < small.length && left > 0 && !this.isHurried; ) {
      const to = groupEnd(small, from);
      left = await this.group(segment, small.slice(from, to), left);
      await this.untilQueued(reinsertQueuedBytes);
      from = to;
    }
    // What is still queued when the segment has left is not written.
    await this.untilQueued(0);
  }

  /** Reads neighbours and queues them. @returns what is left of the bytes that may be written. */
  private async group(segment: Segment, group: readonly Used[], left: number): Promise<number> {
    const first = group[0]!;
    const last = group.at(-1)!;
    const bytes = Buffer.allocUnsafeSlow(last.offset + last.bytes - first.offset);
    segment.pin();
    try {
      if ((await readWhole(segment.file, bytes, first.offset)) < bytes.length) return left;
    } catch {
      this.options.counts.readErrors++;
      return left;
    } finally {
      segment.unpin();
    }
    let rest = left;
    for (const used of group) {
      if (used.bytes > rest || !this.options.index.holds(used.entry, used.order)) continue;
      const at = used.offset - first.offset;
      const item = this.copyOf(used, bytes.subarray(at, at + used.bytes), segment.header.seed);
      if (item === null) continue;
      if (this.isHurried || !this.options.push(item)) return 0;
      rest -= used.bytes;
      this.queuedBytes += item.bytes;
    }
    return rest;
  }

  /** Null: it does not hold, or the owner lets it go. @param bytes the whole record. */
  private copyOf({ entry, order, offset }: Used, bytes: Buffer, seed: number): Item | null {
    const { counts, keep } = this.options;
    const head = decodeHead(bytes, 0, offset);
    if (head === null || head.kind !== KIND_RECORD || head.order !== order) return null;
    if (itemBytes(head.kind, head.metaBytes, head.bodyBytes) !== bytes.length) return null;
    const sum = heldChecksum(bytes, 0, head, seed);
    const bodyAt = HEAD_BYTES + head.metaBytes;
    if (sum === null || !bodyHolds(bytes, bodyAt, head.bodyBytes, sum)) {
      counts.damaged++;
      return null;
    }
    const meta = bytes.subarray(HEAD_BYTES, bodyAt);
    const kept = keep === undefined ? { sequence: head.sequence, meta } : keep({ ...head, meta });
    if (kept === null || kept.meta.length > metaBytesMax) return null;
    const size = itemBytes(head.kind, kept.meta.length, head.bodyBytes);
    return {
      ...head,
      sequence: kept.sequence,
      metaBytes: kept.meta.length,
      meta: kept.meta,
      body: [bytes.subarray(bodyAt, bodyAt + head.bodyBytes)],
      bytes: size,
      entry,
      done: (stored) => {
        if (stored) counts.reinserted++;
        this.queuedBytes -= size;
        this.wake?.();
      },
    };
  }

  /** Until so many bytes at most are queued. */
  private async untilQueued(bytes: number): Promise<void> {
    while (this.queuedBytes > bytes && !this.isHurried) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}

/** Behind the last record that is read with the one at `from`. */
function groupEnd(used: readonly Used[], from: number): number {
  const start = used[from]!.offset;
  let to = from + 1;
  for (; to < used.length; to++) {
    const before = used[to - 1]!;
    const { offset, bytes } = used[to]!;
    if (offset + bytes - start > reinsertBytesMax) break;
    if (offset - before.offset - before.bytes > GAP_BYTES) break;
  }
  return to;
}
