/**
 * Runs requests: finds the command, refuses what may not run, runs it, logs what it changed, and lets
 * those go on who waited for the change.
 *
 * One request is one log entry, whatever number of commands it ran (EXEC, scripts). Order of checks is
 * Redis': name, arity, login, permission, memory, disk, transaction queue, pause.
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../../core/base/index.ts';
import { Args, type RespWriter } from '../../core/wire/index.ts';
import { Call } from '../command/call.ts';
import { commandKeys } from '../command/keys.ts';
import { Bit, type Command } from '../command/table.ts';
import { NOT_AUTHENTICATED, OUT_OF_MEMORY, ReplyError, untilZero, wrongArity } from '../errors.ts';
import type { Database } from '../keyspace/index.ts';
import { addressOf } from '../session/describe.ts';
import type { Session } from '../session/session.ts';
import { type Blocked, BlockedClients } from './blocking.ts';
import { mayWrite, needsMemory, TRANSACTION_COMMANDS } from './command-needs.ts';
import type { EndedCommand } from './ended-command.ts';
import type { Engine } from './engine.ts';
import { queueCommand } from './queue-command.ts';

/** How a request ended. */
export const Executed = {
  /** Its reply is written. */
  done: 0,
  /** The client waits: nothing more of it runs until then. */
  blocked: 1,
  /** A pause holds it: run it again later. */
  paused: 2,
} as const;
export type Executed = (typeof Executed)[keyof typeof Executed];

/** Commands that a RESP2 client may use while it is subscribed. */
const SUBSCRIBER_COMMANDS = new Set([
  'subscribe',
  'unsubscribe',
  'psubscribe',
  'punsubscribe',
  'ssubscribe',
  'sunsubscribe',
  'ping',
  'quit',
  'reset',
]);
const UNKNOWN_ARGS_SHOWN_BYTES = 128;
const MINUS = 45;

export class Executor {
  private readonly engine: Engine;
  /** The Call of requests that come from clients; scripts bring their own. */
  private readonly call: Call;
  private readonly retryArgs = new Args();
  private readonly retryCall: Call;
  /** Who effects of the log are applied as. */
  private readonly internal: Session;
  /** Monotonic ms at the end of the last command, the start of the next. */
  private clockMs = 0;
  /** Monotonic ms when the store's time was last set. */
  private batchMs = 0;
  /** Whose command runs at the moment. */
  acting: Session | undefined;
  /** Commands of a script or EXEC run at the moment. */
  private depth = 0;

  constructor(engine: Engine) {
    this.engine = engine;
    this.internal = engine.sessions.createInternal();
    this.call = this.newCall(this.internal);
    this.retryCall = this.newCall(this.internal);
  }

  /** A Call of its own, for commands that run inside another one. */
  newCall(session: Session): Call {
    const { engine } = this;
    const spec = engine.commands.all[0]?.spec;
    invariant(spec !== undefined, 'a store needs a command table');
    return new Call(engine, {
      args: new Args(),
      reply: engine.outlet.writer,
      db: session.db,
      session,
      spec,
    });
  }

  /** Monotonic ms when the command at hand began. */
  get startedMs(): number {
    return this.clockMs;
  }

  /** Begins a batch of requests: one reading of the clocks serves them all. */
  beginBatch(): void {
    const { clock, keyspace } = this.engine;
    keyspace.setNow(clock.wallMs());
    this.clockMs = clock.monotonicMs();
    this.batchMs = this.clockMs;
  }

  /** Runs one request of a client, reply to the shared writer. `beginBatch` came before. */
  execute(session: Session, args: Args): Executed {
    const { engine } = this;
    const reply = engine.outlet.writer;
    const mark = reply.pos;
    // A long batch, or a slow command before, must not freeze the time of what follows.
    if (this.clockMs - this.batchMs >= 1) this.beginBatch();
    engine.stats.commands++;
    session.commands++;
    const command = this.findCommand(session, args, reply);
    session.lastCommand = command;
    if (command === undefined) return Executed.done;
    const refusal = this.refusal(session, command, args);
    if (refusal !== undefined) {
      this.refuse(session, command, refusal, reply);
      return Executed.done;
    }
    const { transaction } = session;
    if (transaction.state !== 'none' && !TRANSACTION_COMMANDS.has(command.spec.name)) {
      queueCommand(engine, session, command, args, reply);
      return Executed.done;
    }
    if (engine.pause.deadlineMs > 0 && this.pauses(session, command)) return Executed.paused;
    if (engine.keyspace.checkpointing && this.waitsForCheckpoint(session, command, args)) {
      return Executed.paused;
    }
    if (mayWrite(session, command) && engine.effects.crowded && session.connection !== undefined) {
      // While writes are refused a script is told so by its first write.
      if (engine.writesRefused === undefined) return Executed.paused;
    }
    // A monitor that leaves by RESET is not shown it: the line would come behind the reply.
    const leaves = session.monitor && command.spec.name === 'reset';
    if (engine.monitors.count > 0 && !leaves) this.monitor(session, command, args);
    const { call } = this;
    call.args = args;
    call.reply = reply;
    call.db = session.db;
    call.session = session;
    call.spec = command.spec;
    call.canBlock = true;
    call.retrying = false;
    call.nested = false;
    this.acting = session;
    if (session.noTouch && command.spec.name !== 'touch') this.runUntouched(command, call);
    else this.run(command, call);
    this.acting = undefined;
    if (--engine.hotKeys.countdown <= 0)
      engine.hotKeys.sample(command.spec, args, session.db.index);
    this.commit(session);
    if (session.tracking?.caching === true) endCaching(session, command);
    if (call.blockRequest !== undefined) {
      this.beginBlocking(call, command);
      if (engine.blocking.hasReady) this.serveReady();
      return Executed.blocked;
    }
    if (engine.blocking.hasReady) {
      // Others are served behind this reply: what CLIENT REPLY keeps back of it goes now.
      if (session.replyMode === 'off' || session.replyMode === 'skip') engine.outlet.rewind(mark);
      this.serveReady();
    }
    return Executed.done;
  }

  /** Writes the error of an unknown command or subcommand and returns undefined then. */
  private findCommand(session: Session, args: Args, reply: RespWriter): Command | undefined {
    const { commands } = this.engine;
    let command = commands.find(args);
    if (command !== undefined && command.subcommands.size > 0) {
      const sub = commands.resolve(command, args);
      if (sub === undefined && (args.count > 1 || command.run === undefined)) {
        const refusal =
          args.count > 1
            ? new ReplyError(
                `ERR unknown subcommand '${untilZero(args.text(1)).slice(0, 128)}'. Try ${command.spec.name.toUpperCase()} HELP.`,
              )
            : wrongArity(command.spec.name);
        this.refuse(session, command, refusal, reply);
        return undefined;
      }
      command = sub ?? command;
    }
    if (command === undefined && isHttp(args)) {
      this.endHttp(session);
      return undefined;
    }
    if (command === undefined) {
      this.refuse(session, undefined, unknownCommand(args), reply);
      return undefined;
    }
    if (!command.arityFits(args.count)) {
      this.refuse(session, command, wrongArity(command.fullName), reply);
      return undefined;
    }
    return command;
  }

  /**
   * HTTP on this port is a page of a browser that was talked into sending commands: the connection
   * ends before any of them runs.
   */
  private endHttp(session: Session): void {
    this.engine.log?.warn('possible attack: HTTP sent to the port of the Redis protocol', {
      address: session.connection?.remoteAddress,
    });
    session.closing = true;
    session.endingReason = 'protocol-error';
  }

  /** Why a command may not run now. */
  private refusal(session: Session, command: Command, args: Args): ReplyError | undefined {
    const { engine } = this;
    const { bits } = command;
    if (!session.authenticated && (bits & Bit.noAuth) === 0 && engine.acl.passwordRequired) {
      return NOT_AUTHENTICATED;
    }
    if (!session.user.unrestricted && (bits & Bit.noAuth) === 0) {
      const denied = engine.acl.check(session, command, args);
      if (denied !== undefined) return denied;
    }
    if (engine.scripting.busy && (bits & Bit.allowBusy) === 0) return engine.scripting.busyError;
    const { arena } = engine.keyspace;
    if ((engine.settings.maxmemory > 0 || arena.nearlyFull) && needsMemory(session, command)) {
      if (!engine.eviction.makeRoom() || arena.nearlyFull) return OUT_OF_MEMORY;
    }
    // Scripts may write, but are refused only when they do.
    const writes = (bits & Bit.noScript) === 0 ? Bit.write | Bit.mayReplicate : Bit.write;
    if (engine.writesRefused !== undefined && (bits & writes) !== 0) return engine.writesRefused;
    if (
      session.subscriptions !== undefined &&
      session.protocol === 2 &&
      session.subscriptions.count > 0 &&
      !SUBSCRIBER_COMMANDS.has(command.spec.name)
    ) {
      return new ReplyError(
        `ERR Can't execute '${command.fullName}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
      );
    }
    return undefined;
  }

  private refuse(
    session: Session,
    command: Command | undefined,
    refusal: ReplyError,
    reply: RespWriter,
  ): void {
    if (command !== undefined) command.rejected++;
    const { transaction } = session;
    if (transaction.state === 'queueing' && command?.spec.name !== 'exec') {
      transaction.state = 'failed';
    }
    if (command?.spec.name === 'exec') {
      // A refused EXEC ends its transaction, and is worded so without one too.
      transaction.clear();
      this.engine.watchers.unwatch(transaction);
      this.engine.stats.noteError('EXECABORT');
      reply.error(
        `EXECABORT Transaction discarded because of: ${refusal.message.replace(/^ERR /, '')}`,
      );
      return;
    }
    this.engine.stats.noteError(refusal.message);
    reply.error(refusal.message);
  }

  /** Whether a command would change a large collection that the running checkpoint has not written. */
  private waitsForCheckpoint(session: Session, command: Command, args: Args): boolean {
    const waits = this.engine.checkpointWaits;
    if (waits === undefined || session.connection === undefined) return false;
    if (command.spec.name === 'exec') {
      return session.transaction.queue.some((queued) =>
        this.waitsForCheckpoint(session, queued.command, this.retryArgs.load(queued.args)),
      );
    }
    if ((command.bits & (Bit.write | Bit.mayReplicate)) === 0) return false;
    for (const { index } of commandKeys(command.spec, args) ?? []) {
      if (waits(session.db, args.buf, args.start(index), args.length(index))) return true;
    }
    return false;
  }

  private pauses(session: Session, command: Command): boolean {
    if (session.connection === undefined) return false;
    if (command.spec.name === 'client') return false;
    return this.engine.pause.holds(this.engine.keyspace.nowMs, mayWrite(session, command));
  }

  /** Shows a command to those who watch; `lua` when a script runs it. For EXEC and scripts too. */
  monitor(session: Session, command: Command, args: Args, lua = false): void {
    if ((command.bits & Bit.admin) !== 0) return;
    // Scripts carry the flag because Redis shows them itself, before what they run: so do we.
    if ((command.bits & Bit.skipMonitor) !== 0 && command.spec.group !== 'scripting') return;
    const source = lua ? 'lua' : addressOf(session);
    this.engine.monitors.show(session.db.index, source, args, command);
  }

  /**
   * Runs a command that has passed its checks and adds what it changed to the log entry at hand. For
   * EXEC and scripts, which check and commit themselves.
   */
  run(command: Command, call: Call): void {
    const { engine } = this;
    const { reply, db } = call;
    const mark = reply.pos;
    const before = engine.dirty;
    const startedMs = this.clockMs;
    call.effects = undefined;
    call.logged = undefined;
    call.blockRequest = undefined;
    this.depth++;
    try {
      command.run!(call);
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error;
      reply.pos = mark;
      reply.error(error.message);
      engine.stats.noteError(error.message);
      command.failed++;
    } finally {
      this.depth--;
    }
    if (engine.dirty !== before) this.logEffects(command, call, db);
    if (call.session.tracking !== undefined && (command.bits & Bit.readonly) !== 0) {
      engine.tracking.noteRead(call.session, command, call.args);
    }
    // A command that waits is counted once, when it has gone on.
    if (call.blockRequest === undefined) this.account(command, call, startedMs);
    else this.clockMs = engine.clock.monotonicMs();
  }

  /** CLIENT NO-TOUCH: what the command looks up is not used by that. */
  private runUntouched(command: Command, call: Call): void {
    const { keyspace } = this.engine;
    const { touch } = keyspace;
    keyspace.touch = (clockBits) => clockBits;
    this.run(command, call);
    keyspace.touch = touch;
  }

  private logEffects(command: Command, call: Call, db: Database): void {
    const { effects } = this.engine;
    if (call.effects !== undefined) {
      for (const effect of call.effects) effects.add(db.index, effect);
    } else if ((command.bits & Bit.write) !== 0) {
      effects.addCommand(db.index, call.logged ?? call.args);
    }
  }

  /** Counts a run; the time of EXEC and scripts holds that of their commands. */
  private account(command: Command, call: Call, startedMs: number): void {
    const { engine } = this;
    const now = engine.clock.monotonicMs();
    const elapsed = now - startedMs;
    this.clockMs = now;
    command.latency.record(elapsed);
    const { slowlogLogSlowerThan, latencyMonitorThreshold } = engine.settings;
    if (latencyMonitorThreshold > 0 && elapsed >= latencyMonitorThreshold) {
      const isFast = command.spec.flags.includes('fast');
      engine.latency.note(isFast ? 'fast-command' : 'command', elapsed);
    }
    if (
      slowlogLogSlowerThan >= 0 &&
      elapsed * 1000 >= slowlogLogSlowerThan &&
      (command.bits & Bit.skipSlowlog) === 0 &&
      call.session !== this.internal
    ) {
      const micros = Math.round(elapsed * 1000);
      engine.slowlog.add(
        call.session,
        { command, args: call.args },
        micros,
        engine.keyspace.nowMs,
        engine.settings.slowlogMaxLen,
      );
    }
  }

  /**
   * Applies a logged effect, for recovery: no checks, no log, no reply. Returns the error of an effect
   * that was refused, empty when all is well.
   */
  apply(database: number, args: Args): string {
    const { engine, retryCall: call } = this;
    const db = engine.database(database);
    const found = engine.commands.find(args);
    const command =
      found === undefined || found.subcommands.size === 0
        ? found
        : engine.commands.resolve(found, args);
    if (db === undefined) return `no database ${database}`;
    if (command?.run === undefined) return `unknown command '${args.text(0)}'`;
    const reply = engine.outlet.writer;
    reply.pos = 0;
    reply.protocol = 2;
    call.args = args;
    call.reply = reply;
    call.db = db;
    call.session = this.internal;
    this.internal.db = db;
    call.spec = command.spec;
    call.canBlock = false;
    call.retrying = false;
    call.nested = true;
    this.run(command, call);
    const failed = reply.pos > 0 && reply.buf[0] === MINUS;
    const text = failed ? reply.buf.toString('latin1', 1, reply.pos - 2) : '';
    reply.pos = 0;
    return text;
  }

  /** Ends the log entry of a request. */
  private commit(session: Session): void {
    const { effects, keyspace } = this.engine;
    if (effects.commit(keyspace.nowMs) && session.output !== undefined) {
      session.output.writeIndex = effects.lastIndex;
    }
  }

  /** Changes that no client made: expiry, eviction. Outside a request they are an entry of their own. */
  commitBackground(): void {
    if (this.depth > 0) return;
    this.engine.effects.commit(this.engine.keyspace.nowMs);
    if (this.engine.blocking.hasReady) this.serveReady();
  }

  // Waiting clients.

  private beginBlocking(call: Call, command: Command): void {
    const { engine } = this;
    const { args, db, session } = call;
    const request = call.blockRequest!;
    const copies = request.args ?? args.copies();
    const keys = request.keys.map((index) => {
      const bytes = args.bytes(index);
      return BlockedClients.keyOf(db, bytes);
    });
    const blocked: Blocked = {
      session,
      command,
      args: copies,
      db,
      keys: [...new Set(keys)],
      deadlineMs:
        request.timeoutMs === 0
          ? Number.POSITIVE_INFINITY
          : engine.clock.monotonicMs() + request.timeoutMs,
      onTimeout: request.onTimeout,
    };
    session.blocked = blocked;
    engine.blocking.add(blocked);
    engine.onBlocked?.(blocked);
  }

  /** Runs the commands of clients whose keys have changed, until nobody can go on. */
  private serveReady(): void {
    const { blocking } = this.engine;
    while (blocking.hasReady) {
      for (const blocked of blocking.takeReady()) {
        if (blocked.session.blocked === blocked) this.retry(blocked);
      }
    }
  }

  private retry(blocked: Blocked): void {
    const { engine, retryCall: call } = this;
    const { session, command } = blocked;
    engine.outlet.deliver(session, (reply) => {
      const mark = reply.pos;
      call.args = this.retryArgs.load(blocked.args);
      call.reply = reply;
      call.db = blocked.db;
      call.session = session;
      call.spec = command.spec;
      call.canBlock = true;
      call.retrying = true;
      call.nested = false;
      const { acting } = this;
      this.acting = session;
      this.run(command, call);
      this.acting = acting;
      if (call.blockRequest !== undefined) {
        reply.pos = mark;
        return;
      }
      this.commit(session);
      if (silenced(session)) reply.pos = mark;
      this.endBlocking(blocked);
    });
  }

  /**
   * Ends the wait of a client whose command has gone on by itself (a slow script): its log entry, and
   * its reply if the client is still there.
   */
  complete(ended: EndedCommand): void {
    const { engine } = this;
    const { session, command, blocked } = ended;
    const micros = Math.round((engine.clock.monotonicMs() - ended.startedMs) * 1000);
    command.latency.record(micros / 1000);
    const { slowlogLogSlowerThan, slowlogMaxLen } = engine.settings;
    if (slowlogLogSlowerThan >= 0 && micros >= slowlogLogSlowerThan) {
      const ran = { command, args: this.retryArgs.load(ended.args) };
      engine.slowlog.add(session, ran, micros, engine.keyspace.nowMs, slowlogMaxLen);
    }
    this.commit(session);
    if (blocked !== undefined && session.blocked === blocked) {
      engine.outlet.deliver(session, ended.reply);
      this.endBlocking(blocked);
    }
    if (engine.blocking.hasReady) this.serveReady();
  }

  private endBlocking(blocked: Blocked): void {
    const { engine } = this;
    engine.blocking.remove(blocked);
    blocked.session.blocked = undefined;
    engine.onUnblocked?.(blocked.session);
  }

  /** Ends the wait of a client: with the reply of a passed timeout, an error, or nothing (it is gone). */
  unblock(session: Session, how: 'timeout' | 'error' | 'silent', text = ''): boolean {
    const { blocked } = session;
    if (blocked === undefined) return false;
    if (how !== 'silent') {
      this.engine.outlet.deliver(session, (reply) => {
        const mark = reply.pos;
        if (how === 'timeout') blocked.onTimeout(reply);
        else {
          reply.error(text);
          this.engine.stats.noteError(text);
        }
        if (silenced(session)) reply.pos = mark;
      });
      blocked.command.latency.record(0);
    }
    this.endBlocking(blocked);
    return true;
  }

  /** Answers the clients whose time is over. */
  expireBlocked(): void {
    for (const blocked of this.engine.blocking.takeDue(this.engine.clock.monotonicMs())) {
      this.unblock(blocked.session, 'timeout');
    }
  }
}

/** Whether CLIENT REPLY keeps back the reply just written; SKIP is over with it. */
function silenced(session: Session): boolean {
  const { replyMode } = session;
  if (replyMode === 'skip') session.replyMode = 'on';
  return replyMode === 'off' || replyMode === 'skip';
}

/** The first words of a POST request and of its Host field. */
function isHttp(args: Args): boolean {
  const word = args.keyword(0);
  return word === 'POST' || word === 'HOST:';
}

/** CLIENT CACHING holds for the one command, or transaction, that follows it. */
function endCaching(session: Session, command: Command): void {
  if (session.transaction.state !== 'none' || command.parent?.spec.name === 'client') return;
  session.tracking!.caching = false;
}

function unknownCommand(args: Args): ReplyError {
  let shown = '';
  for (let i = 1; i < args.count && shown.length < UNKNOWN_ARGS_SHOWN_BYTES; i++) {
    shown += `'${untilZero(args.text(i)).slice(0, UNKNOWN_ARGS_SHOWN_BYTES - shown.length)}' `;
  }
  const name = untilZero(args.text(0)).slice(0, UNKNOWN_ARGS_SHOWN_BYTES);
  return new ReplyError(`ERR unknown command '${name}', with args beginning with: ${shown}`);
}
