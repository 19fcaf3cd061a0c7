/**
 * Runs the text of a library once, to learn which functions it registers
 * (https://redis.io/docs/latest/develop/programmability/functions-intro/).
 */
import { ReplyError } from '../errors.ts';
import {
  LuaAbort,
  LuaError,
  type LuaFunction,
  type LuaState,
  LuaSyntaxError,
  LuaTable,
  type LuaValue,
  luaError,
  toText,
} from '../lua/index.ts';
import { errorTable } from './error-table.ts';
import type { Library, LibraryFunction } from './library.ts';
import { FLAG_NAMES } from './script-flags.ts';
import { isName, type LibrarySource, NAME_RULE } from './shebang.ts';

/** How functions are called in messages. */
const CHUNK_NAME = 'user_function';

/**
 * Loads a library.
 *
 * @param withApi runs its argument while `redis` is what libraries may use, with this
 *   `register_function`
 * @throws ReplyError
 */
export function loadLibrary(
  source: LibrarySource & { text: string; pausable: boolean },
  state: LuaState,
  withApi: (registerFunction: LuaFunction, run: () => void) => void,
): Library {
  const { name, code, text } = source;
  const functions = new Map<string, LibraryFunction>();
  const register: LuaFunction = (...values) => {
    registerFunction(functions, values);
    return [];
  };
  try {
    const chunk = state.compile(code, CHUNK_NAME, source.pausable);
    withApi(register, () => chunk.run());
  } catch (error) {
    if (error instanceof LuaSyntaxError) {
      throw new ReplyError(`ERR Error compiling function: ${error.message}`);
    }
    if (error instanceof LuaAbort) {
      throw new ReplyError(`ERR Error registering functions: ERR ${error.message}`);
    }
    if (!(error instanceof LuaError)) throw error;
    throw new ReplyError(`ERR Error registering functions: ${errorText(error.value)}`);
  }
  if (functions.size === 0) throw new ReplyError('ERR No functions registered');
  return { name, code: text, functions };
}

function errorText(value: LuaValue): string {
  const text = value instanceof LuaTable ? value.get('err') : `ERR ${toText(value)}`;
  return typeof text === 'string' || typeof text === 'number' ? toText(text) : 'ERR unknown error';
}

function registerFunction(
  functions: Map<string, LibraryFunction>,
  values: readonly LuaValue[],
): void {
  if (values.length < 1 || values.length > 2) {
    throw problem('wrong number of arguments to redis.register_function');
  }
  const made = values.length === 1 ? fromTable(values[0]) : fromPair(values[0], values[1]);
  if (!isName(made.name)) throw problem(NAME_RULE);
  if (functions.has(made.name)) throw problem('Function already exists in the library');
  functions.set(made.name, made);
}

function fromPair(name: LuaValue, callback: LuaValue): LibraryFunction {
  const text = asText(name);
  if (text === undefined) {
    throw problem('first argument to redis.register_function must be a string');
  }
  if (typeof callback !== 'function') {
    throw problem('second argument to redis.register_function must be a function');
  }
  return { name: text, description: undefined, flags: 0, callback };
}

function fromTable(value: LuaValue): LibraryFunction {
  if (!(value instanceof LuaTable)) {
    throw problem(
      'calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).',
    );
  }
  let name: string | undefined;
  let description: string | undefined;
  let callback: LuaFunction | undefined;
  let flags = 0;
  for (const [key, item] of value.entries()) {
    if (typeof key !== 'string') {
      throw problem('named argument key given to redis.register_function is not a string');
    }
    switch (key.toLowerCase()) {
      case 'function_name':
        name = namedText('function_name', item);
        break;
      case 'description':
        description = namedText('description', item);
        break;
      case 'callback':
        if (typeof item !== 'function') {
          throw problem('callback argument given to redis.register_function must be a function');
        }
        callback = item;
        break;
      case 'flags':
        flags = functionFlags(item);
        break;
      default:
        throw problem('unknown argument given to redis.register_function');
    }
  }
  if (name === undefined) {
    throw problem('redis.register_function must get a function name argument');
  }
  if (callback === undefined) {
    throw problem('redis.register_function must get a callback argument');
  }
  return { name, description, flags, callback };
}

function namedText(argument: string, value: LuaValue): string {
  const text = asText(value);
  if (text !== undefined) return text;
  throw problem(`${argument} argument given to redis.register_function must be a string`);
}

function functionFlags(value: LuaValue): number {
  if (!(value instanceof LuaTable)) {
    throw problem(
      'flags argument to redis.register_function must be a table representing function flags',
    );
  }
  let flags = 0;
  for (let i = 1; value.get(i) !== undefined; i++) {
    const bit = FLAG_NAMES.get(asText(value.get(i)) ?? '');
    if (bit === undefined) throw problem('unknown flag given');
    flags |= bit;
  }
  return flags;
}

/** Numbers are texts where texts are asked for. */
function asText(value: LuaValue): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? toText(value) : undefined;
}

function problem(sentence: string): LuaError {
  return luaError(errorTable(sentence));
}
