// biome-ignore-all lint/complexity/noArguments: argument counts are part of Lua's errors, and a rest array would be built at every call
/**
 * The `string` table (manual §5.4), without `dump`.
 *
 * Promise: strings are bytes; positions count from 1, negative ones from the end; nothing longer
 * than the memory limit is built.
 */
import { argError, checkInteger, checkString, optInteger } from './check.ts';
import { format } from './format.ts';
import { formatNumber } from './number.ts';
import { callValue, index, runtimeError } from './operations.ts';
import { isPlain, Matcher } from './pattern.ts';
import { LuaTable } from './table.ts';
import {
  first,
  type LuaFunction,
  type LuaReturn,
  type LuaValue,
  NOTHING,
  typeName,
} from './value.ts';
import { charge, chargeString, checkLength, tick, vm } from './vm.ts';

/** A start or end position as given to an offset from 1; below 1 when before the string. */
function absolute(position: number, length: number): number {
  if (position >= 0) return position;
  return -position > length ? 0 : length + position + 1;
}

function byte(s: LuaValue, i: LuaValue, j: LuaValue): LuaReturn {
  const text = checkString(s, 1, arguments.length);
  const from = absolute(optInteger(i, 2, arguments.length, 1), text.length);
  const to = absolute(optInteger(j, 3, arguments.length, from), text.length);
  const start = Math.max(from, 1);
  const end = Math.min(to, text.length);
  if (start > end) return NOTHING;
  if (start === end) return text.charCodeAt(start - 1);
  if (end - start >= 7999) throw runtimeError('string slice too long');
  const codes: LuaValue[] = [];
  for (let at = start; at <= end; at++) codes.push(text.charCodeAt(at - 1));
  return codes;
}

function char(...codes: LuaValue[]): LuaReturn {
  let text = '';
  codes.forEach((value, i) => {
    const code = checkInteger(value, i + 1, codes.length);
    if (code < 0 || code > 255) throw argError(i + 1, 'invalid value');
    text += String.fromCharCode(code);
  });
  return text;
}

function sub(s: LuaValue, i: LuaValue, j: LuaValue): LuaReturn {
  const text = checkString(s, 1, arguments.length);
  const from = absolute(checkInteger(i, 2, arguments.length), text.length);
  const to = absolute(optInteger(j, 3, arguments.length, -1), text.length);
  return text.slice(Math.max(from, 1) - 1, Math.max(to, 0));
}

function rep(s: LuaValue, n: LuaValue): LuaReturn {
  const text = checkString(s, 1, arguments.length);
  const count = checkInteger(n, 2, arguments.length);
  if (count <= 0 || text === '') return '';
  chargeString(text.length * count);
  return text.repeat(count);
}

/** Works on the bytes: pieced together from characters, a long string would take 32 times its size. */
function mapBytes(text: string, map: (bytes: Buffer) => void): string {
  chargeString(2 * text.length);
  const bytes = Buffer.from(text, 'latin1');
  map(bytes);
  return bytes.toString('latin1');
}

/** JavaScript's case mapping would touch the letters above 127. */
function flipCase(text: string, first: number, last: number): string {
  return mapBytes(text, (bytes) => {
    for (let at = 0; at < bytes.length; at++) {
      const c = bytes[at] as number;
      if (c >= first && c <= last) bytes[at] = c ^ 32;
    }
  });
}

function reverse(s: LuaValue): LuaReturn {
  return mapBytes(checkString(s, 1, arguments.length), (bytes) => bytes.reverse());
}

function lower(s: LuaValue): LuaReturn {
  return flipCase(checkString(s, 1, arguments.length), 65, 90);
}

function upper(s: LuaValue): LuaReturn {
  return flipCase(checkString(s, 1, arguments.length), 97, 122);
}

/** `find` and `match` search alike; they differ in what they give. */
function search(args: IArguments, find: boolean): LuaReturn {
  const text = checkString(args[0], 1, args.length);
  const pattern = checkString(args[1], 2, args.length);
  let init = absolute(optInteger(args[2], 3, args.length, 1), text.length) - 1;
  if (init < 0) init = 0;
  else if (init > text.length) init = text.length;
  if (find && (truthy(args[3]) || isPlain(pattern))) {
    const at = text.indexOf(pattern, init);
    return at < 0 ? undefined : [at + 1, at + pattern.length];
  }
  const anchored = pattern.charCodeAt(0) === 94;
  const matcher = new Matcher(text, pattern);
  for (let s = init; s <= text.length; s++) {
    const end = matcher.match(s, anchored ? 1 : 0);
    if (end >= 0) {
      if (find) return [s + 1, end, ...matcher.captures(s, end, false)];
      return matcher.level <= 1 ? matcher.capture(0, s, end) : matcher.captures(s, end, true);
    }
    if (anchored) break;
  }
  return undefined;
}

const truthy = (value: LuaValue): boolean => value !== undefined && value !== false;

/** Roughly what an iterator of `gmatch` takes. */
const MATCHER_BYTES = 256;

function gmatch(s: LuaValue, p: LuaValue): LuaReturn {
  const text = checkString(s, 1, arguments.length);
  const pattern = checkString(p, 2, arguments.length);
  const matcher = new Matcher(text, pattern);
  charge(MATCHER_BYTES);
  let at = 0;
  return () => {
    for (; at <= text.length; at++) {
      const end = matcher.match(at, 0);
      if (end < 0) continue;
      const start = at;
      // An empty match must not be found again.
      at = end === start ? end + 1 : end;
      return matcher.captures(start, end, true);
    }
    return undefined;
  };
}

type Replacement = (matcher: Matcher, start: number, end: number) => LuaValue;

/** The text for `%0`…`%9` and `%%` in a replacement string. */
function expand(template: string, matcher: Matcher, start: number, end: number): string {
  if (!template.includes('%')) return template;
  let result = '';
  for (let at = 0; at < template.length; at++) {
    if (template.charCodeAt(at) !== 37) {
      result += template[at];
      continue;
    }
    const c = template.charCodeAt(++at);
    if (c === 48) result += matcher.subject.slice(start, end);
    else if (c >= 49 && c <= 57) {
      const capture = matcher.capture(c - 49, start, end);
      result += typeof capture === 'number' ? formatNumber(capture) : capture;
    } else result += template[at] ?? '\0';
  }
  return result;
}

function replacement(value: LuaValue, argc: number): Replacement {
  if (typeof value === 'string' || typeof value === 'number') {
    const template = checkString(value, 3, argc);
    return (matcher, start, end) => expand(template, matcher, start, end);
  }
  if (value instanceof LuaTable) {
    return (matcher, start, end) => index(value, matcher.capture(0, start, end), '');
  }
  if (typeof value !== 'function') throw argError(3, 'string/function/table expected');
  return (matcher, start, end) => first(callValue(value, ...matcher.captures(start, end, true)));
}

function gsub(s: LuaValue, p: LuaValue, r: LuaValue, n: LuaValue): LuaReturn {
  const text = checkString(s, 1, arguments.length);
  const pattern = checkString(p, 2, arguments.length);
  const replace = replacement(r, arguments.length);
  const most = optInteger(n, 4, arguments.length, text.length + 1);
  return nativeReplaceAll(text, pattern, replace, most);
}

function nativeReplaceAll(
  text: string,
  pattern: string,
  replace: Replacement,
  most: number,
): LuaReturn {
  const anchored = pattern.charCodeAt(0) === 94;
  const matcher = new Matcher(text, pattern);
  let result = '';
  /** Everything before it is in the result. */
  let copied = 0;
  let at = 0;
  let count = 0;
  while (count < most) {
    const end = matcher.match(at, anchored ? 1 : 0);
    if (end >= 0) {
      count++;
      const value = replace(matcher, at, end);
      if (truthy(value)) {
        if (typeof value !== 'string' && typeof value !== 'number') {
          throw runtimeError(`invalid replacement value (a ${typeName(value)})`);
        }
        const piece = typeof value === 'string' ? value : formatNumber(value);
        checkLength(result.length + at - copied + piece.length);
        result += text.slice(copied, at) + piece;
        copied = end;
      }
    }
    if (end > at) at = end;
    else if (at < text.length) at++;
    else break;
    if (anchored) break;
    if (--vm.ticks < 0) tick();
  }
  chargeString(result.length + text.length - copied);
  return [result + text.slice(copied), count];
}

/** Makes the `string` table. */
export function stringLibrary(): LuaTable {
  const functions: Record<string, LuaFunction> = {
    byte,
    char,
    find() {
      return search(arguments, true);
    },
    format(...args) {
      const text = format(args);
      chargeString(text.length);
      return text;
    },
    gmatch,
    gsub,
    len(s) {
      return checkString(s, 1, arguments.length).length;
    },
    lower,
    match() {
      return search(arguments, false);
    },
    rep,
    reverse,
    sub,
    upper,
  };
  functions.gfind = gmatch;
  return LuaTable.fromEntries(Object.entries(functions));
}
