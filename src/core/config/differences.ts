/**
 * What differs between the running values of a section and its next ones, and the values that a running
 * system may have of the next: those of reloadable settings and records.
 *
 * Invariant: a group, list or record in which nothing is applied is the very object of the running values,
 * so that a system sees by `===` what it need not look into.
 */
import { fieldsByKey } from './located.ts';
import { Secret } from './secret.ts';
import type { AnySection, Fields, Records } from './section.ts';

/** One setting or record that changed, in the writing of the file. */
export interface Difference {
  /** `kv.idle`; for a record `balancer.pools.app`; for the order of records `balancer.pools`. */
  readonly path: string;
  /** The value before; null for what was not there. Of an order the names. */
  readonly from: unknown;
  /** The value after; null for what is no longer there. */
  readonly to: unknown;
}

export interface Merged {
  /** The values of the section, of which `applied` is taken over. */
  readonly values: unknown;
  readonly applied: readonly Difference[];
  readonly needRestart: readonly Difference[];
}

type Values = Readonly<Record<string, unknown>>;
type NamedValues = Values & { readonly name: string };

/** @param live false when the section's system takes no changes at all */
export function mergeSection(
  section: AnySection,
  before: unknown,
  after: unknown,
  live: boolean,
): Merged {
  const applied: Difference[] = [];
  const needRestart: Difference[] = [];
  /** Notes a difference; true when it is taken over. */
  const note = (reloadable: boolean, difference: Difference): boolean => {
    const taken = live && reloadable;
    (taken ? applied : needRestart).push(difference);
    return taken;
  };

  const mergeFields = (fields: Fields, old: Values, next: Values, path: string): Values => {
    const changed: Record<string, unknown> = {};
    for (const { name, key, field } of fieldsByKey(fields).values()) {
      const here = `${path}.${key}`;
      const [from, to] = [old[name], next[name]];
      let merged = from;
      if (field.is === 'group')
        merged = mergeFields(field.fields, from as Values, to as Values, here);
      else if (field.is === 'records') {
        merged = mergeRecords(field, from as NamedValues[], to as NamedValues[], here);
      } else if (!sameValue(from, to, field.show)) {
        const difference = { path: here, from: field.show(from), to: field.show(to) };
        if (note(field.reloadable, difference)) merged = to;
      }
      if (merged !== from) changed[name] = merged;
    }
    return Object.keys(changed).length === 0 ? old : { ...old, ...changed };
  };

  const mergeRecords = (
    field: Records<Fields>,
    old: readonly NamedValues[],
    next: readonly NamedValues[],
    path: string,
  ): readonly NamedValues[] => {
    const oldByName = new Map(old.map((each) => [each.name, each]));
    const nextByName = new Map(next.map((each) => [each.name, each]));
    const { reloadable } = field;
    for (const each of old) {
      if (nextByName.has(each.name)) continue;
      const from = shownRecord(field.fields, each);
      note(reloadable, { path: `${path}.${each.name}`, from, to: null });
    }
    for (const each of next) {
      if (oldByName.has(each.name)) continue;
      const to = shownRecord(field.fields, each);
      note(reloadable, { path: `${path}.${each.name}`, from: null, to });
    }
    const stayedOld = old.filter(({ name }) => nextByName.has(name)).map(({ name }) => name);
    const stayedNext = next.filter(({ name }) => oldByName.has(name)).map(({ name }) => name);
    if (!sameList(stayedOld, stayedNext)) {
      note(reloadable, { path, from: stayedOld, to: stayedNext });
    }
    // Each record that stays is merged, whatever becomes of the list.
    const mergedByName = new Map(
      stayedOld.map((name) => [
        name,
        mergeFields(
          field.fields,
          oldByName.get(name) as Values,
          nextByName.get(name) as Values,
          `${path}.${name}`,
        ) as NamedValues,
      ]),
    );
    const merged = (live && reloadable ? next : old).map(
      (each) => mergedByName.get(each.name) ?? each,
    );
    return sameList(merged, old) ? old : merged;
  };

  const values = mergeFields(section.fields, before as Values, after as Values, section.name);
  return { values, applied, needRestart };
}

/** The values of a group or record as they are written in the file, under their keys. */
export function shownFields(fields: Fields, values: Values): Record<string, unknown> {
  return Object.fromEntries(
    [...fieldsByKey(fields).values()].map(({ name, key, field }): [string, unknown] => {
      const value = values[name];
      if (field.is === 'setting') return [key, field.show(value)];
      if (field.is === 'group') return [key, shownFields(field.fields, value as Values)];
      const list = value as readonly NamedValues[];
      return [
        key,
        Object.fromEntries(list.map((each) => [each.name, shownFields(field.fields, each)])),
      ];
    }),
  );
}

/** As `shownFields`, without what has its default: a new record is told as it was written. */
function shownRecord(fields: Fields, values: Values): Record<string, unknown> {
  return Object.fromEntries(
    [...fieldsByKey(fields).values()].flatMap(({ name, key, field }): [string, unknown][] => {
      const value = values[name];
      if (field.is === 'setting') {
        return sameValue(value, field.default, field.show) ? [] : [[key, field.show(value)]];
      }
      const shown =
        field.is === 'group'
          ? shownRecord(field.fields, value as Values)
          : Object.fromEntries(
              (value as readonly NamedValues[]).map((each) => [
                each.name,
                shownRecord(field.fields, each),
              ]),
            );
      return Object.keys(shown).length === 0 ? [] : [[key, shown]];
    }),
  );
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

function sameValue(a: unknown, b: unknown, show: (value: unknown) => unknown): boolean {
  if (a === b) return true;
  if (a instanceof Secret && b instanceof Secret) return a.equals(b);
  return JSON.stringify(show(a)) === JSON.stringify(show(b));
}
