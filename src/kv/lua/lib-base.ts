// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The basic functions (manual §5.1), without those that reach files or the terminal.
 *
 * Promise: `pcall` and `xpcall` catch Lua errors and stack overflow only; whatever else is thrown
 * (the host's abort, our own bugs) passes through.
 */
import {
  argError,
  checkAny,
  checkInteger,
  checkNumber,
  checkString,
  checkTable,
  optInteger,
} from './check.ts';
import { nativeSteps } from './coroutine.ts';
import { LuaError, LuaSyntaxError, luaError, readonlyError } from './errors.ts';
import { ipairsStep, next } from './iteration.ts';
import { formatNumber, parseNumber } from './number.ts';
import {
  callable,
  callValue,
  metamethod,
  metatableOf,
  plainText,
  rawSet,
  runtimeError,
} from './operations.ts';
import { where } from './position.ts';
import { LuaTable } from './table.ts';
import {
  first,
  type LuaFunction,
  type LuaMulti,
  type LuaReturn,
  type LuaSteps,
  type LuaValue,
  NOTHING,
  typeName,
} from './value.ts';
import { chargeString, isStackOverflow, stackOverflow, tick, vm } from './vm.ts';

/** What `load` and `getfenv` need from the state. */
export interface BaseHost {
  readonly globals: LuaTable;
  /** Compiles a chunk under a display name. */
  load(source: string, chunkName: string): LuaFunction;
  environmentOf(f: LuaFunction): LuaTable | undefined;
  setEnvironmentOf(f: LuaFunction, environment: LuaTable): boolean;
}

/** `unpack` refuses more results than Lua's C stack holds (LUAI_MAXCSTACK). */
const UNPACK_MAX = 7999;
const PROTECTED_WEIGHT = 80;

function protect(
  f: LuaFunction,
  args: LuaMulti,
  onError: (value: LuaValue) => LuaReturn,
): LuaReturn {
  const depth = vm.depth;
  try {
    vm.depth += PROTECTED_WEIGHT;
    if (vm.depth > vm.depthMax) throw stackOverflow();
    const result = nativeProtected(f, args);
    vm.depth = depth;
    return Array.isArray(result) ? [true, ...result] : [true, result];
  } catch (error) {
    vm.depth = depth;
    if (error instanceof LuaError) return onError(error.value);
    if (isStackOverflow(error)) return onError('stack overflow');
    throw error;
  }
}

/** As `protect`, for a call that can pause. */
function* protectSteps(
  f: LuaFunction,
  args: LuaMulti,
  onError: (value: LuaValue) => LuaReturn,
): LuaSteps {
  const depth = vm.depth;
  try {
    vm.depth += PROTECTED_WEIGHT;
    if (vm.depth > vm.depthMax) throw stackOverflow();
    const result = yield* nativeSteps(f, args);
    vm.depth = depth;
    return Array.isArray(result) ? [true, ...result] : [true, result];
  } catch (error) {
    vm.depth = depth;
    if (error instanceof LuaError) return onError(error.value);
    if (isStackOverflow(error)) return onError('stack overflow');
    throw error;
  }
}

function nativeProtected(f: LuaFunction, args: LuaMulti): LuaReturn {
  return f(...args) as LuaReturn;
}

const failed = (value: LuaValue): LuaReturn => [false, value];

const pcall: LuaFunction = function pcall(f, ...args) {
  checkAny(1, arguments.length);
  return protect(typeof f === 'function' ? f : callable(f, ''), args, failed);
};
pcall.resumable = function* (f, ...args) {
  checkAny(1, arguments.length);
  return yield* protectSteps(typeof f === 'function' ? f : callable(f, ''), args, failed);
};

const xpcall: LuaFunction = function xpcall(f, handler) {
  checkAny(2, arguments.length);
  return protect(typeof f === 'function' ? f : callable(f, ''), NOTHING, handledBy(handler));
};
xpcall.resumable = function* (f, handler) {
  checkAny(2, arguments.length);
  const callee = typeof f === 'function' ? f : callable(f, '');
  return yield* protectSteps(callee, NOTHING, handledBy(handler));
};

function handledBy(handler: LuaValue): (value: LuaValue) => LuaReturn {
  return (value) => {
    if (typeof handler !== 'function') return [false, value];
    const result = protect(handler, [value], failed);
    return [false, ...(result as LuaMulti).slice(1)];
  };
}

function error(value: LuaValue, level: LuaValue): LuaReturn {
  const depth = optInteger(level, 2, arguments.length, 1);
  if (typeof value === 'number' && depth > 0) throw luaError(where(depth) + formatNumber(value));
  throw luaError(typeof value === 'string' && depth > 0 ? where(depth) + value : value);
}

function assert(value: LuaValue, message: LuaValue): LuaReturn {
  checkAny(1, arguments.length);
  if (value === undefined || value === false) {
    if (message !== undefined && typeof message !== 'string' && typeof message !== 'number') {
      throw argError(2, `string expected, got ${typeName(message)}`);
    }
    throw runtimeError(message === undefined ? 'assertion failed!' : plainText(message));
  }
  return Array.prototype.slice.call(arguments) as LuaMulti;
}

function tonumber(value: LuaValue, base: LuaValue): LuaReturn {
  const radix = optInteger(base, 2, arguments.length, 10);
  if (radix === 10) {
    checkAny(1, arguments.length);
    if (typeof value === 'number') return value;
    return typeof value === 'string' ? parseNumber(value) : undefined;
  }
  const text = checkString(value, 1, arguments.length);
  if (radix < 2 || radix > 36) throw argError(2, 'base out of range');
  return parseRadix(text, radix);
}

/** strtoul: white space, a sign, `0x` for base 16, digits; saturates at 2^64. */
function parseRadix(text: string, radix: number): LuaValue {
  const match = /^[ \t\n\v\f\r]*([+-]?)([0-9a-zA-Z]+)[ \t\n\v\f\r]*$/.exec(text);
  if (!match) return undefined;
  let digits = match[2] as string;
  if (radix === 16 && /^0x./i.test(digits)) digits = digits.slice(2);
  let n = 0;
  for (const char of digits) {
    const digit = Number.parseInt(char, 36);
    if (digit >= radix) return undefined;
    n = n * radix + digit;
  }
  if (n >= 2 ** 64) return 2 ** 64;
  return match[1] === '-' && n !== 0 ? 2 ** 64 - n : n;
}

function select(n: LuaValue, ...values: LuaValue[]): LuaReturn {
  if (n === '#') return values.length;
  const at = checkInteger(n, 1, arguments.length);
  if (at < 0) {
    if (-at > values.length) throw argError(1, 'index out of range');
    return values.slice(values.length + at);
  }
  if (at === 0) throw argError(1, 'index out of range');
  return values.slice(at - 1);
}

function unpack(list: LuaValue, from: LuaValue, to: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  const start = optInteger(from, 2, arguments.length, 1);
  const last = optInteger(to, 3, arguments.length, table.length());
  if (start > last) return NOTHING;
  const count = last - start + 1;
  if (count > UNPACK_MAX) throw runtimeError('too many results to unpack');
  if (start === 1 && last === table.arr.length) return table.arr.slice();
  const values: LuaMulti = [];
  // Counted, since numbers far from zero do not change by one.
  for (let i = 0; i < count; i++) values.push(table.get(start + i));
  return values;
}

function getmetatable(value: LuaValue): LuaReturn {
  checkAny(1, arguments.length);
  const metatable = metatableOf(value);
  return metatable?.getStr('__metatable') ?? metatable;
}

function setmetatable(value: LuaValue, metatable: LuaValue): LuaReturn {
  const table = checkTable(value, 1, arguments.length);
  if (metatable !== undefined && !(metatable instanceof LuaTable)) {
    throw argError(2, 'nil or table expected');
  }
  if (arguments.length < 2) throw argError(2, 'nil or table expected');
  if (table.metatable?.getStr('__metatable') !== undefined) {
    throw runtimeError('cannot change a protected metatable');
  }
  if (table.readonly) throw readonlyError();
  table.setMetatable(metatable);
  return table;
}

function collectgarbage(option: LuaValue): LuaReturn {
  const what = option === undefined ? 'collect' : checkString(option, 1, arguments.length);
  switch (what) {
    case 'count':
      return vm.bytes / 1024;
    case 'collect':
    case 'stop':
    case 'restart':
    case 'step':
    case 'setpause':
    case 'setstepmul':
      return 0;
    default:
      throw argError(1, `invalid option '${what}'`);
  }
}

/** How Lua shows a chunk's name in messages (luaO_chunkid). */
function displayName(name: string): string {
  if (name.startsWith('=') || name.startsWith('@')) return name.slice(1, 60);
  const line = name.split('\n', 1)[0] as string;
  const cut = line.length < name.length || line.length > 44 ? `${line.slice(0, 41)}...` : line;
  return `[string "${cut}"]`;
}

function loadText(host: BaseHost, source: string, name: string): LuaReturn {
  try {
    return host.load(source, displayName(name));
  } catch (failure) {
    if (failure instanceof LuaSyntaxError) return [undefined, failure.message];
    throw failure;
  }
}

function loaders(host: BaseHost): Record<string, LuaFunction> {
  return {
    loadstring(source, name) {
      const text = checkString(source, 1, arguments.length);
      return loadText(host, text, name === undefined ? text : checkString(name, 2, 2));
    },
    load(reader, name) {
      if (typeof reader !== 'function') {
        throw argError(
          1,
          `function expected, got ${arguments.length ? typeName(reader) : 'no value'}`,
        );
      }
      let text = '';
      for (;;) {
        const result = reader();
        const piece = Array.isArray(result) ? result[0] : result;
        if (piece === undefined || piece === '') break;
        if (typeof piece !== 'string' && typeof piece !== 'number') {
          return [undefined, 'reader function must return a string'];
        }
        text += piece;
        chargeString(text.length);
        if (--vm.ticks < 0) tick();
      }
      return loadText(host, text, name === undefined ? '=(load)' : checkString(name, 2, 2));
    },
  };
}

/** Environments belong to whole chunks here; a number other than 0 means the running chunk. */
function environments(host: BaseHost): Record<string, LuaFunction> {
  return {
    getfenv(f) {
      if (typeof f === 'function') return host.environmentOf(f) ?? host.globals;
      if (f !== undefined && checkNumber(f, 1, arguments.length) < 0) {
        throw argError(1, 'level must be non-negative');
      }
      return host.globals;
    },
    setfenv(f, environment) {
      const table = checkTable(environment, 2, arguments.length);
      if (typeof f !== 'function' || !host.setEnvironmentOf(f, table)) {
        throw runtimeError("'setfenv' cannot change environment of given object");
      }
      return f;
    },
  };
}

/** Puts the basic functions into `host.globals`. */
export function openBase(host: BaseHost): void {
  const functions: Record<string, LuaFunction> = {
    assert,
    collectgarbage,
    error,
    gcinfo: () => Math.floor(vm.bytes / 1024),
    getmetatable,
    ipairs(table) {
      return [ipairsStep, checkTable(table, 1, arguments.length), 0];
    },
    pairs(table) {
      return [next, checkTable(table, 1, arguments.length), undefined];
    },
    // The very function that generic `for` recognises.
    next,
    pcall,
    rawequal(a, b) {
      checkAny(1, arguments.length);
      checkAny(2, arguments.length);
      return a === b;
    },
    rawget(table, key) {
      const found = checkTable(table, 1, arguments.length);
      checkAny(2, arguments.length);
      return found.get(key);
    },
    rawset(table, key, value) {
      const found = checkTable(table, 1, arguments.length);
      checkAny(2, arguments.length);
      checkAny(3, arguments.length);
      if (found.readonly) throw readonlyError();
      rawSet(found, key, value);
      return table;
    },
    select,
    setmetatable,
    tonumber,
    tostring(value) {
      checkAny(1, arguments.length);
      const handler = metamethod(value, '__tostring');
      return handler === undefined ? plainText(value) : first(callValue(handler, value));
    },
    type(value) {
      checkAny(1, arguments.length);
      return typeName(value);
    },
    unpack,
    xpcall,
    ...loaders(host),
    ...environments(host),
  };
  for (const [name, f] of Object.entries(functions)) host.globals.set(name, f);
  host.globals.set('_G', host.globals);
  host.globals.set('_VERSION', 'Lua 5.1');
}
