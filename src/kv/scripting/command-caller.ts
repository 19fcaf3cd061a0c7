/**
 * `redis.call` and `redis.pcall`: runs a command for the script at hand and gives its reply back.
 *
 * Checks come in Redis' order: name and number of arguments, whether scripts may use it, the caller's
 * permissions, whether the script may write at all, disk, memory. A script that has written is not
 * refused for lack of disk, or above `maxmemory`: it could not be undone. What the commands change goes to the log
 * entry of the command that runs the script.
 *
 * Benchmark: bench/kv.
 */
import { RespWriter } from '../../core/wire/index.ts';
import { denial } from '../acl/index.ts';
import type { Call } from '../command/call.ts';
import { Bit, type Command } from '../command/table.ts';
import type { Engine } from '../engine/engine.ts';
import { OUT_OF_MEMORY } from '../errors.ts';
import type { Database } from '../keyspace/index.ts';
import { requestEffectBytesMax, scriptReplyBytesMax } from '../limits.ts';
import { type LuaTable, type LuaValue, luaError } from '../lua/index.ts';
import type { Session } from '../session/session.ts';
import { errorTable, replyErrorTable } from './error-table.ts';
import { ReplyReader } from './reply-reader.ts';
import { ScriptArgs } from './script-args.ts';
import type { ScriptRun } from './script-run.ts';

const REPLY_BYTES = 16 * 1024;
/** A reply buffer that had to grow beyond this is not kept. */
const REPLY_BYTES_KEPT = 1024 * 1024;
/** Commands that may not run twice. */
const ACTS = Bit.write | Bit.mayReplicate | Bit.pubsub;
const MINUS = 45;
/** Spellings of names that are kept. */
const NAMES_MAX = 1024;

const NO_ARGUMENTS = 'Please specify at least one argument for this redis lib call';
const BAD_ARGUMENTS = 'Lua redis lib command arguments must be strings or integers';
const UNKNOWN = 'ERR Unknown Redis command called from script';
const WRONG_ARITY = 'ERR Wrong number of args calling Redis command from script';
const NOT_FROM_SCRIPT = 'ERR This Redis command is not allowed from script';
const REPLY_TOO_LARGE = 'ERR the reply is too large for a script';
const READ_ONLY = 'ERR Write commands are not allowed from read-only scripts.';

export class CommandCaller {
  private readonly engine: Engine;
  private readonly run: ScriptRun;
  private readonly scriptArgs: ScriptArgs;
  private readonly reader = new ReplyReader();
  private readonly writer: RespWriter;
  /** Commands by the names that scripts have used: they are constants, whose hash is known. */
  private readonly byName = new Map<LuaValue, Command>();
  private call: Call | undefined;
  private session: Session | undefined;

  constructor(engine: Engine, run: ScriptRun) {
    this.engine = engine;
    this.run = run;
    this.scriptArgs = new ScriptArgs(engine.allocateBuffer);
    this.writer = new RespWriter(REPLY_BYTES, {
      bytesMax: scriptReplyBytesMax,
      allocate: engine.allocateBuffer,
    });
  }

  /** Makes ready for a script of `caller`: it begins in `db`, with the caller's rights. */
  begin(caller: Session, db: Database): void {
    const session = this.session ?? this.engine.sessions.createInternal();
    this.session = session;
    session.db = db;
    session.user = caller.user;
    session.protocol = 2;
    if (this.call === undefined) {
      this.call = this.engine.executor.newCall(session);
      this.call.args = this.scriptArgs.args;
      this.call.reply = this.writer;
      this.call.canBlock = false;
      this.call.nested = true;
    }
    if (this.writer.buf.length > REPLY_BYTES_KEPT) {
      this.writer.buf = Buffer.allocUnsafeSlow(REPLY_BYTES);
    }
  }

  /** Protocol of the replies from now on. */
  set protocol(protocol: 2 | 3) {
    this.run.protocol = protocol;
    this.session!.protocol = protocol;
  }

  /** The reply of the command that `values` name; errors are tables, raised or returned. */
  invoke(values: readonly LuaValue[], raise: boolean): LuaValue {
    const { engine, run, scriptArgs, writer } = this;
    if (run.state === 'idle') {
      throw luaError(errorTable('redis.call/pcall can only be called inside a script invocation'));
    }
    if (values.length === 0) return failed(errorTable(NO_ARGUMENTS), raise);
    if (!scriptArgs.load(values)) return failed(errorTable(BAD_ARGUMENTS), raise);
    const command = this.find(values[0]);
    const refusal = this.refusal(command);
    if (refusal !== undefined) {
      if (command !== undefined) command.rejected++;
      engine.stats.noteError(refusal);
      return failed(replyErrorTable(refusal), raise);
    }
    this.execute(command!);
    if (writer.overflowed) {
      writer.recover(0);
      engine.stats.noteError(REPLY_TOO_LARGE);
      return failed(replyErrorTable(REPLY_TOO_LARGE), raise);
    }
    if (writer.buf[0] === MINUS && raise) throw luaError(this.reader.read(writer.buf));
    return this.reader.read(writer.buf);
  }

  /** The command that the arguments name; undefined also for a subcommand that is not there. */
  private find(name: LuaValue): Command | undefined {
    const { args } = this.scriptArgs;
    const { commands } = this.engine;
    let command = this.byName.get(name);
    if (command === undefined) {
      command = commands.find(args);
      if (command === undefined) return undefined;
      if (this.byName.size < NAMES_MAX) this.byName.set(name, command);
    }
    if (command.subcommands.size === 0 || args.count === 1) return command;
    return commands.resolve(command, args);
  }

  /** Why the command may not run. */
  private refusal(command: Command | undefined): string | undefined {
    const { engine, run } = this;
    const { args } = this.scriptArgs;
    if (command === undefined) return UNKNOWN;
    if (!command.arityFits(args.count) || command.spec.run === undefined) return WRONG_ARITY;
    const { bits } = command;
    if ((bits & Bit.noScript) !== 0) return NOT_FROM_SCRIPT;
    if (!this.session!.user.unrestricted) {
      const denied = engine.acl.check(run.caller!, command, args, 'script');
      if (denied !== undefined) return denied.message;
    }
    if ((bits & (Bit.write | Bit.mayReplicate)) === 0) return undefined;
    if (run.readOnly) return READ_ONLY;
    if (this.overfull && (bits & Bit.denyoom) !== 0) return OUT_OF_MEMORY.message;
    if (run.wrote) return undefined;
    if (engine.writesRefused !== undefined) return engine.writesRefused.message;
    if (run.outOfMemory && !run.allowOom && (bits & Bit.denyoom) !== 0) {
      return OUT_OF_MEMORY.message;
    }
    return undefined;
  }

  /** No more is possible, whatever the script has done: no memory, or no end of what it writes. */
  private get overfull(): boolean {
    const { effects, keyspace } = this.engine;
    return keyspace.arena.nearlyFull || effects.payloadBytes > requestEffectBytesMax;
  }

  private execute(command: Command): void {
    const { engine, run, writer } = this;
    const call = this.call!;
    const session = this.session!;
    if ((command.bits & Bit.write) !== 0) run.wrote = true;
    if ((command.bits & ACTS) !== 0) run.acted = true;
    if (engine.monitors.count > 0) engine.executor.monitor(session, command, call.args, true);
    call.db = session.db;
    call.spec = command.spec;
    writer.pos = 0;
    writer.protocol = session.protocol;
    engine.executor.run(command, call);
    if (engine.tracking.active && (command.bits & Bit.readonly) !== 0) this.noteRead(command, call);
  }

  /** What a script reads is tracked for its caller. */
  private noteRead(command: Command, call: Call): void {
    const caller = this.run.caller!;
    if (caller.tracking !== undefined) this.engine.tracking.noteRead(caller, command, call.args);
  }

  /** `redis.acl_check_cmd`: whether the caller may run this. */
  allowed(values: readonly LuaValue[]): boolean {
    if (values.length === 0) throw luaError(errorTable(NO_ARGUMENTS));
    if (!this.scriptArgs.load(values)) throw luaError(errorTable(BAD_ARGUMENTS));
    const command = this.find(values[0]);
    if (command === undefined) {
      throw luaError(errorTable('Invalid command passed to redis.acl_check_cmd()'));
    }
    const caller = this.run.caller!;
    return (
      caller.user.unrestricted || denial(caller.user, command, this.scriptArgs.args) === undefined
    );
  }
}

function failed(table: LuaTable, raise: boolean): LuaTable {
  if (raise) throw luaError(table);
  return table;
}
