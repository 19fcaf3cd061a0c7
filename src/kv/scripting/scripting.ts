/**
 * Everything about scripts: the cache of EVAL, the libraries of FUNCTION, and the one that runs.
 *
 * Scripts and functions live in Lua states of their own, made when they are first needed. All that a
 * script changes is one log entry: its commands add to the entry of the command that runs it.
 *
 * Benchmark: bench/kv.
 */
import { constants } from 'node:buffer';
import { invariant } from '../../core/base/index.ts';
import { Args, type RespWriter } from '../../core/wire/index.ts';
import type { Call } from '../command/call.ts';
import type { Blocked } from '../engine/blocking.ts';
import type { Engine, ExtraState } from '../engine/engine.ts';
import { OUT_OF_MEMORY, ReplyError } from '../errors.ts';
import {
  first,
  LuaAbort,
  LuaError,
  type LuaFunction,
  type LuaRun,
  type LuaState,
  LuaSyntaxError,
  LuaTable,
  type LuaValue,
} from '../lua/index.ts';
import { lacksMemory } from '../memory/index.ts';
import { CommandCaller } from './command-caller.ts';
import { type Failure, failureOf } from './error-table.ts';
import { Libraries, libraryExists, type RestorePolicy } from './libraries.ts';
import type { Library, LibraryFunction } from './library.ts';
import { loadLibrary } from './library-loader.ts';
import { loadTable, redisTable, type ScriptLog } from './redis-table.ts';
import { writeLuaValue } from './reply-writer.ts';
import { type Script, ScriptCache, shaOf } from './script-cache.ts';
import { ScriptFlag } from './script-flags.ts';
import { ScriptRun } from './script-run.ts';
import { createScriptState, nameApi } from './script-state.ts';
import { parseLibrary, parseScript } from './shebang.ts';
import { SuspendedScript } from './suspended-script.ts';

/** How scripts are called in messages. */
const CHUNK_NAME = 'user_script';
/** A library that takes longer to load is refused, as in Redis. */
const LOAD_MS_MAX = 500;

const WRITES_IN_RO = new ReplyError(
  'ERR Can not execute a script with write flag using *_ro command.',
);

/** What is run, and how. */
interface Target {
  readonly what: Script | LibraryFunction;
  readonly keyCount: number;
  /** By EVAL_RO or one of its kind. */
  readonly readOnly: boolean;
}

/** Ends a run that shall begin anew in slices. */
const IN_SLICES = new LuaAbort('goes on in slices');

export class Scripting {
  readonly cache = new ScriptCache();
  readonly libraries = new Libraries();
  readonly run = new ScriptRun();
  /** Where `redis.log` goes. */
  log: ScriptLog = (level, message) => this.engine.log?.[level](message);
  private readonly engine: Engine;
  private readonly caller: CommandCaller;
  private scriptState: LuaState | undefined;
  private functionState: LuaState | undefined;
  private functionApi: LuaTable | undefined;
  private loadDeadlineMs = Number.POSITIVE_INFINITY;
  private suspended: SuspendedScript | undefined;

  constructor(engine: Engine) {
    this.engine = engine;
    this.caller = new CommandCaller(engine, this.run);
    const functions: ExtraState = {
      save: () => this.libraries.dump(),
      load: (bytes) => this.restoreFunctions(bytes, 'flush', false),
    };
    engine.extras.set('functions', functions);
  }

  // Scripts.

  /** The script of an argument, compiled if it was not met before. @throws ReplyError */
  scriptAt(call: Call, index: number): Script {
    const { args } = call;
    const known = this.cache.find(args.buf, args.start(index), args.length(index));
    return known ?? this.load(args.ownCopy(index), false);
  }

  /** Compiles a script and keeps it; `permanent` until SCRIPT FLUSH. @throws ReplyError */
  load(body: Buffer, permanent: boolean): Script {
    const sha = shaOf(body);
    const known = this.cache.get(sha);
    const script = known ?? this.compile(body, sha);
    this.cache.add(script, permanent);
    return script;
  }

  private compile(body: Buffer, sha: string): Script {
    const { code, flags } = parseScript(body.toString('latin1'));
    try {
      return { sha, body, flags, main: this.scripts.compile(code, CHUNK_NAME).main };
    } catch (error) {
      if (!(error instanceof LuaSyntaxError)) throw error;
      throw new ReplyError(`ERR Error compiling script (new function): ${error.message}`);
    }
  }

  /** Runs a script with the keys and arguments behind argument 2, which says how many keys. */
  evaluate(call: Call, script: Script, keyCount: number, readOnly: boolean): void {
    const target: Target = { what: script, keyCount, readOnly };
    this.begin(call, target);
    this.nameArguments(call.args, keyCount);
    this.perform(call, target, this.scripts, script.main, []);
  }

  private nameArguments(args: Args, keyCount: number): void {
    const { globals } = this.scripts;
    globals.set('KEYS', argumentTable(args, 3, 3 + keyCount));
    globals.set('ARGV', argumentTable(args, 3 + keyCount, args.count));
  }

  /** Forgets all scripts (SCRIPT FLUSH). */
  flushScripts(): void {
    this.cache.clear();
    this.scriptState = undefined;
  }

  // Functions.

  /** Runs a function with the keys and arguments behind argument 2, which says how many keys. */
  callFunction(call: Call, f: LibraryFunction, keyCount: number, readOnly: boolean): void {
    const target: Target = { what: f, keyCount, readOnly };
    this.begin(call, target);
    this.perform(call, target, this.functions, f.callback, functionArguments(call.args, keyCount));
  }

  /**
   * Loads a library; the name of it. `limited`: it may not take long. What was once loaded is loaded
   * again without that limit, however slow the machine is then.
   * @throws ReplyError
   */
  loadFunctions(text: string, replace: boolean, limited: boolean): string {
    const { name } = parseLibrary(text);
    // Nothing of it is run in vain.
    if (!replace && this.libraries.has(name)) throw libraryExists(name);
    const library = this.library(text, limited);
    this.libraries.add(library, replace);
    return name;
  }

  /** Takes the libraries of a FUNCTION DUMP. @throws ReplyError */
  restoreFunctions(payload: Buffer, policy: RestorePolicy, limited: boolean): void {
    this.libraries.restore(payload, policy, (text) => this.library(text, limited));
  }

  /** Forgets all libraries (FUNCTION FLUSH). */
  flushFunctions(): void {
    this.libraries.clear();
    this.functionState = undefined;
  }

  private library(text: string, limited: boolean, pausable = false): Library {
    const state = this.functions;
    const source = { ...parseLibrary(text), text, pausable };
    return loadLibrary(source, state, (registerFunction, run) => {
      if (limited) this.loadDeadlineMs = this.engine.clock.monotonicMs() + LOAD_MS_MAX;
      nameApi(state, loadTable(registerFunction, this.writeLog));
      try {
        run();
      } finally {
        this.loadDeadlineMs = Number.POSITIVE_INFINITY;
        nameApi(state, this.functionApi!);
      }
    });
  }

  // Running.

  /** Checks whether the script may run at all. @throws ReplyError */
  private begin(call: Call, target: Target): void {
    const { engine, run } = this;
    invariant(run.state === 'idle', 'scripts do not run inside scripts');
    const { what } = target;
    const { flags } = what;
    const outOfMemory = engine.settings.maxmemory > 0 && !engine.eviction.makeRoom();
    const says = (flags & ScriptFlag.compatible) === 0;
    const writes = (flags & ScriptFlag.noWrites) === 0;
    if (says && writes) {
      if (outOfMemory && (flags & ScriptFlag.allowOom) === 0) throw OUT_OF_MEMORY;
      if (engine.writesRefused !== undefined) throw engine.writesRefused;
      if (target.readOnly) throw WRITES_IN_RO;
    }
    run.begin({
      kind: 'sha' in what ? 'eval' : 'function',
      name: 'sha' in what ? what.sha : what.name,
      caller: call.session,
      readOnly: target.readOnly || !writes,
      allowOom: (flags & ScriptFlag.allowOom) !== 0,
      outOfMemory,
      restartable: call.canBlock && !call.nested && call.session.connection !== undefined,
      startedMs: engine.executor.startedMs,
    });
    this.caller.begin(call.session, call.db);
  }

  private perform(
    call: Call,
    target: Target,
    state: LuaState,
    f: LuaFunction,
    args: LuaValue[],
  ): void {
    const { run } = this;
    let result: LuaValue;
    try {
      result = first(state.call(f, ...args));
    } catch (error) {
      if (error === IN_SLICES) {
        try {
          this.restart(call, target);
        } catch (failure) {
          this.finish();
          throw failure;
        }
        return;
      }
      this.finish();
      const failure = this.failure(error);
      if (!failure.counted) throw new ReplyError(failure.text);
      call.reply.error(failure.text);
      return;
    }
    this.finish();
    writeLuaValue({ reply: call.reply, protocol: run.protocol, stats: this.engine.stats }, result);
  }

  private finish(): void {
    this.run.end();
    this.suspended = undefined;
  }

  /** What a client is told of a script's error; what is no failure of a script is thrown on. */
  private failure(error: unknown): Failure {
    if (error instanceof LuaError || error instanceof LuaAbort) {
      return failureOf(error, this.run.name);
    }
    if (lacksMemory(error)) return { text: OUT_OF_MEMORY.message, counted: false };
    throw error;
  }

  // Slow scripts.

  /** A script that has taken long without doing anything begins anew, in slices; its client waits. */
  private restart(call: Call, target: Target): void {
    const { run, engine } = this;
    const { session } = call;
    const { what, keyCount } = target;
    const command = engine.commands.get(call.spec.name);
    invariant(command !== undefined, 'a running command stands in the table');
    run.command = call.args.ownCopies();
    this.caller.begin(session, call.db);
    const steps =
      'sha' in what ? this.startScript(what, keyCount) : this.startFunction(what, keyCount);
    call.block({ keys: [], timeoutMs: 0, onTimeout: () => {} });
    let blocked: Blocked | undefined;
    this.suspended = new SuspendedScript({
      engine,
      run,
      steps,
      begin: () => {
        blocked = session.blocked;
      },
      end: (outcome) => {
        const { command: args, protocol, startedMs } = run;
        this.finish();
        const reply = (writer: RespWriter): void => {
          try {
            const result = first(outcome());
            writeLuaValue({ reply: writer, protocol, stats: engine.stats }, result);
          } catch (error) {
            const { text, counted } = this.failure(error);
            if (!counted) engine.stats.noteError(text);
            command.failed++;
            writer.error(text);
          }
        };
        engine.waiting.complete({ session, command, args, startedMs, blocked, reply });
      },
    });
  }

  private startScript(script: Script, keyCount: number): LuaRun {
    const { code } = parseScript(script.body.toString('latin1'));
    this.nameArguments(new Args().load(this.run.command), keyCount);
    return this.scripts.start(this.scripts.compile(code, CHUNK_NAME, true).main);
  }

  /** The function is taken from its library loaded once more: its local variables are new ones. */
  private startFunction(f: LibraryFunction, keyCount: number): LuaRun {
    const library = this.libraries.of(f);
    invariant(library !== undefined, 'a running function has a library');
    const copy = this.library(library.code, false, true).functions.get(f.name);
    invariant(copy !== undefined, 'a library loads as it did before');
    const args = functionArguments(new Args().load(this.run.command), keyCount);
    return this.functions.start(copy.callback, ...args);
  }

  /** A slow script waits for its next slice: others get BUSY. */
  get busy(): boolean {
    return this.suspended !== undefined;
  }

  /** Nothing goes on any more; for the end of the process. */
  stop(): void {
    this.suspended?.stop();
  }

  /** Asks the running script to end; what KILL is to answer. */
  kill(kind: 'eval' | 'function'): ReplyError | undefined {
    const { run } = this;
    if (run.state === 'idle') {
      return new ReplyError('NOTBUSY No scripts in execution right now.');
    }
    if (run.wrote) return UNKILLABLE;
    if (run.kind !== kind) return this.busyError;
    run.killedBy = kind === 'eval' ? 'SCRIPT KILL' : 'FUNCTION KILL';
    return undefined;
  }

  /** What other clients are told while a script is slow. */
  get busyError(): ReplyError {
    return this.run.kind === 'eval' ? BUSY_SCRIPT : BUSY_FUNCTION;
  }

  /** Called by Lua code every few thousand steps; true asks for a pause. */
  private readonly hook = (): boolean => {
    const { run, engine } = this;
    if (this.suspended !== undefined) return this.suspended.pauses();
    const nowMs = engine.clock.monotonicMs();
    if (nowMs > this.loadDeadlineMs) throw new LuaAbort('FUNCTION LOAD timeout');
    const thresholdMs = engine.settings.busyReplyThreshold;
    if (run.state === 'running' && thresholdMs > 0 && nowMs - run.startedMs >= thresholdMs) {
      run.state = 'slow';
      this.log('warn', `Slow script detected: still in execution after ${thresholdMs} ms`);
      if (run.restartable && !run.acted) throw IN_SLICES;
    }
    return false;
  };

  // States.

  private readonly writeLog: ScriptLog = (level, message) => this.log(level, message);

  private get scripts(): LuaState {
    this.scriptState ??= this.newState(redisTable(this.caller, this.writeLog));
    return this.scriptState;
  }

  private get functions(): LuaState {
    if (this.functionState === undefined) {
      this.functionApi = redisTable(this.caller, this.writeLog);
      this.functionState = this.newState(this.functionApi);
    }
    return this.functionState;
  }

  private newState(redis: LuaTable): LuaState {
    const { clock, settings } = this.engine;
    return createScriptState({
      redis,
      clock,
      hook: this.hook,
      memoryBytesMax: settings.scriptMemoryMax,
    });
  }
}

const UNKILLABLE = new ReplyError(
  'UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.',
);
const BUSY_SCRIPT = new ReplyError(
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
);
const BUSY_FUNCTION = new ReplyError(
  'BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.',
);

function argumentTable(args: Args, from: number, to: number): LuaTable {
  const values: LuaValue[] = [];
  for (let i = from; i < to; i++) {
    // The longest argument is a little longer than the longest string.
    if (args.length(i) > constants.MAX_STRING_LENGTH) throw OUT_OF_MEMORY;
    values.push(args.text(i));
  }
  return LuaTable.fromArray(values);
}

function functionArguments(args: Args, keyCount: number): LuaValue[] {
  return [argumentTable(args, 3, 3 + keyCount), argumentTable(args, 3 + keyCount, args.count)];
}
