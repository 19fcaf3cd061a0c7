/**
 * What the store does when nobody asks it to: expires keys and fields, keeps memory below its limit,
 * gives back memory of what was deleted, and finishes rehashes.
 *
 * The server calls `tick` ten times a second, and `slice` once a turn of the event loop as long as it
 * returns true. A slice takes about a millisecond.
 */
import type { Engine } from './engine.ts';

/** Elements freed between two looks at the clock. */
const RECLAIM_ELEMENTS = 512;
const RECLAIM_MS = 1;
const REHASH_BUCKETS = 128;
/** Ticks between two requests for memory that was refused: the garbage collector is run for each. */
const STARVED_TICKS = 10;

export class Background {
  private readonly engine: Engine;
  private ticks = 0;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A tenth of a second has passed. True: call `slice` in the next turn. */
  tick(): boolean {
    const { engine } = this;
    engine.executor.beginBatch();
    this.replenish();
    if (engine.scripting.busy) return this.reclaim();
    engine.activeExpiry.beginTick();
    engine.eviction.sync();
    engine.persistence?.spill.tick();
    for (const db of engine.keyspace.databases) db.table.rehash(REHASH_BUCKETS);
    return this.slice();
  }

  /** Does a little of what is due; true while there is more. */
  slice(): boolean {
    const { engine } = this;
    engine.executor.beginBatch();
    // No key goes away under a script that goes on later.
    if (engine.scripting.busy) return this.reclaim();
    const expires = engine.activeExpiry.slice();
    const evicts = engine.eviction.slice();
    const resolves = engine.overwritten?.slice() === true;
    const spills = engine.persistence?.spill.slice() === true;
    const walks = engine.bigKeys.slice();
    return this.reclaim() || expires || evicts || resolves || spills || walks;
  }

  /** Memory ahead of need; a system that has refused it is not asked at every tick. */
  private replenish(): void {
    const { arena } = this.engine.keyspace;
    this.ticks++;
    if (!arena.isStarved || this.ticks % STARVED_TICKS === 0) arena.replenish();
  }

  private reclaim(): boolean {
    const { clock, keyspace } = this.engine;
    if (keyspace.large.pending === 0) return false;
    const deadlineMs = clock.monotonicMs() + RECLAIM_MS;
    while (keyspace.large.reclaim(RECLAIM_ELEMENTS)) {
      if (clock.monotonicMs() >= deadlineMs) return true;
    }
    return false;
  }
}
