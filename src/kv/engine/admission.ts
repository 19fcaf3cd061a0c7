/**
 * What a request has to pass before it runs: it names a command, with the right number of arguments,
 * its client is logged in and allowed to, there is memory and disk for what it does.
 *
 * The order of the checks is Redis', as far as a client can see it by the error that it gets: name,
 * arity, login, permission, a busy script, memory, disk, subscriptions.
 *
 * Benchmark: bench/kv.
 */
import type { Args, RespWriter } from '../../core/wire/index.ts';
import { Bit, type Command } from '../command/table.ts';
import { NOT_AUTHENTICATED, OUT_OF_MEMORY, ReplyError, wrongArity } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { needsMemory } from './command-needs.ts';
import type { Engine } from './engine.ts';
import { isHttp, unknownCommand, unknownSubcommand } from './unknown-command.ts';

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

/** Requests from this on are looked at for what they would store. */
const LARGE_REQUEST_BYTES = 4 * 1024 * 1024;
/** What an element may cost above its bytes: nodes, buckets. */
const ELEMENT_BYTES = 64;

export class Admission {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** The command that may run now; undefined when none may, and the reply says why. */
  admit(session: Session, args: Args, reply: RespWriter): Command | undefined {
    const command = this.find(session, args, reply);
    session.lastCommand = command;
    if (command === undefined) return undefined;
    const refusal = this.refusal(session, command, args);
    if (refusal === undefined) return command;
    this.refuse(session, command, refusal, reply);
    return undefined;
  }

  private find(session: Session, args: Args, reply: RespWriter): Command | undefined {
    const { commands } = this.engine;
    let command = commands.find(args);
    if (command !== undefined && command.subcommands.size > 0) {
      const sub = commands.resolve(command, args);
      if (sub === undefined && (args.count > 1 || command.run === undefined)) {
        const refusal =
          args.count > 1 ? unknownSubcommand(command, args) : wrongArity(command.spec.name);
        this.refuse(session, command, refusal, reply);
        return undefined;
      }
      command = sub ?? command;
    }
    if (command === undefined) {
      if (isHttp(args)) this.endHttp(session);
      else this.refuse(session, undefined, unknownCommand(args), reply);
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

  /** Why a command may not run now; undefined when it may. */
  refusal(session: Session, command: Command, args: Args): ReplyError | undefined {
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
    const bytes = requestBytes(session, command, args);
    if (bytes > LARGE_REQUEST_BYTES && needsMemory(session, command)) {
      if (!arena.hasRoomFor(bytes)) return OUT_OF_MEMORY;
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

  /** Replies a refusal, counts it, and spoils the transaction that the command was for. */
  refuse(
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
}

/** About what a request can add to memory: its arguments, of EXEC those of all that is queued. */
function requestBytes({ transaction }: Session, { spec }: Command, args: Args): number {
  if (spec.name === 'exec') return transaction.queuedBytes;
  const { count } = args;
  return args.end(count - 1) - args.start(0) + count * ELEMENT_BYTES;
}
