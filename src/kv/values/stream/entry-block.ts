/**
 * A block of stream entries in the arena. Its first entry gives the master fields: an entry with the
 * same fields keeps its values alone.
 *
 *   w0..w3  id of the first entry ever put in: the base of the others
 *   w4      bytes used, this head included
 *   w5      live entries              w6  entries, deleted ones included
 *   w7      number of master fields   w8  offset of the first entry   w9  of the first live one
 *   w10     status (keyspace/elements.ts)
 *   ..      master fields: (length name)*, then the entries
 *
 *   entry = size << 2 | same fields << 1 | deleted    varint; size: bytes of what follows up to `back`
 *           time - base time                          varint
 *           sequence - base sequence                  varint, of another time than the base: sequence
 *           same fields: (length value)*    else: count (length field length value)*
 *           back                                      varint read backwards: bytes of the entry before it
 */
import type { Args } from '../../../core/wire/index.ts';
import {
  type Address,
  type Arena,
  byteOffset,
  copyBytes,
  equalBytes,
  SEGMENT_SHIFT,
} from '../../memory/index.ts';
import type { EntryId } from './id.ts';
import { putSize, putWide, sizeBytes, VarintReader, wideBytes } from './varint.ts';

/** Word of a block at which its first id stands. */
export const FIRST_ID_WORD = 0;
export const USED = 4;
export const LIVE = 5;
export const TOTAL = 6;
export const MASTERS = 7;
export const ENTRIES_AT = 8;
export const FIRST_LIVE = 9;
export const STATUS = 10;
export const HEAD_BYTES = 44;

export const DELETED = 1;
export const SAME_FIELDS = 2;

/** Fields and values of an entry: arguments `from` to `to` - 1, alternating. */
export interface Pairs {
  readonly args: Args;
  readonly from: number;
  readonly to: number;
}

export function wordOf(arena: Arena, block: Address, word: number): number {
  return arena.words[block >>> SEGMENT_SHIFT]![(byteOffset(block) >>> 2) + word] as number;
}

export function setWord(arena: Arena, block: Address, word: number, value: number): void {
  arena.words[block >>> SEGMENT_SHIFT]![(byteOffset(block) >>> 2) + word] = value;
}

/** Bytes of the head and the master fields of a block that begins with this entry. */
export function masterBytes(pairs: Pairs): number {
  let bytes = HEAD_BYTES;
  for (let i = pairs.from; i < pairs.to; i += 2) {
    const length = pairs.args.length(i);
    bytes += sizeBytes(length) + length;
  }
  return bytes;
}

/** Writes the head and the master fields of a block whose first entry, yet to be put, is this one. */
export function beginBlock(arena: Arena, block: Address, id: EntryId, pairs: Pairs): void {
  const words = arena.words[block >>> SEGMENT_SHIFT]!;
  const buf = arena.bytes[block >>> SEGMENT_SHIFT]!;
  const start = byteOffset(block);
  const w = start >>> 2;
  id.write(words, w);
  const { args, from, to } = pairs;
  let at = start + HEAD_BYTES;
  for (let i = from; i < to; i += 2) at = putRange(buf, at, args, i);
  words[w + USED] = at - start;
  words[w + LIVE] = 0;
  words[w + TOTAL] = 0;
  words[w + MASTERS] = (to - from) >>> 1;
  words[w + ENTRIES_AT] = at - start;
  words[w + FIRST_LIVE] = at - start;
  words[w + STATUS] = 0;
}

/** Whether the fields of an entry are the master fields of a block. */
export function hasMasterFields(arena: Arena, block: Address, pairs: Pairs): boolean {
  const { args, from, to } = pairs;
  if (wordOf(arena, block, MASTERS) * 2 !== to - from) return false;
  reader.buf = arena.bytes[block >>> SEGMENT_SHIFT]!;
  reader.at = byteOffset(block) + HEAD_BYTES;
  for (let i = from; i < to; i += 2) {
    const length = reader.size();
    if (length !== args.length(i)) return false;
    if (!equalBytes(reader.buf, reader.at, args.buf, args.start(i), length)) return false;
    reader.at += length;
  }
  return true;
}

const reader = new VarintReader();

/** An entry that is about to be written: how long each part will be. */
export class EntryWriter {
  same = false;
  /** Bytes of the whole entry. */
  bytes = 0;
  private body = 0;
  private msHi = 0;
  private msLo = 0;
  private seqHi = 0;
  private seqLo = 0;

  /** Measures an entry for a block with the base id at `words[w]`. */
  measure(words: Uint32Array, w: number, same: boolean, id: EntryId, pairs: Pairs): void {
    this.same = same;
    this.difference(words, w, id);
    const { args, from, to } = pairs;
    let body = wideBytes(this.msHi, this.msLo) + wideBytes(this.seqHi, this.seqLo);
    if (!same) body += sizeBytes((to - from) >>> 1);
    for (let i = same ? from + 1 : from; i < to; i += same ? 2 : 1) {
      const length = args.length(i);
      body += sizeBytes(length) + length;
    }
    this.body = body;
    const whole = sizeBytes(body * 4) + body;
    this.bytes = whole + sizeBytes(whole);
  }

  private difference(words: Uint32Array, w: number, id: EntryId): void {
    const lo = id.msLo - words[w + 1]!;
    this.msLo = lo >>> 0;
    this.msHi = (id.msHi - words[w]! - (lo < 0 ? 1 : 0)) >>> 0;
    if (this.msLo !== 0 || this.msHi !== 0) {
      this.seqLo = id.seqLo;
      this.seqHi = id.seqHi;
      return;
    }
    const seqLo = id.seqLo - words[w + 3]!;
    this.seqLo = seqLo >>> 0;
    this.seqHi = (id.seqHi - words[w + 2]! - (seqLo < 0 ? 1 : 0)) >>> 0;
  }

  /** Writes the measured entry at the end of its block, which has room for it. */
  append(arena: Arena, block: Address, pairs: Pairs): void {
    const words = arena.words[block >>> SEGMENT_SHIFT]!;
    const buf = arena.bytes[block >>> SEGMENT_SHIFT]!;
    const start = byteOffset(block);
    const w = start >>> 2;
    const { args, from, to } = pairs;
    const { same } = this;
    const first = start + (words[w + USED] as number);
    let at = putSize(buf, first, this.body * 4 + (same ? SAME_FIELDS : 0));
    at = putWide(buf, at, this.msHi, this.msLo);
    at = putWide(buf, at, this.seqHi, this.seqLo);
    if (!same) at = putSize(buf, at, (to - from) >>> 1);
    for (let i = same ? from + 1 : from; i < to; i += same ? 2 : 1) at = putRange(buf, at, args, i);
    at = putBack(buf, at, at - first);
    words[w + USED] = at - start;
    words[w + LIVE]!++;
    words[w + TOTAL]!++;
  }
}

function putRange(buf: Buffer, start: number, args: Args, index: number): number {
  const length = args.length(index);
  const at = putSize(buf, start, length);
  copyBytes(args.buf, args.start(index), buf, at, length);
  return at + length;
}

/** Writes a number so that it is read from its end: low bits last. */
function putBack(buf: Buffer, start: number, n: number): number {
  const end = start + sizeBytes(n);
  let rest = n;
  for (let at = end - 1; at >= start; at--) {
    buf[at] = (rest & 127) | (at > start ? 128 : 0);
    rest >>>= 7;
  }
  return end;
}

/** Offset at which the entry begins that ends before `end`. */
export function entryBefore(buf: Buffer, end: number): number {
  let at = end - 1;
  let byte = buf[at] as number;
  let n = byte & 127;
  for (let shift = 7; byte >= 128; shift += 7) {
    byte = buf[--at] as number;
    n |= (byte & 127) << shift;
  }
  return at - n;
}
