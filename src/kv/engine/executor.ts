/**
 * Runs requests: what is admitted (Admission) is queued for its transaction, held (Holds) or run; what
 * it changed is logged, and those go on who waited for the change (WaitingClients).
 *
 * One request is one log entry, whatever number of commands it ran (EXEC, scripts).
 *
 * Benchmark: bench/kv.
 */
import { invariant } from '../../core/base/index.ts';
import { Args } from '../../core/wire/index.ts';
import { Call } from '../command/call.ts';
import { Bit, type Command } from '../command/table.ts';
import { OUT_OF_MEMORY, ReplyError } from '../errors.ts';
import type { Database } from '../keyspace/index.ts';
import { lacksMemory } from '../memory/index.ts';
import { addressOf } from '../session/describe.ts';
import { FREE } from '../session/held.ts';
import type { Session } from '../session/session.ts';
import { TRANSACTION_COMMANDS } from './command-needs.ts';
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

const MINUS = 45;

export class Executor {
  private readonly engine: Engine;
  /** The Call of requests that come from clients; scripts bring their own. */
  private readonly call: Call;
  /** The Call of effects that are applied, and who they are applied as. */
  private readonly applyCall: Call;
  private readonly internal: Session;
  /** Monotonic ms at the end of the last command, the start of the next. */
  private clockMs = 0;
  /** Monotonic ms when the store's time was last set. */
  private batchMs = 0;
  /** Whose command runs at the moment. */
  acting: Session | undefined;
  /** The command that runs at the moment: of a script or EXEC the one at hand. */
  private running: Command | undefined;
  /** Commands of a script or EXEC run at the moment. */
  private depth = 0;

  constructor(engine: Engine) {
    this.engine = engine;
    this.internal = engine.sessions.createInternal();
    this.call = this.newCall(this.internal);
    this.applyCall = this.newCall(this.internal);
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

  /** Whether what runs at the moment may change keys. */
  get writes(): boolean {
    const { running } = this;
    return running !== undefined && (running.bits & (Bit.write | Bit.mayReplicate)) !== 0;
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
    // One that was held and comes again has been counted.
    if (session.heldBy !== FREE) session.heldBy = FREE;
    else {
      engine.stats.commands++;
      session.commands++;
    }
    const command = engine.admission.admit(session, args, reply);
    if (command === undefined) return Executed.done;
    const { transaction } = session;
    if (transaction.state !== 'none' && !TRANSACTION_COMMANDS.has(command.spec.name)) {
      queueCommand(engine, session, command, args, reply);
      return Executed.done;
    }
    try {
      session.heldBy = engine.holds.holder(session, command, args);
    } catch (error) {
      const refusal = lacksMemory(error) ? OUT_OF_MEMORY : error;
      if (!(refusal instanceof ReplyError)) throw error;
      engine.admission.refuse(session, command, refusal, reply);
      return Executed.done;
    }
    if (session.heldBy !== FREE) return Executed.paused;
    const watched = engine.monitors.count > 0;
    if (watched && showsFirst(command)) this.monitor(session, command, args);
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
    if (watched && !showsFirst(command)) this.monitor(session, command, args);
    if (--engine.hotKeys.countdown <= 0)
      engine.hotKeys.sample(command.spec, args, session.db.index);
    this.commit(session);
    if (session.tracking?.caching === true) endCaching(session, command);
    if (call.blockRequest !== undefined) {
      engine.waiting.begin(call, command);
      if (engine.blocking.hasReady) engine.waiting.serveReady();
      return Executed.blocked;
    }
    if (engine.blocking.hasReady) {
      // Others are served behind this reply: what CLIENT REPLY keeps back of it goes now.
      if (session.replyMode === 'off' || session.replyMode === 'skip') engine.outlet.rewind(mark);
      engine.waiting.serveReady();
    }
    return Executed.done;
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
    const outer = this.running;
    this.running = command;
    this.depth++;
    try {
      command.run!(call);
    } catch (error) {
      // What is replayed has happened: there it is no refusal but the end.
      const refused = call.session !== this.internal && lacksMemory(error);
      const refusal = refused ? OUT_OF_MEMORY : error;
      if (!(refusal instanceof ReplyError)) throw error;
      reply.pos = mark;
      reply.error(refusal.message);
      engine.stats.noteError(refusal.message);
      command.failed++;
    } finally {
      this.depth--;
      this.running = outer;
    }
    if (engine.dirty !== before) this.logEffects(command, call, db);
    if (call.session.tracking !== undefined && (command.bits & Bit.readonly) !== 0) {
      engine.tracking.noteRead(call.session, command, call.args);
    }
    // A command that waits is counted once, when it has gone on.
    this.clockMs = engine.clock.monotonicMs();
    if (call.blockRequest === undefined && call.session !== this.internal) {
      engine.accounting.note(call.session, command, call.args, this.clockMs - startedMs);
    }
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

  /**
   * Applies a logged effect, for recovery: no checks, no log, no reply. Returns the error of an effect
   * that was refused, empty when all is well.
   */
  apply(database: number, args: Args): string {
    const { engine, applyCall: call } = this;
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
    if (reply.overflowed) reply.recover(0);
    const failed = reply.pos > 0 && reply.buf[0] === MINUS;
    const text = failed ? reply.buf.toString('latin1', 1, reply.pos - 2) : '';
    reply.pos = 0;
    return text;
  }

  /** Ends the log entry of a request of `session`. */
  commit(session: Session): void {
    const { effects, keyspace } = this.engine;
    if (effects.commit(keyspace.nowMs) && session.output !== undefined) {
      session.output.writeIndex = effects.lastIndex;
    }
  }

  /** Changes that no client made: expiry, eviction. Outside a request they are an entry of their own. */
  commitBackground(): void {
    if (this.depth > 0) return;
    this.engine.effects.commit(this.engine.keyspace.nowMs);
    if (this.engine.blocking.hasReady) this.engine.waiting.serveReady();
  }
}

/**
 * Monitors are shown a command when it has run, so SELECT in the database it chose and EXEC behind what
 * it ran; but a script before what it calls.
 */
export function showsFirst(command: Command): boolean {
  return command.spec.group === 'scripting';
}

/** CLIENT CACHING holds for the one command, or transaction, that follows it. */
function endCaching(session: Session, command: Command): void {
  if (session.transaction.state !== 'none' || command.parent?.spec.name === 'client') return;
  session.tracking!.caching = false;
}
