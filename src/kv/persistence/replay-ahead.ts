/**
 * Looks at effects that are about to be replayed and has the processor fetch what stands in memory for
 * their keys: see `Table.fetch`. It changes nothing, and bytes that are no effects do it no harm: their
 * replay will say what is wrong with them.
 *
 * Benchmark: bench/kv (start).
 */
import type { EntriesAhead } from '../../core/store/index.ts';
import type { Engine } from '../engine/engine.ts';
import { FETCH_MAX, hashBytes, type Table } from '../memory/index.ts';

/** Longer keys are not worth hashing twice. */
const KEY_BYTES_MAX = 256;

export class ReplayAhead implements EntriesAhead {
  private readonly engine: Engine;
  private readonly hashSeed: number;
  private readonly hashes = new Uint32Array(FETCH_MAX);
  private count = 0;
  private table: Table | undefined;
  private database = -1;
  private at = 0;

  constructor(engine: Engine) {
    this.engine = engine;
    this.hashSeed = engine.keyspace.arena.hashSeed;
  }

  /** Notes the keys of the effects in an entry `buf[start, end)`. */
  note(buf: Buffer, start: number, end: number): void {
    this.at = start;
    // A long transaction is fetched in part only.
    for (let effects = 0; this.at < end && effects < FETCH_MAX; effects++) {
      const database = this.varint(buf, end);
      const args = this.varint(buf, end);
      if (database !== this.database) this.use(database);
      for (let i = 0; i < args && this.at < end; i++) {
        const length = this.varint(buf, end);
        if (length > end - this.at) return;
        // The first argument of nearly all commands that write is a key.
        if (i === 1 && length <= KEY_BYTES_MAX) {
          this.hashes[this.count++] = hashBytes(buf, this.at, length, this.hashSeed);
          if (this.count === FETCH_MAX) this.fetch();
        }
        this.at += length;
      }
    }
  }

  /** All entries of a group are noted, and their replay is next. */
  end(): void {
    this.fetch();
    // The replay may put another table in the place of this one.
    this.database = -1;
    this.table = undefined;
  }

  private fetch(): void {
    this.table?.fetch(this.hashes, this.count);
    this.count = 0;
  }

  private use(database: number): void {
    this.fetch();
    this.database = database;
    const table = this.engine.database(database)?.table;
    // Nobody waits for an answer meanwhile: a table that grows is moved at once.
    if (table?.rehashing === true) table.rehash(table.bucketCount);
    this.table = table;
  }

  /** A number of up to five bytes; `end` and behind it: 0. */
  private varint(buf: Buffer, end: number): number {
    let value = 0;
    let shift = 0;
    while (this.at < end) {
      const byte = buf[this.at++] as number;
      value |= (byte & 127) << shift;
      if (byte < 128) break;
      shift += 7;
    }
    return value >>> 0;
  }
}
