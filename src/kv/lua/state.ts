/**
 * One Lua engine instance: its globals, libraries and limits.
 *
 * Promise: states share nothing that Lua code can change. A run starts with fresh gauges, and may
 * start while another state's run waits for it: the gauges are put back afterwards.
 */
import { compileChunk } from './compile.ts';
import { coroutineLibrary } from './coroutine.ts';
import { luaError } from './errors.ts';
import { heapBytes } from './heap.ts';
import { openBase } from './lib-base.ts';
import { bitLibrary } from './lib-bit.ts';
import { cjsonLibrary } from './lib-cjson.ts';
import { cmsgpackLibrary } from './lib-cmsgpack.ts';
import { mathLibrary } from './lib-math.ts';
import { stringLibrary } from './lib-string.ts';
import { structLibrary } from './lib-struct.ts';
import { tableLibrary } from './lib-table.ts';
import { Prng } from './prng.ts';
import { LuaTable } from './table.ts';
import {
  type LuaFunction,
  type LuaReturn,
  type LuaSteps,
  type LuaValue,
  NOTHING,
  PAUSE,
} from './value.ts';
import {
  FIRST_CHECK_BYTES,
  type Gauges,
  isStackOverflow,
  restoreGauges,
  saveGauges,
  vm,
} from './vm.ts';

export interface LuaStateOptions {
  /**
   * Called every `hookEvery` steps (loop turns and function entries); what it throws ends the run. True
   * asks for a pause: a run of `start` then stops where it can.
   */
  hook?: (counts: number) => unknown;
  /** Steps between two calls of the hook. Default 10,000. */
  hookEvery?: number;
  /** Memory one run may hold, in bytes, roughly; also the longest string. */
  memoryBytesMax: number;
  /** Seed of `math.random`. */
  randomSeed: number;
  /** Start every run with the seed, as Redis did before 7. Default: the numbers go on. */
  reseedEveryRun?: boolean;
  /** Seconds for `os.clock`; a runtime without a clock shows 0. */
  clockSeconds?: () => number;
  /** Bytes of the JavaScript heap in use, after a collection when asked; for tests. */
  heapBytes?: (collect: boolean) => number;
}

/** A compiled chunk. It may be run any number of times. */
export interface LuaChunk {
  /** The chunk as a Lua function. */
  readonly main: LuaFunction;
  /**
   * Runs the chunk; several results come as an array.
   * @throws LuaError what the script raised and did not catch; and whatever hook and host throw
   */
  run(...args: LuaValue[]): LuaReturn;
}

export interface LuaState {
  readonly globals: LuaTable;
  /** Metatable of all strings of this state. */
  readonly stringMetatable: LuaTable;
  /**
   * Compiles a source of bytes (latin1). `chunkName` stands in messages as it is. `pausable` code is
   * several times slower, and may be given to `start`.
   * @throws LuaSyntaxError
   */
  compile(source: string, chunkName: string, pausable?: boolean): LuaChunk;
  /** Calls a Lua function from the host under the same limits as a run. */
  call(f: LuaFunction, ...args: LuaValue[]): LuaReturn;
  /** As `call`, in pieces. */
  start(f: LuaFunction, ...args: LuaValue[]): LuaRun;
}

/** A call that can pause. */
export interface LuaRun {
  /** Goes on until the hook asks for a pause (then `PAUSE`) or to the end (then the results). */
  step(): LuaReturn;
}

interface Environment {
  get: () => LuaTable;
  set: (globals: LuaTable) => void;
}

/** Makes an engine instance with all libraries opened. */
export function createLuaState(options: LuaStateOptions): LuaState {
  return new State(options);
}

class State implements LuaState {
  readonly globals = new LuaTable();
  private readonly options: LuaStateOptions;
  private readonly random: Prng;
  readonly stringMetatable: LuaTable;
  private readonly environments = new WeakMap<LuaFunction, Environment>();
  private readonly ticksEvery: number;
  private readonly heapBytes: (collect: boolean) => number;
  private active = 0;

  constructor(options: LuaStateOptions) {
    this.options = options;
    this.random = new Prng(options.randomSeed);
    this.ticksEvery = options.hookEvery ?? 10_000;
    this.heapBytes = options.heapBytes ?? heapBytes;
    openBase({
      globals: this.globals,
      load: (source, chunkName) => this.load(source, chunkName),
      environmentOf: (f) => this.environments.get(f)?.get(),
      setEnvironmentOf: (f, table) => {
        const environment = this.environments.get(f);
        environment?.set(table);
        return environment !== undefined;
      },
    });
    const string = stringLibrary();
    this.stringMetatable = LuaTable.fromEntries([['__index', string]]);
    const clock = options.clockSeconds ?? (() => 0);
    const libraries: Record<string, LuaTable> = {
      string,
      table: tableLibrary(),
      math: mathLibrary(this.random),
      os: LuaTable.fromEntries([['clock', () => clock()]]),
      bit: bitLibrary(),
      cjson: cjsonLibrary(),
      cmsgpack: cmsgpackLibrary(),
      struct: structLibrary(),
      coroutine: coroutineLibrary(),
    };
    for (const [name, library] of Object.entries(libraries)) this.globals.set(name, library);
  }

  compile(source: string, chunkName: string, pausable = false): LuaChunk {
    const main = this.load(source, chunkName, pausable);
    return { main, run: (...args) => this.call(main, ...args) };
  }

  call(f: LuaFunction, ...args: LuaValue[]): LuaReturn {
    if (this.active > 0) return f(...args) as LuaReturn;
    return this.inside(undefined, () => f(...args) as LuaReturn);
  }

  start(f: LuaFunction, ...args: LuaValue[]): LuaRun {
    let steps: LuaSteps | undefined;
    let gauges: Gauges | undefined;
    const advance = (): LuaReturn => {
      if (f.resumable === undefined) return f(...args) as LuaReturn;
      steps ??= f.resumable(...args);
      const step = steps.next(NOTHING);
      if (step.done) return step.value;
      gauges = saveGauges();
      return PAUSE;
    };
    return { step: () => this.inside(gauges, advance) };
  }

  /** Runs Lua code under this state's gauges, fresh ones or those of before a pause. */
  private inside(gauges: Gauges | undefined, run: () => LuaReturn): LuaReturn {
    const outside = saveGauges();
    this.active++;
    if (gauges === undefined) this.enter();
    else restoreGauges(gauges);
    try {
      return run();
    } catch (error) {
      if (isStackOverflow(error)) throw luaError('stack overflow');
      throw error;
    } finally {
      this.active--;
      restoreGauges(outside);
    }
  }

  private enter(): void {
    if (this.options.reseedEveryRun) this.random.seed(this.options.randomSeed);
    vm.ticks = this.ticksEvery;
    vm.ticksEvery = this.ticksEvery;
    vm.hook = this.options.hook;
    vm.depth = 0;
    vm.bytes = 0;
    vm.bytesMax = this.options.memoryBytesMax;
    vm.bytesNextCheck = Math.min(FIRST_CHECK_BYTES, this.options.memoryBytesMax / 4);
    vm.stringMetatable = this.stringMetatable;
    vm.heapBytes = this.heapBytes;
    vm.heapBytesAtStart = 0;
  }

  private load(source: string, chunkName: string, pausable = false): LuaFunction {
    const compiled = compileChunk(source, chunkName, this.globals, pausable);
    this.environments.set(compiled.main, {
      get: compiled.getEnvironment,
      set: compiled.setEnvironment,
    });
    return compiled.main;
  }
}
