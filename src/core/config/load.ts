/**
 * Loads a configuration: defaults, then the file, then the environment, then --set; the later wins.
 *
 * Invariants: pure but for `readFile`; returns either all values or all problems, in the order in which
 * they stand; never throws because of what a user wrote.
 */
import { gather, type Sources } from './gather.ts';
import { shaped } from './located.ts';
import type { Place, Problem } from './problem.ts';
import type { AnySection, Fields, RecordOf, Records, Section, ValuesOf } from './section.ts';
import type { Setting } from './setting.ts';
import type { Found } from './walk-file.ts';

/** A whole, valid configuration. Immutable. */
export interface Config {
  /** The values of a section. */
  of<F extends Fields>(section: Section<F>): ValuesOf<F>;
  /** Where the value of a setting, or a record, was written; undefined for a default. */
  place(path: string): Place | undefined;
}

export type Loaded =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function loadConfig(sections: readonly AnySection[], sources: Sources): Loaded {
  const problems: Problem[] = [];
  const gathered = gather(sections, sources, problems);
  const { namesOf } = gathered;
  const values = new Map<string, Record<string, unknown>>();
  for (const owner of sections) {
    const record = shaped(owner, namesOf, (path, setting) => {
      const near = (): Place => placeNear(path, gathered.place);
      return readOne(path, setting, gathered.value(path), near, sources, problems);
    });
    values.set(owner.name, record);
  }
  // Rules between settings see only values that are right one by one, and all the records there are.
  const broken = new Set(problems.map(({ path }) => path?.split('.', 1)[0]));
  for (const owner of sections) {
    if (broken.has(owner.name)) continue;
    for (const { key, says } of owner.check(values.get(owner.name) as never)) {
      const path = `${owner.name}.${key}`;
      problems.push({ place: placeNear(path, gathered.place), text: `${path} ${says}`, path });
    }
  }
  if (problems.length > 0) return { ok: false, problems: problems.toSorted(byPlace) };
  const config = configOf(values, gathered.place);
  for (const owner of sections) {
    for (const { key, says } of owner.across?.(config.of) ?? []) {
      const path = `${owner.name}.${key}`;
      problems.push({ place: placeNear(path, gathered.place), text: `${path} ${says}`, path });
    }
  }
  return problems.length > 0
    ? { ok: false, problems: problems.toSorted(byPlace) }
    : { ok: true, config };
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

/** The values of a section that nobody says anything about; for library use and tests. */
export function defaultsOf<F extends Fields>(section: Section<F>): ValuesOf<F> {
  return shaped(
    section,
    () => [],
    (_, setting) => setting.default,
  ) as ValuesOf<F>;
}

/**
 * A record that nobody says anything about: defaults, no records within it, undefined for what is required. For those
 * who make records of one section out of another one.
 */
export function recordDefaults<F extends Fields>(
  { fields }: Records<F>,
  name: string,
): RecordOf<F> {
  const owner = { name: '', fields };
  return {
    name,
    ...shaped(
      owner,
      () => [],
      (_, setting) => setting.default,
    ),
  } as RecordOf<F>;
}

const UNREAD = Symbol('unread');

/** Those of the file first and by line; the others after them, in the order in which they were met. */
function byPlace(a: Problem, b: Problem): number {
  const line = (problem: Problem): number => problem.place.line ?? Number.MAX_SAFE_INTEGER;
  return line(a) - line(b) || (a.place.column ?? 0) - (b.place.column ?? 0);
}

/** The place of a path, or of the record that it lies in. */
function placeNear(path: string, place: (path: string) => Place | undefined): Place {
  for (let near = path; near !== ''; near = near.slice(0, Math.max(0, near.lastIndexOf('.')))) {
    const found = place(near);
    if (found !== undefined) return found;
  }
  return { source: 'defaults' };
}

function readOne(
  path: string,
  setting: Setting<unknown>,
  found: Found | undefined,
  near: () => Place,
  sources: Sources,
  problems: Problem[],
): unknown {
  const problem = (place: Place, text: string): typeof UNREAD => {
    problems.push({ place, text, path });
    return UNREAD;
  };
  if (found === undefined) {
    if (!setting.required) return setting.default;
    return problem(near(), `${path} is missing, wanted ${setting.wanted}`);
  }
  let { raw } = found;
  if (found.isFile) {
    if (raw.type !== 'scalar' || raw.empty) {
      return problem(raw.place, `${path}_file wants the path of a file`);
    }
    try {
      const text = sources.readFile(raw.text).replace(/\r?\n$/, '');
      raw = { ...raw, text };
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? String(error);
      const met = JSON.stringify(raw.text);
      return problem(raw.place, `${path}_file is ${met}, which cannot be read (${why})`);
    }
  }
  const reading = setting.read(raw, path);
  if (reading.ok) return reading.value;
  // The value met is left out: it may be most of a password.
  if (setting.fromFile) return problem(raw.place, `${path} is not ${setting.wanted}`);
  for (const each of reading.problems) problem(each.place, each.text);
  return UNREAD;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const each of Object.values(value)) deepFreeze(each);
}
