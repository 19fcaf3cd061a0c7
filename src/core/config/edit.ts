/**
 * A change of a configuration file as data: what to write, remove and reorder, by key and by the names of
 * records. `patch-plan.ts` makes one of a patch, `yaml-edit.ts` carries it out on the text of a file, and
 * `edited` below says what the result must be.
 */
import type { Raw } from './raw.ts';

export type WrittenScalar = string | number | boolean;
export type Written = WrittenScalar | readonly WrittenScalar[];

export interface WriteEdit {
  readonly is: 'write';
  readonly value: Written;
}

export interface RemoveEdit {
  readonly is: 'remove';
}

/** Changes within a section, a group or a record. What is not there is made. */
export interface MapEdit {
  readonly is: 'map';
  readonly entries: ReadonlyMap<string, Edit>;
}

/** Changes of a list of records: a record that is not there is added behind the others. */
export interface RecordsEdit {
  readonly is: 'records';
  readonly entries: ReadonlyMap<string, MapEdit | RemoveEdit>;
  /** All names there will be, in the order they shall have; absent when the order stays. */
  readonly order?: readonly string[];
}

export type Edit = WriteEdit | RemoveEdit | MapEdit | RecordsEdit;

/** What a file says, without its form: texts, lists and maps. Null is nothing. */
export type Plain = string | null | readonly Plain[] | ReadonlyMap<string, Plain>;

export function plainOf(raw: Raw): Plain {
  if (raw.type === 'scalar') return raw.empty ? null : raw.text;
  if (raw.type === 'list') return raw.items.map(plainOf);
  return new Map(raw.entries.map(({ key, value }) => [key, plainOf(value)]));
}

/** What `before` says once `edit` is carried out; undefined when nothing is left of it. */
export function edited(before: Plain | undefined, edit: Edit): Plain | undefined {
  switch (edit.is) {
    case 'remove':
      return undefined;
    case 'write':
      return typeof edit.value === 'object' ? edit.value.map(String) : String(edit.value);
    case 'map':
      return editedMap(before, edit);
    case 'records':
      return editedRecords(before, edit);
  }
}

function editedMap(before: Plain | undefined, { entries }: MapEdit): Plain | undefined {
  const map = new Map(before instanceof Map ? (before as ReadonlyMap<string, Plain>) : []);
  for (const [key, edit] of entries) {
    const value = edited(map.get(key), edit);
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return map.size > 0 || before !== undefined ? map : undefined;
}

function editedRecords(
  before: Plain | undefined,
  { entries, order }: RecordsEdit,
): Plain | undefined {
  const list = (Array.isArray(before) ? before : []) as readonly ReadonlyMap<string, Plain>[];
  const byName = new Map(list.map((each) => [String(each.get('name')), each as Plain]));
  for (const [name, edit] of entries) {
    if (edit.is === 'remove') byName.delete(name);
    else byName.set(name, edited(byName.get(name) ?? new Map([['name', name]]), edit) as Plain);
  }
  if (byName.size === 0 && list.length === 0) return before;
  const names = order ?? [...byName.keys()];
  return names.map((name) => byName.get(name) ?? null);
}

/** Whether two files say the same: a key with nothing behind it and an empty map are as good as absent. */
export function samePlain(a: Plain | undefined, b: Plain | undefined): boolean {
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((each, i) => samePlain(each, b[i]));
  }
  if (a instanceof Map && b instanceof Map) {
    return [...new Set([...a.keys(), ...b.keys()])].every((key) =>
      samePlain(a.get(key), b.get(key)),
    );
  }
  return a === b;
}

function isNothing(plain: Plain | undefined): boolean {
  if (plain === undefined || plain === null) return true;
  return plain instanceof Map && [...plain.values()].every(isNothing);
}
