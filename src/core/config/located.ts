/**
 * Where settings stand: every setting of a section with its names, and the way from names to values.
 *
 * Which settings there are within records depends on which records there are, so whoever lists them says
 * so by a `NamesOf`.
 */
import { invariant } from '../base/index.ts';
import type { AnySection, Field, Fields } from './section.ts';
import type { Setting } from './setting.ts';

/** The names of the records in the list at a path (`balancer.pools.app.servers`), in their order. */
export type NamesOf = (path: string) => readonly string[];

/** One setting of a section, with all its names. */
export interface Located {
  readonly setting: Setting<unknown>;
  /** `['pools', 'app', 'idleMs']`: where its value stands in `ValuesOf`; records by name. */
  readonly names: readonly string[];
  /** `tls.cert_file`: below the section. */
  readonly key: string;
  /** `kv.tls.cert_file` */
  readonly path: string;
  /** `PLINTH_KV_TLS_CERT_FILE`; undefined within records. */
  readonly variable: string | undefined;
}

/** All settings of a section, groups and those records opened that `namesOf` names, in order of the table. */
export function settingsOf(owner: AnySection, namesOf: NamesOf = () => []): Located[] {
  const found: Located[] = [];
  const walk = (
    fields: Fields,
    names: readonly string[],
    path: string,
    inRecords: boolean,
  ): void => {
    for (const { name, key, field } of fieldsByKey(fields).values()) {
      const here = `${path}.${key}`;
      const hereNames = [...names, name];
      if (field.is === 'group') walk(field.fields, hereNames, here, inRecords);
      else if (field.is === 'records') {
        for (const record of namesOf(here)) {
          walk(field.fields, [...hereNames, record], `${here}.${record}`, true);
        }
      } else {
        found.push({
          setting: field,
          names: hereNames,
          key: here.slice(owner.name.length + 1),
          path: here,
          variable: inRecords ? undefined : variableOf(here),
        });
      }
    }
  };
  walk(owner.fields, [], owner.name, false);
  return found;
}

/** One list of records of a section. */
export interface LocatedList {
  /** `balancer.pools.app.servers` */
  readonly path: string;
  readonly one: string;
}

/** All lists of records of these sections, outer ones first; inner ones of the records that are named. */
export function recordLists(
  sections: readonly AnySection[],
  namesOf: NamesOf = () => [],
): LocatedList[] {
  const found: LocatedList[] = [];
  const walk = (fields: Fields, path: string): void => {
    for (const { key, field } of fieldsByKey(fields).values()) {
      const here = `${path}.${key}`;
      if (field.is === 'setting') continue;
      if (field.is === 'group') walk(field.fields, here);
      else {
        found.push({ path: here, one: field.one });
        for (const record of namesOf(here)) walk(field.fields, `${here}.${record}`);
      }
    }
  };
  for (const { name, fields } of sections) walk(fields, name);
  return found;
}

/** `PLINTH_KV_TLS_CERT_FILE` for `kv.tls.cert_file`. */
export function variableOf(path: string): string {
  return `PLINTH_${path.replaceAll('.', '_').toUpperCase()}`;
}

/** The key of a field in the file: `idle_timeout` for `idleTimeoutMs`. */
export function keyOf(name: string, field: Field): string {
  const unit = field.is === 'setting' ? field.unit : '';
  return snakeCase(unit === '' ? name : name.replace(unit, ''));
}

/** A field with its name in the code and its key in the file. */
export interface NamedField {
  readonly name: string;
  readonly key: string;
  readonly field: Field;
}

/** Made once for each table: a list of thousands of records walks its table thousands of times. */
const byKey = new WeakMap<Fields, ReadonlyMap<string, NamedField>>();

/** The fields of a table by key, in its order. */
export function fieldsByKey(fields: Fields): ReadonlyMap<string, NamedField> {
  let found = byKey.get(fields);
  if (found === undefined) {
    found = new Map(
      Object.entries(fields).map(([name, field]) => {
        const key = keyOf(name, field);
        return [key, { name, key, field }];
      }),
    );
    const names = Object.keys(fields);
    const hidden = names.filter((name) => found?.get(keyOf(name, fields[name]!))?.name !== name);
    invariant(hidden.length === 0, `no two fields of a table have one key: ${hidden}`);
    byKey.set(fields, found);
  }
  return found;
}

/** The value at `names`, below a section's values; a step into records finds the record of that name. */
export function valueAt(values: unknown, names: readonly string[]): unknown {
  let value = values;
  for (const name of names) {
    value = Array.isArray(value)
      ? (value as readonly { readonly name: string }[]).find((record) => record.name === name)
      : (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** The records that a section's values have. */
export function namesIn(owner: AnySection, values: unknown): NamesOf {
  const found = new Map<string, readonly string[]>();
  const walk = (fields: Fields, value: unknown, path: string): void => {
    for (const { name, key, field } of fieldsByKey(fields).values()) {
      if (field.is === 'setting') continue;
      const here = `${path}.${key}`;
      const inner = (value as Readonly<Record<string, unknown>>)[name];
      if (field.is === 'group') {
        walk(field.fields, inner, here);
        continue;
      }
      const list = inner as readonly { readonly name: string }[];
      found.set(
        here,
        list.map((record) => record.name),
      );
      for (const record of list) walk(field.fields, record, `${here}.${record.name}`);
    }
  };
  walk(owner.fields, values, owner.name);
  return (path) => found.get(path) ?? [];
}

/** The values of a section in the shape of `ValuesOf`, each setting's given by `read`. */
export function shaped(
  owner: Pick<AnySection, 'name' | 'fields'>,
  namesOf: NamesOf,
  read: (path: string, setting: Setting<unknown>) => unknown,
): Record<string, unknown> {
  const walk = (fields: Fields, path: string): Record<string, unknown> =>
    Object.fromEntries(
      [...fieldsByKey(fields).values()].map(({ name, key, field }): [string, unknown] => {
        const here = `${path}.${key}`;
        if (field.is === 'setting') return [name, read(here, field)];
        if (field.is === 'group') return [name, walk(field.fields, here)];
        const list = namesOf(here).map((record) => ({
          name: record,
          ...walk(field.fields, `${here}.${record}`),
        }));
        return [name, list];
      }),
    );
  return walk(owner.fields, owner.name);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
