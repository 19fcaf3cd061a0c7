/**
 * The Lua 5.1 engine: the folder's only door. See README.md.
 */

export { argError, checkInteger, checkNumber, checkString, checkTable } from './check.ts';
export { CJSON_NULL } from './cjson-encode.ts';
export { LuaAbort, LuaError, LuaSyntaxError, luaError } from './errors.ts';
export { guardGlobals, protectTables } from './guard.ts';
export { formatNumber, parseNumber } from './number.ts';
export { toText } from './operations.ts';
export { positionOf, where } from './position.ts';
export {
  createLuaState,
  type LuaChunk,
  type LuaRun,
  type LuaState,
  type LuaStateOptions,
} from './state.ts';
export { LuaTable } from './table.ts';
export {
  all,
  first,
  type LuaFunction,
  type LuaMulti,
  type LuaReturn,
  LuaThread,
  LuaUserdata,
  type LuaValue,
  NOTHING,
  PAUSE,
  typeName,
} from './value.ts';
export { charge } from './vm.ts';
