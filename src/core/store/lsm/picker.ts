/**
 * What to compact next. Pure: versions in, decisions out.
 *
 * Invariants of what is picked, so that a newer version of a key never sinks below an older one:
 *  - with tables of level 0 goes every older one whose range touches theirs;
 *  - with tables of any level goes every table of the output level that touches their range, and the
 *    output stays within that range, so the output level stays disjoint;
 *  - what is being compacted is not picked again, nor what would end in the range that a compaction
 *    under way fills on the same level.
 *
 * Work that has to be done goes first, the fullest level before others. When there is none, deletes are
 * pushed down to what they delete, and tables at the end of their way are rewritten when much of them is
 * deleted or has long expired. Each pick brings data down or makes garbage less, so picking ends.
 */
import { type Edit, LEVELS } from './edit.ts';
import { type LevelOptions, levelScore, levelTargets, levelZeroScore } from './level-targets.ts';
import type { KeyRange, TableMeta } from './types.ts';
import { type HasMeta, overlaps, type Version } from './version.ts';

export interface PickOptions extends LevelOptions {
  /** See `LsmOptions.tableBytes`. */
  readonly tableBytes: number;
}

export interface PickState<T extends HasMeta> {
  /** Picked and not yet applied or given up. */
  readonly running: readonly Compaction<T>[];
  /** Wall clock, Unix ms. */
  readonly nowMs: number;
  /** The lowest sequence number of a snapshot; infinity when there is none. */
  readonly oldestSnapshot: number;
}

export interface LevelInput<T> {
  readonly level: number;
  readonly tables: readonly T[];
}

/** level-0, size: a level is too full. deletes, expired: to be rid of garbage. range: asked for. */
export type CompactionReason = 'level-0' | 'size' | 'deletes' | 'expired' | 'range';

export interface Compaction<T extends HasMeta> extends KeyRange {
  readonly reason: CompactionReason;
  /** Upper level first; newer tables before older ones where they overlap. */
  readonly inputs: readonly LevelInput<T>[];
  readonly inputBytes: number;
  readonly outputLevel: number;
  /** What levels below the output hold of this range: sorted, and apart from each other. */
  readonly below: readonly KeyRange[];
  /** The tables can be moved as they are. */
  readonly isTrivialMove: boolean;
}

/** One compaction takes about this many tables, level 0 apart. */
const TABLES_MAX = 25;
/**
 * Of level 0 it takes as many bytes as so many tables have: until it is done the disk holds them twice, and
 * the level they go to. Fewer would write that one more often.
 */
const TABLES_0_MAX = 12;
/** Smaller tables of level 0, as a part of a full one, are rather merged than moved. */
const MOVE_PART = 4;
/** A table is rewritten for deletes when they are one of so many entries. */
const DELETES_PART = 4;
/** Rewritten for expired entries, a table may have new ones in a moment: once a day is enough. */
const EXPIRED_REST_MS = 24 * 3600 * 1000;
const DEEPEST = LEVELS - 1;

/** The next compaction, or null when none is needed or all that are needed are held up by running ones. */
export function pickCompaction<T extends HasMeta>(
  version: Version<T>,
  options: PickOptions,
  state: PickState<T>,
): Compaction<T> | null {
  const picker = new Picker(version, options, state);
  for (const level of picker.fullLevels()) {
    const picked = level === 0 ? picker.levelZero() : picker.fromLevel(level);
    if (picked !== null) return picked;
  }
  return picker.garbage();
}

/**
 * The next step of bringing the keys in `[from, to)` down to the deepest level, rid of what can go. Tables
 * with sequence numbers above `through` only are left alone, so that it ends while writes go on.
 * @returns null when there is nothing left to do, `busy` when it is held up by running compactions.
 */
export function pickRange<T extends HasMeta>(
  version: Version<T>,
  options: PickOptions,
  state: PickState<T>,
  range: { readonly from?: Buffer; readonly to?: Buffer; readonly through?: number },
): Compaction<T> | 'busy' | null {
  const picker = new Picker(version, options, state);
  const { from, to, through = Number.POSITIVE_INFINITY } = range;
  let busy = false;
  for (let level = 0; level < LEVELS; level++) {
    const tables = version.overlapping(level, from, to);
    const wanted = tables.filter(
      ({ meta }) => meta.minSequence <= through && (level < DEEPEST || picker.isGarbage(meta, 0)),
    );
    if (wanted.length === 0) continue;
    const picked = level === 0 ? picker.levelZero(wanted) : picker.several(level, wanted);
    if (picked !== null) return { ...picked, reason: 'range' };
    busy = true;
  }
  return busy ? 'busy' : null;
}

/** What changes when a compaction is done. For a trivial move `outputs` are the tables that move. */
export function compactionEdit<T extends HasMeta>(
  compaction: Compaction<T>,
  outputs: readonly TableMeta[],
): Required<Pick<Edit, 'drop' | 'add'>> {
  const drop = compaction.inputs.flatMap(({ tables }) => tables.map(({ meta }) => meta.number));
  return { drop, add: outputs.map((meta) => ({ level: compaction.outputLevel, meta })) };
}

class Picker<T extends HasMeta> {
  readonly #version: Version<T>;
  readonly #options: PickOptions;
  readonly #state: PickState<T>;
  readonly #base: number;
  readonly #targets: readonly number[];
  readonly #busy = new Set<number>();

  constructor(version: Version<T>, options: PickOptions, state: PickState<T>) {
    this.#version = version;
    this.#options = options;
    this.#state = state;
    const { base, bytes } = levelTargets(version, options);
    this.#base = base;
    this.#targets = bytes;
    for (const { inputs } of state.running) {
      for (const { tables } of inputs) for (const { meta } of tables) this.#busy.add(meta.number);
    }
  }

  /** Levels that hold more than they should, the fullest first; what leaves already does not count. */
  fullLevels(): number[] {
    const scores: { level: number; score: number }[] = [];
    for (let level = 0; level < DEEPEST; level++) {
      let bytes = 0;
      let count = 0;
      for (const { meta } of this.#version.level(level)) {
        if (this.#busy.has(meta.number)) continue;
        bytes += meta.bytes;
        count++;
      }
      const score =
        level === 0
          ? levelZeroScore(count, bytes, this.#options)
          : levelScore(bytes, this.#targets[level]!, this.#options);
      if (level === 0 ? score >= 1 : score > 1) scores.push({ level, score });
    }
    return scores.sort((a, b) => b.score - a.score).map(({ level }) => level);
  }

  /** The oldest tables of level 0 that can go, one of `among` with them. */
  levelZero(among: readonly T[] = this.#version.level(0)): Compaction<T> | null {
    for (const seed of among.toReversed()) {
      const tables = this.#touching(seed);
      if (tables === null) continue;
      const picked = this.#build(0, this.#oldest(tables), this.#base, 'level-0');
      if (picked !== null) return picked;
    }
    return null;
  }

  /** Of a level that is too full, the table that costs least to bring down. */
  fromLevel(level: number): Compaction<T> | null {
    for (const table of this.#byCost(level)) {
      const picked = this.#build(level, [table], level + 1, 'size');
      if (picked !== null) return picked;
    }
    return null;
  }

  /** Neighbours of a level, as many as one compaction takes; of the deepest, to be written anew. */
  several(level: number, tables: readonly T[]): Compaction<T> | null {
    const bytesMax = TABLES_MAX * this.#options.tableBytes;
    const output = Math.min(level + 1, DEEPEST);
    for (let first = 0; first < tables.length; first++) {
      const run: T[] = [];
      let bytes = 0;
      for (let nth = first; nth < tables.length; nth++) {
        const { meta } = tables[nth]!;
        const { smallest, end } = meta;
        const below = output > level ? this.#version.overlappingBytes(output, smallest, end) : 0;
        const more = meta.bytes + below;
        if (this.#busy.has(meta.number) || (run.length > 0 && bytes + more > bytesMax)) break;
        // What lies between two tables of the deepest level must not be written over.
        if (output === level && run.length > 0 && !this.#adjacent(level, run.at(-1)!, tables[nth]!))
          break;
        run.push(tables[nth]!);
        bytes += more;
      }
      const picked = run.length === 0 ? null : this.#build(level, run, output, 'range');
      if (picked !== null) return picked;
    }
    return null;
  }

  /** Deletes to bring down, or tables at the end of their way to be rid of what is dead in them. */
  garbage(): Compaction<T> | null {
    for (let level = 1; level < LEVELS; level++) {
      for (const table of this.#version.level(level)) {
        const { meta } = table;
        if (this.#busy.has(meta.number)) continue;
        const last = !this.#version.hasBelow(level, meta.smallest, meta.end);
        const reason = last ? this.isGarbage(meta, EXPIRED_REST_MS) : manyDeletes(meta);
        if (reason === false) continue;
        const output = last ? level : level + 1;
        const picked = this.#build(level, [table], output, reason === true ? 'deletes' : reason);
        if (picked !== null) return picked;
      }
    }
    return null;
  }

  /**
   * Why rewriting a table with nothing below makes it smaller; false when it does not. No snapshot may
   * stand in the way: what stays though it was rewritten would be rewritten for ever.
   */
  isGarbage(meta: TableMeta, expiredRestMs: number): 'deletes' | 'expired' | false {
    if (meta.maxSequence > this.#state.oldestSnapshot) return false;
    if (meta.rangeDeletes > 0 || meta.deletes > 0) {
      if (expiredRestMs === 0 || manyDeletes(meta)) return 'deletes';
    }
    const { minExpiresAtMs } = meta;
    if (minExpiresAtMs === 0 || minExpiresAtMs + expiredRestMs > this.#state.nowMs) return false;
    return 'expired';
  }

  /** A table of level 0 and all that touch the range they span together; null when one is busy. */
  #touching(seed: T): T[] | null {
    let range: KeyRange = seed.meta;
    let found: readonly T[] = [seed];
    for (;;) {
      const wider = this.#version.overlapping(0, range.smallest, range.end);
      if (wider.some(({ meta }) => this.#busy.has(meta.number))) return null;
      if (wider.length === found.length) return [...wider];
      found = wider;
      range = spanOf(wider);
    }
  }

  /** As many as one compaction takes, of tables newest first. The newer ones may stay above. */
  #oldest(tables: readonly T[]): readonly T[] {
    const bytesMax = TABLES_0_MAX * this.#options.tableBytes;
    let bytes = 0;
    let from = tables.length;
    while (from > 0 && (bytes === 0 || bytes + tables[from - 1]!.meta.bytes <= bytesMax)) {
      bytes += tables[--from]!.meta.bytes;
    }
    return tables.slice(from);
  }

  /** Tables of a level, those first that free most for what they cost. */
  #byCost(level: number): T[] {
    const { nowMs } = this.#state;
    const costs = this.#version
      .level(level)
      .filter(({ meta }) => !this.#busy.has(meta.number))
      .map((table) => {
        const { meta } = table;
        const written = this.#version.overlappingBytes(level + 1, meta.smallest, meta.end);
        const dead = meta.deletes / Math.max(1, meta.entries);
        const expired = meta.minExpiresAtMs > 0 && meta.minExpiresAtMs <= nowMs ? 2 : 1;
        const swept = meta.rangeDeletes > 0 ? 2 : 1;
        return { table, cost: written / (meta.bytes * (1 + dead) * expired * swept) };
      });
    return costs.sort((a, b) => a.cost - b.cost).map(({ table }) => table);
  }

  #build(
    level: number,
    upper: readonly T[],
    outputLevel: number,
    reason: CompactionReason,
  ): Compaction<T> | null {
    const version = this.#version;
    const upperSpan = spanOf(upper);
    const inPlace = outputLevel === level;
    const lower = inPlace
      ? []
      : version.overlapping(outputLevel, upperSpan.smallest, upperSpan.end);
    if ([...upper, ...lower].some(({ meta }) => this.#busy.has(meta.number))) return null;
    const span = lower.length === 0 ? upperSpan : spanOf([...upper, ...lower]);
    if (this.#isFilling(outputLevel, span)) return null;
    const taken = level === 0 || inPlace ? upper : this.#within(level, span, upper, lower);
    const below: KeyRange[] = [];
    for (let deeper = outputLevel + 1; deeper < LEVELS; deeper++) {
      for (const { meta } of version.overlapping(deeper, span.smallest, span.end)) {
        below.push({ smallest: meta.smallest, end: meta.end });
      }
    }
    const inputs: LevelInput<T>[] = [{ level, tables: taken }];
    if (lower.length > 0) inputs.push({ level: outputLevel, tables: lower });
    return {
      reason,
      inputs,
      inputBytes: bytesOf(taken) + bytesOf(lower),
      outputLevel,
      smallest: span.smallest,
      end: span.end,
      below: joined(below),
      isTrivialMove: !inPlace && lower.length === 0 && this.#mayMove(level, taken, below),
    };
  }

  /** With `upper` the other tables of their level that cost nothing more: those within the whole range. */
  #within(level: number, span: KeyRange, upper: readonly T[], lower: readonly T[]): readonly T[] {
    let bytes = bytesOf(upper) + bytesOf(lower);
    const bytesMax = TABLES_MAX * this.#options.tableBytes;
    return this.#version.overlapping(level, span.smallest, span.end).filter((table) => {
      if (upper.includes(table)) return true;
      const { smallest, end, number } = table.meta;
      const inside = smallest.compare(span.smallest) >= 0 && end.compare(span.end) <= 0;
      if (!inside || this.#busy.has(number) || bytes + table.meta.bytes > bytesMax) return false;
      bytes += table.meta.bytes;
      return true;
    });
  }

  /** A running compaction may put tables there. */
  #isFilling(level: number, span: KeyRange): boolean {
    return this.#state.running.some(
      ({ outputLevel, smallest, end }) =>
        outputLevel === level && smallest.compare(span.end) < 0 && span.smallest.compare(end) < 0,
    );
  }

  #mayMove(level: number, tables: readonly T[], below: readonly KeyRange[]): boolean {
    const full = this.#options.tableBytes / MOVE_PART;
    if (level === 0 && tables.length > 1) {
      if (bytesOf(tables) < full * tables.length) return false;
      const apart = tables.every(({ meta }) =>
        tables.every(
          (other) => other.meta === meta || !overlaps(other.meta, meta.smallest, meta.end),
        ),
      );
      if (!apart) return false;
    }
    // Deletes with nothing left to delete are dropped, which a move would not do.
    return tables.every(({ meta }) => {
      const needed = below.some((range) => overlaps(meta, range.smallest, range.end));
      return needed || this.isGarbage(meta, 0) === false;
    });
  }

  #adjacent(level: number, left: T, right: T): boolean {
    const { smallest, end } = spanOf([left, right]);
    return this.#version.overlapping(level, smallest, end).length === 2;
  }
}

function manyDeletes(meta: TableMeta): boolean {
  return meta.rangeDeletes > 0 || meta.deletes * DELETES_PART > meta.entries;
}

/** The smallest range that has all of them. */
function spanOf(tables: readonly HasMeta[]): KeyRange {
  const metas = tables.map(({ meta }) => meta);
  return {
    smallest: metas.map(({ smallest }) => smallest).reduce((a, b) => (b.compare(a) < 0 ? b : a)),
    end: metas.map(({ end }) => end).reduce((a, b) => (b.compare(a) > 0 ? b : a)),
  };
}

/** Ranges sorted, and those that touch made one. */
function joined(ranges: readonly KeyRange[]): KeyRange[] {
  const made: KeyRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.smallest.compare(b.smallest))) {
    const last = made.at(-1);
    if (last === undefined || last.end.compare(range.smallest) < 0) made.push(range);
    else if (last.end.compare(range.end) < 0) {
      made[made.length - 1] = { smallest: last.smallest, end: range.end };
    }
  }
  return made;
}

function bytesOf(tables: readonly HasMeta[]): number {
  return tables.reduce((sum, { meta }) => sum + meta.bytes, 0);
}
