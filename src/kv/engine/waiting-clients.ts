/**
 * Lets clients wait for keys, and lets them go on: served, timed out, told off, or gone.
 *
 * A client whose keys have changed has its command run again, behind the change that woke it, as a log
 * entry of its own. What that changes may wake others: `serveReady` goes on until nobody can.
 * Whatever ends a wait ends it once, and by `end`.
 */
import { Args, type RespWriter } from '../../core/wire/index.ts';
import type { Call } from '../command/call.ts';
import type { Command } from '../command/table.ts';
import { Type } from '../keyspace/index.ts';
import type { Session } from '../session/session.ts';
import type { Blocked } from './blocking.ts';
import type { EndedCommand } from './ended-command.ts';
import type { Engine } from './engine.ts';
import type { KeyQueue } from './key-queue.ts';

export class WaitingClients {
  private readonly engine: Engine;
  private readonly args = new Args();
  /** The Call of commands that run again. */
  private readonly call: Call;
  private serving = false;

  constructor(engine: Engine) {
    this.engine = engine;
    this.call = engine.executor.newCall(engine.sessions.createInternal());
  }

  /** The client of a command that asked to wait (`call.blockRequest`) waits from now on. */
  begin(call: Call, command: Command): void {
    const { engine } = this;
    const { args, db, session } = call;
    const request = call.blockRequest!;
    const blocked: Blocked = {
      session,
      command,
      args: request.args ?? args.ownCopies(),
      db,
      keys: distinctKeys(args, request.keys),
      type: request.type,
      anyChange: request.anyChange === true,
      place: -1,
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
  serveReady(): void {
    const { blocking, scripting, executor } = this.engine;
    // Whoever is served may make others ready: those are next in the loop that runs.
    if (this.serving || scripting.busy) return;
    this.serving = true;
    while (blocking.hasReady) for (const queue of blocking.takeReady()) this.serve(queue);
    this.serving = false;
    // A look at a key may have found it expired.
    executor.commitBackground();
  }

  /**
   * Serves those who wait for what a key holds now, in the order of their arrival, until it does not
   * hold it any more: whoever is behind would wait on.
   */
  private serve(queue: KeyQueue): void {
    const type = queue.typeNow;
    const waiting = queue.waitingFor(type);
    const disturbed = queue.disturbed();
    if (disturbed.size > 0 && type !== Type.stream) {
      for (const blocked of disturbed) this.goOn(queue, blocked);
    }
    for (const blocked of waiting) {
      this.goOn(queue, blocked);
      if (queue.typeNow !== type) return;
    }
  }

  private goOn(queue: KeyQueue, blocked: Blocked): void {
    const { blocking, holds } = this.engine;
    if (holds.pauses(blocked.session, blocked.command)) blocking.hold(queue);
    else this.retry(blocked);
  }

  /** Runs a command again, from its first check on: rights and room may be others by now. */
  private retry(blocked: Blocked): void {
    const { engine, call } = this;
    const { executor, admission } = engine;
    const { session, command } = blocked;
    engine.outlet.deliver(session, (reply) => {
      const mark = reply.pos;
      const args = this.args.load(blocked.args);
      const refusal = admission.refusal(session, command, args);
      if (refusal !== undefined) admission.refuse(session, command, refusal, reply);
      else {
        call.args = args;
        call.reply = reply;
        call.db = blocked.db;
        call.session = session;
        call.spec = command.spec;
        call.canBlock = true;
        call.retrying = true;
        call.nested = false;
        const { acting } = executor;
        executor.acting = session;
        executor.run(command, call);
        executor.acting = acting;
        if (call.blockRequest !== undefined) {
          reply.pos = mark;
          return;
        }
        executor.commit(session);
      }
      if (silenced(session)) reply.pos = mark;
      this.end(blocked);
    });
  }

  /**
   * Ends the wait of a client whose command has gone on by itself (a slow script): its log entry, and
   * its reply if the client is still there.
   */
  complete(ended: EndedCommand): void {
    const { engine } = this;
    const { session, command, blocked } = ended;
    const elapsedMs = engine.clock.monotonicMs() - ended.startedMs;
    engine.accounting.note(session, command, this.args.load(ended.args), elapsedMs);
    engine.executor.commit(session);
    if (blocked !== undefined && session.blocked === blocked) {
      engine.outlet.deliver(session, ended.reply);
      this.end(blocked);
    }
    if (engine.blocking.hasReady) this.serveReady();
  }

  /** Ends the wait of a client: with the reply of a passed timeout, an error, or nothing (it is gone). */
  unblock(session: Session, how: 'timeout' | 'error' | 'silent', text = ''): boolean {
    const { blocked } = session;
    if (blocked === undefined) return false;
    if (how !== 'silent') {
      this.engine.outlet.deliver(session, (reply) => {
        const mark = reply.pos;
        if (how === 'timeout') blocked.onTimeout(reply);
        else this.fail(reply, text);
        if (silenced(session)) reply.pos = mark;
      });
      blocked.command.latency.record(0);
    }
    this.end(blocked);
    return true;
  }

  private fail(reply: RespWriter, text: string): void {
    reply.error(text);
    this.engine.stats.noteError(text);
  }

  /** Answers the clients whose time is over. */
  expire(): void {
    const { blocking, clock } = this.engine;
    const nowMs = clock.monotonicMs();
    for (let due = blocking.firstDue(nowMs); due !== undefined; due = blocking.firstDue(nowMs)) {
      this.unblock(due.session, 'timeout');
    }
  }

  private end(blocked: Blocked): void {
    const { engine } = this;
    engine.blocking.remove(blocked);
    blocked.session.blocked = undefined;
    engine.onUnblocked?.(blocked.session);
  }
}

function distinctKeys(args: Args, indexes: readonly number[]): Buffer[] {
  const keys = new Map<string, Buffer>();
  for (const index of indexes) keys.set(args.text(index), args.ownCopy(index));
  return [...keys.values()];
}

/** Whether CLIENT REPLY keeps back the reply just written; SKIP is over with it. */
function silenced(session: Session): boolean {
  const { replyMode } = session;
  if (replyMode === 'skip') session.replyMode = 'on';
  return replyMode === 'off' || replyMode === 'skip';
}
