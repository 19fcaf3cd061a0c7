/**
 * Keeps the memory of keys below the limit of the tier: what the engine has as it is leaves memory, the
 * least used first.
 *
 * Policy: LFU with decay, by samples. Of so many random records those go that are worth least by their
 * uses (uses.ts), under an LFU policy for `maxmemory` by its counters (engine/lfu.ts). One pass over
 * everything does not push out what is used all the time. Counting begins when memory is half full: before
 * that the clock of a record tells when it was used. docs/decisions/0012-what-stays-in-memory.md
 *
 * What is dirty can not leave. When too much is, a flush begins early, and writers wait for it
 * (`crowded`) beyond the limit and a sixteenth of it.
 *
 * Benchmark: bench/kv-tier.
 */
import type { Clock } from '../../core/runtime/index.ts';
import type { Engine } from '../engine/engine.ts';
import { lfuCounter } from '../engine/lfu.ts';
import { CLOCK_MASK, type Database, Flag, TIER_MASK } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import type { Flusher } from './flusher.ts';
import { Uses } from './uses.ts';

/** Records looked at for each round, and how many of them leave at most. */
const SAMPLES = 16;
const LEAVE = 4;
const BUDGET_MS = 1;
/** Rounds between two looks at the clock. */
const CLOCK_EVERY = 8;
/** Rounds at once before a key is loaded. */
const ROUNDS_PER_LOAD = 2;
/** Least memory above the limit at which writers wait. */
const SLACK_BYTES_MIN = 8 * 1024 * 1024;

export interface SpillOptions {
  readonly engine: Engine;
  readonly flusher: Flusher;
  readonly clock: Clock;
  /** Begins a flush unless one runs. */
  startFlush(): void;
}

export class Spill {
  /** Keys that left memory. */
  dropped = 0;
  private readonly options: SpillOptions;
  private readonly uses: Uses;
  private readonly drawn = new Uint32Array(SAMPLES);
  /** Those of the drawn that may leave, and what they are worth. */
  private readonly records = new Uint32Array(SAMPLES);
  private readonly worths = new Uint8Array(SAMPLES);
  private readonly draw: () => number;
  /** Bytes outside the arena, as of the last tick: they change slowly. */
  private fixedBytes = 0;
  /** Writers were held. */
  private held = false;

  constructor(options: SpillOptions) {
    this.options = options;
    const { random } = options.engine;
    this.uses = new Uses(options.clock, random);
    this.draw = () => random.u32();
  }

  /** Bytes of keys in memory above which some leave; 0: none ever. */
  get limitBytes(): number {
    return this.options.engine.settings.tierMemory;
  }

  /** So much more than the limit is in memory that no more writes should run; `slice` says when they may. */
  get crowded(): boolean {
    const { limitBytes } = this;
    if (limitBytes === 0) return false;
    const slack = Math.max(SLACK_BYTES_MIN, limitBytes / 16);
    const crowded = this.usedBytes > limitBytes + slack;
    if (crowded) this.held = true;
    return crowded;
  }

  /** Memory is above the limit. */
  get isOver(): boolean {
    const { limitBytes } = this;
    return limitBytes > 0 && this.usedBytes > limitBytes;
  }

  private get usedBytes(): number {
    return this.options.engine.keyspace.arena.usedBytes + this.fixedBytes;
  }

  /** A tenth of a second has passed. */
  tick(): void {
    const { engine } = this.options;
    const { keyspace } = engine;
    const { limitBytes } = this;
    if (limitBytes === 0) return;
    const { usedBytes } = keyspace;
    this.fixedBytes = usedBytes - keyspace.arena.usedBytes;
    let hot = 0;
    for (const db of keyspace.databases) hot += db.hot;
    this.uses.advance(hot);
    if (usedBytes > limitBytes / 2) engine.eviction.countUses(this.uses);
  }

  /** Lets some keys leave while memory is above the limit; true while more should. */
  slice(): boolean {
    const goesOn = this.dropSome();
    if (this.held && !this.crowded) {
      this.held = false;
      this.options.engine.onUnpaused?.();
    }
    return goesOn;
  }

  private dropSome(): boolean {
    const { clock } = this.options;
    if (!this.isOver) return false;
    const untilMs = clock.monotonicMs() + BUDGET_MS;
    for (let rounds = 1; this.isOver; rounds++) {
      if (!this.round()) return false;
      if (rounds % CLOCK_EVERY === 0 && clock.monotonicMs() >= untilMs) return true;
    }
    return false;
  }

  /** A key is about to be added or loaded: others make room for it. Not inside a command. */
  makeRoom(): void {
    for (let rounds = 0; rounds < ROUNDS_PER_LOAD && this.isOver; rounds++) {
      if (!this.round()) return;
    }
  }

  /** One round of samples; false: nothing may leave at the moment. */
  private round(): boolean {
    const { engine, flusher } = this.options;
    // Memory of values that left is on its way back.
    const { large } = engine.keyspace;
    if (large.pending > 0) large.reclaim(LEAVE * 64);
    const db = this.someDatabase();
    if (db === undefined || !flusher.push()) return this.nothing();
    const found = this.sample(db);
    if (found === 0) return this.nothing();
    // Of few that were found only the least used one goes.
    for (let left = Math.ceil((found * LEAVE) / SAMPLES); left > 0; left--) {
      const record = this.takeLeastUsed(found);
      if (record === 0) break;
      db.drop(record);
      this.dropped++;
    }
    return true;
  }

  private nothing(): boolean {
    this.options.startFlush();
    return false;
  }

  /** A database with keys in memory, each as likely as it has keys. */
  private someDatabase(): Database | undefined {
    const { keyspace, random } = this.options.engine;
    let keys = 0;
    for (const db of keyspace.databases) keys += db.hot;
    if (keys === 0) return undefined;
    let nth = Math.floor(random.float() * keys);
    for (const db of keyspace.databases) {
      if (nth < db.hot) return db;
      nth -= db.hot;
    }
    return undefined;
  }

  /** Draws records that may leave; returns how many. */
  private sample(db: Database): number {
    const { engine } = this.options;
    const { settings, keyspace } = engine;
    const { drawn, uses } = this;
    const count = db.table.sample(this.draw, drawn);
    const byPolicy = engine.eviction.isLfu;
    let found = 0;
    for (let i = 0; i < count; i++) {
      const record = drawn[i] as number;
      if (!mayLeave(db, record)) continue;
      const bits = db.metaOf(record) & CLOCK_MASK;
      this.records[found] = record;
      this.worths[found++] = byPolicy
        ? lfuCounter(bits, keyspace.nowMs, settings)
        : uses.valueOf(bits);
    }
    return found;
  }

  /** The least used of the first `count`, which are without it then; 0: none is left. */
  private takeLeastUsed(count: number): Address {
    const { records, worths } = this;
    let least = -1;
    for (let i = 0; i < count; i++) {
      if (records[i] !== 0 && (least < 0 || worths[i]! < worths[least]!)) least = i;
    }
    if (least < 0) return 0;
    const record = records[least] as number;
    // It may have been drawn twice.
    for (let i = 0; i < count; i++) if (records[i] === record) records[i] = 0;
    return record;
  }
}

/** Whether the engine has a record as it is, and nothing in memory has to know of it. */
function mayLeave(db: Database, record: Address): boolean {
  return (db.metaOf(record) & TIER_MASK) >>> 0 === Flag.stored && !db.hasExpiringFields(record);
}
