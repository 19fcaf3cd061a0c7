/**
 * A Dictionary of Structured Fields, RFC 9651 section 4.2.2, as far as cache directives need it: every member is
 * parsed by the whole grammar, so that what is not one is refused whole; of values we keep booleans, integers,
 * strings and tokens, anything else stands there as `other`. Parameters are checked and dropped.
 */

export type Member =
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'string' | 'token'; readonly value: string }
  | { readonly kind: 'other' };

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const NUMBER = /-?(\d+)(\.\d+)?/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y;
const BYTES = /:[A-Za-z0-9+/]*={0,2}:/y;
const DATE = /@-?\d{1,15}(?![\d.])/y;
const DISPLAY_STRING = /%"(?:[ !#-$&-~]|%[0-9a-f]{2})*"/y;
const BOOLEAN = /\?[01]/y;
const SPACES = / */y;
const BLANKS = /[ \t]*/y;

const INTEGER_DIGITS_MAX = 15;
const DECIMAL_DIGITS_MAX = 12;
const FRACTION_DIGITS_MAX = 3;

/** Null: the field is none, and is to be ignored. Of a key that is there twice the last one counts. */
export function parseDictionary(text: string): ReadonlyMap<string, Member> | null {
  return new Parser(text).dictionary();
}

class Parser {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  dictionary(): Map<string, Member> | null {
    const members = new Map<string, Member>();
    this.skip(SPACES);
    while (this.at < this.text.length) {
      const key = this.take(KEY);
      if (key === undefined) return null;
      const member = this.text[this.at] === '=' ? this.value() : TRUE;
      if (member === undefined || !this.parameters()) return null;
      // The last of equal keys stands where it was met last.
      members.delete(key);
      members.set(key, member);
      this.skip(BLANKS);
      if (this.at === this.text.length) return members;
      if (this.text[this.at++] !== ',') return null;
      this.skip(BLANKS);
      // A comma must be followed by a member.
      if (this.at === this.text.length) return null;
    }
    return members;
  }

  private value(): Member | undefined {
    this.at++;
    return this.text[this.at] === '(' ? this.innerList() : this.bareItem();
  }

  private innerList(): Member | undefined {
    this.at++;
    for (;;) {
      this.skip(SPACES);
      if (this.text[this.at] === ')') {
        this.at++;
        return OTHER;
      }
      if (this.bareItem() === undefined || !this.parameters()) return undefined;
      const next = this.text[this.at];
      if (next !== ' ' && next !== ')') return undefined;
    }
  }

  private parameters(): boolean {
    while (this.text[this.at] === ';') {
      this.at++;
      this.skip(SPACES);
      if (this.take(KEY) === undefined) return false;
      if (this.text[this.at] !== '=') continue;
      this.at++;
      if (this.bareItem() === undefined) return false;
    }
    return true;
  }

  private bareItem(): Member | undefined {
    const first = this.text[this.at] ?? '';
    if (first === '?') {
      const boolean = this.take(BOOLEAN);
      return boolean === undefined ? undefined : { kind: 'boolean', value: boolean === '?1' };
    }
    if (first === '"') {
      const string = this.take(STRING);
      if (string === undefined) return undefined;
      return { kind: 'string', value: string.slice(1, -1).replaceAll(/\\(.)/g, '$1') };
    }
    if (first === '-' || (first >= '0' && first <= '9')) return this.number();
    if (first === ':') return this.other(BYTES);
    if (first === '@') return this.other(DATE);
    if (first === '%') return this.other(DISPLAY_STRING);
    const token = this.take(TOKEN);
    return token === undefined ? undefined : { kind: 'token', value: token };
  }

  private number(): Member | undefined {
    const { at } = this;
    if (this.take(NUMBER) === undefined) return undefined;
    NUMBER.lastIndex = at;
    const [text, whole, fraction] = NUMBER.exec(this.text) as unknown as [string, string, string?];
    if (fraction !== undefined) {
      const digits = fraction.length - 1;
      return whole.length > DECIMAL_DIGITS_MAX || digits > FRACTION_DIGITS_MAX ? undefined : OTHER;
    }
    // A point without a digit behind it.
    if (this.text[this.at] === '.' || whole.length > INTEGER_DIGITS_MAX) return undefined;
    return { kind: 'integer', value: Number(text) };
  }

  private other(pattern: RegExp): Member | undefined {
    return this.take(pattern) === undefined ? undefined : OTHER;
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private skip(pattern: RegExp): void {
    this.take(pattern);
  }
}

const TRUE: Member = { kind: 'boolean', value: true };
const OTHER: Member = { kind: 'other' };
