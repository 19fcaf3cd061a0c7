/**
 * Errors as scripts see them: tables with a field `err`, whose text begins with an error code.
 *
 * A command's error has been counted when it was made; `ignore_error_stats_update` in its table says
 * so, for the case that the script returns it or lets it end the script.
 */
import {
  type LuaAbort,
  LuaError,
  LuaTable,
  type LuaValue,
  positionOf,
  toText,
} from '../lua/index.ts';

const COUNTED = 'ignore_error_stats_update';

/** A table with one field. */
export function fieldTable(field: string, value: LuaValue): LuaTable {
  const table = new LuaTable();
  table.set(field, value);
  return table;
}

/** The table of an error that a function of ours raises. */
export function errorTable(sentence: string): LuaTable {
  return fieldTable('err', `ERR ${sentence}`);
}

/** The table of an error reply, `line` without its mark. */
export function replyErrorTable(line: string): LuaTable {
  const table = fieldTable(COUNTED, true);
  table.set('err', line.includes(' ') ? line : `ERR ${line}`);
  return table;
}

/** The text that a script gave an error reply: with a code only when it gave one. */
export function scriptErrorText(text: string): string {
  const body = text.startsWith('-') ? text.slice(1) : text;
  return (body.includes(' ') ? body : `ERR ${body}`).replace(/[\r\n]+$/, '');
}

/** Whether the error in a table has been counted. */
export function isCounted(table: LuaTable): boolean {
  return table.get(COUNTED) === true;
}

export interface Failure {
  /** The error reply. */
  readonly text: string;
  readonly counted: boolean;
}

/** What a client is told of an error that a script did not catch. `name`: sha or function. */
export function failureOf(error: LuaError | LuaAbort, name: string): Failure {
  const value = error instanceof LuaError ? error.value : error.message;
  const place = positionOf(error);
  const suffix =
    place === undefined ? '' : ` script: ${name}, on ${sourceName(place.chunkName)}:${place.line}.`;
  if (!(value instanceof LuaTable))
    return { text: `ERR ${toText(value)}${suffix}`, counted: false };
  const text = value.get('err');
  if (typeof text !== 'string' && typeof text !== 'number') {
    return { text: `ERR execution failure${suffix}`, counted: false };
  }
  return { text: toText(text) + suffix, counted: isCounted(value) };
}

/** Scripts and libraries are named as files are; text compiled by `loadstring` is not. */
function sourceName(chunkName: string): string {
  return chunkName.startsWith('[') ? chunkName : `@${chunkName}`;
}
