/** The kinds of setting. Each says what it wants, how its text is read and how it is written. */
import { isIP } from 'node:net';
import { Secret } from './secret.ts';
import { type Entry, listSetting, type Setting, scalarSetting } from './setting.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from './units.ts';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/** Yes or no. `yes`, `no`, `on` and `off` are understood beside `true` and `false`. */
export function flag<D extends boolean | undefined>(entry: Entry<D>): Setting<boolean | D> {
  return scalarSetting<boolean, D>(entry, {
    kind: 'flag',
    wanted: 'true or false',
    schema: { enum: [true, false, 'yes', 'no', 'on', 'off'] },
    parse: (text) => {
      if (/^(true|yes|on)$/i.test(text)) return true;
      return /^(false|no|off)$/i.test(text) ? false : undefined;
    },
  });
}

/** A whole number. */
export function integer<D extends number | undefined>(
  entry: Entry<D> & Range,
): Setting<number | D> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = entry;
  return scalarSetting<number, D>(entry, {
    kind: 'integer',
    wanted: `a whole number ${rangeText(entry, String)}`,
    schema: { type: 'integer', minimum: min, maximum: max },
    parse: (text) => within(/^[+-]?\d+$/.test(text) ? Number(text) : undefined, min, max),
  });
}

/** A number, with a fraction or without. */
export function decimal<D extends number | undefined>(
  entry: Entry<D> & Range,
): Setting<number | D> {
  const { min = 0, max = Number.MAX_VALUE } = entry;
  return scalarSetting<number, D>(entry, {
    kind: 'number',
    wanted: `a number ${rangeText(entry, String)}`,
    schema: { type: 'number', minimum: min, maximum: max },
    parse: (text) => within(/^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined, min, max),
  });
}

/** A TCP or UDP port; 0 lets the system choose a free one. */
export function port<D extends number | undefined>(entry: Entry<D>): Setting<number | D> {
  return scalarSetting<number, D>(entry, {
    kind: 'port',
    wanted: 'a port from 0 to 65535',
    schema: { type: 'integer', minimum: 0, maximum: 65535 },
    parse: (text) => within(/^\d{1,5}$/.test(text) ? Number(text) : undefined, 0, 65535),
  });
}

/** An IP address to listen on: `127.0.0.1`, `::1`, `0.0.0.0`, or the name `localhost`. */
export function address<D extends string | undefined>(entry: Entry<D>): Setting<string | D> {
  return scalarSetting<string, D>(entry, {
    kind: 'address',
    wanted: 'an IP address or localhost',
    schema: {
      type: 'string',
      anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }, { const: 'localhost' }],
    },
    parse: (text) => (isIP(text) !== 0 || text === 'localhost' ? text : undefined),
  });
}

/** Bytes, written `64mb`. The name of the setting ends in `Bytes`. */
export function size<D extends number | undefined>(entry: Entry<D> & Range): Setting<number | D> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = entry;
  return scalarSetting<number, D>(entry, {
    kind: 'size',
    unit: 'Bytes',
    wanted: `a size ${rangeText(entry, formatSize)} such as 64mb`,
    schema: {
      type: ['string', 'integer'],
      pattern: '^\\d+(\\.\\d+)?\\s*([kKmMgGtT][iI]?[bB]?|[bB])?$',
    },
    parse: (text) => within(parseSize(text), min, max),
    show: (bytes) => plain(formatSize(bytes)),
  });
}

/** Milliseconds, written `500ms` or `10s`. The name of the setting ends in `Ms`. */
export function duration<D extends number | undefined>(
  entry: Entry<D> & Range,
): Setting<number | D> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = entry;
  return scalarSetting<number, D>(entry, {
    kind: 'duration',
    unit: 'Ms',
    wanted: `a duration ${rangeText(entry, formatDuration)} with its unit, such as 500ms or 10s`,
    schema: {
      type: ['string', 'integer'],
      pattern: '^(0|(\\d+(\\.\\d+)?(ms|s|m|h|d))+)$',
      maximum: 0,
    },
    parse: (text) => within(parseDuration(text), min, max),
    show: (ms) => plain(formatDuration(ms)),
  });
}

/** One word of a fixed set. */
export function choice<const C extends string>(
  choices: readonly C[],
  entry: Entry<NoInfer<C>>,
): Setting<C>;
export function choice<const C extends string>(
  choices: readonly C[],
  entry: Entry<undefined>,
): Setting<C | undefined>;
export function choice<const C extends string>(
  choices: readonly C[],
  entry: Entry<C | undefined>,
): Setting<C | undefined> {
  return scalarSetting<C, C | undefined>(entry, {
    kind: 'choice',
    wanted: `one of ${choices.join(', ')}`,
    schema: { enum: choices },
    parse: (text) => choices.find((each) => each === text),
  });
}

/** Free text of at most `max` characters (1024 unless told), matching `pattern` when one is given. */
export function text<D extends string | undefined>(
  entry: Entry<D> & { readonly max?: number; readonly pattern?: RegExp; readonly wanted?: string },
): Setting<string | D> {
  const { max = 1024, pattern } = entry;
  return scalarSetting<string, D>(entry, {
    kind: 'text',
    wanted: entry.wanted ?? `a text of at most ${max} characters`,
    schema: { type: 'string', maxLength: max, ...(pattern && { pattern: pattern.source }) },
    parse: (value) => (value.length <= max && (pattern?.test(value) ?? true) ? value : undefined),
  });
}

/** A file or folder; a relative one starts at the working directory of the process. */
export function path<D extends string | undefined>(entry: Entry<D>): Setting<string | D> {
  return scalarSetting<string, D>(entry, {
    kind: 'path',
    wanted: 'a path of 1 to 4096 characters',
    schema: { type: 'string', minLength: 1, maxLength: 4096 },
    parse: (value) =>
      value.length > 0 && value.length <= 4096 && !value.includes('\0') ? value : undefined,
  });
}

/** A text that must not be shown. It may stand in a file of its own: key `password_file` for `password`. */
export function secret(entry: Omit<Entry<undefined>, 'default'>): Setting<Secret | undefined> {
  return scalarSetting<Secret, undefined>(
    { ...entry, default: undefined },
    {
      kind: 'secret',
      fromFile: true,
      wanted: 'a text of 1 to 4096 characters',
      schema: { type: 'string', minLength: 1, maxLength: 4096 },
      parse: (value) => (value.length > 0 && value.length <= 4096 ? new Secret(value) : undefined),
    },
  );
}

/** Several values of one kind; in the environment and in --set they are parted by commas. */
export function list<T>(
  item: Setting<T>,
  entry: Entry<readonly T[]> & { readonly max?: number },
): Setting<readonly T[]> {
  return listSetting(entry, item, entry.max ?? 1000);
}

/** A number without a unit is written as a number, so that YAML needs no quotes around it. */
function plain(shown: string): string | number {
  return /^\d+$/.test(shown) ? Number(shown) : shown;
}

function within(value: number | undefined, min: number, max: number): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined;
}

function rangeText({ min = 0, max }: Range, show: (value: number) => string): string {
  return max === undefined ? `from ${show(min)}` : `from ${show(min)} to ${show(max)}`;
}
