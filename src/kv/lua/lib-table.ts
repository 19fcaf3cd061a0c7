// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `table` table (manual §5.5), with the older `getn`, `foreach` and `foreachi`.
 *
 * Promise: raw access throughout, as in 5.1; a read-only table is refused.
 */
import { checkFunction, checkInteger, checkTable, optInteger, optString } from './check.ts';
import { readonlyError } from './errors.ts';
import { formatNumber } from './number.ts';
import { callValue, rawSet, runtimeError } from './operations.ts';
import { sortTable } from './sort.ts';
import { LuaTable } from './table.ts';
import {
  first,
  type LuaFunction,
  type LuaReturn,
  type LuaValue,
  NOTHING,
  typeName,
} from './value.ts';
import { charge, chargeString, checkLength, tick, vm } from './vm.ts';

const SLOT_BYTES = 16;

function insert(list: LuaValue, a: LuaValue, b: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  const next = table.length() + 1;
  if (arguments.length === 2) {
    if (table.readonly) throw readonlyError();
    rawSet(table, next, a);
    return NOTHING;
  }
  if (arguments.length !== 3) throw runtimeError("wrong number of arguments to 'insert'");
  const position = checkInteger(a, 2, arguments.length);
  if (table.readonly) throw readonlyError();
  if (b !== undefined && position >= 1 && position < next && table.numbers === 0) {
    table.arr.splice(position - 1, 0, b);
    charge(SLOT_BYTES);
    return NOTHING;
  }
  for (let i = Math.max(next, position); i > position; i--) table.set(i, table.get(i - 1));
  table.set(position, b);
  return NOTHING;
}

function remove(list: LuaValue, at: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  const length = table.length();
  const position = optInteger(at, 2, arguments.length, length);
  if (table.readonly) throw readonlyError();
  if (position < 1 || position > length) return NOTHING;
  const removed = table.arr[position - 1];
  if (position < length) table.arr.splice(position - 1, 1);
  else table.set(position, undefined);
  return removed;
}

function concat(list: LuaValue, separator: LuaValue, from: LuaValue, to: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  const between = optString(separator, 2, arguments.length, '');
  const start = optInteger(from, 3, arguments.length, 1);
  const end = optInteger(to, 4, arguments.length, table.length());
  let text = '';
  for (let i = start; i <= end; i++) {
    const value = table.get(i);
    if (typeof value === 'string') {
      checkLength(text.length + value.length + between.length);
      text += value;
    } else if (typeof value === 'number') text += formatNumber(value);
    else {
      throw runtimeError(`invalid value (${typeName(value)}) at index ${i} in table for 'concat'`);
    }
    if (i < end) text += between;
    if (--vm.ticks < 0) tick();
  }
  chargeString(text.length);
  return text;
}

function sort(list: LuaValue, order: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  if (order !== undefined) checkFunction(order, 2, arguments.length);
  if (table.readonly) throw readonlyError();
  sortTable(table, order as LuaFunction | undefined);
  return NOTHING;
}

function maxn(list: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  let most = table.arr.length;
  for (const [key] of table.entries()) if (typeof key === 'number' && key > most) most = key;
  return most;
}

function nativeForEach(entries: Iterable<[LuaValue, LuaValue]>, f: LuaValue): LuaReturn {
  for (const [key, value] of entries) {
    const result = first(callValue(f, key, value));
    if (result !== undefined) return result;
  }
  return NOTHING;
}

function* listEntries(table: LuaTable): Generator<[LuaValue, LuaValue]> {
  const length = table.length();
  for (let i = 1; i <= length; i++) yield [i, table.get(i)];
}

/** Makes the `table` table. */
export function tableLibrary(): LuaTable {
  const functions: Record<string, LuaFunction> = {
    concat,
    foreach(list, f) {
      const table = checkTable(list, 1, arguments.length);
      return nativeForEach(table.entries(), checkFunction(f, 2, arguments.length));
    },
    foreachi(list, f) {
      const table = checkTable(list, 1, arguments.length);
      return nativeForEach(listEntries(table), checkFunction(f, 2, arguments.length));
    },
    getn(list) {
      return checkTable(list, 1, arguments.length).length();
    },
    insert,
    maxn,
    remove,
    setn() {
      throw runtimeError("'setn' is obsolete");
    },
    sort,
  };
  return LuaTable.fromEntries(Object.entries(functions));
}
