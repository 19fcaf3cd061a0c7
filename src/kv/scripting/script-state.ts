/**
 * A Lua state as Redis sets it up: its API, its `pcall`, its globals protected.
 */
import type { Clock } from '../../core/runtime/index.ts';
import {
  createLuaState,
  guardGlobals,
  type LuaFunction,
  type LuaMulti,
  type LuaState,
  LuaTable,
} from '../lua/index.ts';

export interface ScriptStateOptions {
  readonly redis: LuaTable;
  readonly clock: Clock;
  /** Called often while Lua runs. */
  readonly hook: () => void;
  readonly memoryBytesMax: number;
}

/** Makes a state whose scripts find `redis` under both of its names. */
export function createScriptState(options: ScriptStateOptions): LuaState {
  const { redis, clock, hook, memoryBytesMax } = options;
  const state = createLuaState({
    hook,
    memoryBytesMax,
    randomSeed: 0,
    clockSeconds: () => clock.monotonicMs() / 1000,
  });
  const { globals } = state;
  globals.set('pcall', protectedCall(globals.get('pcall') as LuaFunction));
  nameApi(state, redis);
  guardGlobals(state);
  return state;
}

/** Lets `redis` and `server` be this table. */
export function nameApi(state: LuaState, redis: LuaTable): void {
  state.globals.set('redis', redis);
  state.globals.set('server', redis);
}

/**
 * Errors of commands are tables inside, but scripts written for older versions of Redis expect `pcall`
 * to give them as texts.
 */
function protectedCall(pcall: LuaFunction): LuaFunction {
  const compatible: LuaFunction = (...args) => withText(pcall(...args) as LuaMulti);
  const { resumable } = pcall;
  if (resumable !== undefined) {
    compatible.resumable = function* (...args) {
      return withText((yield* resumable(...args)) as LuaMulti);
    };
  }
  return compatible;
}

function withText(results: LuaMulti): LuaMulti {
  const [ok, error] = results;
  if (ok !== false || !(error instanceof LuaTable)) return results;
  const text = error.get('err');
  return typeof text === 'string' || typeof text === 'number' ? [false, text] : results;
}
