/**
 * The fields of one message as offsets, in the order and the spelling they came in.
 *
 *     row of `at`:  nameStart  nameLength  valueStart  valueLength  id
 *
 * An offset below `ARENA_BASE` lies in `buf`, the bytes that were received; one above it, less `ARENA_BASE`,
 * in `arena`, where everything lies that was added here. A row is never moved: a removed one has the id
 * `REMOVED`, an added one comes last.
 *
 * Invariants: every name in a row is a token and every value has neither CR, LF nor NUL, whoever put it
 * there: parsers check what they push, `add` and `setValue` refuse what does not fit, so an encoder can
 * copy without looking. `buf` is only borrowed until `retain`. Hot: bench/http-parse.ts.
 */
import { copyBytes } from '../../base/index.ts';
import { type FieldId, fieldIdOf, wireNameOf } from './field-ids.ts';
import { COMMA, equalsIgnoringCase, HT, LOWER_CASE, SP, TOKEN, VALUE_BYTE } from './grammar.ts';

/** Numbers in one row of `Fields.at`. */
export const FIELD_STRIDE = 5;
/** Offsets from here on lie in the arena. */
export const ARENA_BASE = 2 ** 30;
/** The id of a removed row. */
export const REMOVED = -1;

const ROWS_AT_FIRST = 32;
const ARENA_BYTES_AT_FIRST = 512;
/** What may be added to one message, bytes: more is a mistake of the configuration or an attack. */
const ARENA_BYTES_MAX = 256 * 1024;
/** Memory of a message that a pooled object keeps for the next one, bytes. */
const BYTES_KEPT = 16 * 1024;
const ROWS_KEPT = 256;

export class Fields {
  /** The bytes that were received. */
  buf: Buffer = EMPTY;
  /** Rows in `at`, removed ones included. */
  count = 0;
  at: Int32Array = new Int32Array(ROWS_AT_FIRST * FIELD_STRIDE);
  /**
   * Whether the rows in `buf` are lines of HTTP/1, `name: value` and CRLF, so that neighbours can be copied
   * at once. False when names and values lie there by themselves (HTTP/2).
   */
  lines = false;
  arena: Buffer = EMPTY;
  /** Bytes used in `arena`. */
  arenaEnd = 0;

  /**
   * Rows that no hop may put into a table of HPACK, because the sender says that they hold a secret (RFC 7541
   * section 6.2.3).
   */
  private readonly secrets: number[] = [];

  /** Memory of `retain`, kept for the next message. */
  private own: Buffer = EMPTY;

  /** Forgets all fields; the borrowed bytes are let go. */
  reset(): void {
    this.buf = EMPTY;
    this.count = 0;
    this.lines = false;
    this.arenaEnd = 0;
    if (this.secrets.length > 0) this.secrets.length = 0;
    if (this.arena.length > BYTES_KEPT) this.arena = EMPTY;
    if (this.own.length > BYTES_KEPT) this.own = EMPTY;
    if (this.at.length > ROWS_KEPT * FIELD_STRIDE) {
      this.at = new Int32Array(ROWS_AT_FIRST * FIELD_STRIDE);
    }
  }

  /** Appends a row as a parser found it. The parser has checked name and value. */
  push(
    nameStart: number,
    nameLength: number,
    valueStart: number,
    valueLength: number,
    id: number,
  ): void {
    const row = this.count++ * FIELD_STRIDE;
    if (row === this.at.length) this.growRows();
    const { at } = this;
    at[row] = nameStart;
    at[row + 1] = nameLength;
    at[row + 2] = valueStart;
    at[row + 3] = valueLength;
    at[row + 4] = id;
  }

  /** Notes that the sender calls the value of a field a secret. */
  markSecret(index: number): void {
    this.secrets.push(index);
  }

  isSecret(index: number): boolean {
    return this.secrets.length > 0 && this.secrets.includes(index);
  }

  /** The id of a field, 0 for a name nobody looks for, `REMOVED` for a removed one. */
  id(index: number): number {
    return this.at[index * FIELD_STRIDE + 4]!;
  }

  isRemoved(index: number): boolean {
    return this.at[index * FIELD_STRIDE + 4] === REMOVED;
  }

  /** The index of the first field with this id at or after `from`, or -1. */
  find(id: FieldId, from = 0): number {
    const { at, count } = this;
    for (let i = from; i < count; i++) if (at[i * FIELD_STRIDE + 4] === id) return i;
    return -1;
  }

  has(id: FieldId): boolean {
    return this.find(id) !== -1;
  }

  /** The index of the first field with this name, given in small letters, at or after `from`, or -1. */
  findName(lowerName: Uint8Array, from = 0): number {
    for (let i = from; i < this.count; i++) if (this.nameIs(i, lowerName)) return i;
    return -1;
  }

  /** Whether a field is there and has this name, given in small letters. */
  nameIs(index: number, lowerName: Uint8Array): boolean {
    const row = index * FIELD_STRIDE;
    const { at } = this;
    if (at[row + 1] !== lowerName.length || at[row + 4] === REMOVED) return false;
    const start = at[row]!;
    const bytes = this.bytesAt(start);
    return equalsIgnoringCase(bytes, offsetIn(start), lowerName.length, lowerName);
  }

  /** Whether the whole value equals a word in small letters, without case. */
  valueIs(index: number, lowerWord: Uint8Array): boolean {
    const row = index * FIELD_STRIDE;
    const start = this.at[row + 2]!;
    return equalsIgnoringCase(this.bytesAt(start), offsetIn(start), this.at[row + 3]!, lowerWord);
  }

  /** The name as it was received or added. */
  name(index: number): string {
    const row = index * FIELD_STRIDE;
    return this.text(this.at[row]!, this.at[row + 1]!);
  }

  /** The value, a character a byte (latin1). */
  value(index: number): string {
    const row = index * FIELD_STRIDE;
    return this.text(this.at[row + 2]!, this.at[row + 3]!);
  }

  /** The value of the first field with this id, undefined when there is none. */
  get(id: FieldId): string | undefined {
    const index = this.find(id);
    return index === -1 ? undefined : this.value(index);
  }

  /**
   * The values of all fields with this id as one list, undefined when there is none.
   * RFC 9110 section 5.3: lines of a list-based field join with a comma.
   */
  getList(id: FieldId): string | undefined {
    let list: string | undefined;
    for (let i = this.find(id); i !== -1; i = this.find(id, i + 1)) {
      list = list === undefined ? this.value(i) : `${list}, ${this.value(i)}`;
    }
    return list;
  }

  /** Bytes of the value. */
  valueLength(index: number): number {
    return this.at[index * FIELD_STRIDE + 3]!;
  }

  /** A view of the value, as long-lived as the fields are. */
  valueBytes(index: number): Buffer {
    const row = index * FIELD_STRIDE;
    const start = this.at[row + 2]!;
    const offset = offsetIn(start);
    return this.bytesAt(start).subarray(offset, offset + this.at[row + 3]!);
  }

  /** The buffer that an offset of a row lies in; `offsetIn` says where in it. */
  bytesAt(offset: number): Buffer {
    return offset >= ARENA_BASE ? this.arena : this.buf;
  }

  /** A range, given by an offset as in a row, as text (latin1). */
  text(offset: number, length: number): string {
    const start = offsetIn(offset);
    return this.bytesAt(offset).toString('latin1', start, start + length);
  }

  /** Removes one field. */
  remove(index: number): void {
    this.at[index * FIELD_STRIDE + 4] = REMOVED;
  }

  /** Removes every field with this id and says how many there were. */
  removeAll(id: FieldId): number {
    let removed = 0;
    const { at, count } = this;
    for (let row = 4; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
      if (at[row] !== id) continue;
      at[row] = REMOVED;
      removed++;
    }
    return removed;
  }

  /**
   * Appends a field. False, and nothing is added, when the name is no token, the value has a byte that must
   * not stand in one (a string: a character above U+00FF too), or there is no room for more.
   */
  add(name: Buffer, value: Buffer | string): boolean {
    if (name.length === 0 || !isToken(name)) return false;
    return this.append(name, value, fieldIdOf(name, 0, name.length));
  }

  /** Appends a field with a known name, spelt as usual. False as in `add`. */
  addKnown(id: FieldId, value: Buffer | string): boolean {
    return this.append(wireNameOf(id), value, id);
  }

  /** Gives a field another value in its place. False as in `add`, and the old value stays. */
  setValue(index: number, value: Buffer | string): boolean {
    const start = this.putValue(value);
    if (start === -1) return false;
    const row = index * FIELD_STRIDE;
    this.at[row + 2] = start;
    this.at[row + 3] = value.length;
    return true;
  }

  /** The first field with this id gets the value, all others leave; without one it is added. */
  set(id: FieldId, value: Buffer | string): boolean {
    const first = this.find(id);
    if (first === -1) return this.addKnown(id, value);
    if (!this.setValue(first, value)) return false;
    for (let i = this.find(id, first + 1); i !== -1; i = this.find(id, i + 1)) this.remove(i);
    return true;
  }

  /** Appends an element to the last field with this id, or adds the field. False as in `add`. */
  appendToList(id: FieldId, element: Buffer | string): boolean {
    let last = -1;
    for (let i = this.find(id); i !== -1; i = this.find(id, i + 1)) last = i;
    if (last === -1 || this.valueLength(last) === 0) {
      return last === -1 ? this.addKnown(id, element) : this.setValue(last, element);
    }
    const row = last * FIELD_STRIDE;
    const length = this.at[row + 3]!;
    if (!this.reserve(length + 2 + element.length)) return false;
    const before = this.arenaEnd;
    const old = this.at[row + 2]!;
    copyBytes(this.bytesAt(old), offsetIn(old), this.arena, before, length);
    this.arena[before + length] = COMMA;
    this.arena[before + length + 1] = SP;
    this.arenaEnd = before + length + 2;
    if (this.putValue(element) === -1) {
      this.arenaEnd = before;
      return false;
    }
    this.at[row + 2] = before + ARENA_BASE;
    this.at[row + 3] = length + 2 + element.length;
    return true;
  }

  /**
   * Puts bytes into the arena for whoever keeps an offset as in a row (a rewritten target). The bytes are
   * not checked. -1 when there is no room for more.
   */
  put(bytes: Buffer): number {
    if (!this.reserve(bytes.length)) return -1;
    const start = this.arenaEnd;
    copyBytes(bytes, 0, this.arena, start, bytes.length);
    this.arenaEnd = start + bytes.length;
    return start + ARENA_BASE;
  }

  /**
   * Copies the range of `buf` that the rows lie in into memory of its own, and moves the rows. Returns what
   * was taken off every offset, for whoever keeps offsets into `buf` besides.
   */
  retain(start: number, end: number): number {
    const length = end - start;
    if (this.own.length < length) this.own = Buffer.allocUnsafeSlow(roomFor(length));
    copyBytes(this.buf, start, this.own, 0, length);
    this.buf = this.own;
    const { at, count } = this;
    for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
      if (at[row]! < ARENA_BASE) at[row] = at[row]! - start;
      if (at[row + 2]! < ARENA_BASE) at[row + 2] = at[row + 2]! - start;
    }
    return start;
  }

  /**
   * Becomes a copy of other fields in memory of its own; `start` and `end` are the range of `other.buf` that their
   * rows lie in. Returns as `retain` does.
   */
  copyFrom(other: Fields, start: number, end: number): number {
    this.reset();
    const length = other.count * FIELD_STRIDE;
    if (this.at.length < length) this.at = new Int32Array(other.at.length);
    for (let i = 0; i < length; i++) this.at[i] = other.at[i]!;
    this.count = other.count;
    this.lines = other.lines;
    for (const index of other.secrets) this.secrets.push(index);
    if (other.arenaEnd > 0) {
      this.reserve(other.arenaEnd);
      copyBytes(other.arena, 0, this.arena, 0, other.arenaEnd);
      this.arenaEnd = other.arenaEnd;
    }
    this.buf = other.buf;
    return this.retain(start, end);
  }

  private append(name: Buffer, value: Buffer | string, id: FieldId): boolean {
    const before = this.arenaEnd;
    if (!this.reserve(name.length + value.length)) return false;
    copyBytes(name, 0, this.arena, before, name.length);
    this.arenaEnd = before + name.length;
    const start = this.putValue(value);
    if (start === -1) {
      this.arenaEnd = before;
      return false;
    }
    this.push(before + ARENA_BASE, name.length, start, value.length, id);
    return true;
  }

  /** Puts a value into the arena and gives its offset, or -1 when it is none or there is no room. */
  private putValue(value: Buffer | string): number {
    if (!isValue(value) || !this.reserve(value.length)) return -1;
    const start = this.arenaEnd;
    if (typeof value === 'string') writeText(this.arena, start, value);
    else copyBytes(value, 0, this.arena, start, value.length);
    this.arenaEnd = start + value.length;
    return start + ARENA_BASE;
  }

  private reserve(bytes: number): boolean {
    const needed = this.arenaEnd + bytes;
    if (needed <= this.arena.length) return true;
    if (needed > ARENA_BYTES_MAX) return false;
    const grown = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES_AT_FIRST, roomFor(needed)));
    copyBytes(this.arena, 0, grown, 0, this.arenaEnd);
    this.arena = grown;
    return true;
  }

  private growRows(): void {
    const grown = new Int32Array(this.at.length * 2);
    grown.set(this.at);
    this.at = grown;
  }
}

/** Where in its buffer an offset of a row points. */
export function offsetIn(offset: number): number {
  return offset >= ARENA_BASE ? offset - ARENA_BASE : offset;
}

/** Whether all of it may stand in a field's value, without blanks at its ends. */
function isValue(value: Buffer | string): boolean {
  const { length } = value;
  if (length === 0) return true;
  if (typeof value === 'string') {
    if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      // Above 0xff a character would be cut to its low byte: U+010A would become LF.
      if (code > 0xff || VALUE_BYTE[code] === 0) return false;
    }
    return true;
  }
  if (isBlank(value[0]!) || isBlank(value[length - 1]!)) return false;
  for (let i = 0; i < length; i++) if (VALUE_BYTE[value[i]!] === 0) return false;
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

function isToken(name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (TOKEN[name[i]!] === 0) return false;
  return true;
}

/** Short strings are written by a loop: the native call costs more than they are long. */
function writeText(to: Buffer, at: number, text: string): void {
  if (text.length > TEXT_LOOP_MAX) {
    to.write(text, at, text.length, 'latin1');
    return;
  }
  for (let i = 0; i < text.length; i++) to[at + i] = text.charCodeAt(i);
}

/** The next power of two. */
function roomFor(bytes: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(bytes, 1)));
}

/** A name in small letters as `findName` and `nameIs` want it. */
export function lowerName(name: string): Buffer {
  const bytes = Buffer.from(name, 'latin1');
  for (let i = 0; i < bytes.length; i++) bytes[i] = LOWER_CASE[bytes[i]!]!;
  return bytes;
}

const TEXT_LOOP_MAX = 24;
const EMPTY = Buffer.alloc(0);
