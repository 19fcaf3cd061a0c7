/**
 * Arguments of library functions: checks and coercions.
 *
 * Promise: a wrong argument raises Lua's own text, with the name under which the script called the
 * function. `argc` is how many arguments were given, which tells "no value" from nil.
 */
import { type LuaError, luaError } from './errors.ts';
import { formatNumber } from './number.ts';
import { toNumber } from './operations.ts';
import { callingSite } from './position.ts';
import { LuaTable } from './table.ts';
import { type LuaValue, typeName } from './value.ts';

/** `bad argument #n to 'name' (message)`. */
export function argError(n: number, message: string): LuaError {
  const { position, name, method } = callingSite();
  const shown = method ? n - 1 : n;
  if (method && shown === 0)
    return luaError(`${position}calling '${name}' on bad self (${message})`);
  return luaError(`${position}bad argument #${shown} to '${name}' (${message})`);
}

function wrongType(n: number, wanted: string, value: LuaValue, argc: number): LuaError {
  const got = argc < n ? 'no value' : typeName(value);
  return argError(n, `${wanted} expected, got ${got}`);
}

/** Any value, nil included, but given. */
export function checkAny(n: number, argc: number): void {
  if (argc < n) throw argError(n, 'value expected');
}

export function checkTable(value: LuaValue, n: number, argc: number): LuaTable {
  if (value instanceof LuaTable) return value;
  throw wrongType(n, 'table', value, argc);
}

export function checkString(value: LuaValue, n: number, argc: number): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  throw wrongType(n, 'string', value, argc);
}

export function checkNumber(value: LuaValue, n: number, argc: number): number {
  if (typeof value === 'number') return value;
  const number = toNumber(value);
  if (number === undefined) throw wrongType(n, 'number', value, argc);
  return number;
}

/** A number cut to an integer, as a C cast does; what does not fit becomes the smallest one. */
export function checkInteger(value: LuaValue, n: number, argc: number): number {
  return toInteger(checkNumber(value, n, argc));
}

export function toInteger(number: number): number {
  if ((number | 0) === number) return number | 0;
  return Math.abs(number) < 2 ** 63 ? Math.trunc(number) + 0 : -(2 ** 63);
}

export function optInteger(value: LuaValue, n: number, argc: number, otherwise: number): number {
  return value === undefined ? otherwise : checkInteger(value, n, argc);
}

export function optString(value: LuaValue, n: number, argc: number, otherwise: string): string {
  return value === undefined ? otherwise : checkString(value, n, argc);
}

/** A function; other values with `__call` do not count, as in Lua. */
export function checkFunction(value: LuaValue, n: number, argc: number): LuaValue {
  if (typeof value === 'function') return value;
  throw wrongType(n, 'function', value, argc);
}
