/**
 * Loads a configuration: defaults, then the file, then the environment, then --set; the later wins.
 *
 * Invariants: pure but for `readFile`; returns either all values or all problems, in the order in which
 * they stand; never throws because of what a user wrote.
 */
import { type Found, gather, type Sources } from './gather.ts';
import type { Place, Problem } from './problem.ts';
import {
  type AnySection,
  type Fields,
  type Located,
  type Section,
  settingsOf,
  type ValuesOf,
} from './section.ts';

/** A whole, valid configuration. Immutable. */
export interface Config {
  /** The values of a section. */
  of<F extends Fields>(section: Section<F>): ValuesOf<F>;
  /** Where the value of a setting was written; undefined for a default. */
  place(path: string): Place | undefined;
}

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function loadConfig(sections: readonly AnySection[], sources: Sources): Loaded {
  const problems: Problem[] = [];
  const found = gather(sections, sources, problems);
  const values = new Map<string, Record<string, unknown>>();
  const unread = new Set<string>();
  for (const owner of sections) {
    const record = {};
    values.set(owner.name, record);
    for (const each of settingsOf(owner)) {
      const value = readOne(each, found.get(each.path), sources, problems);
      if (value === UNREAD) unread.add(owner.name);
      else put(record, each.names, value);
    }
  }
  const place = (path: string): Place | undefined => found.get(path)?.raw.place;
  for (const owner of sections) {
    // Rules between settings see only values that are right one by one.
    if (unread.has(owner.name)) continue;
    for (const { key, says } of owner.check(values.get(owner.name) as never)) {
      const path = `${owner.name}.${key}`;
      problems.push({ place: place(path) ?? { source: 'defaults' }, text: `${path} ${says}` });
    }
  }
  if (problems.length > 0) return { ok: false, problems: problems.toSorted(byPlace) };
  return { ok: true, config: configOf(values, place) };
}

/** A configuration of these values by section name. */
export function configOf(
  values: ReadonlyMap<string, unknown>,
  place: (path: string) => Place | undefined,
): Config {
  for (const each of values.values()) deepFreeze(each);
  return {
    of: <F extends Fields>(section: Section<F>) => {
      const found = values.get(section.name);
      if (found === undefined) throw new Error(`section ${section.name} was not loaded`);
      return found as ValuesOf<F>;
    },
    place,
  };
}

/** The values of some sections alone, all defaults but for `values`; for library use and tests. */
export function defaultsOf<F extends Fields>(section: Section<F>): ValuesOf<F> {
  const record = {};
  for (const { names, setting } of settingsOf(section)) put(record, names, setting.default);
  return record as ValuesOf<F>;
}

const UNREAD = Symbol('unread');

/** Those of the file first and by line; the others after them, in the order in which they were met. */
function byPlace(a: Problem, b: Problem): number {
  const line = (problem: Problem): number => problem.place.line ?? Number.MAX_SAFE_INTEGER;
  return line(a) - line(b) || (a.place.column ?? 0) - (b.place.column ?? 0);
}

function readOne(
  { setting, path }: Located,
  found: Found | undefined,
  sources: Sources,
  problems: Problem[],
): unknown {
  if (found === undefined) return setting.default;
  let { raw } = found;
  if (found.isFile) {
    if (raw.type !== 'scalar' || raw.empty) {
      problems.push({ place: raw.place, text: `${path}_file wants the path of a file` });
      return UNREAD;
    }
    try {
      const text = sources.readFile(raw.text).replace(/\r?\n$/, '');
      raw = { ...raw, text };
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      const text = `${path}_file is ${JSON.stringify(raw.text)}, which cannot be read (${why})`;
      problems.push({ place: raw.place, text });
      return UNREAD;
    }
  }
  const reading = setting.read(raw, path);
  if (reading.ok) return reading.value;
  if (!setting.fromFile) problems.push(...reading.problems);
  // The value met is left out: it may be most of a password.
  else problems.push({ place: raw.place, text: `${path} is not ${setting.wanted}` });
  return UNREAD;
}

function put(record: Record<string, unknown>, names: readonly string[], value: unknown): void {
  let target = record;
  for (const name of names.slice(0, -1)) {
    target[name] ??= {};
    target = target[name] as Record<string, unknown>;
  }
  target[names.at(-1) as string] = value;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) deepFreeze(each);
}
