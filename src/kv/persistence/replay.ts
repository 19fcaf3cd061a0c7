/**
 * Applies the entries of the log behind a flush, in their order, each at the time it was written.
 *
 * Benchmark: bench/kv (start).
 */
import type { Logger } from '../../core/observe/index.ts';
import { type LogEntry, LsmError, PartJoiner } from '../../core/store/index.ts';
import { Args } from '../../core/wire/index.ts';
import type { Engine } from '../engine/engine.ts';
import { readEffects, readPartedEffects, type VisitEffect } from '../engine/read-effects.ts';
import { EntryError } from '../tier/index.ts';
import { ReplayAhead } from './replay-ahead.ts';

export class Replay {
  /** Entries seen. */
  entries = 0;
  /** Bytes of their payloads. */
  bytes = 0;
  /** Why it ended before its end: what an entry changes can not be read. The log is well. */
  failure: LsmError | EntryError | undefined;
  readonly ahead: ReplayAhead;
  /** Takes the next entry. */
  readonly entry: (entry: LogEntry) => void;

  constructor(engine: Engine, log: Logger) {
    this.ahead = new ReplayAhead(engine);
    const { executor, keyspace } = engine;
    const joiner = new PartJoiner();
    const args = new Args();
    let index = 0;
    const apply: VisitEffect = (database, effect) => {
      engine.overwritten?.note(engine.database(database), effect);
      const text = executor.apply(database, effect);
      if (text !== '') log.warn('a logged effect was refused', { index, error: text });
    };
    const take = (entry: LogEntry): void => {
      // The usual case: nothing to join.
      if (!entry.continues && !entry.more && !joiner.begun) {
        keyspace.setNow(entry.timestampMs);
        readEffects(entry.buffer, entry.start, entry.end, args, apply);
        return;
      }
      const parts = joiner.take(entry);
      if (parts === undefined) return;
      keyspace.setNow(entry.timestampMs);
      readPartedEffects(parts, args, apply);
    };
    this.entry = (entry) => {
      this.entries++;
      this.bytes += entry.end - entry.start;
      index = entry.index;
      try {
        take(entry);
      } catch (error) {
        if (error instanceof LsmError || error instanceof EntryError) this.failure = error;
        throw error;
      }
    };
  }
}
