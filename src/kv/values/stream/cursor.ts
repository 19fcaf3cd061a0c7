/**
 * Walks over the live entries of a stream between two ids, in either direction. The stream must not
 * change meanwhile, but other memory may.
 *
 * After `next` has returned true `id` and `pairs` tell the entry; each `nextPair` then gives a field and
 * its value as ranges of `buf`.
 *
 * Benchmark: bench/kv (XRANGE).
 */
import { type Address, byteOffset, SEGMENT_SHIFT } from '../../memory/index.ts';
import type { StreamEntries } from './entries.ts';
import {
  DELETED,
  ENTRIES_AT,
  entryBefore,
  FIRST_LIVE,
  HEAD_BYTES,
  MASTERS,
  SAME_FIELDS,
  USED,
} from './entry-block.ts';
import { EntryId } from './id.ts';
import { sizeBytes, VarintReader } from './varint.ts';

export class EntryCursor {
  readonly id = new EntryId();
  /** Fields of the entry. */
  pairs = 0;
  buf: Buffer = EMPTY;
  fieldStart = 0;
  fieldEnd = 0;
  valueStart = 0;
  valueEnd = 0;
  /** Deleted entries are met as well. */
  includeDeleted = false;
  /** Offset in `buf` at which the entry begins. */
  entryStart = 0;
  private entries: StreamEntries | undefined;
  private readonly from = new EntryId();
  private readonly to = new EntryId();
  private reverse = false;
  /** The first entry of the range has not been met yet. */
  private searching = true;
  private chunk = 0;
  private slot = 0;
  private readonly base = new EntryId();
  private readonly reader = new VarintReader();
  private readonly masters = new VarintReader();
  /** Where the entries of the block begin and end in `buf`, and where the walk stands. */
  private start = 0;
  private end = 0;
  private at = 0;
  private mastersStart = 0;
  private masterCount = 0;
  private same = false;

  /** All entries from `from` to `to`, both included; in reverse the later ones first. */
  begin(entries: StreamEntries, from: EntryId, to: EntryId, reverse = false): void {
    this.entries = entries;
    this.from.set(from);
    this.to.set(to);
    this.reverse = reverse;
    this.searching = true;
    const block = from.compare(to) > 0 ? 0 : entries.index.seek(reverse ? to : from);
    if (block === 0) this.stop();
    else this.enter(block);
  }

  private stop(): void {
    this.entries = undefined;
    this.at = this.start = this.end = 0;
  }

  private enter(block: Address): void {
    const { arena, index } = this.entries!;
    this.chunk = index.chunk;
    this.slot = index.slot;
    const words = arena.words[block >>> SEGMENT_SHIFT]!;
    const offset = byteOffset(block);
    const w = offset >>> 2;
    this.buf = arena.bytes[block >>> SEGMENT_SHIFT]!;
    this.base.read(words, w);
    this.reader.buf = this.buf;
    this.masters.buf = this.buf;
    this.mastersStart = offset + HEAD_BYTES;
    this.masterCount = words[w + MASTERS] as number;
    this.start = offset + (words[w + ENTRIES_AT] as number);
    this.end = offset + (words[w + USED] as number);
    this.at = this.reverse ? this.end : offset + (words[w + FIRST_LIVE] as number);
  }

  private step(): boolean {
    const { entries } = this;
    if (entries === undefined) return false;
    const { index } = entries;
    index.to(this.chunk, this.slot);
    const block = this.reverse ? index.previous() : index.next();
    if (block === 0) this.stop();
    else this.enter(block);
    return block !== 0;
  }

  /** Goes to the next entry; false at the end. */
  next(): boolean {
    const { reader, id } = this;
    for (;;) {
      if (this.reverse) {
        if (this.at === this.start) {
          if (this.step()) continue;
          return false;
        }
        this.at = entryBefore(this.buf, this.at);
      } else if (this.at === this.end) {
        if (this.step()) continue;
        return false;
      }
      const entry = this.at;
      reader.at = entry;
      const head = reader.size();
      const size = head >>> 2;
      if (!this.reverse) {
        const whole = reader.at + size - entry;
        this.at = entry + whole + sizeBytes(whole);
      }
      if ((head & DELETED) !== 0 && !this.includeDeleted) continue;
      this.readId();
      if (this.searching) {
        if (this.reverse ? id.compare(this.to) > 0 : id.compare(this.from) < 0) continue;
        this.searching = false;
      }
      if (this.reverse ? id.compare(this.from) < 0 : id.compare(this.to) > 0) {
        this.stop();
        return false;
      }
      this.entryStart = entry;
      this.same = (head & SAME_FIELDS) !== 0;
      if (this.same) {
        this.masters.at = this.mastersStart;
        this.pairs = this.masterCount;
      } else this.pairs = reader.size();
      return true;
    }
  }

  private readId(): void {
    const { reader, id, base } = this;
    if (reader.time(base, id)) {
      reader.wide();
      id.seqHi = reader.hi;
      id.seqLo = reader.lo;
      return;
    }
    reader.wide();
    const lo = base.seqLo + reader.lo;
    id.seqLo = lo >>> 0;
    id.seqHi = (base.seqHi + reader.hi + (lo > 0xffffffff ? 1 : 0)) >>> 0;
  }

  /** Reads the next field of the entry and its value; call it `pairs` times at most. */
  nextPair(): void {
    const { reader } = this;
    const fields = this.same ? this.masters : reader;
    const fieldBytes = fields.size();
    this.fieldStart = fields.at;
    fields.at = this.fieldEnd = fields.at + fieldBytes;
    const valueBytes = reader.size();
    this.valueStart = reader.at;
    reader.at = this.valueEnd = reader.at + valueBytes;
  }
}

const EMPTY = Buffer.alloc(0);
