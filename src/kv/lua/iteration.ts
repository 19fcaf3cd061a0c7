// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The iterators behind `pairs` and `ipairs`, and how generic `for` recognises them.
 */
import { checkTable } from './check.ts';
import { runtimeError } from './operations.ts';
import { LuaTable } from './table.ts';
import type { LuaReturn, LuaValue } from './value.ts';

/** Lua's `next` (manual §5.1). */
export function next(list: LuaValue, key: LuaValue): LuaReturn {
  const table = checkTable(list, 1, arguments.length);
  const from = table.positionAfter(key);
  if (from === undefined) throw runtimeError("invalid key to 'next'");
  const at = table.nextPosition(from);
  return at < 0 ? undefined : [table.keyAt(at), table.valueAt(at)];
}

/** The iterator that `ipairs` gives. */
export function ipairsStep(table: LuaValue, i: LuaValue): LuaReturn {
  const at = typeof i === 'number' ? i : 0;
  const value = table instanceof LuaTable ? table.get(at + 1) : undefined;
  return value === undefined ? undefined : [at + 1, value];
}

/** How a generic `for` can walk: 1 `pairs`, 2 `ipairs` over a table, 0 by calling the iterator. */
export function walkKind(f: LuaValue, state: LuaValue, control: LuaValue): 0 | 1 | 2 {
  if (!(state instanceof LuaTable)) return 0;
  if (f === next) return control === undefined ? 1 : 0;
  return f === ipairsStep && control === 0 ? 2 : 0;
}
