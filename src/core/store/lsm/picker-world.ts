/**
 * Test support: an engine made of objects. Tables are lists of rows, a compaction is a merge of lists,
 * and beside them stands every row ever written, which tells what a read must find.
 */
import assert from 'node:assert/strict';
import { createSimRandom, type SimRandom } from '../../runtime/sim/index.ts';
import { type Compaction, compactionEdit, type PickOptions, type PickState } from './picker.ts';
import type { TableMeta } from './types.ts';
import { hasKey, Version } from './version.ts';

export interface Row {
  readonly key: string;
  readonly sequence: number;
  readonly dead: boolean;
  /** 0: never. */
  readonly expiresAtMs: number;
}

export interface RowTable {
  readonly meta: TableMeta;
  readonly rows: readonly Row[];
}

export const NOW_MS = 1_000_000_000_000;
const DAY_MS = 24 * 3600 * 1000;

/** By key, newest first. */
function inOrder(a: Row, b: Row): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : b.sequence - a.sequence;
}

export class PickerWorld {
  readonly options: PickOptions;
  readonly random: SimRandom;
  version = Version.empty<RowTable>();
  running: Compaction<RowTable>[] = [];
  /** Infinity: there is none. */
  snapshot = Number.POSITIVE_INFINITY;
  sequence = 0;
  readonly #written = new Map<string, Row[]>();
  #nextTable = 1;

  constructor(options: PickOptions, seed: number) {
    this.options = options;
    this.random = createSimRandom(seed);
  }

  get state(): PickState<RowTable> {
    return { running: this.running, nowMs: NOW_MS, oldestSnapshot: this.snapshot };
  }

  /** A table of `count` rows on level 0, with keys from `first` on among `span` ones. */
  flush(count: number, first: number, span: number, deadPart: number): void {
    const rows = new Map<string, Row>();
    for (let nth = 0; nth < count; nth++) {
      const key = String(first + this.random.below(span)).padStart(4, '0');
      const expires = this.random.chance(0.05);
      const row = {
        key,
        sequence: ++this.sequence,
        dead: this.random.chance(deadPart),
        expiresAtMs: expires ? NOW_MS + (this.random.below(7) - 3) * DAY_MS : 0,
      };
      rows.set(key, row);
    }
    for (const row of rows.values()) {
      this.#written.set(row.key, [row, ...(this.#written.get(row.key) ?? [])]);
    }
    const table = this.#table([...rows.values()].sort(inOrder));
    this.version = this.version.apply({ add: [{ level: 0, meta: table.meta }] }, () => table);
  }

  start(compaction: Compaction<RowTable> | null): void {
    if (compaction === null) return;
    this.#check(compaction);
    this.running.push(compaction);
  }

  finish(compaction: Compaction<RowTable>): void {
    this.running = this.running.filter((one) => one !== compaction);
    const inputs = compaction.inputs.flatMap(({ tables }) => tables);
    const made = compaction.isTrivialMove ? inputs : this.#merge(inputs, compaction);
    const edit = compactionEdit(
      compaction,
      made.map(({ meta }) => meta),
    );
    this.version = this.version.apply(edit, (meta) => {
      const table = made.find((one) => one.meta === meta);
      assert.ok(table !== undefined);
      return table;
    });
  }

  /** Every key is found as it was written last, also by the snapshot. */
  check(): void {
    for (const [key, rows] of this.#written) {
      for (const through of new Set([Number.POSITIVE_INFINITY, this.snapshot])) {
        const wanted = rows.find(({ sequence }) => sequence <= through);
        assert.equal(this.#find(key, through), live(wanted), `key ${key} through ${through}`);
      }
    }
  }

  /** Sequence number of what a read sees, undefined: nothing. */
  #find(key: string, through: number): number | undefined {
    const bytes = Buffer.from(key);
    for (let level = 0; level < 7; level++) {
      for (const { meta, rows } of this.version.level(level)) {
        if (!hasKey(meta, bytes, 0, bytes.length)) continue;
        const row = rows.find((one) => one.key === key && one.sequence <= through);
        if (row !== undefined) return live(row);
      }
    }
    return undefined;
  }

  /** What a pick promises. */
  #check(compaction: Compaction<RowTable>): void {
    const { inputs, outputLevel, smallest, end, below } = compaction;
    for (let nth = 1; nth < below.length; nth++) {
      assert.ok(below[nth - 1]!.end.compare(below[nth]!.smallest) < 0, 'below is sorted and apart');
    }
    const numbers = new Set(inputs.flatMap(({ tables }) => tables.map(({ meta }) => meta.number)));
    for (const other of this.running) {
      for (const { tables } of other.inputs) {
        for (const { meta } of tables)
          assert.ok(!numbers.has(meta.number), 'a table is taken twice');
      }
    }
    for (const { meta } of this.version.overlapping(outputLevel, smallest, end)) {
      assert.ok(numbers.has(meta.number), 'the output would overlap its level');
    }
    const [upper] = inputs;
    assert.ok(upper !== undefined && upper.level <= outputLevel && upper.tables.length > 0);
    for (let level = upper.level + 1; level < outputLevel; level++) {
      const between = this.version.overlapping(level, smallest, end);
      assert.equal(between.length, 0, 'newer versions would sink past older ones');
    }
    if (upper.level > 0) return;
    for (const { meta } of upper.tables) {
      for (const older of this.version.overlapping(0, meta.smallest, meta.end)) {
        const stays = !numbers.has(older.meta.number) && older.meta.maxSequence < meta.maxSequence;
        assert.ok(!stays, 'an older table would stay above');
      }
    }
  }

  /** What a compaction leaves of its inputs. */
  #merge(inputs: readonly RowTable[], { below }: Compaction<RowTable>): RowTable[] {
    const rows = inputs.flatMap((table) => table.rows).sort(inOrder);
    const kept: Row[] = [];
    let seen = { key: '', views: new Set<number>() };
    for (const row of rows) {
      if (row.key !== seen.key) seen = { key: row.key, views: new Set() };
      // 0: seen by all. 1: newer than the snapshot.
      const view = row.sequence <= this.snapshot ? 0 : 1;
      if (seen.views.has(view)) continue;
      seen.views.add(view);
      const bytes = Buffer.from(row.key);
      const needed =
        view === 1 ||
        below.some((range) => range.smallest.compare(bytes) <= 0 && range.end.compare(bytes) > 0);
      if (live(row) !== undefined) kept.push(row);
      else if (needed) kept.push({ ...row, dead: true, expiresAtMs: 0 });
    }
    const tables: RowTable[] = [];
    for (let from = 0; from < kept.length; ) {
      let to = Math.min(kept.length, from + this.options.tableBytes);
      while (to < kept.length && kept[to]!.key === kept[to - 1]!.key) to++;
      tables.push(this.#table(kept.slice(from, to)));
      from = to;
    }
    return tables;
  }

  #table(rows: readonly Row[]): RowTable {
    const sequences = rows.map(({ sequence }) => sequence);
    const expiries = rows.map(({ expiresAtMs }) => expiresAtMs).filter((ms) => ms > 0);
    const meta: TableMeta = {
      number: this.#nextTable++,
      bytes: rows.length,
      entries: rows.length,
      deletes: rows.filter(({ dead }) => dead).length,
      rangeDeletes: 0,
      smallest: Buffer.from(rows[0]!.key),
      end: Buffer.from(`${rows.at(-1)!.key}\0`),
      minSequence: Math.min(...sequences),
      maxSequence: Math.max(...sequences),
      minExpiresAtMs: expiries.length === 0 ? 0 : Math.min(...expiries),
    };
    return { meta, rows };
  }
}

function live(row: Row | undefined): number | undefined {
  if (row === undefined || row.dead) return undefined;
  return row.expiresAtMs > 0 && row.expiresAtMs <= NOW_MS ? undefined : row.sequence;
}
