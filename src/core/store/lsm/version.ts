/**
 * Which tables there are, and on which levels. Never changes: an edit gives a new version.
 *
 * Invariants: level 0 is sorted newest first by highest sequence number, its tables may overlap; each
 * level from 1 on is sorted by key and its tables are disjoint. No table is on two levels.
 */
import { compareBytes, invariant } from '../../base/index.ts';
import { type Edit, LEVELS, type LeveledTable } from './edit.ts';
import type { TableMeta } from './types.ts';

/** What a version holds: open tables in the engine, bare descriptions elsewhere. */
export interface HasMeta {
  readonly meta: TableMeta;
}

interface Level<T> {
  readonly tables: readonly T[];
  /** Bytes of the tables before each one, and of all. */
  readonly bytesBefore: readonly number[];
}

export class Version<T extends HasMeta> {
  readonly #levels: readonly Level<T>[];
  readonly count: number;
  readonly totalBytes: number;

  private constructor(levels: readonly Level<T>[]) {
    this.#levels = levels;
    let count = 0;
    let totalBytes = 0;
    for (const { tables, bytesBefore } of levels) {
      count += tables.length;
      totalBytes += bytesBefore[tables.length]!;
    }
    this.count = count;
    this.totalBytes = totalBytes;
  }

  static empty<T extends HasMeta>(): Version<T> {
    return new Version(Array.from({ length: LEVELS }, () => levelOf<T>([])));
  }

  /** The tables of a level: of 0 newest first, of others by key. */
  level(level: number): readonly T[] {
    return this.#levels[level]!.tables;
  }

  levelBytes(level: number): number {
    const { tables, bytesBefore } = this.#levels[level]!;
    return bytesBefore[tables.length]!;
  }

  /** All tables, level by level. */
  tables(): T[] {
    return this.#levels.flatMap(({ tables }) => tables);
  }

  /** The first level from 1 on that has tables; `LEVELS` when none has. */
  get firstSortedLevel(): number {
    for (let level = 1; level < LEVELS; level++) if (this.level(level).length > 0) return level;
    return LEVELS;
  }

  /**
   * Drops, then adds. `open` makes the item of a table that is new; one that moves keeps its item.
   * The edit fits this version, by invariant.
   */
  apply(edit: Edit, open: (meta: TableMeta) => T): Version<T> {
    const dropped = new Set(edit.drop);
    const moving = new Map<number, T>();
    const levels = this.#levels.map((level) => {
      const kept = level.tables.filter((table) => {
        const goes = edit.whole === true || dropped.has(table.meta.number);
        if (goes) moving.set(table.meta.number, table);
        return !goes;
      });
      return kept.length === level.tables.length ? level : levelOf(kept);
    });
    for (const number of dropped) invariant(moving.has(number), 'a dropped table was there');
    const added = new Map<number, T[]>();
    for (const { level, meta } of edit.add ?? []) {
      const table = moving.get(meta.number) ?? open(meta);
      const list = added.get(level);
      if (list === undefined) added.set(level, [table]);
      else list.push(table);
    }
    for (const [level, tables] of added) {
      const all = [...levels[level]!.tables, ...tables].sort(level === 0 ? newestFirst : byKey);
      invariant(level === 0 || disjoint(all), 'tables of a level are disjoint');
      levels[level] = levelOf(all);
    }
    return new Version(levels);
  }

  /**
   * Index of the table of a level from 1 on whose range has the key, -1: none. Hot: one binary search,
   * nothing allocated.
   */
  find(level: number, key: Buffer, start: number, length: number): number {
    const nth = this.firstEndingAfter(level, key, start, length);
    const { tables } = this.#levels[level]!;
    if (nth === tables.length) return -1;
    const { smallest } = tables[nth]!.meta;
    return compareBytes(smallest, 0, smallest.length, key, start, length) <= 0 ? nth : -1;
  }

  /** Index of the first table of a level from 1 on that ends behind the key; their count when none does. */
  firstEndingAfter(level: number, key: Buffer, start: number, length: number): number {
    return firstEndingAfter(this.#levels[level]!.tables, key, start, length);
  }

  /** The tables of a level that share keys with `[smallest, end)`; without a bound: from or to the last. */
  overlapping(level: number, smallest: Buffer | undefined, end: Buffer | undefined): readonly T[] {
    const { tables } = this.#levels[level]!;
    if (level === 0) return tables.filter(({ meta }) => overlaps(meta, smallest, end));
    const [from, to] = this.#span(level, smallest, end);
    return from === 0 && to === tables.length ? tables : tables.slice(from, to);
  }

  /** Bytes of the tables that `overlapping` gives, for levels from 1 on, without going through them. */
  overlappingBytes(level: number, smallest: Buffer, end: Buffer): number {
    const [from, to] = this.#span(level, smallest, end);
    const { bytesBefore } = this.#levels[level]!;
    return bytesBefore[to]! - bytesBefore[from]!;
  }

  /** True when a level below has tables that share keys with `[smallest, end)`. */
  hasBelow(level: number, smallest: Buffer, end: Buffer): boolean {
    for (let below = level + 1; below < LEVELS; below++) {
      const [from, to] = this.#span(below, smallest, end);
      if (from < to) return true;
    }
    return false;
  }

  #span(level: number, smallest: Buffer | undefined, end: Buffer | undefined): [number, number] {
    const { tables } = this.#levels[level]!;
    const from =
      smallest === undefined ? 0 : this.firstEndingAfter(level, smallest, 0, smallest.length);
    if (end === undefined) return [from, tables.length];
    let low = from;
    let high = tables.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (tables[middle]!.meta.smallest.compare(end) < 0) low = middle + 1;
      else high = middle;
    }
    return [from, low];
  }
}

/** Of disjoint tables sorted by key: index of the first that ends behind the key, their count if none does. */
export function firstEndingAfter(
  tables: readonly HasMeta[],
  key: Buffer,
  start: number,
  length: number,
): number {
  let low = 0;
  let high = tables.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { end } = tables[middle]!.meta;
    if (compareBytes(end, 0, end.length, key, start, length) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a table's range has a key. Hot: for level 0, where nothing can be searched. */
export function hasKey(meta: TableMeta, key: Buffer, start: number, length: number): boolean {
  const { smallest, end } = meta;
  if (compareBytes(smallest, 0, smallest.length, key, start, length) > 0) return false;
  return compareBytes(end, 0, end.length, key, start, length) > 0;
}

/** Whether a table shares keys with `[smallest, end)`; a bound left out is none. */
export function overlaps(
  meta: TableMeta,
  smallest: Buffer | undefined,
  end: Buffer | undefined,
): boolean {
  if (end !== undefined && meta.smallest.compare(end) >= 0) return false;
  return smallest === undefined || meta.end.compare(smallest) > 0;
}

/** Why tables cannot all stand on their levels, or null. */
export function misplaced(tables: Iterable<LeveledTable>): string | null {
  const levels: LeveledTable[][] = Array.from({ length: LEVELS }, () => []);
  for (const table of tables) levels[table.level]!.push(table);
  for (const [level, list] of levels.entries()) {
    if (level > 0 && !disjoint(list.sort(byKey))) return `tables of level ${level} overlap`;
  }
  return null;
}

function levelOf<T extends HasMeta>(tables: readonly T[]): Level<T> {
  const bytesBefore = [0];
  let bytes = 0;
  for (const { meta } of tables) {
    bytes += meta.bytes;
    bytesBefore.push(bytes);
  }
  return { tables, bytesBefore };
}

function newestFirst(a: HasMeta, b: HasMeta): number {
  return b.meta.maxSequence - a.meta.maxSequence || b.meta.number - a.meta.number;
}

function byKey(a: HasMeta, b: HasMeta): number {
  return a.meta.smallest.compare(b.meta.smallest);
}

/** Of tables sorted by key. */
function disjoint(tables: readonly HasMeta[]): boolean {
  for (let nth = 1; nth < tables.length; nth++) {
    if (tables[nth - 1]!.meta.end.compare(tables[nth]!.meta.smallest) > 0) return false;
  }
  return true;
}
