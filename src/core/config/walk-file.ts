/**
 * Walks the values of a file along the tables of settings: finds each setting's value and the records there
 * are. Names that are no settings are problems, with the nearest name that is.
 */
import { fieldsByKey } from './located.ts';
import { nearestName, type Place, type Problem } from './problem.ts';
import { metText, type Raw, type RawEntry, type RawMap } from './raw.ts';
import { type Fields, RECORD_NAME, RECORD_NAME_WANTED, type Records } from './section.ts';

/** One value as found, before it is read. Of a secret's file it is the path. */
export interface Found {
  readonly raw: Raw;
  readonly isFile: boolean;
}

/** What was found, by path. */
export interface Finds {
  /** Of settings. */
  readonly values: Map<string, Found>;
  /** Of lists of records: their names in order. */
  readonly names: Map<string, readonly string[]>;
  /** Of lists of records and of records: where they begin. */
  readonly places: Map<string, Place>;
}

/**
 * Takes over what `raw`, the map of a section, a group or a record, says about its fields.
 *
 * @param others keys beside those of the fields, for suggestions
 */
export function walkFields(
  fields: Fields,
  path: string,
  raw: Raw,
  finds: Finds,
  problems: Problem[],
  others: readonly string[] = [],
): void {
  for (const entry of asMap(raw, path, problems)?.entries ?? []) {
    const here = `${path}.${entry.key}`;
    const field = fieldsByKey(fields).get(entry.key)?.field;
    if (field?.is === 'group') walkFields(field.fields, here, entry.value, finds, problems);
    else if (field?.is === 'records') walkRecords(field, here, entry.value, finds, problems);
    else if (field !== undefined) finds.values.set(here, { raw: entry.value, isFile: false });
    else foundSecretFile(fields, path, entry, finds, problems, others);
  }
}

function walkRecords(
  field: Records<Fields>,
  path: string,
  raw: Raw,
  finds: Finds,
  problems: Problem[],
): void {
  const problem = (place: Place, text: string, about = path): void => {
    problems.push({ place, text, path: about });
  };
  finds.places.set(path, raw.place);
  if (raw.type === 'scalar' && raw.empty) return;
  if (raw.type !== 'list') {
    problem(raw.place, `${path} is ${metText(raw)}, wanted a list with a ${field.one} each`);
    return;
  }
  if (raw.items.length > field.max) {
    const count = raw.items.length;
    problem(raw.place, `${path} has ${count} entries, wanted at most ${field.max}`);
    return;
  }
  const names = new Set<string>();
  for (const [i, item] of raw.items.entries()) {
    const at = `${path}[${i}]`;
    if (item.type !== 'map') {
      problem(item.place, `${at} is ${metText(item)}, wanted a ${field.one}: lines of key: value`);
      continue;
    }
    const rest = { ...item, entries: item.entries.filter(({ key }) => key !== 'name') };
    const name = nameOf(item, at, path, problems);
    if (name !== undefined && names.has(name)) {
      problem(item.place, `${path}.${name} is there twice, wanted one ${field.one} of a name`);
    }
    if (name === undefined || names.has(name)) {
      // Its mistakes are told too; its values are nobody's.
      const nobody = { values: new Map(), names: new Map(), places: new Map() };
      walkFields(field.fields, at, rest, nobody, problems, ['name']);
      continue;
    }
    names.add(name);
    finds.places.set(`${path}.${name}`, item.place);
    walkFields(field.fields, `${path}.${name}`, rest, finds, problems);
  }
  finds.names.set(path, [...names]);
}

/** The name of a record, or undefined after telling what is wrong with it. */
function nameOf(item: RawMap, at: string, path: string, problems: Problem[]): string | undefined {
  const raw = item.entries.find(({ key }) => key === 'name')?.value;
  if (raw?.type === 'scalar' && !raw.empty && RECORD_NAME.test(raw.text)) return raw.text;
  const met = raw === undefined ? 'missing' : metText(raw);
  const place = raw?.place ?? item.place;
  problems.push({ place, text: `${at}.name is ${met}, wanted ${RECORD_NAME_WANTED}`, path });
  return undefined;
}

/** A key that is no field: a secret's `_file`, or a problem. */
function foundSecretFile(
  fields: Fields,
  path: string,
  entry: RawEntry,
  { values }: Finds,
  problems: Problem[],
  others: readonly string[],
): void {
  const met = `${path}.${entry.key}`;
  const key = entry.key.endsWith('_file') ? entry.key.slice(0, -'_file'.length) : '';
  const field = fieldsByKey(fields).get(key)?.field;
  if (field?.is !== 'setting' || !field.fromFile) {
    const near = nearestName(entry.key, [...fieldsByKey(fields).keys(), ...others]);
    const hint = near === undefined ? '' : `; did you mean ${path}.${near}?`;
    problems.push({
      place: entry.keyPlace,
      text: `${met} is not a setting${hint}`,
      path: met,
    });
  } else if (values.has(`${path}.${key}`)) {
    const text = `${path}.${key} is given as a value and as a file, wanted one of them`;
    problems.push({ place: entry.keyPlace, text, path: met });
  } else values.set(`${path}.${key}`, { raw: entry.value, isFile: true });
}

/** A map, also when nothing was written; anything else is a problem. */
export function asMap(raw: Raw, what: string, problems: Problem[]): RawMap | undefined {
  if (raw.type === 'map') return raw;
  if (raw.type === 'scalar' && raw.empty) return undefined;
  const text = `${what} is no map, wanted lines of key: value`;
  problems.push({ place: raw.place, text, path: what });
  return undefined;
}
