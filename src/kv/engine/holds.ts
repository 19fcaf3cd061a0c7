/**
 * Why a request that may run does not run yet: CLIENT PAUSE, a log or a flush that is behind, a key
 * that is on the disk only. Whoever is told runs it again later, from its first check on: behind a pause
 * all of them, else those who wait for just that one.
 *
 * Only clients are held. What the store does by itself, and what it replays, goes on.
 *
 * Benchmark: bench/kv.
 */
import { Args } from '../../core/wire/index.ts';
import { commandKeys } from '../command/keys.ts';
import type { Command } from '../command/table.ts';
import type { Database } from '../keyspace/index.ts';
import { FREE, UNTIL_TOLD } from '../session/held.ts';
import type { Session } from '../session/session.ts';
import { mayWrite } from './command-needs.ts';
import type { Engine } from './engine.ts';

/** A request is held for a cold key so many times; then it runs and reads what is missing itself. */
const COLD_HOLDS_MAX = 16;

export class Holds {
  private readonly engine: Engine;
  /** A queued command of an EXEC. */
  private readonly queuedArgs = new Args();
  private lastNumber = UNTIL_TOLD;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A number by which those are told who wait for one thing. */
  nextNumber(): number {
    return ++this.lastNumber;
  }

  /** What holds a command: FREE, UNTIL_TOLD, or the number of what it waits for. */
  holder(session: Session, command: Command, args: Args): number {
    const { engine } = this;
    if (this.pauses(session, command)) return UNTIL_TOLD;
    if (session.connection === undefined) return FREE;
    if (engine.persistence?.spill.isOver === true) engine.persistence.spill.makeRoom();
    if (session.db.cold > 0 && engine.cold !== undefined) {
      const hold = this.coldHold(session, command, args);
      if (hold !== FREE) return hold;
    }
    const held =
      mayWrite(session, command) &&
      (engine.effects.crowded || engine.persistence?.crowded === true) &&
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

  private coldHold(session: Session, command: Command, args: Args): number {
    if (session.coldHolds >= COLD_HOLDS_MAX) {
      session.coldHolds = 0;
      return FREE;
    }
    const hold = this.firstHold(session, command, args);
    session.coldHolds = hold === FREE ? 0 : session.coldHolds + 1;
    return hold;
  }

  private holdOf(db: Database, buf: Buffer, start: number, length: number): number {
    return db.cold === 0 ? FREE : this.engine.cold!.holdOf(db, buf, start, length);
  }

  /** The first number that a key of a command has to be waited for; FREE: none. */
  private firstHold(session: Session, command: Command, args: Args): number {
    if (command.spec.name === 'exec') {
      for (const queued of session.transaction.queue) {
        const loaded = this.queuedArgs.load(queued.args);
        const hold = this.firstHold(session, queued.command, loaded);
        if (hold !== FREE) return hold;
      }
      return FREE;
    }
    const { db } = session;
    const { singleKey } = command;
    if (singleKey > 0) {
      if (args.count <= singleKey) return FREE;
      return this.holdOf(db, args.buf, args.start(singleKey), args.length(singleKey));
    }
    // All of them, so that what is to be read is read at the same time.
    let first = FREE;
    for (const { index } of commandKeys(command.spec, args) ?? []) {
      const hold = this.holdOf(db, args.buf, args.start(index), args.length(index));
      if (first === FREE) first = hold;
    }
    return first;
  }
}
