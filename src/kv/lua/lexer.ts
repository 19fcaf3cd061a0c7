/**
 * Lua 5.1 tokens, one at a time.
 *
 * Promise: the source is bytes (latin1); escapes, long brackets, line counting and error texts are
 * those of Lua 5.1 (manual §2.1). A token's kind tells a word of the language from a string with
 * the same text.
 */
import { LuaSyntaxError } from './errors.ts';
import { parseNumber } from './number.ts';

/** `word` is a keyword or punctuation, `text` holding which. */
export type TokenKind = 'word' | 'name' | 'string' | 'number' | 'end';

const KEYWORDS = new Set(
  'and break do else elseif end false for function if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);

const ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isNameStart = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
const isNamePart = (c: number): boolean => isNameStart(c) || isDigit(c);
const isNewline = (c: number): boolean => c === 10 || c === 13;

const BEYOND_BYTES = /[^\0-\xff]/;

export class Lexer {
  kind: TokenKind = 'end';
  /** Keyword, punctuation, name or string content of the current token. */
  text = '';
  value = 0;
  /** Line of the current token's end, and of the token before it. */
  line = 1;
  lastLine = 1;

  private readonly source: string;
  private readonly chunkName: string;
  private at = 0;
  private tokenStart = 0;
  private lineNow = 1;

  constructor(source: string, chunkName: string) {
    this.source = source;
    this.chunkName = chunkName;
    if (BEYOND_BYTES.test(source)) throw this.plainError('source is not a string of bytes');
    this.next();
  }

  /** Moves to the next token. */
  next(): void {
    this.lastLine = this.line;
    this.skipBlanks();
    this.line = this.lineNow;
    this.tokenStart = this.at;
    if (this.at >= this.source.length) {
      this.kind = 'end';
      this.text = '<eof>';
      return;
    }
    const c = this.source.charCodeAt(this.at);
    if (isNameStart(c)) this.readName();
    else if (isDigit(c) || (c === 46 && isDigit(this.source.charCodeAt(this.at + 1)))) {
      this.readNumber();
    } else if (c === 34 || c === 39) this.readString(c);
    else if (c === 91 && this.longBracketLevel() >= 0) {
      const text = this.readLong('string');
      this.kind = 'string';
      this.text = text;
    } else this.readPunctuation();
    this.line = this.lineNow;
  }

  /** Is the current token this keyword or punctuation? */
  is(word: string): boolean {
    return this.kind === 'word' && this.text === word;
  }

  /** After the current token, does a single `=` follow? */
  followedByAssign(): boolean {
    const at = this.at;
    const line = this.lineNow;
    const start = this.tokenStart;
    this.skipBlanks();
    const source = this.source;
    const found = source.charCodeAt(this.at) === 61 && source.charCodeAt(this.at + 1) !== 61;
    this.at = at;
    this.lineNow = line;
    this.tokenStart = start;
    return found;
  }

  /** A syntax error at the current token. */
  error(message: string): LuaSyntaxError {
    const near =
      this.kind === 'end' ? '<eof>' : this.source.slice(this.tokenStart, this.at) || this.text;
    return this.errorNear(message, near);
  }

  /** A syntax error without a token. */
  plainError(message: string): LuaSyntaxError {
    return new LuaSyntaxError(`${this.chunkName}:${this.lineNow}: ${message}`);
  }

  private errorNear(message: string, near: string): LuaSyntaxError {
    const c = near.charCodeAt(0);
    // To Lua's parser a zero byte is the absence of a token.
    if (near === '\0') return this.plainError(message);
    const shown = near.length === 1 && (c < 32 || c === 127) ? `char(${c})` : near;
    return this.plainError(`${message} near '${shown}'`);
  }

  private skipBlanks(): void {
    const source = this.source;
    for (;;) {
      const c = source.charCodeAt(this.at);
      if (isNewline(c)) this.skipNewline();
      else if (c === 32 || c === 9 || c === 11 || c === 12) this.at++;
      else if (c === 45 && source.charCodeAt(this.at + 1) === 45) this.skipComment();
      else return;
    }
  }

  /** "\n", "\r", "\r\n" and "\n\r" are one line end. */
  private skipNewline(): void {
    const c = this.source.charCodeAt(this.at++);
    const d = this.source.charCodeAt(this.at);
    if (isNewline(d) && d !== c) this.at++;
    this.lineNow++;
  }

  private skipComment(): void {
    this.tokenStart = this.at;
    this.at += 2;
    if (this.source.charCodeAt(this.at) === 91 && this.longBracketLevel() >= 0) {
      this.readLong('comment');
      return;
    }
    while (this.at < this.source.length && !isNewline(this.source.charCodeAt(this.at))) this.at++;
  }

  private readName(): void {
    let end = this.at + 1;
    while (isNamePart(this.source.charCodeAt(end))) end++;
    this.text = this.source.slice(this.at, end);
    this.at = end;
    this.kind = KEYWORDS.has(this.text) ? 'word' : 'name';
  }

  private readNumber(): void {
    const source = this.source;
    let end = this.at;
    for (;;) {
      const c = source.charCodeAt(end);
      if (isDigit(c) || c === 46) end++;
      else break;
    }
    const e = source.charCodeAt(end) | 32;
    if (e === 101) {
      end++;
      const sign = source.charCodeAt(end);
      if (sign === 43 || sign === 45) end++;
    }
    while (isNamePart(source.charCodeAt(end))) end++;
    this.text = source.slice(this.at, end);
    this.at = end;
    this.kind = 'number';
    const value = parseNumber(this.text);
    if (value === undefined) throw this.errorNear('malformed number', this.text);
    this.value = value;
  }

  private readString(quote: number): void {
    const source = this.source;
    let text = '';
    let from = ++this.at;
    for (;;) {
      const c = source.charCodeAt(this.at);
      if (c === quote) break;
      if (Number.isNaN(c)) throw this.errorNear('unfinished string', '<eof>');
      if (isNewline(c)) {
        throw this.errorNear('unfinished string', this.partial(quote, text, from));
      }
      if (c !== 92) {
        this.at++;
        continue;
      }
      text += source.slice(from, this.at);
      from = ++this.at;
      text += this.readEscape(() => this.partial(quote, text, from));
      from = this.at;
    }
    this.text = text + source.slice(from, this.at);
    this.at++;
    this.kind = 'string';
  }

  /** The string as far as it was read, for messages. */
  private partial(quote: number, text: string, from: number): string {
    return String.fromCharCode(quote) + text + this.source.slice(from, this.at);
  }

  private readEscape(soFar: () => string): string {
    const source = this.source;
    const c = source.charCodeAt(this.at);
    if (isNewline(c)) {
      this.skipNewline();
      return '\n';
    }
    if (Number.isNaN(c)) throw this.errorNear('unfinished string', '<eof>');
    if (!isDigit(c)) {
      const char = source[this.at++] as string;
      return ESCAPES[char] ?? char;
    }
    const near = soFar();
    let code = 0;
    for (let i = 0; i < 3 && isDigit(source.charCodeAt(this.at)); i++) {
      code = code * 10 + source.charCodeAt(this.at++) - 48;
    }
    if (code > 255) {
      throw this.errorNear('escape sequence too large', near);
    }
    return String.fromCharCode(code);
  }

  /** Level of the long bracket that opens here, -1 when none does. */
  private longBracketLevel(): number {
    let end = this.at + 1;
    while (this.source.charCodeAt(end) === 61) end++;
    if (this.source.charCodeAt(end) === 91) return end - this.at - 1;
    if (end === this.at + 1) return -1;
    this.at = end;
    throw this.errorNear('invalid long string delimiter', this.source.slice(this.tokenStart, end));
  }

  private readLong(what: 'string' | 'comment'): string {
    const source = this.source;
    const level = this.longBracketLevel();
    const close = `]${'='.repeat(level)}]`;
    this.at += level + 2;
    if (isNewline(source.charCodeAt(this.at))) this.skipNewline();
    const end = source.indexOf(close, this.at);
    if (end < 0) {
      this.at = source.length;
      throw this.errorNear(`unfinished long ${what}`, '<eof>');
    }
    let text = '';
    let from = this.at;
    while (this.at < end) {
      if (!isNewline(source.charCodeAt(this.at))) {
        this.at++;
        continue;
      }
      text += `${source.slice(from, this.at)}\n`;
      this.skipNewline();
      from = this.at;
    }
    text += source.slice(from, end);
    this.at = end + close.length;
    return text;
  }

  private readPunctuation(): void {
    const three = this.source.slice(this.at, this.at + 3);
    const two = three.slice(0, 2);
    this.kind = 'word';
    if (three === '...') this.text = three;
    else if (two === '..' || two === '==' || two === '~=' || two === '<=' || two === '>=') {
      this.text = two;
    } else this.text = three.slice(0, 1);
    this.at += this.text.length;
  }
}
