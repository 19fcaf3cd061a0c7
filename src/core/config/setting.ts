/**
 * What a setting is: one entry from which its type, validation, help, documentation and JSON Schema
 * derive. The kinds of setting stand in kinds.ts.
 */
import { metText, type Raw, type Reading } from './raw.ts';

/** A JSON Schema (draft 2020-12), as far as settings need one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What the author of a setting says about it. */
export interface Entry<D> {
  /** The value when nobody says anything; `undefined` for a setting that may be absent. */
  readonly default: D;
  /** One sentence: what it does. */
  readonly about: string;
  /** One sentence: when a user should change it. */
  readonly change?: string;
  /** True when a running system takes a new value; otherwise it needs a restart. */
  readonly reloadable?: boolean;
}

/** A setting with values of type T. Methods are bivariant on purpose: tables hold `Setting<unknown>`. */
export interface Setting<T> {
  readonly is: 'setting';
  /** The kind, for documentation: `port`, `size`. */
  readonly kind: string;
  readonly default: T;
  readonly about: string;
  readonly change: string;
  readonly reloadable: boolean;
  /** The unit that the name of the setting ends in, dropped from the key: `Ms`, `Bytes`. */
  readonly unit: 'Ms' | 'Bytes' | '';
  /** True when the value may also come from a file, by the key with `_file` behind it. */
  readonly fromFile: boolean;
  /** True when the value is a list. */
  readonly isList: boolean;
  /** True when each record must say it; see `required`. */
  readonly required: boolean;
  /** What a value must be, as a problem says it: `a port from 0 to 65535`. */
  readonly wanted: string;
  readonly schema: JsonSchema;
  /** The value, or the problems with it. `name` is the setting's full path, for the sentences. */
  read(raw: Raw, name: string): Reading<T>;
  /** The value as it is written in YAML and JSON; reading it again gives the same value. */
  show(value: T): unknown;
}

/** What a kind adds to an entry. */
export interface Kind<T> {
  readonly kind: string;
  readonly unit?: 'Ms' | 'Bytes';
  readonly fromFile?: boolean;
  readonly wanted: string;
  readonly schema: JsonSchema;
  /** The value of a scalar's text, or undefined when it is none. */
  parse(text: string): T | undefined;
  show?(value: T): unknown;
}

/** A setting of one scalar value. */
export function scalarSetting<T, D extends T | undefined>(
  entry: Entry<D>,
  kind: Kind<T>,
): Setting<T | D> {
  const optional = entry.default === undefined;
  return {
    ...common(entry, kind),
    isList: false,
    schema: optional ? { anyOf: [kind.schema, { type: 'null' }] } : kind.schema,
    read(raw, name) {
      if (optional && raw.type === 'scalar' && raw.empty) return { ok: true, value: entry.default };
      const value = raw.type === 'scalar' && !raw.empty ? kind.parse(raw.text) : undefined;
      return value === undefined ? complaint(raw, name, kind.wanted) : { ok: true, value };
    },
    show: (value) => (value === undefined ? null : (kind.show?.(value as T) ?? value)),
  };
}

/** A setting that holds a list of values of another setting's kind; that one's entry is not used. */
export function listSetting<T>(
  entry: Entry<readonly T[]>,
  item: Setting<T>,
  itemsMax: number,
): Setting<readonly T[]> {
  const wanted = `a list of at most ${itemsMax}, each ${item.wanted}`;
  return {
    ...common(entry, { kind: `list of ${item.kind}`, wanted }),
    isList: true,
    schema: { type: 'array', items: item.schema, maxItems: itemsMax },
    read(raw, name) {
      if (raw.type !== 'list' || raw.items.length > itemsMax) return complaint(raw, name, wanted);
      const readings = raw.items.map((each, i) => item.read(each, `${name}[${i}]`));
      const problems = readings.flatMap((reading) => (reading.ok ? [] : reading.problems));
      if (problems.length > 0) return { ok: false, problems };
      return {
        ok: true,
        value: readings.flatMap((reading) => (reading.ok ? [reading.value] : [])),
      };
    },
    show: (values) => values.map((value) => item.show(value)),
  };
}

/** The same setting of a record, which every record must say. */
export function required<T>(setting: Setting<T | undefined>): Setting<T> {
  const { read, show } = setting;
  return {
    ...setting,
    required: true,
    // Never taken: a record without it is a problem.
    default: setting.default as T,
    schema: withoutNull(setting),
    read(raw, name) {
      const reading = read(raw, name);
      if (!reading.ok) return reading;
      const { value } = reading;
      return value === undefined ? complaint(raw, name, setting.wanted) : { ok: true, value };
    },
    show: (value) => show(value),
  };
}

/** The schema of a setting that may be absent says `anyOf: [..., null]`. */
function withoutNull({ default: value, schema }: Setting<unknown>): JsonSchema {
  return value === undefined ? (schema.anyOf as readonly [JsonSchema])[0] : schema;
}

function common<D>(
  entry: Entry<D>,
  kind: Pick<Kind<unknown>, 'kind' | 'unit' | 'fromFile' | 'wanted'>,
) {
  return {
    is: 'setting' as const,
    kind: kind.kind,
    default: entry.default,
    about: entry.about,
    change: entry.change ?? '',
    reloadable: entry.reloadable ?? false,
    unit: kind.unit ?? ('' as const),
    fromFile: kind.fromFile ?? false,
    required: false,
    wanted: kind.wanted,
  };
}

function complaint(raw: Raw, name: string, wanted: string): Reading<never> {
  const text = `${name} is ${metText(raw)}, wanted ${wanted}`;
  return { ok: false, problems: [{ place: raw.place, text }] };
}
