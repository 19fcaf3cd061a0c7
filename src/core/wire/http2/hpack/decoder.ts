/**
 * Reads header blocks of HPACK (RFC 7541): one decoder for the life of a connection's direction.
 *
 * A block is given whole. `next` reads one field at a time; its octets are copied behind those of the
 * fields before it into `scratch`, which all connections share and which is theirs until the next block.
 * A field from a table is not validated again: its mark was kept with it.
 *
 * Bounds: an integer has at most 28 bits; the table has `limit` octets at most; how large a head may become
 * is the caller's to say, by `discard`: then fields only pass through the table and nothing is copied, so
 * that a block of short references to long fields costs no more than its own octets.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import { copyBytes } from '../../../base/index.ts';
import { DynamicTable } from './dynamic-table.ts';
import { decodeHuffman, huffmanDecodedMax } from './huffman.ts';
import { Mark, markOfName, markOfValue } from './marks.ts';
import type { Scratch } from './scratch.ts';
import {
  STATIC_COUNT,
  staticNameLengths,
  staticOctets,
  staticStarts,
  staticValueLengths,
} from './static-table.ts';

/** What `next` found. */
export const Step = { end: 0, field: 1, error: 2 } as const;
export type Step = (typeof Step)[keyof typeof Step];

const INTEGER_SHIFT_MAX = 21;

const staticMarks = new Int32Array(STATIC_COUNT + 1);
for (let index = 1; index <= STATIC_COUNT; index++) {
  staticMarks[index] = markOfName(
    staticOctets,
    staticStarts[index] as number,
    staticNameLengths[index] as number,
  );
}

export class HpackDecoder {
  /** Of the field just read: where it lies in `scratch.buf`, and its `Mark`s. */
  nameStart = 0;
  nameLength = 0;
  valueStart = 0;
  valueLength = 0;
  mark = 0;

  private readonly scratch: Scratch;
  private readonly table: DynamicTable;
  /** What we announced as SETTINGS_HEADER_TABLE_SIZE. */
  private limit: number;
  private buf: Buffer = Buffer.alloc(0);
  private at = 0;
  private end = 0;
  /** Whether a field of this block was read: size updates come before all fields (4.2). */
  private begun = false;
  private discarding = false;
  /** Octets of `scratch` in use. */
  used = 0;

  constructor(tableBytes: number, scratch: Scratch) {
    this.table = new DynamicTable(tableBytes);
    this.limit = tableBytes;
    this.scratch = scratch;
  }

  /** The peer acknowledged another bound of the table: a lower one it must confirm in its next block. */
  setLimit(tableBytes: number): void {
    this.limit = tableBytes;
  }

  /** Entries and octets of the table. */
  get tableCount(): number {
    return this.table.count;
  }

  get tableSize(): number {
    return this.table.size;
  }

  /** Begins with a block; what earlier ones left in `scratch` is gone. */
  begin(buf: Buffer, start: number, end: number): void {
    this.buf = buf;
    this.at = start;
    this.end = end;
    this.begun = false;
    this.discarding = false;
    this.used = 0;
  }

  /** From now on this block's fields only pass through the table. */
  discard(): void {
    this.discarding = true;
    this.used = 0;
  }

  /** Reads the next field. After `Step.error` the connection cannot go on (4.3 of RFC 9113). */
  next(): Step {
    for (;;) {
      if (this.at >= this.end) return Step.end;
      const first = this.buf[this.at]!;
      if (first >= 0x80) {
        // Section 6.1.
        const index = first < 0xff ? first & 0x7f : this.integer(0x7f);
        if (first < 0xff) this.at++;
        return this.indexed(index);
      }
      if (first >= 0x40) return this.literal(0x3f, true, 0);
      if (first < 0x20) return this.literal(0x0f, false, first >= 0x10 ? Mark.never : 0);
      // Section 6.3.
      const size = this.integer(0x1f);
      if (size < 0 || this.begun || size > this.limit) return Step.error;
      this.table.resize(size);
    }
  }

  private indexed(index: number): Step {
    if (!this.startField()) return Step.error;
    const start = this.used;
    const to = this.scratch.buf;
    if (index <= STATIC_COUNT) {
      if (index <= 0) return Step.error;
      if (this.discarding) return Step.field;
      const nameLength = staticNameLengths[index]!;
      const valueLength = staticValueLengths[index]!;
      const length = nameLength + valueLength;
      this.mark = staticMarks[index]!;
      copyBytes(staticOctets, staticStarts[index]!, this.room(length), start, length);
      this.place(start, nameLength, valueLength);
      return Step.field;
    }
    const table = this.table;
    const back = index - STATIC_COUNT - 1;
    if (back >= table.count) return Step.error;
    if (this.discarding) return Step.field;
    const slot = table.slot(table.added - back);
    const nameLength = table.nameLength(slot);
    const valueLength = table.valueLength(slot);
    const length = nameLength + valueLength;
    this.mark = table.mark(slot);
    copyBytes(
      table.octets,
      table.start(slot),
      to.length - start >= length ? to : this.room(length),
      start,
      length,
    );
    this.place(start, nameLength, valueLength);
    return Step.field;
  }

  /** Sections 6.2.1 to 6.2.3. */
  private literal(prefixMax: number, add: boolean, never: number): Step {
    if (!this.startField()) return Step.error;
    const start = this.used;
    const index = this.integer(prefixMax);
    let nameLength: number;
    let mark: number;
    if (index === 0) {
      nameLength = this.string();
      if (nameLength < 0) return Step.error;
      mark = markOfName(this.scratch.buf, start, nameLength);
    } else if (index <= STATIC_COUNT) {
      if (index < 0) return Step.error;
      nameLength = staticNameLengths[index]!;
      copyBytes(staticOctets, staticStarts[index]!, this.room(nameLength), start, nameLength);
      this.used += nameLength;
      mark = staticMarks[index]!;
    } else {
      const table = this.table;
      const back = index - STATIC_COUNT - 1;
      if (back >= table.count) return Step.error;
      const slot = table.slot(table.added - back);
      nameLength = table.nameLength(slot);
      copyBytes(table.octets, table.start(slot), this.room(nameLength), start, nameLength);
      this.used += nameLength;
      mark = table.mark(slot) & ~Mark.badValue;
    }
    const valueLength = this.string();
    if (valueLength < 0) return Step.error;
    const valueStart = start + nameLength;
    mark |= markOfValue(this.scratch.buf, valueStart, valueLength);
    if (add) {
      const from = this.scratch.buf;
      this.table.add(from, start, nameLength, from, valueStart, valueLength, mark);
    }
    this.mark = mark | never;
    if (this.discarding) this.used = 0;
    else this.place(start, nameLength, valueLength);
    return Step.field;
  }

  /** Before the first field the bound that we announced must hold (4.2). */
  private startField(): boolean {
    if (this.begun) return true;
    this.begun = true;
    return this.table.sizeMax <= this.limit;
  }

  private place(start: number, nameLength: number, valueLength: number): void {
    this.nameStart = start;
    this.nameLength = nameLength;
    this.valueStart = start + nameLength;
    this.valueLength = valueLength;
    this.used = start + nameLength + valueLength;
  }

  private room(length: number): Buffer {
    return this.scratch.room(this.used, length);
  }

  /** Reads an integer (5.1) whose prefix is all of `prefixMax`; -1 when it is cut short or too large. */
  private integer(prefixMax: number): number {
    const buf = this.buf;
    const end = this.end;
    let at = this.at;
    let value = buf[at++]! & prefixMax;
    if (value === prefixMax) {
      let shift = 0;
      for (;;) {
        if (at >= end || shift > INTEGER_SHIFT_MAX) return -1;
        const octet = buf[at++]!;
        value += (octet & 0x7f) << shift;
        if (octet < 0x80) break;
        shift += 7;
      }
    }
    this.at = at;
    return value;
  }

  /** Reads a string (5.2) to `used`; returns its length, -1 when it is malformed. */
  private string(): number {
    if (this.at >= this.end) return -1;
    const huffman = this.buf[this.at]! >= 0x80;
    const length = this.integer(0x7f);
    if (length < 0 || length > this.end - this.at) return -1;
    const from = this.at;
    const start = this.used;
    this.at = from + length;
    if (!huffman) {
      copyBytes(this.buf, from, this.room(length), start, length);
      this.used = start + length;
      return length;
    }
    const to = this.room(huffmanDecodedMax(length));
    const end = decodeHuffman(this.buf, from, length, to, start);
    if (end < 0) return -1;
    this.used = end;
    return end - start;
  }
}
