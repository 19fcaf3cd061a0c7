/**
 * Coroutines on generators.
 *
 * Promise: a chunk that never says `coroutine` is compiled to plain functions and pays nothing; in
 * one that does, Lua functions are generators and a call between them is `yield*`. A yield can not
 * cross a metamethod, an iterator or a native function such as `pcall` and `table.sort`, which is
 * the rule of Lua 5.1 too. The host's pauses are yields of `PAUSE`; they cross `pcall`, and nothing
 * else that is native.
 *
 *     suspended ──resume──▶ running ──yield──▶ suspended
 *                              │ resumes another: normal, until that one stops
 *                              └─return or error─▶ dead
 */
import { argError } from './check.ts';
import { LuaError, luaError } from './errors.ts';
import { callable, runtimeError } from './operations.ts';
import { where } from './position.ts';
import { LuaTable } from './table.ts';
import {
  all,
  type LuaFunction,
  type LuaMulti,
  type LuaReturn,
  type LuaSteps,
  LuaThread,
  type LuaValue,
  NOTHING,
  PAUSE,
} from './value.ts';
import { charge, isStackOverflow, stackOverflow, vm } from './vm.ts';

/** Depth weight of one coroutine inside another. */
const RESUME_WEIGHT = 400;
/** Roughly what a coroutine and its generator take. */
const THREAD_BYTES = 512;

let running: LuaThread | undefined;

/** Wraps a generator function as a Lua function that also runs when called from native code. */
export function resumable(body: (...args: LuaValue[]) => LuaSteps): LuaFunction {
  const f: LuaFunction = (...args) => runToEnd(body(...args));
  f.resumable = body;
  return f;
}

/** Runs where no yield is possible: a yield becomes an error at its own place. */
function runToEnd(steps: LuaSteps): LuaReturn {
  let step = steps.next(NOTHING);
  while (!step.done) {
    step = step.value === PAUSE ? steps.next(NOTHING) : steps.throw(boundaryError());
  }
  return step.value;
}

/**
 * As a native function that calls Lua: no coroutine can yield across it, but the host's pauses pass.
 */
export function* nativeSteps(f: LuaFunction, args: LuaMulti): LuaSteps {
  if (f.resumable === undefined) return f(...args) as LuaReturn;
  const steps = f.resumable(...args);
  let step = steps.next(NOTHING);
  while (!step.done) {
    if (step.value === PAUSE) {
      yield PAUSE;
      step = steps.next(NOTHING);
    } else step = steps.throw(boundaryError());
  }
  return step.value;
}

const boundaryError = (): LuaError =>
  luaError('attempt to yield across metamethod/C-call boundary');

/** A call from compiled code in coroutine mode. */
export function* callSteps(f: LuaValue, what: string, args: LuaMulti): LuaSteps {
  const callee = typeof f === 'function' ? f : callable(f, what);
  if (callee.resumable !== undefined) return yield* callee.resumable(...args);
  return callee(...args) as LuaReturn;
}

const yieldNow: LuaFunction = () => {
  throw boundaryError();
};
yieldNow.resumable = function* (...args: LuaValue[]): LuaSteps {
  if (running === undefined) throw boundaryError();
  return yield args;
};

/** Continues a coroutine until it yields, returns or fails; failures are thrown. */
function proceed(thread: LuaThread, args: LuaMulti): LuaMulti {
  const before = running;
  const depth = vm.depth;
  if (before) before.status = 'normal';
  thread.status = 'running';
  running = thread;
  vm.depth += RESUME_WEIGHT;
  try {
    if (vm.depth > vm.depthMax) throw stackOverflow();
    return nativeAdvance(thread, args);
  } catch (error) {
    thread.status = 'dead';
    throw isStackOverflow(error) ? stackOverflow() : error;
  } finally {
    running = before;
    if (before) before.status = 'running';
    vm.depth = depth;
  }
}

function nativeAdvance(thread: LuaThread, args: LuaMulti): LuaMulti {
  const body = thread.body;
  if (thread.steps === undefined && body !== undefined) {
    thread.body = undefined;
    if (body.resumable === undefined) {
      const result = all(body(...args));
      thread.status = 'dead';
      return result;
    }
    thread.steps = body.resumable(...args);
  }
  const steps = thread.steps as LuaSteps;
  let step = steps.next(args);
  while (step.value === PAUSE) step = steps.next(NOTHING);
  thread.status = step.done ? 'dead' : 'suspended';
  return all(step.value);
}

function resume(thread: LuaValue, ...args: LuaValue[]): LuaReturn {
  const co = checkThread(thread);
  if (co.status !== 'suspended') return [false, `cannot resume ${co.status} coroutine`];
  try {
    return [true, ...proceed(co, args)];
  } catch (error) {
    if (error instanceof LuaError) return [false, error.value];
    throw error;
  }
}

function wrap(f: LuaValue): LuaReturn {
  const co = create(f);
  return (...args) => {
    if (co.status !== 'suspended') throw runtimeError(`cannot resume ${co.status} coroutine`);
    try {
      return proceed(co, args);
    } catch (error) {
      if (!(error instanceof LuaError) || typeof error.value !== 'string') throw error;
      throw luaError(where(1) + error.value);
    }
  };
}

function create(f: LuaValue): LuaThread {
  if (typeof f !== 'function') throw argError(1, 'Lua function expected');
  charge(THREAD_BYTES);
  return new LuaThread(f);
}

function checkThread(value: LuaValue): LuaThread {
  if (!(value instanceof LuaThread)) throw argError(1, 'coroutine expected');
  return value;
}

/** The `coroutine` table (manual §5.2). */
export function coroutineLibrary(): LuaTable {
  const functions: Record<string, LuaFunction> = {
    create,
    resume,
    running: () => running,
    status: (thread) => checkThread(thread).status,
    wrap,
    yield: yieldNow,
  };
  return LuaTable.fromEntries(Object.entries(functions));
}
