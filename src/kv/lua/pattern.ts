/**
 * Lua patterns (manual §5.4.1).
 *
 * Promise: the full pattern language of 5.1 with %b, %f and position captures, with Lua's errors
 * for malformed patterns. Matching counts steps like a loop, so that a pattern that explodes can
 * be stopped by the hook.
 */
import { runtimeError } from './operations.ts';
import type { LuaValue } from './value.ts';
import { tick, vm } from './vm.ts';

/** LUA_MAXCAPTURES. */
const CAPTURES_MAX = 32;
const UNFINISHED = -1;
const POSITION = -2;

const PERCENT = 37;
const OPEN = 40;
const CLOSE = 41;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const DOT = 46;
const QUESTION = 63;
const BRACKET = 91;
const CLOSE_BRACKET = 93;
const CARET = 94;
const DOLLAR = 36;

/** One search of a subject with a pattern; reusable for other start positions. */
export class Matcher {
  readonly subject: string;
  readonly pattern: string;
  level = 0;
  private readonly starts: number[] = [];
  private readonly lengths: number[] = [];

  constructor(subject: string, pattern: string) {
    this.subject = subject;
    this.pattern = pattern;
  }

  /** End of the match of the pattern (from `p`) at `s`, or -1. */
  match(s: number, p: number): number {
    this.level = 0;
    return this.step(s, p);
  }

  /** The n-th capture (0-based); the whole match when there is none. */
  capture(n: number, start: number, end: number): LuaValue {
    if (n >= this.level) {
      if (n === 0) return this.subject.slice(start, end);
      throw runtimeError('invalid capture index');
    }
    const length = this.lengths[n] as number;
    const from = this.starts[n] as number;
    if (length === UNFINISHED) throw runtimeError('unfinished capture');
    return length === POSITION ? from + 1 : this.subject.slice(from, from + length);
  }

  /** All captures; the whole match when the pattern has none and `whole` is set. */
  captures(start: number, end: number, whole: boolean): LuaValue[] {
    const count = this.level === 0 && whole ? 1 : this.level;
    const values: LuaValue[] = [];
    for (let n = 0; n < count; n++) values.push(this.capture(n, start, end));
    return values;
  }

  private step(sStart: number, pStart: number): number {
    const { pattern, subject } = this;
    let s = sStart;
    let p = pStart;
    if (--vm.ticks < 0) tick();
    for (;;) {
      if (p >= pattern.length) return s;
      const c = pattern.charCodeAt(p);
      if (c === OPEN) {
        return pattern.charCodeAt(p + 1) === CLOSE
          ? this.startCapture(s, p + 2, POSITION)
          : this.startCapture(s, p + 1, UNFINISHED);
      }
      if (c === CLOSE) return this.endCapture(s, p + 1);
      if (c === DOLLAR && p + 1 === pattern.length) return s === subject.length ? s : -1;
      if (c === PERCENT) {
        const d = pattern.charCodeAt(p + 1);
        if (d === 98) {
          s = this.balance(s, p + 2);
          if (s < 0) return -1;
          p += 4;
          continue;
        }
        if (d === 102) {
          p = this.frontier(s, p + 2);
          if (p < 0) return -1;
          continue;
        }
        if (d >= 48 && d <= 57) {
          s = this.backReference(s, d);
          if (s < 0) return -1;
          p += 2;
          continue;
        }
      }
      const end = this.classEnd(p);
      const repeat = pattern.charCodeAt(end);
      if (repeat === STAR) return this.maxExpand(s, p, end, 0);
      if (repeat === PLUS) return this.maxExpand(s, p, end, 1);
      if (repeat === MINUS) return this.minExpand(s, p, end);
      const here = s < subject.length && this.single(subject.charCodeAt(s), p, end);
      if (repeat === QUESTION) {
        if (here) {
          const found = this.step(s + 1, end + 1);
          if (found >= 0) return found;
        }
        p = end + 1;
        continue;
      }
      if (!here) return -1;
      s++;
      p = end;
    }
  }

  private classEnd(pStart: number): number {
    const { pattern } = this;
    let p = pStart;
    const c = pattern.charCodeAt(p++);
    if (c === PERCENT) {
      if (p >= pattern.length) throw runtimeError("malformed pattern (ends with '%')");
      return p + 1;
    }
    if (c !== BRACKET) return p;
    if (pattern.charCodeAt(p) === CARET) p++;
    do {
      if (p >= pattern.length) throw runtimeError("malformed pattern (missing ']')");
      if (pattern.charCodeAt(p++) === PERCENT && p < pattern.length) p++;
    } while (pattern.charCodeAt(p) !== CLOSE_BRACKET);
    return p + 1;
  }

  private single(c: number, p: number, end: number): boolean {
    const d = this.pattern.charCodeAt(p);
    if (d === DOT) return true;
    if (d === PERCENT) return inClass(c, this.pattern.charCodeAt(p + 1));
    return d === BRACKET ? this.inSet(c, p, end - 1) : d === c;
  }

  /** Is `c` in the set from `[` at `pStart` to `]` at `end`? */
  private inSet(c: number, pStart: number, end: number): boolean {
    const { pattern } = this;
    let p = pStart;
    let found = true;
    if (pattern.charCodeAt(p + 1) === CARET) {
      found = false;
      p++;
    }
    while (++p < end) {
      const d = pattern.charCodeAt(p);
      if (d === PERCENT) {
        p++;
        if (inClass(c, pattern.charCodeAt(p))) return found;
      } else if (pattern.charCodeAt(p + 1) === MINUS && p + 2 < end) {
        p += 2;
        if (d <= c && c <= pattern.charCodeAt(p)) return found;
      } else if (d === c) return found;
    }
    return !found;
  }

  private maxExpand(s: number, p: number, end: number, least: number): number {
    const { subject } = this;
    let count = 0;
    while (s + count < subject.length && this.single(subject.charCodeAt(s + count), p, end))
      count++;
    for (; count >= least; count--) {
      const found = this.step(s + count, end + 1);
      if (found >= 0) return found;
    }
    return -1;
  }

  private minExpand(sStart: number, p: number, end: number): number {
    const { subject } = this;
    for (let s = sStart; ; s++) {
      const found = this.step(s, end + 1);
      if (found >= 0) return found;
      if (s >= subject.length || !this.single(subject.charCodeAt(s), p, end)) return -1;
    }
  }

  private startCapture(s: number, p: number, kind: number): number {
    if (this.level >= CAPTURES_MAX) throw runtimeError('too many captures');
    this.starts[this.level] = s;
    this.lengths[this.level] = kind;
    this.level++;
    const found = this.step(s, p);
    if (found < 0) this.level--;
    return found;
  }

  private endCapture(s: number, p: number): number {
    let n = this.level - 1;
    while (n >= 0 && this.lengths[n] !== UNFINISHED) n--;
    if (n < 0) throw runtimeError('invalid pattern capture');
    this.lengths[n] = s - (this.starts[n] as number);
    const found = this.step(s, p);
    if (found < 0) this.lengths[n] = UNFINISHED;
    return found;
  }

  private balance(s: number, p: number): number {
    const { pattern, subject } = this;
    if (p + 1 >= pattern.length) throw runtimeError('unbalanced pattern');
    const open = pattern.charCodeAt(p);
    if (s >= subject.length || subject.charCodeAt(s) !== open) return -1;
    const close = pattern.charCodeAt(p + 1);
    let depth = 1;
    for (let at = s + 1; at < subject.length; at++) {
      const c = subject.charCodeAt(at);
      if (c === close) {
        if (--depth === 0) return at + 1;
      } else if (c === open) depth++;
    }
    return -1;
  }

  /** Place behind the frontier's set when the frontier is at `s`, or -1. */
  private frontier(s: number, p: number): number {
    const { pattern, subject } = this;
    if (pattern.charCodeAt(p) !== BRACKET) {
      throw runtimeError("missing '[' after '%f' in pattern");
    }
    const end = this.classEnd(p);
    const before = s === 0 ? 0 : subject.charCodeAt(s - 1);
    const after = s < subject.length ? subject.charCodeAt(s) : 0;
    return this.inSet(before, p, end - 1) || !this.inSet(after, p, end - 1) ? -1 : end;
  }

  private backReference(s: number, digit: number): number {
    const n = digit - 49;
    if (n < 0 || n >= this.level || this.lengths[n] === UNFINISHED) {
      throw runtimeError('invalid capture index');
    }
    const length = Math.max(this.lengths[n] as number, 0);
    const from = this.starts[n] as number;
    const text = this.subject.slice(from, from + length);
    return this.subject.startsWith(text, s) ? s + length : -1;
  }
}

const isLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90);
const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Character classes of the C locale; an upper-case letter is the complement. */
function inClass(c: number, letter: number): boolean {
  const found = inLowerClass(c, letter | 32);
  if (found === undefined || !isLetter(letter)) return letter === c;
  return letter & 32 ? found : !found;
}

function inLowerClass(c: number, letter: number): boolean | undefined {
  switch (letter) {
    case 97: // a
      return isLetter(c);
    case 99: // c
      return c < 32 || c === 127;
    case 100: // d
      return isDigit(c);
    case 108: // l
      return c >= 97 && c <= 122;
    case 112: // p
      return c > 32 && c < 127 && !isLetter(c) && !isDigit(c);
    case 115: // s
      return c === 32 || (c >= 9 && c <= 13);
    case 117: // u
      return c >= 65 && c <= 90;
    case 119: // w
      return isLetter(c) || isDigit(c);
    case 120: // x
      return isDigit(c) || (c >= 97 && c <= 102) || (c >= 65 && c <= 70);
    case 122: // z
      return c === 0;
    default:
      return undefined;
  }
}

/** Has the pattern no special characters, so that plain search does? */
export function isPlain(pattern: string): boolean {
  return !/[\^$*+?.([%-]/.test(pattern);
}
