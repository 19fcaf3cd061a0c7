/**
 * A list too large for its record: a row of chunks in the arena, each a run of entries with free space
 * on either side, so that pushing at both ends writes only the entry.
 *
 *   chunk  = [free | entries start..end | free]      at most `chunkBytes`, or one entry that is larger
 *   row    = arrays of (address, start, end, count, number, status), used from `first` to
 *            `first + chunks`
 *
 * Invariants: no chunk is empty; `size` is the sum of counts. Reaching an element costs a walk over
 * the row and then over one chunk; changing the row in its middle moves its numbers, not the bytes. A
 * chunk keeps its number as long as it lives, and no two have had the same.
 *
 * Benchmark: bench/kv (LPUSH, RPOP, LRANGE).
 */
import {
  type ElementIn,
  type ElementNameOut,
  type ElementOut,
  type LargeValue,
  Type,
} from '../../keyspace/index.ts';
import { type Arena, byteOffset, moveBytes, SEGMENT_SHIFT } from '../../memory/index.ts';
import { readOrder, writeOrder } from './chunk-order.ts';
import {
  entryBytes,
  lengthAt,
  lengthBefore,
  skipBackward,
  skipForward,
  writeEntry,
} from './entries.ts';
import { type ChunkOwner, chunkName, chunkNumber, ListChanges } from './list-changes.ts';

const ROW_MIN = 8;

/** Where an element stands: its chunk in the row and its offset in the chunk. */
export interface Position {
  chunk: number;
  offset: number;
}

export class LargeList implements LargeValue, ChunkOwner {
  readonly type = Type.list;
  changes: ListChanges | undefined;
  size = 0;
  /** Number of chunks. */
  chunks = 0;
  /** Bytes that a new chunk has. */
  readonly chunkBytes: number;
  /** Entries that a chunk may hold at most. */
  readonly chunkEntries: number;
  private readonly arena: Arena;
  private first = ROW_MIN >> 1;
  private addresses = new Uint32Array(ROW_MIN);
  private starts = new Uint32Array(ROW_MIN);
  private ends = new Uint32Array(ROW_MIN);
  private counts = new Uint32Array(ROW_MIN);
  private numbers = new Float64Array(ROW_MIN);
  private statuses = new Uint8Array(ROW_MIN);
  /** The number of the next chunk. */
  private nextNumber = 1;
  /** Where chunks that are being loaded belong, by their numbers. */
  private places: Map<number, number> | undefined;
  private heldBytes = 0;

  constructor(arena: Arena, chunkBytes: number, chunkEntries: number) {
    this.arena = arena;
    this.chunkBytes = chunkBytes;
    this.chunkEntries = chunkEntries;
  }

  memoryBytes(): number {
    return this.heldBytes + this.addresses.length * 25 + 250;
  }

  release(budget: number): boolean {
    for (let left = Math.max(1, budget >>> 3); left > 0 && this.chunks > 0; left--) {
      this.size -= this.counts[this.first + this.chunks - 1] as number;
      this.dropChunk(this.chunks - 1);
    }
    return this.chunks === 0;
  }

  // Chunks by their place in the row.

  /** Bytes of the segment that a chunk lies in. */
  bytesOf(chunk: number): Buffer {
    return this.arena.bytes[(this.addresses[this.first + chunk] as number) >>> SEGMENT_SHIFT]!;
  }

  /** Offset of a chunk's first entry in `bytesOf`. */
  startOf(chunk: number): number {
    const at = this.first + chunk;
    return byteOffset(this.addresses[at] as number) + (this.starts[at] as number);
  }

  /** Offset behind a chunk's last entry. */
  endOf(chunk: number): number {
    const at = this.first + chunk;
    return byteOffset(this.addresses[at] as number) + (this.ends[at] as number);
  }

  countOf(chunk: number): number {
    return this.counts[this.first + chunk] as number;
  }

  // The ends.

  pushHead(from: Buffer, start: number, length: number): void {
    const bytes = entryBytes(length);
    const at = this.first;
    if (
      this.chunks === 0 ||
      (this.starts[at] as number) < bytes ||
      (this.counts[at] as number) >= this.chunkEntries
    ) {
      this.newChunk(0, bytes, 'head');
    }
    this.changing(0);
    const row = this.first;
    const target = (this.starts[row] as number) - bytes;
    this.starts[row] = target;
    writeEntry(this.bytesOf(0), this.startOf(0), from, start, length);
    this.counts[row] = (this.counts[row] as number) + 1;
    this.size++;
  }

  pushTail(from: Buffer, start: number, length: number): void {
    const bytes = entryBytes(length);
    const at = this.first + this.chunks - 1;
    if (
      this.chunks === 0 ||
      (this.ends[at] as number) + bytes > this.capacity(this.chunks - 1) ||
      (this.counts[at] as number) >= this.chunkEntries
    ) {
      this.newChunk(this.chunks, bytes, 'tail');
    }
    const last = this.chunks - 1;
    this.changing(last);
    const row = this.first + last;
    writeEntry(this.bytesOf(last), this.endOf(last), from, start, length);
    this.ends[row] = (this.ends[row] as number) + bytes;
    this.counts[row] = (this.counts[row] as number) + 1;
    this.size++;
  }

  /** Removes the first element, which is there. */
  dropHead(): void {
    this.changing(0);
    const row = this.first;
    this.starts[row] =
      (this.starts[row] as number) + entryBytes(lengthAt(this.bytesOf(0), this.startOf(0)));
    this.removed(0, 1);
  }

  /** Removes the last element, which is there. */
  dropTail(): void {
    const last = this.chunks - 1;
    this.changing(last);
    const row = this.first + last;
    this.ends[row] =
      (this.ends[row] as number) - entryBytes(lengthBefore(this.bytesOf(last), this.endOf(last)));
    this.removed(last, 1);
  }

  private removed(chunk: number, count: number): void {
    const row = this.first + chunk;
    this.counts[row] = (this.counts[row] as number) - count;
    this.size -= count;
    if (this.counts[row] === 0) this.dropChunk(chunk);
  }

  // Anywhere.

  /** A chunk is about to change. */
  private changing(chunk: number): void {
    const { changes } = this;
    if (changes !== undefined && (this.statuses[this.first + chunk]! & changes.dirtyBit) === 0) {
      changes.change(chunk);
    }
  }

  /** Position of the element with this index, which is there. */
  seek(index: number): Position {
    let chunk: number;
    let rest: number;
    if (index * 2 <= this.size) {
      rest = index;
      for (chunk = 0; rest >= this.countOf(chunk); chunk++) rest -= this.countOf(chunk);
    } else {
      rest = this.size - 1 - index;
      for (chunk = this.chunks - 1; rest >= this.countOf(chunk); chunk--)
        rest -= this.countOf(chunk);
      rest = this.countOf(chunk) - 1 - rest;
    }
    const bytes = this.bytesOf(chunk);
    const count = this.countOf(chunk);
    const offset =
      rest * 2 <= count
        ? skipForward(bytes, this.startOf(chunk), rest)
        : skipBackward(bytes, this.endOf(chunk), count - rest);
    return { chunk, offset: offset - this.startOf(chunk) };
  }

  /** Puts a new element before the one at `position`. */
  insert(position: Position, from: Buffer, start: number, length: number): void {
    this.replaceEntry(position, 0, { from, start, length });
  }

  /** Replaces the element at `position`. */
  set(position: Position, from: Buffer, start: number, length: number): void {
    const at = this.startOf(position.chunk) + position.offset;
    const old = entryBytes(lengthAt(this.bytesOf(position.chunk), at));
    if (old === entryBytes(length)) {
      this.changing(position.chunk);
      writeEntry(this.bytesOf(position.chunk), at, from, start, length);
    } else this.replaceEntry(position, old, { from, start, length });
  }

  /** Removes the element at `position`. */
  remove(position: Position): void {
    const { chunk, offset } = position;
    this.changing(chunk);
    const bytes = this.bytesOf(chunk);
    const at = this.startOf(chunk) + offset;
    const size = entryBytes(lengthAt(bytes, at));
    const end = this.endOf(chunk);
    const row = this.first + chunk;
    if (offset * 2 < end - this.startOf(chunk)) {
      const start = this.startOf(chunk);
      moveBytes(bytes, start, bytes, start + size, at - start);
      this.starts[row] = (this.starts[row] as number) + size;
    } else {
      moveBytes(bytes, at + size, bytes, at, end - at - size);
      this.ends[row] = (this.ends[row] as number) - size;
    }
    this.removed(chunk, 1);
  }

  /** Removes `count` elements from index `from` on; all are there. */
  removeRange(from: number, count: number): void {
    let left = count;
    while (left > 0) {
      const { chunk, offset } = this.seek(from);
      this.changing(chunk);
      const start = this.startOf(chunk) + offset;
      const bytes = this.bytesOf(chunk);
      let end = start;
      let taken = 0;
      const chunkEnd = this.endOf(chunk);
      for (; taken < left && end < chunkEnd; taken++) end += entryBytes(lengthAt(bytes, end));
      const row = this.first + chunk;
      if (offset === 0) this.starts[row] = (this.starts[row] as number) + (end - start);
      else {
        moveBytes(bytes, end, bytes, start, chunkEnd - end);
        this.ends[row] = (this.ends[row] as number) - (end - start);
      }
      this.removed(chunk, taken);
      left -= taken;
    }
  }

  /** Writes a chunk anew with `drop` bytes at a position replaced by an entry; splits it when too long. */
  private replaceEntry(
    position: Position,
    drop: number,
    entry: { from: Buffer; start: number; length: number },
  ): void {
    const { chunk, offset } = position;
    const begin = this.startOf(chunk);
    const at = begin + offset;
    const end = this.endOf(chunk);
    const old = Buffer.from(this.bytesOf(chunk).subarray(begin, end));
    const count = this.countOf(chunk);
    const size = entryBytes(entry.length);
    const before = old.subarray(0, offset);
    const after = old.subarray(at - begin + drop);
    const added = Buffer.allocUnsafe(size);
    writeEntry(added, 0, entry.from, entry.start, entry.length);
    this.size -= count;
    this.dropChunk(chunk);
    const countAfter = count - (drop > 0 ? 1 : 0);
    const total = before.length + size + after.length;
    if (total <= this.chunkBytes && countAfter + 1 <= this.chunkEntries) {
      this.fillChunk(chunk, [before, added, after], countAfter + 1);
      return;
    }
    // Three pieces at most: what is before, the entry, what is behind.
    let place = chunk;
    const countBefore = countIn(before);
    if (countBefore > 0) this.fillChunk(place++, [before], countBefore);
    this.fillChunk(place++, [added], 1);
    if (countAfter - countBefore > 0) this.fillChunk(place, [after], countAfter - countBefore);
  }

  /** Adds a chunk with these bytes, which hold `count` entries. For builders as well. */
  fillChunk(chunk: number, pieces: readonly Buffer[], count: number): void {
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    this.newChunk(chunk, bytes, 'tail');
    const target = this.bytesOf(chunk);
    let at = this.startOf(chunk);
    for (const piece of pieces) at += piece.copy(target, at);
    const row = this.first + chunk;
    this.ends[row] = (this.starts[row] as number) + bytes;
    this.counts[row] = count;
    this.size += count;
  }

  private capacity(chunk: number): number {
    return this.arena.capacity(this.addresses[this.first + chunk] as number);
  }

  /** Adds an empty chunk with room for `bytes` at least, filled from its head or its tail. */
  private newChunk(chunk: number, bytes: number, side: 'head' | 'tail'): void {
    const address = this.arena.alloc(Math.max(bytes, this.chunkBytes));
    const capacity = this.arena.capacity(address);
    this.heldBytes += capacity;
    if (this.first === 0 || this.first + this.chunks === this.addresses.length) this.growRow();
    if (chunk * 2 < this.chunks || chunk === 0) {
      this.shiftRow(this.first, this.first + chunk, -1);
      this.first--;
    } else this.shiftRow(this.first + chunk, this.first + this.chunks, 1);
    this.chunks++;
    const row = this.first + chunk;
    this.addresses[row] = address;
    this.starts[row] = side === 'head' ? capacity : 0;
    this.ends[row] = side === 'head' ? capacity : 0;
    this.counts[row] = 0;
    this.numbers[row] = this.nextNumber++;
    this.statuses[row] = 0;
    this.changes?.add(chunk);
  }

  private dropChunk(chunk: number): void {
    this.changes?.remove(chunk);
    const row = this.first + chunk;
    const address = this.addresses[row] as number;
    this.heldBytes -= this.arena.capacity(address);
    this.arena.free(address);
    if (chunk * 2 < this.chunks) {
      this.shiftRow(this.first, row, 1);
      this.first++;
    } else this.shiftRow(row + 1, this.first + this.chunks, -1);
    this.chunks--;
  }

  private shiftRow(from: number, to: number, by: 1 | -1): void {
    if (from === to) return;
    for (const column of [this.addresses, this.starts, this.ends, this.counts]) {
      column.copyWithin(from + by, from, to);
    }
    this.numbers.copyWithin(from + by, from, to);
    this.statuses.copyWithin(from + by, from, to);
  }

  private growRow(): void {
    const size = Math.max(ROW_MIN, this.chunks * 2 + 4);
    const first = (size - this.chunks) >> 1;
    const grow = (column: Uint32Array): Uint32Array<ArrayBuffer> => {
      const larger = new Uint32Array(size);
      larger.set(column.subarray(this.first, this.first + this.chunks), first);
      return larger;
    };
    this.addresses = grow(this.addresses);
    this.starts = grow(this.starts);
    this.ends = grow(this.ends);
    this.counts = grow(this.counts);
    const numbers = new Float64Array(size);
    numbers.set(this.numbers.subarray(this.first, this.first + this.chunks), first);
    this.numbers = numbers;
    const statuses = new Uint8Array(size);
    statuses.set(this.statuses.subarray(this.first, this.first + this.chunks), first);
    this.statuses = statuses;
    this.first = first;
  }

  // Elements: chunks.

  statusOf(chunk: number): number {
    return this.statuses[this.first + chunk] as number;
  }

  setStatus(chunk: number, status: number): void {
    this.statuses[this.first + chunk] = status;
  }

  numberOf(chunk: number): number {
    return this.numbers[this.first + chunk] as number;
  }

  get elementCount(): number {
    return this.chunks;
  }

  beginChanges(loading: boolean, doubtful = false): void {
    this.changes = new ListChanges(this, loading);
    if (doubtful) this.changes.doubtfulFrom = 0;
  }

  endChanges(): void {
    this.changes = undefined;
    this.statuses.fill(0);
  }

  /** The next number and the order of the chunks. */
  writeHead(out: ElementOut): void {
    out.f64(this.nextNumber);
    writeOrder(this.chunks, (chunk) => this.numberOf(chunk), out);
  }

  readHead(from: ElementIn): void {
    this.nextNumber = from.f64();
    const { changes } = this;
    if (changes?.doubtfulFrom !== undefined) changes.doubtfulFrom = this.nextNumber;
    this.places = readOrder(from);
  }

  /** A chunk: how many entries, the entries. */
  writeElement(chunk: number, out: ElementNameOut): void {
    const name = chunkName(this.numberOf(chunk));
    out.name(name, 0, name.length);
    out.u32(this.countOf(chunk));
    const start = this.startOf(chunk);
    out.raw(this.bytesOf(chunk), start, this.endOf(chunk) - start);
  }

  readElement(name: Buffer, from: ElementIn): void {
    const count = from.u32();
    const { nextNumber } = this;
    this.nextNumber = chunkNumber(name);
    this.fillChunk(this.chunks, [from.raw(from.left)], count);
    this.nextNumber = nextNumber;
  }

  /** Puts the chunks, which came in the order of their numbers, into that of the list. */
  loaded(): boolean {
    this.changes!.loading = false;
    const { places, chunks, first } = this;
    this.places = undefined;
    if (places === undefined || places.size !== chunks) return false;
    const order = new Uint32Array(chunks);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const place = places.get(this.numberOf(chunk));
      if (place === undefined) return false;
      order[place] = first + chunk;
    }
    const columns = [this.addresses, this.starts, this.ends, this.counts, this.numbers];
    for (const column of [...columns, this.statuses]) {
      const copy = column.slice();
      for (let place = 0; place < chunks; place++) column[first + place] = copy[order[place]!]!;
    }
    return true;
  }
}

function countIn(entries: Buffer): number {
  let count = 0;
  for (let at = 0; at < entries.length; at += entryBytes(lengthAt(entries, at))) count++;
  return count;
}
