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
 * copy without looking. A field that is added lies in the arena as a whole line, so that an encoder can copy it
 * with its neighbours. `buf` is only borrowed until `retain`. Hot: bench/http-parse.ts.
 */
import { copyBytes } from '../../base/index.ts';
import { type FieldId, fieldIdOf, wireNameOf } from './field-ids.ts';
import { isToken, isValue, writeText } from './field-text.ts';
import { COLON, COMMA, CR, equalsIgnoringCase, LF, LOWER_CASE, SP } from './grammar.ts';

/** Numbers in one row of `Fields.at`. */
export const FIELD_STRIDE = 5;
/** Offsets from here on lie in the arena. */
export const ARENA_BASE = 2 ** 30;
/** The id of a removed row. */
export const REMOVED = -1;

/** What a line has beside name and value. */
const LINE_BYTES = 4;
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

  /**
   * Appends a field with a known name whose value is a range of this message that a parser has checked to be fit for
   * one: another field's value, the authority. Given by its offset as in a row. False when there is no room for more.
   */
  addCopy(id: FieldId, offset: number, length: number): boolean {
    const name = wireNameOf(id);
    if (!this.reserve(name.length + length + LINE_BYTES)) return false;
    const start = this.beginLine(name);
    copyBytes(this.bytesAt(offset), offsetIn(offset), this.arena, start, length);
    this.endLine(name.length, start, length, id);
    return true;
  }

  /** Appends fields that were checked when they were made. False when there is no room for more. */
  addLines({ bytes, rows }: FieldLines): boolean {
    if (!this.reserve(bytes.length)) return false;
    const start = this.arenaEnd + ARENA_BASE;
    copyBytes(bytes, 0, this.arena, this.arenaEnd, bytes.length);
    this.arenaEnd += bytes.length;
    for (let i = 0; i < rows.length; i += FIELD_STRIDE) {
      this.push(start + rows[i]!, rows[i + 1]!, start + rows[i + 2]!, rows[i + 3]!, rows[i + 4]!);
    }
    return true;
  }

  /** Whether a row of the arena, given by where it begins in `at`, is a whole line there, its end included. */
  isAddedLine(row: number): boolean {
    const { at, arena } = this;
    const nameEnd = at[row]! + at[row + 1]! - ARENA_BASE;
    const value = at[row + 2]! - ARENA_BASE;
    const valueEnd = value + at[row + 3]!;
    return (
      value === nameEnd + 2 &&
      arena[nameEnd] === COLON &&
      arena[nameEnd + 1] === SP &&
      arena[valueEnd] === CR &&
      arena[valueEnd + 1] === LF
    );
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
    const { length } = value;
    if (!isValue(value) || !this.reserve(name.length + length + LINE_BYTES)) return false;
    const start = this.beginLine(name);
    if (typeof value === 'string') writeText(this.arena, start, value);
    else copyBytes(value, 0, this.arena, start, length);
    this.endLine(name.length, start, length, id);
    return true;
  }

  /** Puts a name and what stands behind it into the arena, where there is room. @returns where its value begins. */
  private beginLine(name: Buffer): number {
    const { arena, arenaEnd } = this;
    const { length } = name;
    copyBytes(name, 0, arena, arenaEnd, length);
    arena[arenaEnd + length] = COLON;
    arena[arenaEnd + length + 1] = SP;
    return arenaEnd + length + 2;
  }

  /** Behind a value: ends its line and appends the row of it. */
  private endLine(nameLength: number, start: number, length: number, id: FieldId): void {
    const { arena, arenaEnd } = this;
    arena[start + length] = CR;
    arena[start + length + 1] = LF;
    this.arenaEnd = start + length + 2;
    this.push(arenaEnd + ARENA_BASE, nameLength, start + ARENA_BASE, length, id);
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

/** Lines of fields as they are added to many messages: checked once, copied at once. */
export interface FieldLines {
  readonly bytes: Buffer;
  /** As in `Fields.at`, by offsets into `bytes`. */
  readonly rows: readonly number[];
}

/** Lines of these fields, spelt as usual. One whose value can not stand in a field is left out, as `Fields.add` does. */
export function fieldLinesOf(
  list: readonly (readonly [id: FieldId, value: Buffer | string])[],
): FieldLines {
  const fields = new Fields();
  for (const [id, value] of list) fields.addKnown(id, value);
  const rows = Array.from(fields.at.subarray(0, fields.count * FIELD_STRIDE), (number) =>
    number >= ARENA_BASE ? number - ARENA_BASE : number,
  );
  // In memory of their own: they are kept.
  const bytes = Buffer.allocUnsafeSlow(fields.arenaEnd);
  copyBytes(fields.arena, 0, bytes, 0, bytes.length);
  return { bytes, rows };
}

/** Where in its buffer an offset of a row points. */
export function offsetIn(offset: number): number {
  return offset >= ARENA_BASE ? offset - ARENA_BASE : offset;
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

const EMPTY = Buffer.alloc(0);
