/**
 * A JSON Merge Patch (RFC 7396) of a configuration, understood by the tables of settings.
 *
 * The patched document has sections, groups and settings by their keys, and lists of records as objects of
 * records by name: null removes a setting (its default is back), a group or a record; an object changes
 * what it names and leaves the rest. As everywhere in RFC 7396 an array is taken whole: given for a list
 * of records, it says all of them in order, each as an object with its name, which is replaced, or as the
 * name alone of one that stays as it is.
 *
 * Two liberties: the mask of a secret, as documents show it, leaves the secret as it is, so that a document
 * may be sent back; and a secret given as a value takes the place of its file, and the other way round.
 */
import type { Edit, MapEdit, RecordsEdit, RemoveEdit, Written, WrittenScalar } from './edit.ts';
import { fieldsByKey, type NamesOf } from './located.ts';
import { nearestName, type Problem } from './problem.ts';
import type { Raw } from './raw.ts';
import { SECRET_SHOWN } from './secret.ts';
import {
  type AnySection,
  type Fields,
  RECORD_NAME,
  RECORD_NAME_WANTED,
  type Records,
} from './section.ts';
import type { Setting } from './setting.ts';

export interface PatchPlan {
  readonly edit: MapEdit;
  /** Paths of the settings, groups and records that the patch says something about. */
  readonly touched: readonly string[];
}

export type Planned =
  | { readonly ok: true; readonly plan: PatchPlan }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const PLACE = { source: 'patch' };
const REMOVE: RemoveEdit = { is: 'remove' };

type JsonObject = Readonly<Record<string, unknown>>;

/** @param namesOf the records there are before the patch */
export function planPatch(
  sections: readonly AnySection[],
  patch: unknown,
  namesOf: NamesOf,
): Planned {
  const planner = new Planner(namesOf);
  const entries = new Map<string, Edit>();
  if (!isObject(patch)) planner.wrong('', `the patch is ${metJson(patch)}, wanted an object`);
  else {
    const bySection = new Map(sections.map((each) => [each.name, each.fields]));
    for (const [name, value] of Object.entries(patch)) {
      const fields = bySection.get(name);
      const near = nearestName(name, bySection.keys());
      if (fields === undefined) planner.unknown(name, 'a section', near);
      else planner.put(entries, name, planner.map(fields, name, value));
    }
  }
  if (planner.problems.length > 0) return { ok: false, problems: planner.problems };
  return { ok: true, plan: { edit: { is: 'map', entries }, touched: planner.touched } };
}

class Planner {
  readonly problems: Problem[] = [];
  readonly touched: string[] = [];
  readonly #namesOf: NamesOf;

  constructor(namesOf: NamesOf) {
    this.#namesOf = namesOf;
  }

  wrong(path: string, text: string): undefined {
    this.problems.push({ place: PLACE, text, path });
  }

  unknown(path: string, what: string, near: string | undefined): undefined {
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return this.wrong(path, `${path} is not ${what}${hint}`);
  }

  put<E extends Edit>(entries: Map<string, E>, key: string, edit: E | undefined): void {
    if (edit !== undefined) entries.set(key, edit);
  }

  /** The edit of a section, group or record. */
  map(
    fields: Fields,
    path: string,
    value: unknown,
    { record, isWhole }: Within = { isWhole: false },
  ): MapEdit | RemoveEdit | undefined {
    if (value === null) {
      this.touched.push(path);
      return REMOVE;
    }
    if (!isObject(value)) {
      return this.wrong(path, `${path} is ${metJson(value)}, wanted an object`);
    }
    const entries = new Map<string, Edit>();
    for (const [key, each] of Object.entries(value)) {
      if (key === 'name' && record !== undefined) this.#name(path, record, each);
      else this.#entry(fields, path, key, each, entries, { record, isWhole });
    }
    if (isWhole) removeOthers(fields, value, entries);
    return { is: 'map', entries };
  }

  #name(path: string, record: string, given: unknown): void {
    if (given === record) return;
    const text = `${path}.name is ${metJson(given)}, wanted ${JSON.stringify(record)}: a record gets another name by removing it and adding one`;
    this.wrong(`${path}.name`, text);
  }

  #entry(
    fields: Fields,
    path: string,
    key: string,
    value: unknown,
    entries: Map<string, Edit>,
    { record, isWhole }: Within,
  ): void {
    const here = `${path}.${key}`;
    const field = fieldsByKey(fields).get(key)?.field;
    if (field?.is === 'group') {
      this.put(entries, key, this.map(field.fields, here, value, { isWhole }));
    } else if (field?.is === 'records') {
      this.put(entries, key, this.#records(field, here, value, isWhole));
    } else if (field !== undefined) this.#setting(field, here, key, value, entries);
    else if (isFileKey(fields, key)) this.#secretFile(here, key, value, entries);
    else {
      const known = [...fieldsByKey(fields).keys(), ...(record === undefined ? [] : ['name'])];
      const near = nearestName(key, known);
      this.unknown(here, 'a setting', near && `${path}.${near}`);
    }
  }

  #setting(
    setting: Setting<unknown>,
    path: string,
    key: string,
    value: unknown,
    entries: Map<string, Edit>,
  ): void {
    if (setting.fromFile && value === SECRET_SHOWN) return;
    this.touched.push(path);
    if (setting.fromFile && !entries.has(`${key}_file`)) entries.set(`${key}_file`, REMOVE);
    if (value === null) entries.set(key, REMOVE);
    else if (setting.isList ? isScalarList(value) : isScalar(value)) {
      entries.set(key, { is: 'write', value: written(setting, value as Written) });
    } else this.wrong(path, `${path} is ${metJson(value)}, wanted ${setting.wanted}`);
  }

  #secretFile(path: string, key: string, value: unknown, entries: Map<string, Edit>): void {
    const secret = key.slice(0, -'_file'.length);
    this.touched.push(path.slice(0, -'_file'.length));
    if (value === null) entries.set(key, REMOVE);
    else if (typeof value !== 'string') {
      this.wrong(path, `${path} is ${metJson(value)}, wanted the path of a file`);
    } else {
      entries.set(key, { is: 'write', value });
      if (!entries.has(secret)) entries.set(secret, REMOVE);
    }
  }

  #records(
    field: Records<Fields>,
    path: string,
    value: unknown,
    isWhole: boolean,
  ): Edit | undefined {
    if (value === null) {
      this.touched.push(path);
      return REMOVE;
    }
    if (Array.isArray(value)) return this.#allRecords(field, path, value);
    if (!isObject(value)) {
      const wanted = `an object with a ${field.one} by name, or an array of them`;
      return this.wrong(path, `${path} is ${metJson(value)}, wanted ${wanted}`);
    }
    const entries = new Map<string, MapEdit | RemoveEdit>();
    for (const [name, each] of Object.entries(value)) {
      const here = `${path}.${name}`;
      if (!RECORD_NAME.test(name)) {
        this.wrong(
          here,
          `${path} has the name ${JSON.stringify(name)}, wanted ${RECORD_NAME_WANTED}`,
        );
      } else {
        this.put(entries, name, this.map(field.fields, here, each, { record: name, isWhole }));
      }
    }
    if (isWhole) {
      for (const name of this.#namesOf(path)) if (!entries.has(name)) entries.set(name, REMOVE);
    }
    return { is: 'records', entries };
  }

  /** An array: these records, in this order, and no others. */
  #allRecords(
    field: Records<Fields>,
    path: string,
    items: readonly unknown[],
  ): RecordsEdit | undefined {
    this.touched.push(path);
    const before = this.#namesOf(path);
    const entries = new Map<string, MapEdit | RemoveEdit>();
    const order: string[] = [];
    for (const [i, item] of items.entries()) {
      const at = `${path}[${i}]`;
      const name = isObject(item) ? item.name : item;
      if (typeof name !== 'string' || !RECORD_NAME.test(name)) {
        this.wrong(path, `${at}.name is ${metJson(name)}, wanted ${RECORD_NAME_WANTED}`);
      } else if (order.includes(name)) {
        this.wrong(path, `${path}.${name} is there twice, wanted one ${field.one} of a name`);
      } else if (isObject(item)) {
        const within = { record: name, isWhole: true };
        this.put(entries, name, this.map(field.fields, `${path}.${name}`, item, within));
        order.push(name);
      } else if (before.includes(name)) order.push(name);
      else this.wrong(path, `${at}: there is no ${field.one} ${name} that could stay as it is`);
    }
    for (const name of before) if (!order.includes(name)) entries.set(name, REMOVE);
    return { is: 'records', entries, order };
  }
}

/** Where a map stands. */
interface Within {
  /** The record's name, when it is one. */
  readonly record?: string | undefined;
  /** True within an array: what is not given has its default. */
  readonly isWhole: boolean;
}

function removeOthers(fields: Fields, given: JsonObject, entries: Map<string, Edit>): void {
  for (const { key, field } of fieldsByKey(fields).values()) {
    // The mask of a secret is given and has no edit.
    if (entries.has(key) || Object.hasOwn(given, key)) continue;
    entries.set(key, REMOVE);
    if (field.is === 'setting' && field.fromFile) entries.set(`${key}_file`, REMOVE);
  }
}

/** The path of a secret's file: `password_file`. */
function isFileKey(fields: Fields, key: string): boolean {
  if (!key.endsWith('_file')) return false;
  const field = fieldsByKey(fields).get(key.slice(0, -'_file'.length))?.field;
  return field?.is === 'setting' && field.fromFile;
}

/** `"7000"` for a port is written as the number it is, so that the file has no needless quotes. */
function written(setting: Setting<unknown>, value: Written): Written {
  const reading = setting.read(rawOf(value), '');
  if (!reading.ok) return value;
  const shown = setting.show(reading.value);
  const plainer = (given: WrittenScalar, other: unknown): WrittenScalar =>
    isScalar(other) && String(other) === String(given) ? other : given;
  if (typeof value !== 'object') return plainer(value, shown);
  return value.map((each, i) => plainer(each, (shown as readonly unknown[])[i]));
}

function rawOf(value: Written): Raw {
  if (typeof value === 'object') return { type: 'list', items: value.map(rawOf), place: PLACE };
  return { type: 'scalar', text: String(value), empty: false, place: PLACE };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isScalar(value: unknown): value is WrittenScalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function isScalarList(value: unknown): value is readonly WrittenScalar[] {
  return Array.isArray(value) && value.every(isScalar);
}

function metJson(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : JSON.stringify(value);
}
