/**
 * Lua values to JSON, as lua-cjson writes it.
 *
 * Promise: 14 significant digits unless set otherwise, `/` and DEL escaped, an empty table is `{}`,
 * a list with holes is filled with null unless it is excessively sparse.
 */
import { formatGeneral } from './number.ts';
import { metamethod, runtimeError } from './operations.ts';
import { LuaTable } from './table.ts';
import { LuaUserdata, type LuaValue, typeName } from './value.ts';
import { chargeString, checkLength, tick, vm } from './vm.ts';

/** `cjson.null`: one for all states, because it has no content. */
export const CJSON_NULL = new LuaUserdata('(nil)');

/** Field of a metatable that makes its tables arrays, empty ones too. */
export const ARRAY_MARK = '__is_cjson_array';

export interface CjsonConfig {
  sparseConvert: boolean;
  sparseRatio: number;
  sparseSafe: number;
  encodeMaxDepth: number;
  decodeMaxDepth: number;
  encodeInvalidNumbers: 'off' | 'on' | 'null';
  decodeInvalidNumbers: boolean;
  numberPrecision: number;
  keepBuffer: boolean;
  decodeArrayWithArrayMt: boolean;
}

export function defaultConfig(): CjsonConfig {
  return {
    sparseConvert: false,
    sparseRatio: 2,
    sparseSafe: 10,
    encodeMaxDepth: 1000,
    decodeMaxDepth: 1000,
    encodeInvalidNumbers: 'off',
    decodeInvalidNumbers: true,
    numberPrecision: 14,
    keepBuffer: true,
    decodeArrayWithArrayMt: false,
  };
}

/** The JSON text of a value. */
export function encode(config: CjsonConfig, value: LuaValue): string {
  const text = append(config, value, 0);
  chargeString(text.length);
  return text;
}

function fail(value: LuaValue, reason: string): Error {
  const type = value instanceof LuaUserdata ? 'userdata' : typeName(value);
  return runtimeError(`Cannot serialise ${type}: ${reason}`);
}

function append(config: CjsonConfig, value: LuaValue, depth: number): string {
  if (--vm.ticks < 0) tick();
  switch (typeof value) {
    case 'string':
      return string(value);
    case 'number':
      return number(config, value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'undefined':
      return 'null';
    default:
      if (value instanceof LuaTable) return table(config, value, depth + 1);
      if (value === CJSON_NULL) return 'null';
      throw fail(value, 'type not supported');
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what JSON escapes
const SPECIAL = /["\\/\x00-\x1f\x7f]/g;
const SHORT: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

/** Long strings go in pieces, so that a replacement's bookkeeping stays small. */
const PIECE = 1 << 16;

function string(text: string): string {
  if (text.length <= PIECE) return `"${escaped(text)}"`;
  let result = '"';
  for (let at = 0; at < text.length; at += PIECE) {
    if (--vm.ticks < 0) tick();
    result = join(result, escaped(text.slice(at, at + PIECE)));
  }
  return `${result}"`;
}

function escaped(text: string): string {
  return text.replace(
    SPECIAL,
    (c) => SHORT[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Appends within the limit: one long string may stand in a table many times. */
function join(text: string, piece: string): string {
  checkLength(text.length + piece.length + 2);
  return text + piece;
}

function number(config: CjsonConfig, n: number): string {
  if (!Number.isFinite(n)) {
    if (config.encodeInvalidNumbers === 'off') throw fail(n, 'must not be NaN or Inf');
    if (config.encodeInvalidNumbers === 'null') return 'null';
    if (Number.isNaN(n)) return 'nan';
  }
  return formatGeneral(n, config.numberPrecision, false);
}

function table(config: CjsonConfig, value: LuaTable, depth: number): string {
  if (depth > config.encodeMaxDepth) {
    throw runtimeError(`Cannot serialise, excessive nesting (${depth})`);
  }
  const length = arrayLength(config, value);
  if (length > 0 || metamethod(value, ARRAY_MARK) === true) {
    return array(config, value, length, depth);
  }
  return object(config, value, depth);
}

/** Length as an array, or -1 when the table must be an object. */
function arrayLength(config: CjsonConfig, value: LuaTable): number {
  let most = 0;
  let items = 0;
  for (let at = value.nextPosition(0); at >= 0; at = value.nextPosition(at + 1)) {
    const key = value.keyAt(at);
    if (typeof key !== 'number' || key < 1 || Math.floor(key) !== key) return -1;
    if (key > most) most = key;
    items++;
  }
  const { sparseRatio, sparseSafe } = config;
  if (sparseRatio > 0 && most > items * sparseRatio && most > sparseSafe) {
    if (!config.sparseConvert) throw fail(value, 'excessively sparse array');
    return -1;
  }
  return most;
}

function array(config: CjsonConfig, value: LuaTable, length: number, depth: number): string {
  let text = '[';
  for (let i = 1; i <= length; i++) {
    if (i > 1) text += ',';
    text = join(text, append(config, value.get(i), depth));
  }
  return `${text}]`;
}

function object(config: CjsonConfig, value: LuaTable, depth: number): string {
  let text = '{';
  for (let at = value.nextPosition(0); at >= 0; at = value.nextPosition(at + 1)) {
    const key = value.keyAt(at);
    if (text.length > 1) text += ',';
    if (typeof key === 'string') text += `${string(key)}:`;
    else if (typeof key === 'number') text += `"${number(config, key)}":`;
    else throw fail(key, 'table key must be a number or string');
    text = join(text, append(config, value.valueAt(at), depth));
  }
  return `${text}}`;
}
