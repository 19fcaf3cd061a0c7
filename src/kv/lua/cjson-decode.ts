/**
 * JSON to Lua values, as lua-cjson reads it.
 *
 * Promise: its leniencies (hexadecimal and infinite numbers unless switched off, raw control
 * characters in strings) and its error texts, with the byte position.
 */
import { ARRAY_MARK, CJSON_NULL, type CjsonConfig } from './cjson-encode.ts';
import { parseNumber } from './number.ts';
import { runtimeError } from './operations.ts';
import { LuaTable } from './table.ts';
import type { LuaValue } from './value.ts';
import { charge, tick, vm } from './vm.ts';

type Token =
  | 'T_OBJ_BEGIN'
  | 'T_OBJ_END'
  | 'T_ARR_BEGIN'
  | 'T_ARR_END'
  | 'T_STRING'
  | 'T_NUMBER'
  | 'T_BOOLEAN'
  | 'T_NULL'
  | 'T_COLON'
  | 'T_COMMA'
  | 'T_END'
  | 'T_ERROR';

const PUNCTUATION: Record<string, Token> = {
  '{': 'T_OBJ_BEGIN',
  '}': 'T_OBJ_END',
  '[': 'T_ARR_BEGIN',
  ']': 'T_ARR_END',
  ':': 'T_COLON',
  ',': 'T_COMMA',
  '\0': 'T_END',
};

const WORDS: readonly [string, Token, LuaValue][] = [
  ['true', 'T_BOOLEAN', true],
  ['false', 'T_BOOLEAN', false],
  ['null', 'T_NULL', CJSON_NULL],
];

/** What strtod would take. */
const NUMBER =
  /[+-]?(?:0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP][+-]?\d+)?|inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)/iy;
const INVALID = /\+|-?(?:0[xX\d]|inf|nan)/iy;
/** A string's characters that need no treatment. */
const PLAIN = /[^"\\\0]*/y;

const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** The value of a JSON text. `arrays` is the metatable for arrays when they are to be marked. */
export function decode(config: CjsonConfig, text: string, arrays: LuaTable): LuaValue {
  // Two zero bytes among the first two: UTF-16 or UTF-32 (RFC 4627 §3).
  if (text.length >= 2 && (text[0] === '\0' || text[1] === '\0')) {
    throw runtimeError('JSON parser does not support UTF-16 or UTF-32');
  }
  return new Decoder(config, text, arrays).whole();
}

/** Makes the metatable that marks decoded arrays. */
export function arrayMetatable(): LuaTable {
  return LuaTable.fromEntries([[ARRAY_MARK, true]]);
}

class Decoder {
  private readonly config: CjsonConfig;
  private readonly text: string;
  private readonly arrays: LuaTable;
  private at = 0;
  private depth = 0;
  private token: Token = 'T_END';
  private tokenAt = 0;
  private value: LuaValue;
  private problem = '';

  constructor(config: CjsonConfig, text: string, arrays: LuaTable) {
    this.config = config;
    this.text = text;
    this.arrays = arrays;
  }

  whole(): LuaValue {
    this.next();
    const value = this.read();
    if (this.next() !== 'T_END') throw this.unexpected('the end');
    return value;
  }

  private unexpected(wanted: string): Error {
    const found = this.token === 'T_ERROR' ? this.problem : this.token;
    return runtimeError(`Expected ${wanted} but found ${found} at character ${this.tokenAt + 1}`);
  }

  private read(): LuaValue {
    switch (this.token) {
      case 'T_STRING':
      case 'T_NUMBER':
      case 'T_BOOLEAN':
      case 'T_NULL':
        return this.value;
      case 'T_OBJ_BEGIN':
        return this.object();
      case 'T_ARR_BEGIN':
        return this.array();
      default:
        throw this.unexpected('value');
    }
  }

  private descend(): void {
    if (++this.depth > this.config.decodeMaxDepth) {
      throw runtimeError(
        `Found too many nested data structures (${this.depth}) at character ${this.at}`,
      );
    }
  }

  private object(): LuaTable {
    this.descend();
    const table = new LuaTable();
    if (this.next() !== 'T_OBJ_END') {
      for (;;) {
        if (this.token !== 'T_STRING') throw this.unexpected('object key string');
        const key = this.value;
        if (this.next() !== 'T_COLON') throw this.unexpected('colon');
        this.next();
        table.set(key, this.read());
        const after = this.next();
        if (after === 'T_OBJ_END') break;
        if (after !== 'T_COMMA') throw this.unexpected('comma or object end');
        this.next();
      }
    }
    this.depth--;
    return table;
  }

  private array(): LuaTable {
    this.descend();
    const values: LuaValue[] = [];
    if (this.next() !== 'T_ARR_END') {
      for (;;) {
        values.push(this.read());
        if (this.next() === 'T_ARR_END') break;
        if (this.token !== 'T_COMMA') throw this.unexpected('comma or array end');
        this.next();
      }
    }
    this.depth--;
    const table = LuaTable.fromArray(values);
    if (this.config.decodeArrayWithArrayMt) table.setMetatable(this.arrays);
    return table;
  }

  private fail(problem: string): void {
    this.token = 'T_ERROR';
    this.problem = problem;
  }

  /** Reads the next token and gives its kind. */
  private next(): Token {
    this.scan();
    return this.token;
  }

  private scan(): void {
    if (--vm.ticks < 0) tick();
    const { text } = this;
    for (;;) {
      const c = text.charCodeAt(this.at);
      if (c !== 32 && c !== 10 && c !== 13 && c !== 9) break;
      this.at++;
    }
    this.tokenAt = this.at;
    const char = text[this.at];
    if (char === undefined) {
      this.token = 'T_END';
      return;
    }
    const punctuation = PUNCTUATION[char];
    if (punctuation !== undefined) {
      this.token = punctuation;
      if (punctuation !== 'T_END') this.at++;
    } else if (char === '"') this.string();
    else this.scalar(char);
  }

  private scalar(char: string): void {
    if (char === '-' || (char >= '0' && char <= '9')) {
      if (!this.config.decodeInvalidNumbers && this.isInvalidNumber()) this.fail('invalid number');
      else this.number();
      return;
    }
    for (const [word, token, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.token = token;
      this.value = value;
      this.at += word.length;
      return;
    }
    if (this.config.decodeInvalidNumbers && this.isInvalidNumber()) this.number();
    else this.fail('invalid token');
  }

  private isInvalidNumber(): boolean {
    INVALID.lastIndex = this.at;
    return INVALID.test(this.text);
  }

  private number(): void {
    NUMBER.lastIndex = this.at;
    const found = NUMBER.exec(this.text)?.[0];
    if (found === undefined) {
      this.fail('invalid number');
      return;
    }
    this.token = 'T_NUMBER';
    this.value = parseNumber(found);
    this.at += found.length;
  }

  private string(): void {
    const { text } = this;
    let result = '';
    this.at++;
    for (;;) {
      PLAIN.lastIndex = this.at;
      const plain = PLAIN.exec(text)?.[0] ?? '';
      result += plain;
      this.at += plain.length;
      const c = text[this.at];
      if (c === '"') break;
      if (c !== '\\') {
        this.tokenAt = this.at;
        this.fail('unexpected end of string');
        return;
      }
      const letter = text[this.at + 1] ?? '';
      const char = letter === 'u' ? this.unicode() : ESCAPES[letter];
      if (char === undefined) {
        this.tokenAt = this.at;
        this.fail(letter === 'u' ? 'invalid unicode escape code' : 'invalid escape code');
        return;
      }
      result += char;
      this.at += 2;
    }
    this.at++;
    charge(result.length);
    this.token = 'T_STRING';
    this.value = result;
  }

  private hex4(at: number): number | undefined {
    const digits = this.text.slice(at, at + 4);
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
  }

  /** The UTF-8 bytes of the escape at `at`; moves so that two characters remain to be skipped. */
  private unicode(): string | undefined {
    let code = this.hex4(this.at + 2);
    if (code === undefined) return undefined;
    let length = 4;
    if ((code & 0xf800) === 0xd800) {
      const low = this.hex4(this.at + 8);
      const pair = this.text.startsWith('\\u', this.at + 6);
      if (code & 0x400 || !pair || low === undefined || (low & 0xfc00) !== 0xdc00) return undefined;
      code = 0x10000 + ((code & 0x3ff) << 10) + (low & 0x3ff);
      length = 10;
    }
    this.at += length;
    return utf8(code);
  }
}

function utf8(code: number): string {
  const tail = (shift: number): number => 0x80 | ((code >> shift) & 0x3f);
  if (code < 0x80) return String.fromCharCode(code);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), tail(0));
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), tail(6), tail(0));
  return String.fromCharCode(0xf0 | (code >> 18), tail(12), tail(6), tail(0));
}
