/**
 * Removes keys whose time has come though nobody asks for them.
 *
 * A round sweeps the expiry list of every database once. Each chunk of a list knows when its first key
 * is due, so a round without work costs next to nothing, and no key is overdue for longer than a round
 * takes to come by. Work is cut into slices of a millisecond between turns of the event loop; a tick
 * (a tenth of a second) spends at most the share of time that `active-expire-effort` allows, so that
 * clients are served while millions of keys go. Half of a slice belongs to the keys that are on the disk
 * only (tier/cold-expiry.ts) when some of them are due.
 */
import type { Engine } from './engine.ts';
import { expireSomeFields } from './field-expiry.ts';

const SLICE_MS = 1;
/** Keys removed, or hashes seen to, between two looks at the clock. */
const CLOCK_EVERY = 16;
/** Milliseconds of a tick at effort 1, and for each step above it (Redis: 25 % and 2 %). */
const TICK_BUDGET_MS = 25;
const TICK_BUDGET_STEP_MS = 2;

export class ActiveExpiry {
  /** DEBUG SET-ACTIVE-EXPIRE switches it; look-ups expire keys all the same. */
  enabled = true;
  /** Time spent since the start, ms. */
  spentMs = 0;
  private readonly engine: Engine;
  /** Where the round is: database and chunk, counted down. */
  private database = -1;
  private chunk = -1;
  private tickLeftMs = 0;
  private deadlineMs = 0;
  private untilClock = CLOCK_EVERY;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A tenth of a second has passed: there is time to spend again. */
  beginTick(): void {
    const effort = Math.min(Math.max(this.engine.settings.activeExpireEffort, 1), 10);
    this.tickLeftMs = TICK_BUDGET_MS + (effort - 1) * TICK_BUDGET_STEP_MS;
  }

  /** One slice; true when more is due and this tick has time left. */
  slice(): boolean {
    const { engine } = this;
    if (!this.enabled || !engine.keyspace.expiresOnLookup || this.tickLeftMs <= 0) return false;
    if (engine.writesRefused !== undefined || engine.paused) return false;
    const start = engine.clock.monotonicMs();
    this.untilClock = CLOCK_EVERY;
    this.deadlineMs = start + SLICE_MS / 2;
    const { coldExpiry, overwritten } = engine;
    const looksAtCold = overwritten?.pending !== true;
    const moreCold = looksAtCold && coldExpiry?.slice(this.timeIsOver) === false;
    this.deadlineMs = start + SLICE_MS;
    const more = !this.sweepKeys() || !this.sweepHashes() || moreCold;
    engine.executor.commitBackground();
    const elapsed = engine.clock.monotonicMs() - start;
    engine.latency.note('expire-cycle', elapsed);
    this.spentMs += elapsed;
    this.tickLeftMs -= elapsed;
    return more && this.tickLeftMs > 0;
  }

  /** Goes on with the round; false when the time was over before its end. */
  private sweepKeys(): boolean {
    const { databases, nowMs } = this.engine.keyspace;
    if (this.database < 0) {
      this.database = databases.length - 1;
      this.chunk = Number.MAX_SAFE_INTEGER;
    }
    for (; this.database >= 0; this.database--, this.chunk = Number.MAX_SAFE_INTEGER) {
      const db = databases[this.database]!;
      if (db.expiries.size === 0) continue;
      const expire = (record: number): boolean => {
        if (this.timeIsOver()) return false;
        this.engine.expire(db, record);
        return true;
      };
      this.chunk = Math.min(this.chunk, db.expiries.chunks - 1);
      for (; this.chunk >= 0; this.chunk--) {
        if (!db.expiries.sweep(this.chunk, nowMs, expire)) return false;
      }
    }
    return true;
  }

  /** Sees to fields of hashes; false when the time was over before none is due. */
  private sweepHashes(): boolean {
    for (const db of this.engine.keyspace.databases) {
      while (expireSomeFields(this.engine, db)) if (this.timeIsOver()) return false;
    }
    return true;
  }

  private readonly timeIsOver = (): boolean => {
    if (--this.untilClock > 0) return false;
    this.untilClock = CLOCK_EVERY;
    return this.engine.clock.monotonicMs() >= this.deadlineMs;
  };
}
