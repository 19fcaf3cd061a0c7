/**
 * Gathers what was written for each setting, without reading it: from the file, then the environment, then
 * --set; the later wins. Names that are no settings are problems, with the nearest name that is.
 */
import { asList, environmentOverrides, type Override, setOverride } from './overrides.ts';
import { didYouMean, type Problem } from './problem.ts';
import type { Raw, RawEntry, RawMap } from './raw.ts';
import { type AnySection, type Fields, keyOf, type Located, settingsOf } from './section.ts';
import { readYaml } from './yaml-source.ts';

/** Where a configuration comes from. */
export interface Sources {
  /** The file's name, for places, and its text; absent when there is no file. */
  readonly file?: { readonly name: string; readonly text: string };
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The arguments of --set, `kv.port=7000` each. */
  readonly set?: readonly string[];
  /** Variables with our prefix that are not settings. */
  readonly otherVariables?: readonly string[];
  /** Reads the file of a secret; throws as node:fs does. */
  readFile(path: string): string;
}

/** One value as found, before it is read. Of a secret's file it is the path. */
export interface Found {
  readonly raw: Raw;
  readonly isFile: boolean;
}

/** What was found, by the path of the setting. */
export function gather(
  sections: readonly AnySection[],
  sources: Sources,
  problems: Problem[],
): ReadonlyMap<string, Found> {
  const found = new Map<string, Found>();
  const located = sections.flatMap(settingsOf);
  fromFile(sections, sources.file, found, problems);
  fromEnvironment(located, sources, found, problems);
  fromSet(located, sources.set ?? [], found, problems);
  return found;
}

function fromFile(
  sections: readonly AnySection[],
  file: Sources['file'],
  found: Map<string, Found>,
  problems: Problem[],
): void {
  if (file === undefined) return;
  const reading = readYaml(file.text, file.name);
  if (!reading.ok) {
    problems.push(...reading.problems);
    return;
  }
  const bySection = Object.fromEntries(sections.map((each) => [each.name, each.fields]));
  const root = asMap(reading.value, 'the file', problems);
  for (const { key, keyPlace, value } of root?.entries ?? []) {
    const fields = bySection[key];
    if (fields !== undefined) walk(fields, key, value, found, problems);
    else {
      const hint = didYouMean(key, Object.keys(bySection));
      problems.push({ place: keyPlace, text: `${key} is not a section${hint}` });
    }
  }
}

function walk(
  fields: Fields,
  path: string,
  raw: Raw,
  found: Map<string, Found>,
  problems: Problem[],
): void {
  const byKey = new Map(Object.entries(fields).map(([name, field]) => [keyOf(name, field), field]));
  for (const entry of asMap(raw, path, problems)?.entries ?? []) {
    const here = `${path}.${entry.key}`;
    const field = byKey.get(entry.key);
    if (field?.is === 'group') walk(field.fields, here, entry.value, found, problems);
    else if (field !== undefined) found.set(here, { raw: entry.value, isFile: false });
    else foundSecretFile(byKey, path, entry, found, problems);
  }
}

/** A key that is no setting: a secret's `_file`, or a problem. */
function foundSecretFile(
  byKey: ReadonlyMap<string, Fields[string]>,
  path: string,
  entry: RawEntry,
  found: Map<string, Found>,
  problems: Problem[],
): void {
  const key = entry.key.endsWith('_file') ? entry.key.slice(0, -'_file'.length) : '';
  const field = byKey.get(key);
  if (field?.is !== 'setting' || !field.fromFile) {
    const known = [...byKey.keys()].map((each) => `${path}.${each}`);
    const met = `${path}.${entry.key}`;
    problems.push({
      place: entry.keyPlace,
      text: `${met} is not a setting${didYouMean(met, known)}`,
    });
  } else if (found.has(`${path}.${key}`)) {
    const text = `${path}.${key} is given as a value and as a file, wanted one of them`;
    problems.push({ place: entry.keyPlace, text });
  } else found.set(`${path}.${key}`, { raw: entry.value, isFile: true });
}

function fromEnvironment(
  located: readonly Located[],
  sources: Sources,
  found: Map<string, Found>,
  problems: Problem[],
): void {
  const byVariable = new Map<string, { each: Located; isFile: boolean }>();
  for (const each of located) {
    byVariable.set(each.variable, { each, isFile: false });
    if (each.setting.fromFile) byVariable.set(`${each.variable}_FILE`, { each, isFile: true });
  }
  for (const override of environmentOverrides(sources.environment ?? {})) {
    const match = byVariable.get(override.name);
    if (match !== undefined) overrideOne(match.each, override, match.isFile, found);
    else if (!(sources.otherVariables ?? []).includes(override.name)) {
      const hint = didYouMean(override.name, byVariable.keys());
      problems.push({
        place: override.raw.place,
        text: `${override.name} is not the variable of a setting${hint}`,
      });
    }
  }
}

function fromSet(
  located: readonly Located[],
  set: readonly string[],
  found: Map<string, Found>,
  problems: Problem[],
): void {
  const paths = located.flatMap(({ path, setting }) =>
    setting.fromFile ? [path, `${path}_file`] : [path],
  );
  for (const argument of set) {
    const override = setOverride(argument);
    if (override === undefined) {
      problems.push({ place: { source: `--set ${argument}` }, text: 'wanted name=value' });
      continue;
    }
    const isFile =
      override.name.endsWith('_file') && !located.some((l) => l.path === override.name);
    const path = isFile ? override.name.slice(0, -'_file'.length) : override.name;
    const each = located.find((l) => l.path === path && (!isFile || l.setting.fromFile));
    if (each !== undefined) overrideOne(each, override, isFile, found);
    else {
      const hint = didYouMean(override.name, paths);
      problems.push({
        place: override.raw.place,
        text: `${override.name} is not a setting${hint}`,
      });
    }
  }
}

function overrideOne(
  { setting, path }: Located,
  { raw }: Override,
  isFile: boolean,
  found: Map<string, Found>,
): void {
  found.set(path, { raw: setting.isList ? asList(raw) : raw, isFile });
}

/** A map, also when nothing was written; anything else is a problem. */
function asMap(raw: Raw, what: string, problems: Problem[]): RawMap | undefined {
  if (raw.type === 'map') return raw;
  if (raw.type === 'scalar' && raw.empty) return undefined;
  problems.push({ place: raw.place, text: `${what} is no map, wanted lines of key: value` });
  return undefined;
}
