// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `struct` table: Roberto Ierusalimschy's struct 0.2 as Redis carries it
 * (inf.puc-rio.br/~roberto/struct). Sizes are those of a 64-bit Linux.
 */
import { argError, checkNumber, checkString, optInteger } from './check.ts';
import { runtimeError } from './operations.ts';
import { StructFormat, type StructItem } from './struct-format.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaMulti, LuaReturn, LuaValue } from './value.ts';
import { chargeString, checkLength } from './vm.ts';

const scratch = new DataView(new ArrayBuffer(8));

/** Bytes of an integer, low part first or last; more than 8 bytes repeat what a shift would give. */
function integerBytes(n: number, item: StructItem): string {
  let rest = BigInt.asUintN(64, Math.abs(n) < 2 ** 64 ? BigInt(Math.trunc(n)) : 1n << 63n);
  const bytes: number[] = [];
  for (let i = 0; i < item.size; i++) {
    bytes.push(Number(rest & 255n));
    rest >>= 8n;
  }
  if (!item.little) bytes.reverse();
  return String.fromCharCode(...bytes);
}

function readInteger(text: string, at: number, item: StructItem): number {
  let value = 0n;
  for (let i = 0; i < item.size; i++) {
    const place = item.little ? item.size - 1 - i : i;
    value = BigInt.asUintN(64, (value << 8n) | BigInt(text.charCodeAt(at + place)));
  }
  if (item.option >= 'a') return Number(BigInt.asIntN(Math.min(item.size * 8, 64), value));
  return Number(value);
}

function floatBytes(n: number, item: StructItem): string {
  if (item.size === 4) scratch.setFloat32(0, n, item.little);
  else scratch.setFloat64(0, n, item.little);
  let text = '';
  for (let i = 0; i < item.size; i++) text += String.fromCharCode(scratch.getUint8(i));
  return text;
}

function readFloat(text: string, at: number, item: StructItem): number {
  for (let i = 0; i < item.size; i++) scratch.setUint8(i, text.charCodeAt(at + i));
  return item.size === 4 ? scratch.getFloat32(0, item.little) : scratch.getFloat64(0, item.little);
}

function pack(...args: LuaValue[]): LuaReturn {
  const format = new StructFormat(checkString(args[0], 1, args.length));
  // The reference keeps a nil behind the arguments, so a missing one is nil and not "no value".
  const argc = args.length + 1;
  let result = '';
  let argument = 1;
  for (let item = format.next(); item !== undefined; item = format.next()) {
    result += '\0'.repeat(format.padding(result.length, item));
    switch (item.kind) {
      case 'integer':
        result += integerBytes(checkNumber(args[argument], argument + 1, argc), item);
        argument++;
        break;
      case 'float':
        result += floatBytes(checkNumber(args[argument], argument + 1, argc), item);
        argument++;
        break;
      case 'padding':
        result += '\0';
        break;
      case 'text': {
        const text = checkString(args[argument], argument + 1, argc);
        argument++;
        const size = item.size === 0 ? text.length : item.size;
        if (text.length < size) throw argError(argument + 1, 'string too short');
        checkLength(result.length + size);
        result += text.slice(0, size);
        if (item.option === 's') result += '\0';
      }
    }
  }
  chargeString(result.length);
  return result;
}

function unpack(formatText: LuaValue, data: LuaValue, start: LuaValue): LuaReturn {
  const format = new StructFormat(checkString(formatText, 1, arguments.length));
  const text = checkString(data, 2, arguments.length);
  let at = optInteger(start, 3, arguments.length, 1) - 1;
  if (at < 0) throw argError(3, 'offset must be 1 or greater');
  const values: LuaMulti = [];
  for (let item = format.next(); item !== undefined; item = format.next()) {
    at += format.padding(at, item);
    let size = item.size;
    const need = (): void => {
      if (size > text.length || at > text.length - size) {
        throw argError(2, 'data string too short');
      }
    };
    need();
    if (item.kind === 'integer') values.push(readInteger(text, at, item));
    else if (item.kind === 'float') values.push(readFloat(text, at, item));
    else if (item.option === 's') {
      const end = text.indexOf('\0', at);
      if (end < 0) throw runtimeError('unfinished string in data');
      values.push(text.slice(at, end));
      size = end - at + 1;
    } else if (item.kind === 'text') {
      if (size === 0) {
        const previous = values.pop();
        if (typeof previous !== 'number') throw runtimeError("format 'c0' needs a previous size");
        size = Math.trunc(previous);
        if (size < 0) throw argError(2, 'data string too short');
        need();
      }
      values.push(text.slice(at, at + size));
    }
    at += size;
  }
  values.push(at + 1);
  return values;
}

function size(formatText: LuaValue): LuaReturn {
  const format = new StructFormat(checkString(formatText, 1, arguments.length), true);
  let total = 0;
  for (let item = format.next(); item !== undefined; item = format.next()) {
    total += format.padding(total, item);
    if (item.kind === 'text' && item.size === 0) {
      const option = item.option === 'c' ? 'c0' : 's';
      throw argError(1, `option '${option}' has no fixed size`);
    }
    total += item.size;
  }
  return total;
}

/** Makes the `struct` table. */
export function structLibrary(): LuaTable {
  const functions: Record<string, LuaFunction> = { pack, unpack, size };
  return LuaTable.fromEntries(Object.entries(functions));
}
