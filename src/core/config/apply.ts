/**
 * A changed configuration is applied to the running systems whole or not at all.
 *
 *     differences ──▶ prepare each system ──▶ all agreed ──▶ commit each
 *                              └──▶ one refused ──▶ abort those prepared, nothing has changed
 *
 * Invariants: a system sees only changes of reloadable settings; the others keep their running values and
 * are listed as needing a restart; `commit` and `abort` do not fail, all that can fail stands in `prepare`.
 */
import { type Config, configOf } from './load.ts';
import { Secret } from './secret.ts';
import { type AnySection, settingsOf, valueAt } from './section.ts';

/** One setting whose value changed, in the writing of the file. */
export interface Difference {
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** A change that a system has agreed to. */
export interface Prepared {
  commit(): void;
  abort(): void;
}

/** A running system that takes new values for its section. */
export interface Reloadable {
  readonly section: AnySection;
  /** Agree to the new values without acting on them yet, or reject with one sentence. */
  prepare(next: unknown): Promise<Prepared>;
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

export async function applyConfig(
  sections: readonly AnySection[],
  running: Config,
  next: Config,
  reloadables: readonly Reloadable[],
): Promise<Applied> {
  const reloading = new Set(reloadables.map(({ section }) => section.name));
  const { config, applied, needRestart } = merge(sections, running, next, reloading);
  const changed = new Set(applied.map(({ path }) => path.split('.', 1)[0]));
  const prepared: Prepared[] = [];
  for (const each of reloadables) {
    if (!changed.has(each.section.name)) continue;
    try {
      prepared.push(await each.prepare(config.of(each.section)));
    } catch (error) {
      for (const earlier of prepared) earlier.abort();
      const why = error instanceof Error ? error.message : String(error);
      return { ok: false, refused: each.section.name, why };
    }
  }
  for (const each of prepared) each.commit();
  return { ok: true, config, applied, needRestart };
}

/** The running configuration with what may be reloaded taken from `next`. */
function merge(
  sections: readonly AnySection[],
  running: Config,
  next: Config,
  reloading: ReadonlySet<string>,
): { config: Config; applied: Difference[]; needRestart: Difference[] } {
  const applied: Difference[] = [];
  const needRestart: Difference[] = [];
  const values = new Map<string, unknown>();
  for (const section of sections) {
    const merged = structuredCopy(running.of(section));
    values.set(section.name, merged);
    for (const { setting, names, path } of settingsOf(section)) {
      const before = valueAt(running.of(section), names);
      const after = valueAt(next.of(section), names);
      if (sameValue(before, after, setting.show)) continue;
      const difference = { path, from: setting.show(before), to: setting.show(after) };
      if (!setting.reloadable || !reloading.has(section.name)) needRestart.push(difference);
      else {
        applied.push(difference);
        const parent = valueAt(merged, names.slice(0, -1)) as Record<string, unknown>;
        parent[names.at(-1) as string] = after;
      }
    }
  }
  const place = (path: string) =>
    (needRestart.some((each) => each.path === path) ? running : next).place(path);
  return { config: configOf(values, place), applied, needRestart };
}

function sameValue(a: unknown, b: unknown, show: (value: unknown) => unknown): boolean {
  if (a instanceof Secret && b instanceof Secret) return a.equals(b);
  return JSON.stringify(show(a)) === JSON.stringify(show(b));
}

/** Groups are copied, values (which are immutable) are shared. */
function structuredCopy(values: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values as Record<string, unknown>).map(([name, value]) => [
      name,
      isGroup(value) ? structuredCopy(value) : value,
    ]),
  );
}

function isGroup(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}
