/**
 * The dynamic table of HPACK (RFC 7541, 2.3.2 and 4): a queue of fields, bounded by bytes.
 *
 *     octets   | free | oldest ......... newest | free |
 *                     ^ begin                   ^ end
 *
 * The octets of a field lie together, name first, and all fields lie in one piece; when the end of the
 * memory is reached they move to its beginning. Memory grows as fields come, so a connection that sends
 * none costs none.
 *
 * Invariants: `size` = sum of (name + value + 32) <= `sizeMax`; `count` <= slots; offsets lie in `octets`.
 *
 * Both sides use it: the decoder keeps what it knows of a field in `mark`, the encoder its hash.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import { copyBytes } from '../../../base/index.ts';

/** What an entry costs besides its octets (RFC 7541, 4.1). */
export const ENTRY_OVERHEAD = 32;
const SLOTS_FIRST = 8;
const OCTETS_FIRST = 256;
const NO_OCTETS = Buffer.alloc(0);
const NO_SLOTS = new Int32Array(0);

/** Numbers that each entry has in `slots`. */
const STRIDE = 4;
const START = 0;
const NAME_LENGTH = 1;
const VALUE_LENGTH = 2;
const MARK = 3;

export class DynamicTable {
  /** Octets of all entries. Replaced when it grows. */
  octets: Buffer = NO_OCTETS;
  /** Entries. */
  count = 0;
  /** Size in the sense of RFC 7541, 4.1. */
  size = 0;
  sizeMax: number;
  /** Entries added since the beginning; the newest has this number. */
  added = 0;

  private slots = NO_SLOTS;
  /** Slots - 1, a power of two less one. */
  private mask = -1;
  private begin = 0;
  private end = 0;

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax;
  }

  /** Where the entry of the number is, for `start`, `nameLength`, ...; the newest is `added`. */
  slot(number: number): number {
    return (number & this.mask) * STRIDE;
  }

  /** Whether the entry of the number is still there. */
  has(number: number): boolean {
    return number > this.added - this.count && number <= this.added;
  }

  start(slot: number): number {
    return this.slots[slot + START]!;
  }

  nameLength(slot: number): number {
    return this.slots[slot + NAME_LENGTH]!;
  }

  valueLength(slot: number): number {
    return this.slots[slot + VALUE_LENGTH]!;
  }

  mark(slot: number): number {
    return this.slots[slot + MARK]!;
  }

  /** Changes the bound and evicts what is above it (RFC 7541, 4.3). */
  resize(sizeMax: number): void {
    this.sizeMax = sizeMax;
    this.evict(sizeMax);
    if (sizeMax === 0) {
      this.octets = NO_OCTETS;
      this.slots = NO_SLOTS;
      this.mask = -1;
    }
  }

  /**
   * Adds a field, evicting the oldest ones for it. One that is larger than the whole table empties the
   * table and is not kept (RFC 7541, 4.4): then false. Neither buffer may be this table's own memory.
   */
  add(
    nameFrom: Buffer,
    nameStart: number,
    nameLength: number,
    valueFrom: Buffer,
    valueStart: number,
    valueLength: number,
    mark: number,
  ): boolean {
    const length = nameLength + valueLength;
    const need = length + ENTRY_OVERHEAD;
    if (need > this.sizeMax) {
      this.evict(0);
      return false;
    }
    this.evict(this.sizeMax - need);
    if (this.end + length > this.octets.length) this.makeRoom(length);
    if (this.count > this.mask) this.growSlots();
    const at = this.end;
    const octets = this.octets;
    copyBytes(nameFrom, nameStart, octets, at, nameLength);
    copyBytes(valueFrom, valueStart, octets, at + nameLength, valueLength);
    this.end = at + length;
    this.size += need;
    this.count++;
    this.added++;
    const slot = this.slot(this.added);
    const slots = this.slots;
    slots[slot + START] = at;
    slots[slot + NAME_LENGTH] = nameLength;
    slots[slot + VALUE_LENGTH] = valueLength;
    slots[slot + MARK] = mark;
    return true;
  }

  private evict(sizeMax: number): void {
    while (this.size > sizeMax) {
      const slot = this.slot(this.added - this.count + 1);
      const length = this.nameLength(slot) + this.valueLength(slot);
      this.begin += length;
      this.size -= length + ENTRY_OVERHEAD;
      this.count--;
    }
    if (this.count === 0) {
      this.begin = 0;
      this.end = 0;
    }
  }

  /** Moves the entries to the beginning of the memory, or of more memory when half of it is in use. */
  private makeRoom(length: number): void {
    const used = this.end - this.begin;
    let capacity = Math.max(this.octets.length, OCTETS_FIRST);
    while (capacity < used + length || (capacity < this.sizeMax && capacity < 2 * used)) {
      capacity *= 2;
    }
    const to = capacity === this.octets.length ? this.octets : Buffer.allocUnsafeSlow(capacity);
    this.octets.copy(to, 0, this.begin, this.end);
    this.octets = to;
    const moved = this.begin;
    for (let number = this.added - this.count + 1; number <= this.added; number++) {
      const slot = this.slot(number) + START;
      this.slots[slot] = this.slots[slot]! - moved;
    }
    this.begin = 0;
    this.end = used;
  }

  private growSlots(): void {
    const old = this.slots;
    const oldMask = this.mask;
    const capacity = Math.max(SLOTS_FIRST, (oldMask + 1) * 2);
    this.slots = new Int32Array(capacity * STRIDE);
    this.mask = capacity - 1;
    for (let number = this.added - this.count + 1; number <= this.added; number++) {
      const from = (number & oldMask) * STRIDE;
      this.slots.set(old.subarray(from, from + STRIDE), this.slot(number));
    }
  }
}
