/**
 * The operations of compiled code: fast where the operands are plain, complete where they are not.
 *
 * Promise: metamethods, coercions and error texts are those of Lua 5.1 (lvm.c, ldebug.c as the
 * reference for behaviour). The last parameter of most functions is what the operand is called in
 * the source, for the error text. Hot: bench/lua.ts.
 */
import { type LuaError, luaError, READONLY_TABLE } from './errors.ts';
import { formatNumber, parseNumber } from './number.ts';
import { where } from './position.ts';
import { LuaTable } from './table.ts';
import {
  first,
  type LuaFunction,
  type LuaMulti,
  type LuaReturn,
  LuaUserdata,
  type LuaValue,
  typeName,
} from './value.ts';
import { chargeString, stackOverflow, vm } from './vm.ts';

/** Depth weight of a call that goes through our own functions. */
const NATIVE_WEIGHT = 60;
/** How many `__index` or `__newindex` steps are followed. */
const META_CHAIN_MAX = 100;

/** A Lua error with the position of the running Lua code in front. */
export function runtimeError(message: string): LuaError {
  return luaError(where(1) + message);
}

/** `attempt to <action> global 'x' (a nil value)`. */
export function typeError(action: string, value: LuaValue, what: string): LuaError {
  const type = typeName(value);
  return runtimeError(
    what === ''
      ? `attempt to ${action} a ${type} value`
      : `attempt to ${action} ${what} (a ${type} value)`,
  );
}

/** The metatable of any value. */
export function metatableOf(value: LuaValue): LuaTable | undefined {
  if (value instanceof LuaTable) return value.metatable;
  return typeof value === 'string' ? vm.stringMetatable : undefined;
}

/** A metamethod of a value, nil when there is none. */
export function metamethod(value: LuaValue, event: string): LuaValue {
  return metatableOf(value)?.getStr(event);
}

/** Calls any value from JavaScript, within the depth limit. */
export function callValue(f: LuaValue, ...args: LuaValue[]): LuaReturn {
  vm.depth += NATIVE_WEIGHT;
  if (vm.depth > vm.depthMax) throw stackOverflow();
  const callee = typeof f === 'function' ? f : callable(f, '');
  const result = callee(...args) as LuaReturn;
  vm.depth -= NATIVE_WEIGHT;
  return result;
}

/** A function that does what calling `value` means: `__call`, or the error. */
export function callable(value: LuaValue, what: string): LuaFunction {
  const handler = metamethod(value, '__call');
  if (typeof handler === 'function') return (...args) => handler(value, ...args);
  return () => {
    throw typeError('call', value, what);
  };
}

// Indexing.

export function index(object: LuaValue, key: LuaValue, what: string): LuaValue {
  if (object instanceof LuaTable) {
    const value = object.get(key);
    if (value !== undefined || object.metatable === undefined) return value;
  }
  return indexSlow(object, key, what);
}

export function indexStr(object: LuaValue, key: string, what: string): LuaValue {
  if (object instanceof LuaTable) {
    const value = object.getStr(key);
    if (value !== undefined || object.metatable === undefined) return value;
  }
  return indexSlow(object, key, what);
}

export function getGlobal(globals: LuaTable, key: string): LuaValue {
  const value = globals.getStr(key);
  if (value !== undefined || globals.metatable === undefined) return value;
  return indexSlow(globals, key, '');
}

function indexSlow(start: LuaValue, key: LuaValue, what: string): LuaValue {
  let object = start;
  for (let step = 0; step < META_CHAIN_MAX; step++) {
    let handler: LuaValue;
    if (object instanceof LuaTable) {
      const value = object.get(key);
      if (value !== undefined) return value;
      handler = object.metatable?.getStr('__index');
      if (handler === undefined) return undefined;
    } else {
      handler = metamethod(object, '__index');
      if (handler === undefined) throw typeError('index', object, step === 0 ? what : '');
    }
    if (typeof handler === 'function') return first(callValue(handler, object, key));
    object = handler;
  }
  throw runtimeError('loop in gettable');
}

export function setIndex(object: LuaValue, key: LuaValue, value: LuaValue, what: string): void {
  if (object instanceof LuaTable && object.plain) {
    if (typeof key === 'number' ? !Number.isNaN(key) : key !== undefined) {
      object.set(key, value);
      return;
    }
  }
  setIndexSlow(object, key, value, what);
}

export function setIndexStr(object: LuaValue, key: string, value: LuaValue, what: string): void {
  if (object instanceof LuaTable && object.plain) object.set(key, value);
  else setIndexSlow(object, key, value, what);
}

export function setGlobal(globals: LuaTable, key: string, value: LuaValue): void {
  if (globals.plain) globals.set(key, value);
  else setIndexSlow(globals, key, value, '');
}

function setIndexSlow(start: LuaValue, key: LuaValue, value: LuaValue, what: string): void {
  let object = start;
  for (let step = 0; step < META_CHAIN_MAX; step++) {
    let handler: LuaValue;
    if (object instanceof LuaTable) {
      handler = object.metatable?.getStr('__newindex');
      if (handler === undefined || object.get(key) !== undefined) {
        rawSet(object, key, value);
        return;
      }
    } else {
      handler = metamethod(object, '__newindex');
      if (handler === undefined) throw typeError('index', object, step === 0 ? what : '');
    }
    if (typeof handler === 'function') {
      callValue(handler, object, key, value);
      return;
    }
    object = handler;
  }
  throw runtimeError('loop in settable');
}

/** Assignment without metamethods, but with the checks that Lua code can not escape. */
export function rawSet(table: LuaTable, key: LuaValue, value: LuaValue): void {
  if (table.readonly) throw runtimeError(READONLY_TABLE);
  if (key === undefined) throw runtimeError('table index is nil');
  if (typeof key === 'number' && Number.isNaN(key)) throw runtimeError('table index is NaN');
  table.set(key, value);
}

/** A constructor with computed keys: `[key, value]` pairs and items, in source order. */
export function mixedTable(fields: (LuaValue | [LuaValue, LuaValue])[]): LuaTable {
  const items = fields.filter((field) => !Array.isArray(field)) as LuaValue[];
  const count = items.length;
  const table = LuaTable.fromArray(items);
  for (const field of fields) {
    if (!Array.isArray(field)) continue;
    const key = field[0];
    // Items are stored last, so they win over a pair with their place as key.
    const taken = typeof key === 'number' && key >= 1 && key <= count && Number.isInteger(key);
    if (!taken) rawSet(table, key, field[1]);
  }
  return table;
}

/** The `arg` table of a vararg function that does not use `...`. */
export function argTable(values: LuaMulti): LuaTable {
  const table = LuaTable.fromArray(values.slice());
  table.set('n', values.length);
  return table;
}

// Arithmetic.

/** A number, or a string that reads as one. */
export function toNumber(value: LuaValue): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' ? parseNumber(value) : undefined;
}

/** a - floor(a/b)*b, which is Lua 5.1's own definition. */
export function modulo(a: number, b: number): number {
  if (a >= 0 && b > 0 && (a | 0) === a && (b | 0) === b) return a % b;
  return a - Math.floor(a / b) * b;
}

function arithmetic(
  a: LuaValue,
  b: LuaValue,
  event: string,
  compute: (x: number, y: number) => number,
  aName: string,
  bName: string,
): LuaValue {
  const x = toNumber(a);
  const y = toNumber(b);
  if (x !== undefined && y !== undefined) return compute(x, y);
  const handler = metamethod(a, event) ?? metamethod(b, event);
  if (handler !== undefined) return first(callValue(handler, a, b));
  throw x === undefined
    ? typeError('perform arithmetic on', a, aName)
    : typeError('perform arithmetic on', b, bName);
}

type Arithmetic = (a: LuaValue, b: LuaValue, aName: string, bName: string) => LuaValue;

const operator =
  (event: string, compute: (x: number, y: number) => number): Arithmetic =>
  (a, b, aName, bName) =>
    arithmetic(a, b, event, compute, aName, bName);

export const add = operator('__add', (x, y) => x + y);
export const sub = operator('__sub', (x, y) => x - y);
export const mul = operator('__mul', (x, y) => x * y);
export const div = operator('__div', (x, y) => x / y);
export const mod = operator('__mod', modulo);
export const pow = operator('__pow', (x, y) => x ** y);

export function unm(value: LuaValue, what: string): LuaValue {
  return arithmetic(value, value, '__unm', (x) => -x, what, what);
}

/** A bound of a numeric `for`. */
export function forNumber(value: LuaValue, what: string): number {
  const n = toNumber(value);
  if (n === undefined) throw runtimeError(`'for' ${what} must be a number`);
  return n;
}

export function len(value: LuaValue, what: string): number {
  if (value instanceof LuaTable) return value.arr.length;
  if (typeof value === 'string') return value.length;
  throw typeError('get length of', value, what);
}

// Comparison.

export function equals(a: LuaValue, b: LuaValue): boolean {
  if (!(a instanceof LuaTable) || !(b instanceof LuaTable)) return false;
  const handler = sharedMetamethod(a, b, '__eq');
  return handler !== undefined && truthy(first(callValue(handler, a, b)));
}

/** Comparison metamethods count only when both operands have the same one. */
function sharedMetamethod(a: LuaValue, b: LuaValue, event: string): LuaValue {
  const handler = metamethod(a, event);
  return handler !== undefined && handler === metamethod(b, event) ? handler : undefined;
}

const truthy = (value: LuaValue): boolean => value !== undefined && value !== false;

export function lessThan(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'string' && typeof b === 'string') return a < b;
  const handler = typeName(a) === typeName(b) ? sharedMetamethod(a, b, '__lt') : undefined;
  if (handler !== undefined) return truthy(first(callValue(handler, a, b)));
  throw orderError(a, b);
}

export function lessEqual(a: LuaValue, b: LuaValue): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a <= b;
  if (typeof a === 'string' && typeof b === 'string') return a <= b;
  if (typeName(a) !== typeName(b)) throw orderError(a, b);
  const handler = sharedMetamethod(a, b, '__le');
  if (handler !== undefined) return truthy(first(callValue(handler, a, b)));
  const reverse = sharedMetamethod(b, a, '__lt');
  if (reverse !== undefined) return !truthy(first(callValue(reverse, b, a)));
  throw orderError(a, b);
}

function orderError(a: LuaValue, b: LuaValue): LuaError {
  const left = typeName(a);
  const right = typeName(b);
  return runtimeError(
    left === right
      ? `attempt to compare two ${left} values`
      : `attempt to compare ${left} with ${right}`,
  );
}

// Strings.

export function concat(a: LuaValue, b: LuaValue, aName: string, bName: string): LuaValue {
  const x = typeof a === 'number' ? formatNumber(a) : a;
  const y = typeof b === 'number' ? formatNumber(b) : b;
  if (typeof x === 'string' && typeof y === 'string') {
    chargeString(x.length + y.length);
    return x + y;
  }
  const handler = metamethod(a, '__concat') ?? metamethod(b, '__concat');
  if (handler !== undefined) return first(callValue(handler, a, b));
  throw typeof x === 'string'
    ? typeError('concatenate', b, bName)
    : typeError('concatenate', a, aName);
}

/** `a .. b .. c`: from the right, but in one piece where all parts are plain. */
export function concatAll(parts: LuaValue[], names: string[]): LuaValue {
  let text = '';
  let length = 0;
  for (const part of parts) {
    const piece = typeof part === 'number' ? formatNumber(part) : part;
    if (typeof piece !== 'string') return concatSlow(parts, names);
    length += piece.length;
    if (length > MAX_PIECE) chargeString(length);
    text += piece;
  }
  chargeString(length);
  return text;
}

const MAX_PIECE = 1 << 24;

function concatSlow(parts: LuaValue[], names: string[]): LuaValue {
  let at = parts.length - 1;
  let value = parts[at];
  while (--at >= 0) value = concat(parts[at], value, names[at] ?? '', names[at + 1] ?? '');
  return value;
}

/** Lua's `tostring`. */
export function toText(value: LuaValue): string {
  const handler = metamethod(value, '__tostring');
  if (handler !== undefined) {
    const text = first(callValue(handler, value));
    if (typeof text === 'string') return text;
    if (typeof text === 'number') return formatNumber(text);
    throw runtimeError("'tostring' must return a string to 'print'");
  }
  return plainText(value);
}

const addresses = new WeakMap<object, string>();
let lastAddress = 0x1000;

/** Text of a value without metamethods. Tables and functions have made-up stable addresses. */
export function plainText(value: LuaValue): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return formatNumber(value);
  if (value === undefined) return 'nil';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (value instanceof LuaUserdata) return `userdata: ${value.label}`;
  let address = addresses.get(value);
  if (address === undefined) {
    lastAddress += 0x20;
    address = `0x${lastAddress.toString(16).padStart(14, '0')}`;
    addresses.set(value, address);
  }
  return `${typeName(value)}: ${address}`;
}
