/**
 * Why a request that may run does not run yet: CLIENT PAUSE, a log that is behind, a checkpoint that has
 * not written a large collection. Whoever is told runs it again later, from its first check on: behind a
 * pause all of them, behind a collection those who wait for just that one.
 *
 * Only clients are held. What the store does by itself, and what it replays, goes on.
 *
 * Benchmark: bench/kv.
 */
import { Args } from '../../core/wire/index.ts';
import { commandKeys } from '../command/keys.ts';
import { Bit, type Command } from '../command/table.ts';
import { FREE, UNTIL_TOLD } from '../session/held.ts';
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

  /** What holds a command: FREE, UNTIL_TOLD, or the number of the collection that it waits for. */
  holder(session: Session, command: Command, args: Args): number {
    const { engine } = this;
    if (this.pauses(session, command)) return UNTIL_TOLD;
    if (engine.keyspace.checkpointing) {
      const collection = this.collectionBefore(session, command, args);
      if (collection > 0) return collection;
    }
    const held =
      mayWrite(session, command) &&
      engine.effects.crowded &&
      session.connection !== undefined &&
      // While writes are refused a script is told so by its first write.
      engine.writesRefused === undefined;
    return held ? UNTIL_TOLD : FREE;
  }

  /** Whether CLIENT PAUSE holds a command. */
  pauses(session: Session, command: Command): boolean {
    const { pause, keyspace } = this.engine;
    if (!pause.isOn(keyspace.nowMs) || session.connection === undefined) return false;
    return !pause.writesOnly || mayWrite(session, command);
  }

  /** The large collection that a command would change before the running checkpoint has it; 0: none. */
  private collectionBefore(session: Session, command: Command, args: Args): number {
    const waits = this.engine.checkpointWaits;
    if (waits === undefined || session.connection === undefined) return 0;
    if (command.spec.name === 'exec') {
      for (const queued of session.transaction.queue) {
        const loaded = this.queuedArgs.load(queued.args);
        const collection = this.collectionBefore(session, queued.command, loaded);
        if (collection > 0) return collection;
      }
      return 0;
    }
    if ((command.bits & (Bit.write | Bit.mayReplicate)) === 0) return 0;
    for (const { index } of commandKeys(command.spec, args) ?? []) {
      const collection = waits(session.db, args.buf, args.start(index), args.length(index));
      if (collection > 0) return collection;
    }
    return 0;
  }
}
