/**
 * The directives of Cache-Control, RFC 9111 section 5.2, of a request or a response.
 *
 * What cannot be read is never in our favour: a time that is none counts as no time at all, a name that nobody
 * knows is ignored.
 */
import { parseDictionary } from './structured-dictionary.ts';

/** What a directive says: nothing, a text, or something that is no value of it. */
export type Argument = string | null | typeof INVALID;
const INVALID: unique symbol = Symbol('invalid');

/** Greater times are this one, RFC 9111 section 1.2.2. */
export const DELTA_SECONDS_MAX = 2 ** 31;

export class Directives {
  private readonly rows: ReadonlyMap<string, Argument>;

  constructor(rows: ReadonlyMap<string, Argument>) {
    this.rows = rows;
  }

  has(name: string): boolean {
    return this.rows.has(name);
  }

  /** Whether it is there without an argument. */
  isBare(name: string): boolean {
    return this.rows.get(name) === null;
  }

  /**
   * A time in seconds, undefined when the directive is not there, NaN when it has no time: whoever asks treats a
   * response with that as stale (RFC 9111 section 4.2.1).
   */
  seconds(name: string): number | undefined {
    const argument = this.rows.get(name);
    if (argument === undefined) return undefined;
    return typeof argument === 'string' ? parseDeltaSeconds(argument) : Number.NaN;
  }

  /**
   * Names of fields in small letters, of `no-cache="a, b"` and `private="a, b"`; undefined when the directive is
   * not there or stands without names, and then is for the whole response.
   */
  fieldNames(name: string): readonly string[] | undefined {
    const argument = this.rows.get(name);
    if (typeof argument !== 'string') return undefined;
    const names = argument.split(',').map((each) => each.trim().toLowerCase());
    const some = names.filter((each) => each !== '');
    return some.length === 0 ? undefined : some;
  }
}

export const NO_DIRECTIVES: Directives = new Directives(new Map());

/** RFC 9111 section 1.2.2; NaN for what is not digits alone. */
function parseDeltaSeconds(text: string): number {
  if (!/^\d+$/.test(text)) return Number.NaN;
  return Math.min(Number(text), DELTA_SECONDS_MAX);
}

const NAME = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;

/**
 * Reads Cache-Control; several lines of it are joined by commas. Arguments may be tokens or quoted (section
 * 5.2); of a directive that is there more than once the first one counts (section 4.2.1).
 */
export function parseCacheControl(list: string): Directives {
  const rows = new Map<string, Argument>();
  let at = 0;
  while (at < list.length) {
    if (isBlank(list[at] as string)) {
      at++;
      continue;
    }
    NAME.lastIndex = at;
    const name = NAME.exec(list)?.[0].toLowerCase();
    if (name === undefined) {
      // Nothing, or something that is no directive.
      at = endOfElement(list, at) + 1;
      continue;
    }
    at += name.length;
    let argument: Argument = null;
    if (list[at] === '=') {
      [argument, at] = readArgument(list, at + 1);
    }
    const end = endOfElement(list, at);
    if (list.slice(at, end).trim() !== '') argument = INVALID;
    at = end + 1;
    if (!rows.has(name)) rows.set(name, argument);
  }
  return new Directives(rows);
}

function readArgument(list: string, at: number): [Argument, number] {
  QUOTED.lastIndex = at;
  const quoted = QUOTED.exec(list);
  if (quoted !== null) {
    return [(quoted[1] as string).replaceAll(/\\(.)/g, '$1'), at + quoted[0].length];
  }
  NAME.lastIndex = at;
  const token = NAME.exec(list)?.[0];
  return token === undefined ? [INVALID, at] : [token, at + token.length];
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\t';
}

/** The comma behind an element; one between quotes is none. */
function endOfElement(list: string, from: number): number {
  let at = from;
  while (at < list.length && list[at] !== ',') {
    QUOTED.lastIndex = at;
    at += QUOTED.exec(list)?.[0].length ?? 1;
  }
  return Math.min(at, list.length);
}

/**
 * Reads a field of targeted cache control, RFC 9213 section 2.1. Null: it is empty or no Dictionary, and the
 * next field in turn is used. A value of another type than its directive's is not used.
 */
export function parseTargeted(list: string): Directives | null {
  const members = parseDictionary(list);
  if (members === null || members.size === 0) return null;
  const rows = new Map<string, Argument>();
  for (const [name, member] of members) {
    if (member.kind === 'boolean') {
      // `no-store=?0` says that it is not there.
      if (member.value) rows.set(name, null);
    } else if (member.kind === 'integer') {
      rows.set(name, String(member.value));
    } else if (member.kind === 'string' && !TIMES.has(name)) {
      rows.set(name, member.value);
    } else {
      rows.set(name, INVALID);
    }
  }
  return new Directives(rows);
}

/** Directives whose value is an Integer. */
const TIMES: ReadonlySet<string> = new Set([
  'max-age',
  's-maxage',
  'stale-while-revalidate',
  'stale-if-error',
]);
