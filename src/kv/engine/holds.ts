/**
 * Why a request that may run does not run yet: CLIENT PAUSE, a checkpoint that has not written a large
 * collection, a log that is behind. Whoever holds it runs it again later, from its first check on.
 *
 * Only clients are held. What the store does by itself, and what it replays, goes on.
 *
 * Benchmark: bench/kv.
 */
import { Args } from '../../core/wire/index.ts';
import { commandKeys } from '../command/keys.ts';
import { Bit, type Command } from '../command/table.ts';
import type { Session } from '../session/session.ts';
import { mayWrite } from './command-needs.ts';
import type { Engine } from './engine.ts';

export class Holds {
  private readonly engine: Engine;
  /** A queued command of an EXEC. */
  private readonly queuedArgs = new Args();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Whether a command has to wait. */
  hold(session: Session, command: Command, args: Args): boolean {
    const { engine } = this;
    if (this.pauses(session, command)) return true;
    if (engine.keyspace.checkpointing && this.waitsForCheckpoint(session, command, args)) {
      return true;
    }
    return (
      mayWrite(session, command) &&
      engine.effects.crowded &&
      session.connection !== undefined &&
      // While writes are refused a script is told so by its first write.
      engine.writesRefused === undefined
    );
  }

  /** Whether CLIENT PAUSE holds a command. */
  pauses(session: Session, command: Command): boolean {
    const { pause, keyspace } = this.engine;
    if (!pause.isOn(keyspace.nowMs) || session.connection === undefined) return false;
    return !pause.writesOnly || mayWrite(session, command);
  }

  /** Whether a command would change a large collection that the running checkpoint has not written. */
  private waitsForCheckpoint(session: Session, command: Command, args: Args): boolean {
    const waits = this.engine.checkpointWaits;
    if (waits === undefined || session.connection === undefined) return false;
    if (command.spec.name === 'exec') {
      return session.transaction.queue.some((queued) =>
        this.waitsForCheckpoint(session, queued.command, this.queuedArgs.load(queued.args)),
      );
    }
    if ((command.bits & (Bit.write | Bit.mayReplicate)) === 0) return false;
    for (const { index } of commandKeys(command.spec, args) ?? []) {
      if (waits(session.db, args.buf, args.start(index), args.length(index))) return true;
    }
    return false;
  }
}
