/**
 * Kinds of settings: how CONFIG SET reads their text and CONFIG GET prints them. Refusals are Redis'
 * own sentences, since people and test suites know them.
 */

/** Why a text is no value of a setting. */
export class Refusal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface Kind<T> {
  /** For documentation: `integer 0 to 100`. */
  readonly about: string;
  parse(text: string): T | Refusal;
  print(value: T): string;
}

export const INT_MAX = 2 ** 31 - 1;
export const UINT_MAX = 2 ** 32 - 1;
/** Upper bound of 64-bit settings. */
export const LONG_MAX = 2 ** 63;

const INTEGER = /^(?:0|-?[1-9][0-9]*)$/;
/** Redis reads a size without digits as 0. */
const MEMORY = /^([0-9]*)(b|k|kb|m|mb|g|gb)?$/i;
const UNIT_BYTES: Readonly<Record<string, number>> = {
  b: 1,
  k: 1e3,
  kb: 2 ** 10,
  m: 1e6,
  mb: 2 ** 20,
  g: 1e9,
  gb: 2 ** 30,
};

/** Bytes that a text such as `100mb` or `1g` means, NaN when it means none. */
export function parseMemory(text: string): number {
  const match = MEMORY.exec(text);
  return match === null
    ? Number.NaN
    : Number(match[1]) * UNIT_BYTES[(match[2] ?? 'b').toLowerCase()]!;
}

function bounded(value: number, min: number, max: number): number | Refusal {
  if (value >= min && value <= max) return value;
  return new Refusal(`argument must be between ${whole(min)} and ${whole(max)} inclusive`);
}

function whole(value: number): string {
  return value >= LONG_MAX ? '9223372036854775807' : String(value);
}

/** Whether a text is an integer of 64 bits. */
function isInteger(text: string): boolean {
  if (!INTEGER.test(text)) return false;
  return text.length < 19 || BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

export function integer(min: number, max: number): Kind<number> {
  return {
    about: `integer from ${whole(min)} to ${whole(max)}`,
    parse: (text) =>
      isInteger(text)
        ? bounded(Number(text), min, max)
        : new Refusal("argument couldn't be parsed into an integer"),
    print: whole,
  };
}

/** An integer that is clamped into its range instead of refused, as `hz` is. */
export function clamped(min: number, max: number): Kind<number> {
  const inner = integer(0, INT_MAX);
  return {
    about: `integer, taken as at least ${min} and at most ${max}`,
    parse: (text) => {
      const value = inner.parse(text);
      return value instanceof Refusal ? value : Math.min(Math.max(value, min), max);
    },
    print: String,
  };
}

/** Bytes, with a unit if wished. */
export function memory(min = 0, max = LONG_MAX): Kind<number> {
  return {
    about: 'bytes, with a unit: kb, mb, gb (of 1024), k, m, g (of 1000)',
    parse: (text) => {
      const bytes = parseMemory(text);
      return Number.isNaN(bytes)
        ? new Refusal('argument must be a memory value')
        : bounded(bytes, min, max);
    },
    print: whole,
  };
}

/** Bytes, or a percentage of `maxmemory`, which is a negative number. */
export const memoryOrPercent: Kind<number> = {
  about: 'bytes, or a percentage of maxmemory: `5%`',
  parse: (text) => {
    if (!text.endsWith('%')) {
      const bytes = parseMemory(text);
      return Number.isNaN(bytes)
        ? new Refusal('argument must be a memory or percent value')
        : bytes;
    }
    const percent = Number(text.slice(0, -1));
    if (!INTEGER.test(text.slice(0, -1)) || percent < 0) {
      return new Refusal('argument must be a memory or percent value');
    }
    return percent > 100
      ? new Refusal('percentage argument must be less or equal to 100')
      : -percent;
  },
  print: (value) => (value < 0 ? `${-value}%` : String(value)),
};

export const yesNo: Kind<boolean> = {
  about: 'yes or no',
  parse: (text) => {
    const word = text.toLowerCase();
    if (word === 'yes' || word === 'no') return word === 'yes';
    return new Refusal("argument must be 'yes' or 'no'");
  },
  print: (value) => (value ? 'yes' : 'no'),
};

/** One of these words, in any case. */
export function choice<const T extends string>(...words: readonly T[]): Kind<T> {
  return {
    about: words.join(', '),
    parse: (text) =>
      words.find((word) => word === text.toLowerCase()) ??
      new Refusal(`argument(s) must be one of the following: ${words.join(', ')}`),
    print: (value) => value,
  };
}

/** Some of these words, for instance `save now`; `none` stands for no word. */
export function words(
  none: string,
  known: readonly string[],
  check: (chosen: readonly string[]) => string | undefined = () => undefined,
): Kind<string> {
  return {
    about: `${none}, or of ${known.join(', ')}`,
    parse: (text) => {
      const chosen = text
        .toLowerCase()
        .split(/\s+/)
        .filter((word) => word !== '');
      const valid =
        chosen.length > 0 && chosen.every((word) => word === none || known.includes(word));
      if (!valid) {
        return new Refusal(
          `argument(s) must be one of the following: ${[none, ...known].join(', ')}`,
        );
      }
      const wrong = check(chosen);
      if (wrong !== undefined) return new Refusal(wrong);
      const shown = known.filter((word) => chosen.includes(word));
      return shown.length === 0 ? none : shown.join(' ');
    },
    print: (value) => value,
  };
}

/** Any text. */
export const anyText: Kind<string> = {
  about: 'text',
  parse: (text) => text,
  print: (value) => value,
};

/** A fixed number of integers. */
export function integers(count: number, min: number, max: number): Kind<string> {
  return {
    about: `${count} integers`,
    parse: (text) => {
      const parts = text.trim().split(/\s+/);
      if (parts.length !== count) return new Refusal('wrong number of arguments');
      const fits = parts.every(
        (part) => INTEGER.test(part) && Number(part) >= min && Number(part) <= max,
      );
      return fits ? parts.join(' ') : new Refusal('Invalid values');
    },
    print: (value) => value,
  };
}
