/**
 * A section: the settings of one system under one name, with groups where several belong together and
 * records where there are several things of one shape.
 *
 *     export const kvConfig = section('kv', 'The key-value store.', {
 *       port: port({ default: 6379, about: 'Port of the RESP door.' }),
 *       idleTimeoutMs: duration({ default: 0, about: '...', reloadable: true }),
 *       tls: group('TLS.', { port: port({ ... }) }),
 *       users: records('Who may come in.', { role: text({ ... }) }, { one: 'user', max: 100 }),
 *     });
 *     type KvSettings = ValuesOf<typeof kvConfig.fields>;
 *     // { port: number, idleTimeoutMs: number, tls: ..., users: readonly { name: string, role: string }[] }
 *
 * Code says `idleTimeoutMs`, the file `idle_timeout: 10s`: the key is the name in snake_case without the
 * unit that the value carries itself. The environment says PLINTH_KV_IDLE_TIMEOUT; settings within records
 * have no variable. A setting's path is `kv.users.ann.role`: records are addressed by name, never by index.
 */
import { invariant } from '../base/index.ts';
import { settingsOf } from './located.ts';
import type { Setting } from './setting.ts';

export type Field = Setting<unknown> | Group<Fields> | Records<Fields>;

/** Settings, groups and records by name. */
export interface Fields {
  readonly [name: string]: Field;
}

/** Settings that belong together under one key. */
export interface Group<F extends Fields> {
  readonly is: 'group';
  readonly about: string;
  readonly fields: F;
}

/** A list of maps with the same fields and a `name` each. Names are unique within the list, order is kept. */
export interface Records<F extends Fields> {
  readonly is: 'records';
  readonly about: string;
  /** When a user should add one. */
  readonly change: string;
  /** What one of them is called in messages: `server`. */
  readonly one: string;
  /** Records that the list may have at most. */
  readonly max: number;
  /** True when a running system takes added, removed and reordered records; fields say so for themselves. */
  readonly reloadable: boolean;
  /** The fields beside `name`. */
  readonly fields: F;
}

/** A section in a list of sections, its types forgotten. */
export interface AnySection {
  readonly name: string;
  readonly about: string;
  readonly fields: Fields;
  /** Rules between settings; called with values that are right one by one. */
  check(values: never): readonly Conflict[];
  /** Rules between this section and others, by whoever knows both; `of` gives the values of a section. */
  across?(of: <F extends Fields>(section: Section<F>) => ValuesOf<F>): readonly Conflict[];
}

export interface Section<F extends Fields> extends AnySection {
  readonly fields: F;
  check(values: ValuesOf<F>): readonly Conflict[];
}

/** Settings that do not go together. */
export interface Conflict {
  /** The key to blame, below the section: `tls.cert_file`, `pools.app.servers.a.address`, `pools.app`. */
  readonly key: string;
  /** What is wrong, following the setting's name: `needs kv.tls.key_file too`. */
  readonly says: string;
}

/** The values that a section or group has once it is read. */
export type ValuesOf<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Setting<infer T>
    ? T
    : F[K] extends Group<infer G>
      ? ValuesOf<G>
      : F[K] extends Records<infer R>
        ? readonly RecordOf<R>[]
        : never;
};

/** One record once it is read. */
export type RecordOf<F extends Fields> = { readonly name: string } & ValuesOf<F>;

/** What the name of a record looks like. No dots, for paths; no digit first, for the order of JSON objects. */
export const RECORD_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
export const RECORD_NAME_WANTED =
  '1 to 63 letters, digits, - and _, of which the first is a letter';

export function section<const F extends Fields>(
  name: string,
  about: string,
  fields: F,
  check: (values: ValuesOf<F>) => readonly Conflict[] = () => [],
): Section<F> {
  invariant(/^[a-z][a-z0-9]*$/.test(name), 'a section is named by one lower-case word');
  const found = { name, about, fields, check };
  assertKeys(found);
  return found;
}

export function group<const F extends Fields>(about: string, fields: F): Group<F> {
  return { is: 'group', about, fields };
}

/** What the author of records says about them. */
export interface RecordsOptions {
  /** What one of them is called in messages: `server`. */
  readonly one: string;
  /** Records that the list may have at most. */
  readonly max: number;
  /** One sentence: when a user should add one. */
  readonly change?: string;
  /** True when a running system takes added, removed and reordered records. */
  readonly reloadable?: boolean;
}

/**
 * A list of maps with these fields, each with a `name`, empty by default. The fields may be settings,
 * groups and records again; a setting that has no sensible default is `required`.
 */
export function records<const F extends Fields>(
  about: string,
  fields: F,
  options: RecordsOptions,
): Records<F> {
  invariant(!('name' in fields), 'the name of a record is no field of its own');
  const { one, max, change = '', reloadable = false } = options;
  return { is: 'records', about, change, one, max, reloadable, fields };
}

/** Names with their unit, no two settings under one variable, what is required only within records. */
function assertKeys(owner: AnySection): void {
  const variables = new Set<string>();
  for (const { setting, names, path, variable } of settingsOf(owner, () => ['*'])) {
    const name = names.at(-1) ?? '';
    if (!name.includes(setting.unit)) {
      throw new Error(`setting ${path}: a ${setting.kind} says its unit, ${name}${setting.unit}`);
    }
    if (setting.required && variable !== undefined) {
      throw new Error(`setting ${path}: only a setting within records may be required`);
    }
    if (variable === undefined) continue;
    for (const each of setting.fromFile ? [variable, `${variable}_FILE`] : [variable]) {
      if (variables.has(each)) throw new Error(`setting ${path}: ${each} names two settings`);
      variables.add(each);
    }
  }
}
