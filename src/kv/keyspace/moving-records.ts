/**
 * The records of one table, which grow, shrink and get times at which they expire. A record may move for
 * it; the table and the list of times follow, and the address of before is gone.
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../../core/base/index.ts';
import {
  type Address,
  Arena,
  byteOffset,
  copyBytes,
  EXTRA_WORD,
  KEY_LENGTH_MASK,
  moveBytes,
  SEGMENT_SHIFT,
  Table,
} from '../memory/index.ts';
import { Changes } from './changes.ts';
import { Expiries } from './expiries.ts';
import { Flag, RECORD_HEAD_BYTES } from './record.ts';
import { RecordFields } from './record-fields.ts';

export class MovingRecords extends RecordFields {
  /** Keys to records. */
  table: Table;
  /** When keys expire. */
  expiries = new Expiries();
  /** What the disk does not have yet. */
  changes: Changes;

  constructor(arena: Arena) {
    super(arena);
    this.table = new Table(arena, RECORD_HEAD_BYTES);
    this.changes = new Changes(arena);
  }

  /**
   * Gives a packed record room for `valueBytes` bytes of value, keeping the bytes that fit, and sets
   * the value length. Returns the record, moved or not. `spare`: ask for room to grow when moving.
   */
  resizeValue(record: Address, valueBytes: number, spare = false): Address {
    const arena = this.arena;
    const segment = record >>> SEGMENT_SHIFT;
    const words = arena.words[segment]!;
    const offset = byteOffset(record);
    const w = offset >>> 2;
    const head = words[w + 2] as number;
    const fixed = RECORD_HEAD_BYTES + (head & KEY_LENGTH_MASK) + (head >= EXTRA_WORD ? 4 : 0);
    const total = fixed + valueBytes;
    const capacity = arena.capacity(record);
    // In place when it fits and does not waste more than half.
    if (total <= capacity && (total * 2 >= capacity || capacity <= 64)) {
      words[w + 4] = valueBytes;
      return record;
    }
    const wanted = spare ? total + Math.min(valueBytes, SPARE_BYTES_MAX) : total;
    const kept = Math.min(valueBytes, words[w + 4] as number);
    return this.move(record, Arena.roundUp(wanted), fixed + kept, valueBytes);
  }

  private move(record: Address, bytes: number, copied: number, valueBytes: number): Address {
    const arena = this.arena;
    const moved = arena.alloc(bytes);
    const from = arena.bytes[record >>> SEGMENT_SHIFT]!;
    const to = arena.bytes[moved >>> SEGMENT_SHIFT]!;
    moveBytes(from, byteOffset(record), to, byteOffset(moved), copied);
    arena.words[moved >>> SEGMENT_SHIFT]![(byteOffset(moved) >>> 2) + 4] = valueBytes;
    this.replaced(record, moved);
    return moved;
  }

  private replaced(record: Address, moved: Address): void {
    const arena = this.arena;
    const ok = this.table.replace(record, moved);
    invariant(ok, 'a record that is not in its table');
    const words = arena.words[moved >>> SEGMENT_SHIFT]!;
    const w = byteOffset(moved) >>> 2;
    if ((words[w + 2] as number) >= EXTRA_WORD) this.expiries.setRecord(words[w + 5]!, moved);
    arena.free(record);
  }

  /** Unix time in milliseconds at which the key expires, -1 for never. */
  expiryOf(record: Address): number {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    if ((words[w + 2] as number) < EXTRA_WORD) return -1;
    return this.expiries.timeAt(words[w + 5] as number);
  }

  /** Lets the key expire at a Unix time in milliseconds. Returns the record, moved or not. */
  setExpiry(record: Address, atMs: number): Address {
    const arena = this.arena;
    const words = arena.words[record >>> SEGMENT_SHIFT]!;
    const offset = byteOffset(record);
    const w = offset >>> 2;
    const head = words[w + 2] as number;
    if (head >= EXTRA_WORD) {
      this.expiries.setTime(words[w + 5] as number, atMs);
      return record;
    }
    const valueBytes = this.packedBytes(words, w);
    const body = head + valueBytes;
    const bytes = arena.bytes[record >>> SEGMENT_SHIFT]!;
    if (RECORD_HEAD_BYTES + 4 + body <= arena.capacity(record)) {
      const from = offset + RECORD_HEAD_BYTES;
      moveBytes(bytes, from, bytes, from + 4, body);
      words[w + 2] = (head | EXTRA_WORD) >>> 0;
      words[w + 5] = this.expiries.add(record, atMs);
      return record;
    }
    const moved = arena.alloc(RECORD_HEAD_BYTES + 4 + body);
    const to = arena.bytes[moved >>> SEGMENT_SHIFT]!;
    const toOffset = byteOffset(moved);
    copyBytes(bytes, offset, to, toOffset, RECORD_HEAD_BYTES);
    moveBytes(bytes, offset + RECORD_HEAD_BYTES, to, toOffset + RECORD_HEAD_BYTES + 4, body);
    const movedWords = arena.words[moved >>> SEGMENT_SHIFT]!;
    const mw = toOffset >>> 2;
    movedWords[mw + 2] = (head | EXTRA_WORD) >>> 0;
    movedWords[mw + 5] = this.expiries.add(moved, atMs);
    this.replaced(record, moved);
    return moved;
  }

  /** Takes the expiry away; the record stays where it is. Returns whether it had one. */
  clearExpiry(record: Address): boolean {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const offset = byteOffset(record);
    const w = offset >>> 2;
    const head = words[w + 2] as number;
    if (head < EXTRA_WORD) return false;
    const length = head & KEY_LENGTH_MASK;
    const storedMs = this.expiries.storedAt(words[w + 5] as number);
    if (storedMs > 0) {
      const { changes, arena } = this;
      const buf = arena.bytes[record >>> SEGMENT_SHIFT]!;
      changes.untimed.add(words[w + 1]!, buf, offset + RECORD_HEAD_BYTES + 4, length, storedMs);
    }
    this.forgetExpiry(words[w + 5] as number);
    const from = offset + RECORD_HEAD_BYTES + 4;
    const bytes = this.arena.bytes[record >>> SEGMENT_SHIFT]!;
    moveBytes(bytes, from, bytes, from - 4, length + this.packedBytes(words, w));
    words[w + 2] = length;
    return true;
  }

  protected forgetExpiry(index: number): void {
    const moved = this.expiries.remove(index);
    if (moved !== 0) {
      this.arena.words[moved >>> SEGMENT_SHIFT]![(byteOffset(moved) >>> 2) + 5] = index;
    }
  }

  private packedBytes(words: Uint32Array, w: number): number {
    return ((words[w + 3] as number) & Flag.large) === 0 ? (words[w + 4] as number) : 0;
  }

  /** The time under which the index on the disk has a key, 0 for none. */
  storedTime(record: Address): number {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    const w = byteOffset(record) >>> 2;
    if ((words[w + 2] as number) < EXTRA_WORD) return 0;
    return this.expiries.storedAt(words[w + 5] as number);
  }

  /** The index on the disk has an expiring key under this time, Unix ms; 0: it has it no more. */
  setStoredTime(record: Address, atMs: number): void {
    const words = this.arena.words[record >>> SEGMENT_SHIFT]!;
    this.expiries.setStored(words[(byteOffset(record) >>> 2) + 5]!, atMs);
  }
}

/** Growth room of a string that is appended to, at most. */
const SPARE_BYTES_MAX = 1 << 20;
