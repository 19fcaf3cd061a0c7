/**
 * Gathers what was written for each setting, without reading it: from the file, then the environment, then
 * --set; the later wins. Names that are no settings are problems, with the nearest name that is.
 */
import type { ConfigFile } from './config-source.ts';
import { type Located, type NamesOf, recordLists, settingsOf, variableOf } from './located.ts';
import { asList, environmentOverrides, setOverride } from './overrides.ts';
import { didYouMean, type Place, type Problem } from './problem.ts';
import type { Raw, RawScalar, Reading } from './raw.ts';
import type { AnySection } from './section.ts';
import { asMap, type Finds, type Found, walkFields } from './walk-file.ts';
import { readYaml } from './yaml-source.ts';

/** Where a configuration comes from. */
export interface Sources {
  /** Absent when there is no file. */
  readonly file?: ConfigFile;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The arguments of --set, `kv.port=7000` each. */
  readonly set?: readonly string[];
  /** Variables with our prefix that are not settings. */
  readonly otherVariables?: readonly string[];
  /** Reads the file of a secret; throws as node:fs does. */
  readFile(path: string): string;
}

/** What was found in all sources. */
export interface Gathered {
  /** What was written for a setting; undefined when nothing was. */
  value(path: string): Found | undefined;
  readonly namesOf: NamesOf;
  /** Where a setting, a record or a list of records was written. */
  place(path: string): Place | undefined;
}

export function gather(
  sections: readonly AnySection[],
  sources: Sources,
  problems: Problem[],
): Gathered {
  const finds: Finds = { values: new Map(), names: new Map(), places: new Map() };
  fromFile(sections, sources.file, finds, problems);
  fromEnvironment(sections, sources, finds, problems);
  fromSet(sections, sources.set ?? [], finds, problems);
  return {
    value: (path) => finds.values.get(path),
    namesOf: (path) => finds.names.get(path) ?? [],
    place: (path) => finds.values.get(path)?.raw.place ?? finds.places.get(path),
  };
}

function fromFile(
  sections: readonly AnySection[],
  file: Sources['file'],
  finds: Finds,
  problems: Problem[],
): void {
  if (file === undefined) return;
  const reading: Reading<Raw> =
    file.raw === undefined ? readYaml(file.text, file.name) : { ok: true, value: file.raw };
  if (!reading.ok) {
    problems.push(...reading.problems);
    return;
  }
  const bySection = new Map(sections.map((each) => [each.name, each.fields]));
  const root = asMap(reading.value, 'the file', problems);
  for (const { key, keyPlace, value } of root?.entries ?? []) {
    const fields = bySection.get(key);
    if (fields !== undefined) walkFields(fields, key, value, finds, problems);
    else {
      const hint = didYouMean(key, bySection.keys());
      problems.push({ place: keyPlace, text: `${key} is not a section${hint}`, path: key });
    }
  }
}

function fromEnvironment(
  sections: readonly AnySection[],
  sources: Sources,
  finds: Finds,
  problems: Problem[],
): void {
  const byVariable = new Map<string, { each: Located; isFile: boolean }>();
  for (const each of sections.flatMap((section) => settingsOf(section))) {
    if (each.variable === undefined) continue;
    byVariable.set(each.variable, { each, isFile: false });
    if (each.setting.fromFile) byVariable.set(`${each.variable}_FILE`, { each, isFile: true });
  }
  for (const { name, raw } of environmentOverrides(sources.environment ?? {})) {
    const match = byVariable.get(name);
    if (match !== undefined) overrideOne(match.each, raw, match.isFile, finds);
    else if (!(sources.otherVariables ?? []).includes(name)) {
      const list = recordLists(sections).find(({ path }) => under(name, variableOf(path), '_'));
      const text =
        list === undefined
          ? `${name} is not the variable of a setting${didYouMean(name, byVariable.keys())}`
          : `${name} is within ${list.path}, a list that variables cannot change; use the file or --set`;
      problems.push({ place: raw.place, text });
    }
  }
}

function fromSet(
  sections: readonly AnySection[],
  set: readonly string[],
  finds: Finds,
  problems: Problem[],
): void {
  if (set.length === 0) return;
  const namesOf: NamesOf = (path) => finds.names.get(path) ?? [];
  const byPath = new Map<string, { each: Located; isFile: boolean }>();
  for (const each of sections.flatMap((section) => settingsOf(section, namesOf))) {
    byPath.set(each.path, { each, isFile: false });
    if (each.setting.fromFile) byPath.set(`${each.path}_file`, { each, isFile: true });
  }
  for (const argument of set) {
    const override = setOverride(argument);
    if (override === undefined) {
      problems.push({ place: { source: `--set ${argument}` }, text: 'wanted name=value' });
      continue;
    }
    const { name, raw } = override;
    const match = byPath.get(name);
    if (match !== undefined) overrideOne(match.each, raw, match.isFile, finds);
    else {
      const text = noRecord(sections, name, namesOf) ?? notASetting(name, byPath.keys());
      problems.push({ place: raw.place, text, path: name });
    }
  }
}

function notASetting(name: string, known: Iterable<string>): string {
  return `${name} is not a setting${didYouMean(name, known)}`;
}

/** Why `name` leads to no record, when it leads into a list of them. */
function noRecord(
  sections: readonly AnySection[],
  name: string,
  namesOf: NamesOf,
): string | undefined {
  // The innermost list counts: its records are there.
  const list = recordLists(sections, namesOf).findLast(({ path }) => under(name, path, '.'));
  if (list === undefined) return undefined;
  const record = name.slice(list.path.length + 1).split('.', 1)[0] as string;
  const names = namesOf(list.path);
  if (names.includes(record)) return undefined;
  if (record === '') return `${name} is a list; --set changes single settings of what the file has`;
  const hint = didYouMean(record, names);
  return `${name}: the file has no ${list.one} ${record} in ${list.path}${hint}`;
}

/** Whether `name` is `above` or lies within it. */
function under(name: string, above: string, separator: string): boolean {
  return name === above || name.startsWith(`${above}${separator}`);
}

function overrideOne(
  { setting, path }: Located,
  raw: RawScalar,
  isFile: boolean,
  { values }: Finds,
): void {
  values.set(path, { raw: setting.isList ? asList(raw) : raw, isFile });
}
