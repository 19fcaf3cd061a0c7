/**
 * How large each level should be, how far the levels are behind that, and how hard writers are to be
 * slowed down.
 *
 * The deepest level holds nearly everything and sets the sizes: each level above it a tenth, as long as
 * that is `levelBytes` at least (the idea of RocksDB's dynamic level sizes). The shallowest level so
 * reached is the base: what comes from level 0 goes there, levels between stay empty. So when nothing is
 * behind, the levels between 0 and the deepest hold less than a ninth of what the deepest holds,
 * whatever the history of writes.
 */
import { LEVELS } from './edit.ts';
import type { HasMeta, Version } from './version.ts';

export interface LevelOptions {
  /** See `LsmOptions.levelBytes`. */
  readonly levelBytes: number;
}

/** A level is this many times larger than the one above. */
export const LEVEL_FACTOR = 10;
/** Tables on level 0 at which they are compacted. */
export const LEVEL_0_TABLES = 4;

/** Tables on level 0 from which writers are slowed down, and at which they stop. */
const SLOW_TABLES = 8;
const STOP_TABLES = 24;
/** Memory tables that wait for their flush: one is usual. */
const STOP_MEMTABLES = 4;
/** Bytes that compaction is behind, in `levelBytes`. */
const SLOW_DEBT = 32;
const STOP_DEBT = 256;

export interface LevelTargets {
  /** Where level 0 goes. */
  readonly base: number;
  /** Bytes by level; 0 for those between 0 and the base; the deepest level's is its size. */
  readonly bytes: readonly number[];
}

const DEEPEST = LEVELS - 1;

export function levelTargets(
  version: Version<HasMeta>,
  { levelBytes }: LevelOptions,
): LevelTargets {
  const bytes = new Array<number>(LEVELS).fill(0);
  bytes[0] = levelBytes;
  bytes[DEEPEST] = Math.max(levelBytes, version.levelBytes(DEEPEST));
  let level = DEEPEST;
  while (level > 1 && bytes[level]! >= levelBytes * LEVEL_FACTOR) {
    bytes[level - 1] = bytes[level]! / LEVEL_FACTOR;
    level--;
  }
  // What shrank leaves tables above the base: what is newer may not sink past them.
  return { base: Math.min(level, version.firstSortedLevel), bytes };
}

/** Fullness of level 0: from 1 on it is to be compacted. */
export function levelZeroScore(
  tables: number,
  bytes: number,
  { levelBytes }: LevelOptions,
): number {
  return Math.max(tables / LEVEL_0_TABLES, bytes / levelBytes);
}

/** Fullness of a level from 1 on: above 1 it is to be compacted. */
export function levelScore(bytes: number, target: number, { levelBytes }: LevelOptions): number {
  if (bytes === 0) return 0;
  return target === 0 ? 1 + (bytes + 1) / levelBytes : bytes / target;
}

/** Bytes that have to be compacted until every level is within its target. An estimate. */
export function debtBytes(version: Version<HasMeta>, options: LevelOptions): number {
  const { base, bytes } = levelTargets(version, options);
  const zeroBytes = version.levelBytes(0);
  const due = levelZeroScore(version.level(0).length, zeroBytes, options) >= 1;
  let sinking = due ? zeroBytes : 0;
  let debt = due ? zeroBytes + version.levelBytes(base) : 0;
  for (let level = base; level < DEEPEST; level++) {
    const held = version.levelBytes(level) + sinking;
    sinking = Math.max(0, held - bytes[level]!);
    const fanOut = held === 0 ? 0 : version.levelBytes(level + 1) / held;
    debt += sinking * (1 + Math.min(LEVEL_FACTOR, fanOut));
  }
  return debt;
}

/**
 * How much writers are to be slowed down: 0 not at all, from 1 on they stop. It rises in a line between,
 * so that they meet the speed of compaction long before they would stop.
 */
export function pressure(
  version: Version<HasMeta>,
  options: LevelOptions,
  immutableMemtables: number,
): number {
  const debt = debtBytes(version, options) / options.levelBytes;
  return Math.max(
    0,
    between(version.level(0).length, SLOW_TABLES, STOP_TABLES),
    between(immutableMemtables, 1, STOP_MEMTABLES),
    between(debt, SLOW_DEBT, STOP_DEBT),
  );
}

function between(value: number, slow: number, stop: number): number {
  return (value - slow) / (stop - slow);
}
