/**
 * Parameters of operations: typed, with defaults, refused as Hadoop refuses them. Names count in any case.
 */
import { illegalParameter } from './errors.ts';

export interface Parameter<T> {
  /** What it is, for people. */
  readonly type: string;
  /** `values`: all that were given. @throws RemoteException IllegalArgumentException */
  read(name: string, values: readonly string[]): T;
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

export type ValuesOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

/** Values by their names in small letters. */
export type Query = ReadonlyMap<string, readonly string[]>;

export function parseQuery(text: string): Query {
  const query = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    const name = decodeText(at < 0 ? pair : pair.slice(0, at)).toLowerCase();
    const value = at < 0 ? '' : decodeText(pair.slice(at + 1));
    const before = query.get(name);
    if (before === undefined) query.set(name, [value]);
    else before.push(value);
  }
  return query;
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw illegalParameter('query', `${text} is no percent-encoded UTF-8`);
  }
}

export function readParameters<P extends Parameters>(parameters: P, query: Query): ValuesOf<P> {
  const rows = Object.entries(parameters).map(([name, parameter]) => [
    name,
    parameter.read(name, query.get(name) ?? []),
  ]);
  return Object.fromEntries(rows) as ValuesOf<P>;
}

/** A parameter given at most once. */
function single<T, D>(
  type: string,
  fallback: D,
  parse: (text: string, name: string) => T,
): Parameter<T | D> {
  return {
    type,
    read: (name, values) => {
      const [text, ...others] = values;
      if (text === undefined) return fallback;
      if (others.length > 0) throw illegalParameter(name, 'it is given more than once');
      return parse(text, name);
    },
  };
}

export function flag(fallback: boolean): Parameter<boolean> {
  return single('boolean', fallback, (text, name) => {
    const small = text.toLowerCase();
    if (small !== 'true' && small !== 'false') {
      throw illegalParameter(name, `"${text}" must be true or false.`);
    }
    return small === 'true';
  });
}

export interface NumberRange {
  readonly min: number;
  readonly max?: number;
}

export function integer<D extends number | undefined>(
  fallback: D,
  { min, max = Number.MAX_SAFE_INTEGER }: NumberRange,
): Parameter<number | D> {
  return single('integer', fallback, (text, name) => {
    if (!/^-?\d{1,19}$/.test(text)) {
      throw illegalParameter(name, `Failed to parse "${text}" as a radix-10 long integer.`);
    }
    const value = Number(text);
    if (value < min) throw illegalParameter(name, `${text} < ${min}`);
    // Hadoop's clients say "to the end" with the largest of their longs.
    const known = Math.min(value, Number.MAX_SAFE_INTEGER);
    if (known > max) throw illegalParameter(name, `${text} > ${max}`);
    return known;
  });
}

/** An octal mode. */
export function mode(fallback: number): Parameter<number> {
  return single('octal mode', fallback, (text, name) => {
    if (!/^[01]?[0-7]{1,3}$|^0[01]?[0-7]{3}$/.test(text)) {
      throw illegalParameter(name, `"${text}" is no mode of 0 to 1777 in octal`);
    }
    return Number.parseInt(text, 8);
  });
}

/** Empty is as if it was not given. */
export function text(pattern: RegExp = /^.*$/s): Parameter<string | undefined> {
  return single('text', undefined, (value, name) => {
    if (value === '') return undefined;
    if (!pattern.test(value)) throw illegalParameter(name, `"${value}" does not match ${pattern}`);
    return value;
  });
}

export function required(parameter: Parameter<string | undefined>): Parameter<string> {
  return {
    type: parameter.type,
    read: (name, values) => {
      const value = parameter.read(name, values);
      if (value === undefined) throw illegalParameter(name, 'it is not given');
      return value;
    },
  };
}

/** Any number of times. */
export function texts(): Parameter<readonly string[]> {
  return { type: 'text, repeated', read: (_name, values) => values.filter((each) => each !== '') };
}

/** Words of a set with commas between, in any case. */
export function words<W extends string>(known: readonly W[]): Parameter<ReadonlySet<W>> {
  const one = new Map(known.map((word) => [word.toLowerCase(), word]));
  return single('set', new Set<W>(), (value, name) => {
    const found = new Set<W>();
    for (const each of value.split(',')) {
      if (each === '') continue;
      const word = one.get(each.trim().toLowerCase());
      if (word === undefined) {
        throw illegalParameter(name, `${each} is not one of ${known.join(', ')}`);
      }
      found.add(word);
    }
    return found;
  });
}
