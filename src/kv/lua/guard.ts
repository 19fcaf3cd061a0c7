/**
 * Protection of the globals, for hosts whose scripts must not leave anything behind.
 *
 * Promise: after `guardGlobals`, Lua code that reads a global that does not exist, or assigns any,
 * gets the error texts of Redis; the host still sets globals with `globals.set`.
 */
import { runtimeError, toText } from './operations.ts';
import type { LuaState } from './state.ts';
import { LuaTable } from './table.ts';

/**
 * Makes the globals, all library tables in them and the metatable of strings read-only, and reads
 * of unknown names errors.
 */
export function guardGlobals(state: Pick<LuaState, 'globals' | 'stringMetatable'>): void {
  const { globals } = state;
  const metatable = LuaTable.fromEntries([
    [
      '__index',
      (_table, name) => {
        throw runtimeError(
          `Script attempted to access nonexistent global variable '${toText(name)}'`,
        );
      },
    ],
  ]);
  metatable.setReadonly(true);
  globals.setMetatable(metatable);
  protectTables(globals);
  protectTables(state.stringMetatable);
}

/** Makes a table, its metatable and all tables reachable through its values read-only. */
export function protectTables(root: LuaTable): void {
  const waiting = [root];
  for (let table = waiting.pop(); table !== undefined; table = waiting.pop()) {
    if (table.readonly) continue;
    table.setReadonly(true);
    if (table.metatable) waiting.push(table.metatable);
    for (const [, value] of table.entries()) if (value instanceof LuaTable) waiting.push(value);
  }
}
