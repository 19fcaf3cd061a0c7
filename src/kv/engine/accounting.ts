/**
 * What is written down of every command that has run: how often and how long (INFO commandstats), and
 * those that took long (LATENCY, SLOWLOG). The time of EXEC and of scripts holds that of their commands.
 *
 * Benchmark: bench/kv.
 */
import type { Args } from '../../core/wire/index.ts';
import { Bit, type Command } from '../command/table.ts';
import type { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';

export class Accounting {
  private readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** Notes that a command has run for `elapsedMs` milliseconds. */
  note(session: Session, command: Command, args: Args, elapsedMs: number): void {
    const { engine } = this;
    command.latency.record(elapsedMs);
    const { slowlogLogSlowerThan, latencyMonitorThreshold } = engine.settings;
    if (latencyMonitorThreshold > 0 && elapsedMs >= latencyMonitorThreshold) {
      const isFast = command.spec.flags.includes('fast');
      engine.latency.note(isFast ? 'fast-command' : 'command', elapsedMs);
    }
    if (
      slowlogLogSlowerThan >= 0 &&
      elapsedMs * 1000 >= slowlogLogSlowerThan &&
      (command.bits & Bit.skipSlowlog) === 0
    ) {
      this.noteSlow(session, command, args, elapsedMs);
    }
  }

  private noteSlow(session: Session, command: Command, args: Args, elapsedMs: number): void {
    const { slowlog, keyspace, settings } = this.engine;
    const micros = Math.round(elapsedMs * 1000);
    slowlog.add(session, { command, args }, micros, keyspace.nowMs, settings.slowlogMaxLen);
  }
}
