/**
 * A changed configuration is applied to the running systems whole or not at all.
 *
 *     differences ──▶ prepare each system ──▶ all agreed ──▶ decide ──▶ commit each
 *                              │                               └──▶ failed ──┐
 *                              └──▶ one refused ──▶ abort those prepared, nothing has changed
 *
 * Invariants: a system sees only changes of reloadable settings; the others keep their running values and
 * are listed as needing a restart; so do all changes of a section that would break its rules without those;
 * `commit` and `abort` do not fail, all that can fail stands in `prepare` and `decide`.
 */
import { type Difference, type Merged, mergeSection } from './differences.ts';
import { type Config, configOf } from './load.ts';
import type { Place } from './problem.ts';
import type { AnySection } from './section.ts';

/** A change that a system has agreed to. */
export interface Prepared {
  commit(): void;
  abort(): void;
}

/** A running system that takes new values for its section. */
export interface Reloadable {
  readonly section: AnySection;
  /** Sections of others whose changes concern it too. */
  readonly also?: readonly AnySection[];
  /**
   * Agree to the new values without acting on them yet, or reject with one sentence.
   * @param config all values that will run.
   */
  prepare(next: unknown, config: Config): Promise<Prepared>;
}

export type Applied =
  | {
      readonly ok: true;
      /** What runs now. */
      readonly config: Config;
      readonly applied: readonly Difference[];
      readonly needRestart: readonly Difference[];
    }
  | {
      readonly ok: false;
      /** The section that refused, and its sentence. */
      readonly refused: string;
      readonly why: string;
    };

/**
 * @param decide the last step that may fail, such as writing down what was agreed; when it rejects, nothing
 *   has changed and `applyConfig` rejects with its error.
 */
export async function applyConfig(
  sections: readonly AnySection[],
  running: Config,
  next: Config,
  reloadables: readonly Reloadable[],
  decide: () => Promise<void> | void = () => {},
): Promise<Applied> {
  const reloading = new Set(reloadables.map(({ section }) => section.name));
  const merged = new Map(
    sections.map((section) => [
      section.name,
      mergeWhole(section, running, next, reloading.has(section.name)),
    ]),
  );
  const config = mergedConfig(merged, running, next);
  const prepared: Prepared[] = [];
  const abortAll = (): void => {
    for (const each of prepared) each.abort();
  };
  for (const each of reloadables) {
    const watched = [each.section, ...(each.also ?? [])];
    if (watched.every(({ name }) => merged.get(name)?.applied.length === 0)) continue;
    try {
      prepared.push(await each.prepare(config.of(each.section), config));
    } catch (error) {
      abortAll();
      const why = error instanceof Error ? error.message : String(error);
      return { ok: false, refused: each.section.name, why };
    }
  }
  try {
    await decide();
  } catch (error) {
    abortAll();
    throw error;
  }
  for (const each of prepared) each.commit();
  const all = [...merged.values()];
  return {
    ok: true,
    config,
    applied: all.flatMap(({ applied }) => applied),
    needRestart: all.flatMap(({ needRestart }) => needRestart),
  };
}

/** The merge of a section; what holds only together with a change that waits for a restart waits too. */
function mergeWhole(section: AnySection, running: Config, next: Config, live: boolean): Merged {
  const before = running.of(section);
  const merged = mergeSection(section, before, next.of(section), live);
  const isMixed = merged.applied.length > 0 && merged.needRestart.length > 0;
  if (!isMixed || section.check(merged.values as never).length === 0) return merged;
  return {
    values: before,
    applied: [],
    needRestart: mergeSection(section, before, next.of(section), false).needRestart,
  };
}

function mergedConfig(merged: ReadonlyMap<string, Merged>, running: Config, next: Config): Config {
  const values = new Map([...merged].map(([name, each]) => [name, each.values]));
  const waiting = new Set(
    [...merged.values()].flatMap(({ needRestart }) => needRestart.map(({ path }) => path)),
  );
  const kept = placesIn(running, waiting);
  return configOf(values, (path) => (waiting.has(path) ? kept.get(path) : next.place(path)));
}

/** Looked up now: a configuration that held on to the one before it would hold on to all of them. */
function placesIn(config: Config, paths: ReadonlySet<string>): Map<string, Place | undefined> {
  return new Map([...paths].map((path) => [path, config.place(path)]));
}
