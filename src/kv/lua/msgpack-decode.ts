/**
 * MessagePack to Lua values. Extension and binary types are refused, as lua-cmsgpack does.
 *
 * Promise: a length is believed only when that many bytes (or entries of at least one byte) are
 * there, so a small input can not claim a large table.
 */
import { rawSet, runtimeError } from './operations.ts';
import { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';
import { charge, tick, vm } from './vm.ts';

/** Nesting beyond this is refused; the reference refuses when its stack is full (about 8,000). */
const NESTING_MAX = 1000;

const scratch = new DataView(new ArrayBuffer(8));

export class MessagePackReader {
  offset: number;
  private readonly text: string;
  private depth = 0;

  constructor(text: string, offset: number) {
    this.text = text;
    this.offset = offset;
  }

  atEnd(): boolean {
    return this.offset >= this.text.length;
  }

  /** Decodes the next value. */
  read(): LuaValue {
    if (--vm.ticks < 0) tick();
    this.need(1);
    const format = this.text.charCodeAt(this.offset++);
    if (format < 0x80) return format;
    if (format >= 0xe0) return format - 256;
    if (format < 0x90) return this.map(format & 15);
    if (format < 0xa0) return this.array(format & 15);
    if (format < 0xc0) return this.string(format & 31);
    return this.sized(format);
  }

  private sized(format: number): LuaValue {
    switch (format) {
      case 0xc0:
        return undefined;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.load(4).getFloat32(0);
      case 0xcb:
        return this.load(8).getFloat64(0);
      case 0xcc:
        return this.load(1).getUint8(0);
      case 0xcd:
        return this.load(2).getUint16(0);
      case 0xce:
        return this.load(4).getUint32(0);
      case 0xcf:
        // The reference pushes it as a signed integer, so the upper half wraps.
        return Number(this.load(8).getBigInt64(0));
      case 0xd0:
        return this.load(1).getInt8(0);
      case 0xd1:
        return this.load(2).getInt16(0);
      case 0xd2:
        return this.load(4).getInt32(0);
      case 0xd3:
        return Number(this.load(8).getBigInt64(0));
      default:
        return this.container(format);
    }
  }

  private container(format: number): LuaValue {
    switch (format) {
      case 0xd9:
        return this.string(this.load(1).getUint8(0));
      case 0xda:
        return this.string(this.load(2).getUint16(0));
      case 0xdb:
        return this.string(this.load(4).getUint32(0));
      case 0xdc:
        return this.array(this.load(2).getUint16(0));
      case 0xdd:
        return this.array(this.load(4).getUint32(0));
      case 0xde:
        return this.map(this.load(2).getUint16(0));
      case 0xdf:
        return this.map(this.load(4).getUint32(0));
      default:
        throw runtimeError('Bad data format in input.');
    }
  }

  private need(bytes: number): void {
    if (this.text.length - this.offset < bytes) throw runtimeError('Missing bytes in input.');
  }

  private load(bytes: number): DataView {
    this.need(bytes);
    for (let i = 0; i < bytes; i++) scratch.setUint8(i, this.text.charCodeAt(this.offset + i));
    this.offset += bytes;
    return scratch;
  }

  private string(length: number): string {
    this.need(length);
    const text = this.text.slice(this.offset, this.offset + length);
    this.offset += length;
    charge(length);
    return text;
  }

  private enter(): void {
    if (++this.depth > NESTING_MAX) throw runtimeError('too many nested values');
  }

  private array(count: number): LuaTable {
    this.enter();
    const table = new LuaTable();
    for (let i = 1; i <= count; i++) {
      const value = this.read();
      if (value !== undefined) table.set(i, value);
    }
    this.depth--;
    return table;
  }

  private map(count: number): LuaTable {
    this.enter();
    const table = new LuaTable();
    for (let i = 0; i < count; i++) {
      const key = this.read();
      rawSet(table, key, this.read());
    }
    this.depth--;
    return table;
  }
}
