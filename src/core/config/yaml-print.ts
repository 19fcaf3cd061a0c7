/** Writes values as YAML: on one line, as within `{ }`, or as lines of their own. */
import { parse } from 'yaml';
import type { Edit, Written, WrittenScalar } from './edit.ts';

/** A value that is to be written. Of a list of maps each map begins with its name. */
export type Printed = Written | readonly PrintedMap[] | PrintedMap;
export interface PrintedMap {
  readonly [key: string]: Printed;
}

/** What stands where nothing stood before; undefined for nothing. */
export function printedOf(edit: Edit): Printed | undefined {
  switch (edit.is) {
    case 'remove':
      return undefined;
    case 'write':
      return edit.value;
    case 'map': {
      const map = printedEntries(edit.entries);
      return Object.keys(map).length === 0 ? undefined : map;
    }
    case 'records': {
      const names = [...edit.entries].flatMap(([name, each]) => (each.is === 'map' ? [name] : []));
      if (names.length === 0) return undefined;
      return (edit.order ?? names).map((name) => {
        const record = edit.entries.get(name);
        return { name, ...(record?.is === 'map' ? printedEntries(record.entries) : {}) };
      });
    }
  }
}

function printedEntries(entries: ReadonlyMap<string, Edit>): PrintedMap {
  return Object.fromEntries(
    [...entries].flatMap(([key, each]): [string, Printed][] => {
      const value = printedOf(each);
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** `7000`, `[a, "b, c"]`, `{ name: a, weight: 3 }`: right between brackets and alone. */
export function onOneLine(value: Printed): string {
  if (Array.isArray(value)) return `[${value.map(onOneLine).join(', ')}]`;
  if (typeof value !== 'object') return scalarText(value);
  return `{ ${entryTexts(value as PrintedMap).join(', ')} }`;
}

/** `weight: 3` for each entry. */
export function entryTexts(map: PrintedMap): string[] {
  return Object.entries(map).map(([key, each]) => `${key}: ${onOneLine(each)}`);
}

/** The lines of an entry. @param column of the key. @param step spaces by which the inner lies deeper */
export function entryLines(key: string, value: Printed, column: number, step: number): string[] {
  const pad = ' '.repeat(column);
  if (isMaps(value)) {
    return [`${pad}${key}:`, ...value.flatMap((each) => recordLines(each, column + step, step))];
  }
  if (typeof value !== 'object' || Array.isArray(value))
    return [`${pad}${key}: ${onOneLine(value)}`];
  return [`${pad}${key}:`, ...mapLines(value as PrintedMap, column + step, step)];
}

/** The lines of a record in a list. @param column of its dash */
export function recordLines(record: PrintedMap, column: number, step: number): string[] {
  const [first = '', ...rest] = mapLines(record, column + 2, step);
  return [`${' '.repeat(column)}- ${first.trimStart()}`, ...rest];
}

export function mapLines(map: PrintedMap, column: number, step: number): string[] {
  return Object.entries(map).flatMap(([key, each]) => entryLines(key, each, column, step));
}

function isMaps(value: Printed): value is readonly PrintedMap[] {
  return Array.isArray(value) && value.length > 0 && typeof value[0] === 'object';
}

function scalarText(value: WrittenScalar): string {
  if (typeof value !== 'string') return String(value);
  // A few characters that never have a meaning of their own; and not what reads as a number or null.
  const isPlain = /^[\w./][\w./@%+-]*(:[\w./@%+-]+)*$/.test(value) && parse(value) === value;
  // A JSON string is a double-quoted YAML scalar (YAML 1.2.2, 1.2).
  return isPlain ? value : JSON.stringify(value);
}
