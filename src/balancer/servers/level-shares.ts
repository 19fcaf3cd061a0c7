/**
 * How new work is divided among priorities, and which of them panic. The one place for both.
 *
 * A level can carry the share of its servers that are healthy, times `overProvision`: with 1.4 a level that
 * lost two of seven still carries all. The first level takes what it can carry, the next what is left, and
 * so on. When all together cannot carry everything, each gets a part in proportion, and a level of which
 * less than `panicShare` is healthy uses all of its servers: spreading over the sick costs some requests,
 * heaping everything on the few that are left would cost them too.
 * Source: Envoy's priority levels, degraded load and panic threshold.
 *
 *     carries(level) = min(1, overProvision x healthy / expected)
 */
import type { Level } from './level.ts';

export interface LevelOptions {
  /** Share of healthy servers below which a level uses all of them, 0 (never) to 1. */
  readonly panicShare: number;
  /** How much more than its even part a server can carry, 1 or above. */
  readonly overProvision: number;
}

/**
 * A fifth: a pool of two to five with one good server left uses that one, and a larger one that has lost
 * nearly everything uses all.
 */
export const levelDefaults: LevelOptions = { panicShare: 0.2, overProvision: 1.4 };

/** Sets `share` of every level; returns for each whether it panics. */
export function divideAmongLevels(levels: readonly Level[], options: LevelOptions): boolean[] {
  const carries = levels.map(({ healthy, expected }) =>
    expected === 0 ? 0 : Math.min(1, (options.overProvision * healthy) / expected),
  );
  const all = carries.reduce((sum, part) => sum + part, 0);
  if (all >= 1) {
    let left = 1;
    levels.forEach((level, i) => {
      level.share = Math.min(left, carries[i]!);
      left -= level.share;
    });
    return levels.map(() => false);
  }
  if (all > 0) {
    levels.forEach((level, i) => {
      level.share = carries[i]! / all;
    });
  } else {
    const first = levels.findIndex(({ expected }) => expected > 0);
    levels.forEach((level, i) => {
      level.share = i === first ? 1 : 0;
    });
  }
  return levels.map(
    ({ healthy, expected, share }) => share > 0 && healthy < options.panicShare * expected,
  );
}
