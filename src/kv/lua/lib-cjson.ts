// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `cjson` table: lua-cjson 2.1 as Redis carries it (kyne.com.au/~mark/software/lua-cjson).
 *
 * Promise: settings belong to the library table of one state; `cjson.new()` has its own.
 */
import { argError, checkInteger, checkString } from './check.ts';
import { arrayMetatable, decode } from './cjson-decode.ts';
import { CJSON_NULL, type CjsonConfig, defaultConfig, encode } from './cjson-encode.ts';
import { LuaTable } from './table.ts';
import type { LuaFunction, LuaReturn, LuaValue } from './value.ts';

const INT_MAX = 2147483647;

type Setting = (value: LuaValue, argc: number) => LuaReturn;

function integer(
  value: LuaValue,
  n: number,
  argc: number,
  range: { least: number; most: number; now: number },
): number {
  if (value === undefined) return range.now;
  const number = checkInteger(value, n, argc);
  if (number < range.least || number > range.most) {
    throw argError(1, `expected integer between ${range.least} and ${range.most}`);
  }
  return number;
}

function choice<T extends string>(value: LuaValue, options: readonly T[], now: T): T {
  if (value === undefined) return now;
  if (value === true) return 'on' as T;
  if (value === false) return 'off' as T;
  const found = options.find((option) => option === value);
  if (found === undefined) throw argError(1, `invalid option '${checkString(value, 1, 1)}'`);
  return found;
}

/** What a setting that is on or off gives back. */
const shown = (option: string): LuaValue =>
  option === 'off' ? false : option === 'on' ? true : option;

function settings(config: CjsonConfig): Record<string, Setting> {
  const onOff = (value: LuaValue, now: boolean): boolean =>
    choice(value, ['off', 'on'], now ? 'on' : 'off') === 'on';
  const depth = (now: number): { least: number; most: number; now: number } => ({
    least: 1,
    most: INT_MAX,
    now,
  });
  return {
    encode_max_depth(value, argc) {
      config.encodeMaxDepth = integer(value, 1, argc, depth(config.encodeMaxDepth));
      return config.encodeMaxDepth;
    },
    decode_max_depth(value, argc) {
      config.decodeMaxDepth = integer(value, 1, argc, depth(config.decodeMaxDepth));
      return config.decodeMaxDepth;
    },
    encode_number_precision(value, argc) {
      const range = { least: 1, most: 14, now: config.numberPrecision };
      config.numberPrecision = integer(value, 1, argc, range);
      return config.numberPrecision;
    },
    encode_keep_buffer(value) {
      config.keepBuffer = onOff(value, config.keepBuffer);
      return config.keepBuffer;
    },
    encode_invalid_numbers(value) {
      const options = ['off', 'on', 'null'] as const;
      config.encodeInvalidNumbers = choice(value, options, config.encodeInvalidNumbers);
      return shown(config.encodeInvalidNumbers);
    },
    decode_invalid_numbers(value) {
      config.decodeInvalidNumbers = onOff(value, config.decodeInvalidNumbers);
      return config.decodeInvalidNumbers;
    },
    decode_array_with_array_mt(value) {
      config.decodeArrayWithArrayMt = onOff(value, config.decodeArrayWithArrayMt);
      return config.decodeArrayWithArrayMt;
    },
  };
}

function sparse(config: CjsonConfig): LuaFunction {
  return function encode_sparse_array(convert, ratio, safe) {
    const argc = arguments.length;
    if (argc > 3) throw argError(4, 'found too many arguments');
    const now = config.sparseConvert ? 'on' : 'off';
    config.sparseConvert = choice(convert, ['off', 'on'], now) === 'on';
    const range = { least: 0, most: INT_MAX };
    config.sparseRatio = integer(ratio, 2, argc, { ...range, now: config.sparseRatio });
    config.sparseSafe = integer(safe, 3, argc, { ...range, now: config.sparseSafe });
    return [config.sparseConvert, config.sparseRatio, config.sparseSafe];
  };
}

/** Makes the `cjson` table. */
export function cjsonLibrary(): LuaTable {
  const config = defaultConfig();
  const arrays = arrayMetatable();
  const functions: Record<string, LuaFunction> = {
    encode(value) {
      if (arguments.length !== 1) throw argError(1, 'expected 1 argument');
      return encode(config, value);
    },
    decode(text) {
      if (arguments.length !== 1) throw argError(1, 'expected 1 argument');
      return decode(config, checkString(text, 1, 1), arrays);
    },
    encode_sparse_array: sparse(config),
    new: () => cjsonLibrary(),
  };
  for (const [name, set] of Object.entries(settings(config))) {
    functions[name] = function setting(value) {
      if (arguments.length > 1) throw argError(2, 'found too many arguments');
      return set(value, arguments.length);
    };
  }
  const library = LuaTable.fromEntries(Object.entries(functions));
  library.set('null', CJSON_NULL);
  library.set('_NAME', 'cjson');
  library.set('_VERSION', '2.1.0');
  return library;
}
