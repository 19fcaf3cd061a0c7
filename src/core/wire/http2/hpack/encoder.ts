/**
 * Writes header blocks of HPACK (RFC 7541): one encoder for the life of a connection's direction.
 *
 * A field enters the table the second time the same name and value are sent, so that what never repeats
 * pushes nothing out; from the third time on it is one octet. Huffman code is used for what enters the
 * table, where it is paid for once; other strings are copied, which is several times faster.
 *
 * Benchmark: bench/http2-wire.ts.
 */
import { copyBytes, equalBytes, hashBytes } from '../../../base/index.ts';
import { type FieldId, LOWER_CASE, lowerNameOf } from '../../http/index.ts';
import type { Output } from '../output.ts';
import { DynamicTable } from './dynamic-table.ts';
import { encodeHuffman, huffmanLength } from './huffman.ts';
import { INTEGER_OCTETS_MAX, writeInteger } from './integer.ts';
import { Policy, policies, staticNames } from './policy.ts';
import { STATIC_COUNT, staticNameLengths, staticOctets, staticStarts } from './static-table.ts';

/** Hash buckets of the table's entries, and how many entries a bucket remembers. */
const BUCKETS = 64;
const WAYS = 4;
/** Buckets of the hashes of fields sent once, two hashes each. */
const SEEN_BUCKETS = 32;
/** A field above this share of the table does not enter it: it would push out most of the others. */
const ENTRY_SHARE = 4;
const LITERAL_OVERHEAD = 3 * INTEGER_OCTETS_MAX;

/** First octets of the kinds of literals (6.2), and the bits of the index in them. */
const ADDED = 0x40;
const ADDED_BITS = 6;
const NOT_ADDED = 0x00;
const NEVER_ADDED = 0x10;
const NOT_ADDED_BITS = 4;

const STATUS_NAME = 8;
/** By status: its field in the static table, 0 when it is not there. */
const statusIndexes = new Uint8Array(1000);
[200, 204, 206, 304, 400, 404, 500].forEach((status, i) => {
  statusIndexes[status] = STATUS_NAME + i;
});

/** The name at hand in small letters. */
let lowered = Buffer.alloc(256);

export class HpackEncoder {
  private readonly table: DynamicTable;
  /** Our own bound; the peer's may be lower. */
  private readonly tableBytesMax: number;
  /** Bounds to tell the peer's decoder before the next field: the lowest since then, and the last (4.2). */
  private pendingLow = -1;
  private pending = -1;
  /** Numbers of entries by hash, the newest first. */
  private entries: Int32Array | null = null;
  private seen: Int32Array | null = null;

  /** Literals that do not enter the table are in Huffman code too. */
  private readonly huffman: boolean;

  /**
   * `tableBytesMax` of 0 never uses the table: such blocks are good for every connection. `huffman`: they are made to
   * be sent often, so that all of them is as short as it can be.
   */
  constructor(tableBytesMax: number, peerTableBytes: number, huffman = false) {
    this.huffman = huffman;
    this.tableBytesMax = tableBytesMax;
    this.table = new DynamicTable(peerTableBytes);
    if (tableBytesMax > 0 && tableBytesMax < peerTableBytes) this.bound(tableBytesMax);
  }

  /** The peer changed SETTINGS_HEADER_TABLE_SIZE. */
  setPeerLimit(tableBytes: number): void {
    const bytes = Math.min(tableBytes, this.tableBytesMax);
    if (bytes !== this.table.sizeMax) this.bound(bytes);
  }

  get tableCount(): number {
    return this.table.count;
  }

  get tableSize(): number {
    return this.table.size;
  }

  /** Must come before the fields of a block. */
  begin(output: Output): void {
    if (this.pending < 0) return;
    output.reserve(2 * INTEGER_OCTETS_MAX);
    let at = output.length;
    if (this.pendingLow < this.pending) {
      at = writeInteger(output.buf, at, 5, 0x20, this.pendingLow);
    }
    output.length = writeInteger(output.buf, at, 5, 0x20, this.pending);
    this.pending = -1;
    this.pendingLow = -1;
  }

  /** Writes `:status`, three digits. */
  status(output: Output, status: number): void {
    output.reserve(5);
    const index = statusIndexes[status]!;
    const buf = output.buf;
    const at = output.length;
    if (index !== 0) {
      buf[at] = 0x80 | index;
      output.length = at + 1;
      return;
    }
    const tens = (status / 10) | 0;
    const hundreds = (tens / 10) | 0;
    buf[at] = NOT_ADDED | STATUS_NAME;
    buf[at + 1] = 3;
    buf[at + 2] = 48 + hundreds;
    buf[at + 3] = 48 + tens - hundreds * 10;
    buf[at + 4] = 48 + status - tens * 10;
    output.length = at + 5;
  }

  /** Writes a field that the static table has whole. */
  whole(output: Output, index: number): void {
    output.reserve(1);
    output.buf[output.length++] = 0x80 | index;
  }

  /** Writes a value under a name of the static table, as the policy says. */
  named(
    output: Output,
    index: number,
    from: Buffer,
    start: number,
    length: number,
    policy: Policy,
  ): void {
    if (policy === Policy.repeat) {
      const nameStart = staticStarts[index]!;
      const nameLength = staticNameLengths[index]!;
      this.repeated(output, index, index, staticOctets, nameStart, nameLength, from, start, length);
    } else {
      const flags = policy === Policy.never ? NEVER_ADDED : NOT_ADDED;
      this.literal(output, flags, NOT_ADDED_BITS, index, from, 0, 0, from, start, length);
    }
  }

  /**
   * Writes a field. `id` is its `FieldId`; the name may have capital letters. Fields that belong to a
   * connection of HTTP/1 are left out. `secret`: no table may have it, here or at any hop behind.
   */
  field(
    output: Output,
    id: number,
    nameFrom: Buffer,
    nameStart: number,
    nameLength: number,
    from: Buffer,
    start: number,
    length: number,
    secret: boolean,
  ): void {
    if (id === 0) {
      if (lowered.length < nameLength) lowered = Buffer.alloc(nameLength * 2);
      for (let i = 0; i < nameLength; i++) lowered[i] = LOWER_CASE[nameFrom[nameStart + i]!]!;
      if (secret) {
        this.literal(
          output,
          NEVER_ADDED,
          NOT_ADDED_BITS,
          0,
          lowered,
          0,
          nameLength,
          from,
          start,
          length,
        );
        return;
      }
      const seed = hashBytes(lowered, 0, nameLength, 0);
      this.repeated(output, 0, seed, lowered, 0, nameLength, from, start, length);
      return;
    }
    const policy = policies[id]!;
    if (policy === Policy.drop) return;
    const index = staticNames[id]!;
    const name = lowerNameOf(id as FieldId);
    if (policy === Policy.repeat && !secret) {
      this.repeated(output, index, id << 8, name, 0, nameLength, from, start, length);
    } else {
      const flags = secret || policy === Policy.never ? NEVER_ADDED : NOT_ADDED;
      this.literal(output, flags, NOT_ADDED_BITS, index, name, 0, nameLength, from, start, length);
    }
  }

  /** Writes a field that may be in the table or enter it. */
  private repeated(
    output: Output,
    index: number,
    seed: number,
    name: Buffer,
    nameStart: number,
    nameLength: number,
    from: Buffer,
    start: number,
    length: number,
  ): void {
    const table = this.table;
    if (this.tableBytesMax > 0 && (nameLength + length) * ENTRY_SHARE <= table.sizeMax) {
      const hash = hashBytes(from, start, length, seed) | 0;
      const bucket = (hash & (BUCKETS - 1)) * WAYS;
      if (this.entries !== null) {
        for (let i = bucket; i < bucket + WAYS; i++) {
          const number = this.entries[i]!;
          if (number === 0 || !table.has(number)) break;
          const slot = table.slot(number);
          if (table.mark(slot) !== hash) continue;
          if (table.nameLength(slot) !== nameLength || table.valueLength(slot) !== length) continue;
          const at = table.start(slot);
          if (!equalBytes(table.octets, at, name, nameStart, nameLength)) continue;
          if (!equalBytes(table.octets, at + nameLength, from, start, length)) continue;
          output.reserve(INTEGER_OCTETS_MAX);
          const back = STATIC_COUNT + 1 + table.added - number;
          output.length = writeInteger(output.buf, output.length, 7, 0x80, back);
          return;
        }
      }
      if (this.isSecond(hash)) {
        this.literal(
          output,
          ADDED,
          ADDED_BITS,
          index,
          name,
          nameStart,
          nameLength,
          from,
          start,
          length,
        );
        if (table.add(name, nameStart, nameLength, from, start, length, hash)) {
          this.entries ??= new Int32Array(BUCKETS * WAYS);
          this.entries.copyWithin(bucket + 1, bucket, bucket + WAYS - 1);
          this.entries[bucket] = table.added;
        }
        return;
      }
    }
    this.literal(
      output,
      NOT_ADDED,
      NOT_ADDED_BITS,
      index,
      name,
      nameStart,
      nameLength,
      from,
      start,
      length,
    );
  }

  /** Whether the hash was met before, of late. */
  private isSecond(hash: number): boolean {
    this.seen ??= new Int32Array(SEEN_BUCKETS * 2);
    const seen = this.seen;
    const at = ((hash >>> 8) & (SEEN_BUCKETS - 1)) * 2;
    if (seen[at] === hash || seen[at + 1] === hash) return true;
    seen[at + 1] = seen[at]!;
    seen[at] = hash;
    return false;
  }

  /** Section 6.2: with the index of a name, or with the name when `index` is 0. */
  private literal(
    output: Output,
    flags: number,
    prefixBits: number,
    index: number,
    name: Buffer,
    nameStart: number,
    nameLength: number,
    from: Buffer,
    start: number,
    length: number,
  ): void {
    output.reserve(nameLength + length + LITERAL_OVERHEAD);
    const buf = output.buf;
    let at = writeInteger(buf, output.length, prefixBits, flags, index);
    const huffman = flags === ADDED || this.huffman;
    if (index === 0) at = writeString(buf, at, name, nameStart, nameLength, huffman);
    output.length = writeString(buf, at, from, start, length, huffman);
  }

  private bound(tableBytes: number): void {
    this.table.resize(tableBytes);
    if (this.pending < 0 || tableBytes < this.pendingLow) this.pendingLow = tableBytes;
    this.pending = tableBytes;
  }
}

/** Section 5.2; with `huffman` in that code when it is shorter. */
function writeString(
  to: Buffer,
  at: number,
  from: Buffer,
  start: number,
  length: number,
  huffman: boolean,
): number {
  if (huffman) {
    const coded = huffmanLength(from, start, length);
    if (coded < length) {
      return encodeHuffman(from, start, length, to, writeInteger(to, at, 7, 0x80, coded));
    }
  }
  const next = writeInteger(to, at, 7, 0, length);
  copyBytes(from, start, to, next, length);
  return next + length;
}
