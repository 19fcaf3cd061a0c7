/**
 * What a writer's two databases must hold, and what each command must answer, computed without the store.
 *
 * Invariants: commands are applied in the order in which they were sent; semantics are those of the command
 * reference, with its errors. Times to live of keys named `brief` pass while the test runs, others never.
 * https://redis.io/docs/latest/commands/
 */

/** When a key ends, wall clock in milliseconds: a span where only a time from now was given. */
export interface Expiry {
  readonly low: number;
  readonly high: number;
}

export interface Group {
  last: number;
  /** Consumers by the entry that they have not acknowledged. */
  readonly pending: Map<number, string>;
}

export interface StreamValue {
  readonly type: 'stream';
  /** Texts by id; an id n is `n-1` to the store. */
  readonly entries: Map<number, string>;
  last: number;
  group: Group | undefined;
}

export type Value =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'list'; items: string[] }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'set'; readonly members: Set<string> }
  | { readonly type: 'zset'; readonly scores: Map<string, number> }
  | StreamValue;

export type TypeName = Value['type'];
export type ValueOf<T extends TypeName> = Extract<Value, { type: T }>;

export interface Entry {
  value: Value;
  expiry: Expiry | undefined;
}

export type Keys = Map<string, Entry>;

/** An error that the store must answer; its text is the reply. */
export class Refused extends Error {}

export const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value';

/** Two databases that SWAPDB exchanges. */
export class World {
  databases: [Keys, Keys] = [new Map(), new Map()];

  db(index: number): Keys {
    return this.databases[index === 0 ? 0 : 1];
  }

  swap(): void {
    this.databases.reverse();
  }
}

/** The value of a type; undefined where there is none. Throws where it is of another type. */
export function find<T extends TypeName>(keys: Keys, key: string, type: T): ValueOf<T> | undefined {
  const entry = keys.get(key);
  if (entry === undefined) return undefined;
  if (entry.value.type !== type) throw new Refused(WRONG_TYPE);
  return entry.value as ValueOf<T>;
}

/** As `find`, but makes one where there is none. */
export function obtain<T extends TypeName>(keys: Keys, key: string, type: T): ValueOf<T> {
  const found = find(keys, key, type);
  if (found !== undefined) return found;
  const value = empty(type);
  keys.set(key, { value, expiry: undefined });
  return value as ValueOf<T>;
}

function empty(type: TypeName): Value {
  switch (type) {
    case 'string':
      return { type, text: '' };
    case 'list':
      return { type, items: [] };
    case 'hash':
      return { type, fields: new Map() };
    case 'set':
      return { type, members: new Set() };
    case 'zset':
      return { type, scores: new Map() };
    case 'stream':
      return { type, entries: new Map(), last: 0, group: undefined };
  }
}

/** Removes a key whose collection has become empty. */
export function removeIfEmpty(keys: Keys, key: string): void {
  const value = keys.get(key)?.value;
  if (value !== undefined && sizeOf(value) === 0) keys.delete(key);
}

function sizeOf(value: Value): number {
  switch (value.type) {
    case 'list':
      return value.items.length;
    case 'hash':
      return value.fields.size;
    case 'set':
      return value.members.size;
    case 'zset':
      return value.scores.size;
    default:
      return 1;
  }
}

/** A copy that shares nothing. */
export function copyOf(entry: Entry): Entry {
  return structuredClone(entry);
}

/** Members by score, then by bytes. */
export function ranked(scores: ReadonlyMap<string, number>): [string, number][] {
  return [...scores].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1));
}

/** One line for comparing with what is read from the store. */
export function describeValue(value: Value): string {
  switch (value.type) {
    case 'string':
      return `string ${value.text}`;
    case 'list':
      return `list ${value.items.join(' ')}`;
    case 'hash':
      return `hash ${[...value.fields]
        .map(([field, text]) => `${field}=${text}`)
        .sort()
        .join(' ')}`;
    case 'set':
      return `set ${[...value.members].sort().join(' ')}`;
    case 'zset':
      return `zset ${ranked(value.scores).flat().join(' ')}`;
    case 'stream': {
      const entries = [...value.entries].map(([id, text]) => `${id}-1=${text}`).join(' ');
      const { group } = value;
      const shown = group === undefined ? 'no group' : `group at ${idOf(group.last)}`;
      const pending = [...(group?.pending ?? [])]
        .sort((a, b) => a[0] - b[0])
        .map(([id, consumer]) => `${id}-1:${consumer}`)
        .join(' ');
      return `stream ${entries} last ${idOf(value.last)} ${shown} ${pending}`.trimEnd();
    }
  }
}

/** The id of an entry; 0 is the beginning. */
export function idOf(n: number): string {
  return n === 0 ? '0-0' : `${n}-1`;
}
