/**
 * What a flush has still to write of the keys: records, names of keys that went, elements of large values.
 * Goes over it step by step; of a record that is about to change before its turn it is told (`emit`).
 *
 * Given up, all that is left becomes dirty again, as if the flush had not begun.
 */
import {
  type Database,
  Flag,
  type Generation,
  type Keyspace,
  type Name,
} from '../keyspace/index.ts';
import { type Address, FETCH_MAX } from '../memory/index.ts';
import type { ElementEmission } from './element-emission.ts';
import type { KeyEmission } from './key-emission.ts';

/** Records of one step. */
const RECORDS_AT_ONCE = 64;
/** Elements of one step, at most. */
const ELEMENTS_AT_ONCE = 32;

/** What is left of one content. */
interface Work {
  readonly generation: Generation;
  /** How far it is: of the names a cursor of `scanOn`, -1 at their end; of the hashes an index. */
  goneCursor: number;
  untimedCursor: number;
  next: number;
}

export class FlushWork {
  private readonly keyspace: Keyspace;
  private readonly out: KeyEmission;
  private readonly elementsAtOnce: number;
  private work: Work[] = [];
  private readonly hashes = new Uint32Array(FETCH_MAX);
  /** Values of which elements are to be written, in the order in which they were met. */
  private emissions: ElementEmission[] = [];

  /** `wholeElements`: values of more elements are stored by element. */
  constructor(keyspace: Keyspace, out: KeyEmission, wholeElements: number) {
    this.keyspace = keyspace;
    this.out = out;
    this.elementsAtOnce = Math.min(ELEMENTS_AT_ONCE, Math.max(1, wholeElements >>> 2));
  }

  /** A flush begins: what is dirty now is what it has to write. */
  begin(): void {
    const { keyspace } = this;
    keyspace.beginFlush();
    this.work = keyspace.databases.map(({ changes }) => ({
      generation: changes.flushing!,
      goneCursor: 0,
      untimedCursor: 0,
      next: 0,
    }));
  }

  /** Nothing is left. */
  get isDone(): boolean {
    return this.work.length === 0 && this.emissions.length === 0;
  }

  /** Writes a little of what is left, not more than a fraction of a millisecond takes. */
  step(): void {
    if (this.emissions.length > 0) this.someElements(this.emissions[0]!);
    else this.some(this.work[0]!);
  }

  /** Writes a record that the flush does not have yet. */
  emit(db: Database, record: Address): void {
    const emission = this.out.emit(db, record);
    if (emission !== undefined) this.emissions.push(emission);
  }

  /** Writes some of what has changed of one content. */
  private some(work: Work): void {
    const { out } = this;
    const { generation } = work;
    if (work.untimedCursor >= 0) {
      const db = this.databaseOf(generation);
      const visit = (name: Name): void => out.untimed(db, name);
      work.untimedCursor = generation.untimed.scanOn(work.untimedCursor, visit);
    } else if (work.goneCursor >= 0) {
      const db = this.databaseOf(generation);
      const visit = (name: Name): void => out.gone(db, name);
      work.goneCursor = generation.gone.scanOn(work.goneCursor, visit);
    } else if (work.next < generation.dirty.size) this.someRecords(work);
    else {
      for (const stored of generation.dead) out.dead(stored);
      this.work.shift();
    }
  }

  private databaseOf(generation: Generation): Database {
    const { databases } = this.keyspace;
    // Emptied or exchanged databases begin the flush anew.
    return databases.find(({ changes }) => changes.flushing === generation)!;
  }

  private someRecords(work: Work): void {
    const db = this.databaseOf(work.generation);
    const { table } = db;
    for (let looked = 0; looked < RECORDS_AT_ONCE && work.next < work.generation.dirty.size; ) {
      const count = work.generation.dirty.read(work.next, this.hashes);
      table.fetch(this.hashes, count);
      for (let i = 0; i < count; i++) {
        table.eachOfHash(this.hashes[i] as number, (record) => this.visit(db, record));
      }
      work.next += count;
      looked += count;
    }
  }

  private visit(db: Database, record: Address): void {
    // Else it was written before it changed, or is one that came since.
    if ((db.metaOf(record) & this.keyspace.flushingBit) !== 0) this.emit(db, record);
  }

  /** Writes some elements of the first emission. */
  private someElements(emission: ElementEmission): void {
    const { db, key, value } = emission;
    if (!emission.isDone) value.changes!.step(this.elementsAtOnce);
    if (!emission.isDone) return;
    const { keyspace } = this;
    this.emissions.shift();
    const record = db.findHot(key, 0, key.length);
    if (record !== 0 && db.isLarge(record) && db.largeOf(record) === value) {
      db.setFlag(record, keyspace.flushingBit, false);
    }
    keyspace.large.letGo(value);
  }

  /** The flush has everything. */
  end(): void {
    this.keyspace.endFlush();
  }

  /** What the flush has not written is dirty as if it had not begun. */
  giveUp(): void {
    const { keyspace } = this;
    for (const { value, isDone } of this.emissions) {
      if (!isDone) value.changes!.unfreeze();
      keyspace.large.letGo(value);
    }
    this.emissions = [];
    for (const db of keyspace.databases) {
      const { flushing } = db.changes;
      if (flushing !== undefined) this.giveBack(db, flushing);
    }
    this.work = [];
    keyspace.endFlush();
  }

  private giveBack(db: Database, generation: Generation): void {
    const { flushingBit, dirtyBit } = this.keyspace;
    const { changes, table } = db;
    changes.unfreeze(generation, (hash, buf, start, length) => {
      const record = table.find(hash, buf, start, length);
      if (record !== 0) db.setFlag(record, Flag.stored, true);
      return record !== 0;
    });
    for (let i = 0; i < generation.dirty.size; i++) {
      const hash = generation.dirty.at(i);
      table.eachOfHash(hash, (record) => {
        const meta = db.metaOf(record);
        if ((meta & flushingBit) === 0) return;
        if ((meta & dirtyBit) === 0) changes.dirty.add(hash);
        db.setMeta(record, (meta & ~flushingBit) | dirtyBit);
      });
    }
  }
}
