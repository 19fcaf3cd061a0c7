/**
 * Brings keys into memory that nobody has asked for yet, behind a start: as many as have room. With all
 * of them in memory nobody looks at the disk any more.
 */
import type { Clock } from '../../core/runtime/index.ts';
import type { Lsm } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { ReplyError } from '../errors.ts';
import type { Database } from '../keyspace/index.ts';
import type { ColdKeys } from './cold-keys.ts';
import { contentRange, KEY_HEAD_BYTES, Space } from './keys.ts';

/** Of the limit: above that there is no room for keys that nobody asks for. */
const FILL = 0.75;
/** Entries between two turns of the loop. */
const ENTRIES_PER_TURN = 512;
/** Loads that may wait for the disk at the same time. */
const LOADS_MAX = 16;

export class Warming {
  private readonly engine: Engine;
  private readonly store: Lsm;
  private readonly cold: ColdKeys;
  private readonly clock: Clock;
  private running = false;
  private stopped = false;

  constructor(engine: Engine, parts: { store: Lsm; cold: ColdKeys; clock: Clock }) {
    this.engine = engine;
    this.store = parts.store;
    this.cold = parts.cold;
    this.clock = parts.clock;
  }

  /** Begins, unless it is under way. What can not be read is left to who asks for it. */
  start(): void {
    if (this.running || this.stopped) return;
    this.running = true;
    this.run()
      .catch((error: unknown) => {
        this.engine.log?.warn('keys could not be read ahead', { err: error });
      })
      .finally(() => {
        this.running = false;
      });
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(): Promise<void> {
    for (const db of this.engine.keyspace.databases) {
      if (db.cold > 0) await this.warm(db);
    }
  }

  private async warm(db: Database): Promise<void> {
    const { content } = db;
    const scan = this.store.scan(contentRange(Space.key, content));
    try {
      while (this.goesOn(db, content) && (await scan.fill())) {
        for (let nth = 0; nth < scan.count; nth++) {
          if (nth % ENTRIES_PER_TURN === 0) await this.turn();
          if (!this.goesOn(db, content)) return;
          this.load(db, scan.key(nth));
          while (this.cold.loadsUnderWay >= LOADS_MAX) await this.turn();
        }
      }
    } finally {
      scan.close();
    }
  }

  /** The page is of the past: what the engine has by now is loaded. */
  private load(db: Database, entryKey: Buffer): void {
    try {
      this.cold.holdOf(db, entryKey, KEY_HEAD_BYTES, entryKey.length - KEY_HEAD_BYTES);
    } catch (error) {
      // It has been logged. Others can be read.
      if (!(error instanceof ReplyError)) throw error;
    }
  }

  private goesOn(db: Database, content: number): boolean {
    const { keyspace, settings } = this.engine;
    if (this.stopped || db.content !== content || db.cold === 0) return false;
    const { tierMemory } = settings;
    return tierMemory === 0 || keyspace.usedBytes < tierMemory * FILL;
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.clock.nextTurn(resolve));
  }
}
