/**
 * A section: the settings of one system under one name, with groups where several belong together.
 *
 *     export const kvConfig = section('kv', 'The key-value store.', {
 *       port: port({ default: 6379, about: 'Port of the RESP door.' }),
 *       idleTimeoutMs: duration({ default: 0, about: '...', reloadable: true }),
 *       tls: group('TLS.', { port: port({ ... }) }),
 *     });
 *     type KvSettings = ValuesOf<typeof kvConfig.fields>;   // { port: number, idleTimeoutMs: number, tls: ... }
 *
 * Code says `idleTimeoutMs`, the file `idle_timeout: 10s`: the key is the name in snake_case without the
 * unit that the value carries itself. The environment says PLINTH_KV_IDLE_TIMEOUT.
 */
import { invariant } from '../base/index.ts';
import type { Setting } from './setting.ts';

/** Settings and groups by name. */
export interface Fields {
  readonly [name: string]: Setting<unknown> | Group<Fields>;
}

/** Settings that belong together under one key. */
export interface Group<F extends Fields> {
  readonly is: 'group';
  readonly about: string;
  readonly fields: F;
}

/** A section in a list of sections, its types forgotten. */
export interface AnySection {
  readonly name: string;
  readonly about: string;
  readonly fields: Fields;
  /** Rules between settings; called with values that are right one by one. */
  check(values: never): readonly Conflict[];
}

export interface Section<F extends Fields> extends AnySection {
  readonly fields: F;
  check(values: ValuesOf<F>): readonly Conflict[];
}

/** Settings that do not go together. */
export interface Conflict {
  /** The key to blame, below the section: `tls.cert_file`. */
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
      : never;
};

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

/** One setting of a section, with all its names. */
export interface Located {
  readonly setting: Setting<unknown>;
  /** `['tls', 'certFile']`: where its value stands in `ValuesOf`. */
  readonly names: readonly string[];
  /** `tls.cert_file`: below the section. */
  readonly key: string;
  /** `kv.tls.cert_file` */
  readonly path: string;
  /** `PLINTH_KV_TLS_CERT_FILE` */
  readonly variable: string;
}

/** All settings of a section, groups opened, in the order of the table. */
export function settingsOf(owner: AnySection): Located[] {
  const found: Located[] = [];
  const walk = (fields: Fields, names: readonly string[], keys: readonly string[]): void => {
    for (const [name, field] of Object.entries(fields)) {
      const key = [...keys, keyOf(name, field)];
      if (field.is === 'group') walk(field.fields, [...names, name], key);
      else {
        const path = [owner.name, ...key].join('.');
        found.push({
          setting: field,
          names: [...names, name],
          key: key.join('.'),
          path,
          variable: `PLINTH_${path.replaceAll('.', '_').toUpperCase()}`,
        });
      }
    }
  };
  walk(owner.fields, [], []);
  return found;
}

/** The key of a setting or group in the file: `idle_timeout` for `idleTimeoutMs`. */
export function keyOf(name: string, field: Setting<unknown> | Group<Fields>): string {
  const unit = field.is === 'setting' ? field.unit : '';
  return snakeCase(unit === '' ? name : name.replace(unit, ''));
}

/** The value at `names`, below a section's values. */
export function valueAt(values: unknown, names: readonly string[]): unknown {
  let value = values;
  for (const name of names) value = (value as Readonly<Record<string, unknown>>)[name];
  return value;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Names with their unit, and no two settings under one key or one variable. Met at start if broken. */
function assertKeys(owner: AnySection): void {
  const variables = new Set<string>();
  for (const { setting, names, path, variable } of settingsOf(owner)) {
    const name = names.at(-1) ?? '';
    if (!name.includes(setting.unit)) {
      throw new Error(`setting ${path}: a ${setting.kind} says its unit, ${name}${setting.unit}`);
    }
    for (const each of setting.fromFile ? [variable, `${variable}_FILE`] : [variable]) {
      if (variables.has(each)) throw new Error(`setting ${path}: ${each} names two settings`);
      variables.add(each);
    }
  }
}
