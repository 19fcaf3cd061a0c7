/**
 * The tables `redis` and `server` of a script
 * (https://redis.io/docs/latest/develop/programmability/lua-api/#the-redis-object).
 */
import { hash } from 'node:crypto';
import {
  type LuaFunction,
  LuaTable,
  type LuaValue,
  luaError,
  toText,
  where,
} from '../lua/index.ts';
import type { CommandCaller } from './command-caller.ts';
import { errorTable, fieldTable, scriptErrorText } from './error-table.ts';

/** The version of Redis whose scripts are understood. */
export const REDIS_VERSION = '7.2.4';
const REDIS_VERSION_NUMBER = 0x00070204;

const LOG_LEVELS = { LOG_DEBUG: 0, LOG_VERBOSE: 1, LOG_NOTICE: 2, LOG_WARNING: 3 } as const;
const REPLICATION = {
  REPL_NONE: 0,
  REPL_AOF: 1,
  REPL_SLAVE: 2,
  REPL_REPLICA: 2,
  REPL_ALL: 3,
} as const;

/** What scripts say with `redis.log`. */
export type ScriptLog = (level: 'debug' | 'info' | 'warn', message: string) => void;

/** All of the API, for scripts and functions that run. */
export function redisTable(caller: CommandCaller, log: ScriptLog): LuaTable {
  return LuaTable.fromEntries([
    ['call', (...values) => caller.invoke(values, true)],
    ['pcall', (...values) => caller.invoke(values, false)],
    ['setresp', (...values) => setResp(caller, values)],
    ['sha1hex', sha1hex],
    ['error_reply', errorReply],
    ['status_reply', (...values) => replyField('ok', values)],
    ['acl_check_cmd', (...values) => caller.allowed(values)],
    // Effects are all that is ever logged.
    ['replicate_commands', () => true],
    ['set_repl', setRepl],
    // There is no debugger to stop in.
    ['breakpoint', () => false],
    ['debug', () => []],
    ...Object.entries(REPLICATION),
    ...logEntries(log),
    ...versionEntries(),
  ]);
}

/** What a library may use while it is loaded, beside `register_function`. */
export function loadTable(registerFunction: LuaFunction, log: ScriptLog): LuaTable {
  const table = LuaTable.fromEntries([
    ['register_function', registerFunction],
    ...logEntries(log),
    ...versionEntries(),
  ]);
  table.setMetatable(LuaTable.fromEntries([['__index', missingName]]));
  return table;
}

function missingName(_table: LuaValue, name: LuaValue): never {
  throw luaError(
    `${where(1)}Script attempted to access nonexistent global variable '${toText(name)}'`,
  );
}

function logEntries(log: ScriptLog): [string, LuaValue][] {
  return [['log', (...values) => writeLog(log, values)], ...Object.entries(LOG_LEVELS)];
}

function versionEntries(): [string, LuaValue][] {
  return [
    ['REDIS_VERSION', REDIS_VERSION],
    ['REDIS_VERSION_NUM', REDIS_VERSION_NUMBER],
  ];
}

function setResp(caller: CommandCaller, values: readonly LuaValue[]): LuaValue[] {
  if (values.length !== 1) throw luaError(errorTable('redis.setresp() requires one argument.'));
  const version = Number(values[0]);
  if (version !== 2 && version !== 3) {
    throw luaError(errorTable('RESP version must be 2 or 3.'));
  }
  caller.protocol = version;
  return [];
}

function sha1hex(...values: LuaValue[]): LuaValue {
  if (values.length !== 1) throw luaError(errorTable('wrong number of arguments'));
  const [value] = values;
  const text = typeof value === 'string' || typeof value === 'number' ? toText(value) : '';
  return hash('sha1', Buffer.from(text, 'latin1'), 'hex');
}

function errorReply(...values: LuaValue[]): LuaTable {
  const [text] = values;
  if (values.length !== 1 || typeof text !== 'string') return wrongArguments();
  return fieldTable('err', scriptErrorText(text));
}

function replyField(field: string, values: readonly LuaValue[]): LuaTable {
  if (values.length !== 1 || typeof values[0] !== 'string') return wrongArguments();
  return fieldTable(field, values[0]);
}

function wrongArguments(): LuaTable {
  return errorTable('wrong number or type of arguments');
}

/**
 * Checked, and of no effect: what a script changes is always logged, since a log that leaves changes
 * out could not bring the store back.
 */
function setRepl(...values: LuaValue[]): LuaValue[] {
  if (values.length !== 1) throw luaError(errorTable('redis.set_repl() requires one argument.'));
  const flags = Number(values[0]);
  if ((flags & ~REPLICATION.REPL_ALL) !== 0) {
    throw luaError(
      errorTable('Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.'),
    );
  }
  return [];
}

function writeLog(log: ScriptLog, values: readonly LuaValue[]): LuaValue[] {
  const [level, ...parts] = values;
  if (values.length < 2) {
    throw luaError(errorTable('redis.log() requires two arguments or more.'));
  }
  if (typeof level !== 'number') {
    throw luaError(errorTable('First argument must be a number (log level).'));
  }
  if (level < LOG_LEVELS.LOG_DEBUG || level > LOG_LEVELS.LOG_WARNING) {
    throw luaError(errorTable('Invalid log level.'));
  }
  const text = parts
    .filter((part) => typeof part === 'string' || typeof part === 'number')
    .map(toText)
    .join(' ');
  log(level < 2 ? 'debug' : level < 3 ? 'info' : 'warn', text);
  return [];
}
