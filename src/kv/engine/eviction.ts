/**
 * Keeps used memory below `maxmemory` by the policy that is set
 * (https://redis.io/docs/latest/develop/reference/eviction/).
 *
 * Each eviction samples `maxmemory-samples` keys of every database, whatever their number, and work at
 * one time is bounded: beyond a millisecond writes go on while the background evicts, as long as there
 * is something to evict. Memory of the databases counts, not the buffers of clients.
 */
import type { Database } from '../keyspace/index.ts';
import type { Address } from '../memory/index.ts';
import type { Engine } from './engine.ts';
import { EvictionPool } from './eviction-pool.ts';
import { LFU_INITIAL, lfuBits, lfuCounter, lfuIdleMinutes, lfuTouched } from './lfu.ts';

const CLOCK_MASK = 0xffffff;
const BUDGET_MS = 1;
/** Evictions between two looks at the clock. */
const CLOCK_EVERY = 16;
/** Elements of dying values freed before a further key is evicted. */
const RECLAIM_ELEMENTS = 256;

type Order = 'lru' | 'lfu' | 'random' | 'ttl';

/** Notes in the clock bits of records how keys are used, where the policy does not need them otherwise. */
export interface UseCounts {
  /** Clock bits of a key that is used for the first time. */
  readonly fresh: number;
  /** Clock bits after one more use. */
  touched(bits: number): number;
  /** Clock bits of a key that comes from the disk, by those it was stored with. */
  loaded(bits: number): number;
  /** Seconds since the last use. */
  idleSeconds(bits: number): number;
  /** Clock bits of a key that was used once, so many seconds ago. */
  idleFor(seconds: number): number;
}

export class Eviction {
  private readonly engine: Engine;
  private readonly pool = new EvictionPool();
  /** Name of the policy below. */
  private policy = 'noeviction';
  private order: Order = 'random';
  private volatileOnly = false;
  private evicts = false;
  /** Counts uses where the policy does not: keys leave memory by them. */
  private uses: UseCounts | undefined;
  /** Where the random policies go on. */
  private nextDatabase = 0;
  private readonly draw = () => this.engine.random.u32();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** The policy is one that counts how often keys are used. */
  get isLfu(): boolean {
    this.sync();
    return this.order === 'lfu' && this.evicts;
  }

  /** From here on the clocks of records count uses, except under an LFU policy, which does so itself. */
  countUses(uses: UseCounts): void {
    if (this.uses === uses) return;
    this.uses = uses;
    this.policy = '';
    this.sync();
  }

  /** Seconds since a key was used, by the clock bits of its record. */
  idleSeconds(bits: number): number {
    const { keyspace } = this.engine;
    if (this.isLfu) return lfuIdleMinutes(bits, keyspace.nowMs) * 60;
    if (this.uses !== undefined) return this.uses.idleSeconds(bits);
    return (keyspace.accessClock - bits) & CLOCK_MASK;
  }

  /** Clock bits of a key that comes from the disk, by those it was stored with. */
  clockOfLoaded(bits: number): number {
    return this.uses === undefined || this.isLfu ? bits : this.uses.loaded(bits);
  }

  /** Clock bits of a key that was used so many seconds ago, under a policy other than LFU. */
  idleFor(seconds: number): number {
    if (this.uses !== undefined) return this.uses.idleFor(seconds);
    return (this.engine.keyspace.accessClock - Math.min(seconds, CLOCK_MASK)) & CLOCK_MASK;
  }

  /** Follows the settings; call it after they have changed, else it is done at the next use. */
  sync(): void {
    const { settings, keyspace, random } = this.engine;
    const { maxmemoryPolicy } = settings;
    if (maxmemoryPolicy === this.policy) return;
    this.policy = maxmemoryPolicy;
    const [scope, order] = maxmemoryPolicy.split('-');
    this.evicts = order !== undefined;
    this.order = (order ?? 'random') as Order;
    this.volatileOnly = scope === 'volatile';
    this.pool.clear();
    const { uses } = this;
    if (this.order === 'lfu') {
      keyspace.clockOfNow = (nowMs) => lfuBits(nowMs, LFU_INITIAL);
      keyspace.touch = (bits) => lfuTouched(bits, keyspace.nowMs, settings, random.float());
    } else if (uses !== undefined) {
      keyspace.clockOfNow = () => uses.fresh;
      keyspace.touch = (bits) => uses.touched(bits);
    } else {
      keyspace.clockOfNow = undefined;
      keyspace.touch = undefined;
    }
    keyspace.setNow(keyspace.nowMs);
  }

  /**
   * Evicts until there is room by the policy; false when there is none. While CLIENT PAUSE holds
   * evictions too nobody is told so, as in Redis.
   */
  makeRoom(): boolean {
    return !this.overLimit() || this.engine.paused || this.run();
  }

  /** Goes on evicting in the background; true while more is to do. */
  slice(): boolean {
    this.sync();
    return this.overLimit() && !this.engine.paused && this.run() && this.overLimit();
  }

  private overLimit(): boolean {
    const { settings, keyspace } = this.engine;
    return settings.maxmemory > 0 && keyspace.usedBytes > settings.maxmemory;
  }

  private run(): boolean {
    this.sync();
    const { engine } = this;
    const { large } = engine.keyspace;
    const startMs = engine.clock.monotonicMs();
    const deadlineMs = startMs + BUDGET_MS;
    let evicted = 0;
    let enough = true;
    for (let steps = 1; this.overLimit(); steps++) {
      if (large.pending > 0) large.reclaim(RECLAIM_ELEMENTS);
      else if (this.evicts && engine.writesRefused === undefined && this.evictOne()) evicted++;
      else {
        enough = false;
        break;
      }
      if (steps % CLOCK_EVERY === 0 && engine.clock.monotonicMs() >= deadlineMs) break;
    }
    if (evicted > 0) engine.executor.commitBackground();
    engine.latency.note('eviction-cycle', engine.clock.monotonicMs() - startMs);
    return enough;
  }

  private evictOne(): boolean {
    return this.order === 'random' ? this.evictRandom() : this.evictBest();
  }

  private evictRandom(): boolean {
    const { databases } = this.engine.keyspace;
    for (let tried = 0; tried < databases.length; tried++) {
      const db = databases[this.nextDatabase++ % databases.length]!;
      if (this.keysOf(db) === 0) continue;
      this.engine.evict(db, this.sample(db));
      return true;
    }
    return false;
  }

  private evictBest(): boolean {
    const { keyspace } = this.engine;
    for (;;) {
      let keys = 0;
      for (const db of keyspace.databases) {
        const count = this.keysOf(db);
        if (count > 0) this.fillPool(db, count);
        keys += count;
      }
      if (keys === 0) return false;
      for (let best = this.pool.take(); best !== undefined; best = this.pool.take()) {
        const db = keyspace.databases[best.database]!;
        const record = db.findHot(best.key, 0, best.length);
        // It may have gone, or does not expire any more.
        if (record === 0 || (this.volatileOnly && db.expiryOf(record) < 0)) continue;
        this.engine.evict(db, record);
        return true;
      }
    }
  }

  private fillPool(db: Database, count: number): void {
    const samples = Math.min(this.engine.settings.maxmemorySamples, count);
    for (let i = 0; i < samples; i++) {
      const record = this.sample(db);
      this.pool.offer(
        this.scoreOf(db, record),
        db.index,
        db.bytesOf(record),
        db.keyOffset(record),
        db.keyLength(record),
      );
    }
  }

  private keysOf(db: Database): number {
    return this.volatileOnly ? db.expiries.size : db.hot;
  }

  private sample(db: Database): Address {
    if (!this.volatileOnly) return db.table.random(this.draw);
    return db.expiries.recordAt(Math.floor(this.engine.random.float() * db.expiries.size));
  }

  /** How dispensable a key is: the greater, the sooner it goes. */
  private scoreOf(db: Database, record: Address): number {
    const { keyspace, settings } = this.engine;
    if (this.order === 'ttl') return -db.expiryOf(record);
    const bits = db.metaOf(record) & CLOCK_MASK;
    if (this.order === 'lfu') return 255 - lfuCounter(bits, keyspace.nowMs, settings);
    return this.idleSeconds(bits);
  }
}
