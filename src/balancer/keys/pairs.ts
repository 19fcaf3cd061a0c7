/**
 * Finds one value in a Cookie field or a query by its name, without making strings.
 *
 * The result is written into `Found`, which its caller keeps: nothing is allocated.
 * Sources: RFC 6265 section 4.2.1 for cookies (pairs between "; "), the usual form of queries (pairs
 * between "&") that RFC 3986 section 3.4 leaves open. Names are compared byte by byte: an escaped name in
 * a query is another name.
 */
import { equalBytes } from '../../core/base/index.ts';
import { hashRange, NO_KEY } from './hash.ts';

const SEMICOLON = 0x3b;
const AMPERSAND = 0x26;
const EQUALS = 0x3d;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;

/** Where a value lies. */
export interface Found {
  start: number;
  length: number;
}

/** Finds the first cookie `name` in a Cookie field's value; a quoted value is found without its quotes. */
export function findCookie(
  buf: Buffer,
  start: number,
  length: number,
  name: Buffer,
  found: Found,
): boolean {
  if (!findPair(buf, start, length, name, SEMICOLON, found)) return false;
  let end = found.start + found.length;
  while (end > found.start && isBlank(buf[end - 1]!)) end--;
  found.length = end - found.start;
  if (found.length >= 2 && buf[found.start] === QUOTE && buf[end - 1] === QUOTE) {
    found.start++;
    found.length -= 2;
  }
  return true;
}

/** Finds the first pair `name` in a query (what stands after the question mark). */
export function findQuery(
  buf: Buffer,
  start: number,
  length: number,
  name: Buffer,
  found: Found,
): boolean {
  return findPair(buf, start, length, name, AMPERSAND, found);
}

const scratch: Found = { start: 0, length: 0 };

/** Hash of a cookie's value, or NO_KEY when it is missing or empty. */
export function hashCookie(buf: Buffer, start: number, length: number, name: Buffer): number {
  return findCookie(buf, start, length, name, scratch) ? hashFound(buf) : NO_KEY;
}

/** Hash of a query's value, or NO_KEY when it is missing or empty. */
export function hashQuery(buf: Buffer, start: number, length: number, name: Buffer): number {
  return findQuery(buf, start, length, name, scratch) ? hashFound(buf) : NO_KEY;
}

function hashFound(buf: Buffer): number {
  return scratch.length === 0 ? NO_KEY : hashRange(buf, scratch.start, scratch.length);
}

function findPair(
  buf: Buffer,
  start: number,
  length: number,
  name: Buffer,
  separator: number,
  found: Found,
): boolean {
  const end = start + length;
  let at = start;
  while (at < end) {
    while (at < end && isBlank(buf[at]!)) at++;
    let next = at;
    while (next < end && buf[next] !== separator) next++;
    const value = at + name.length;
    if (value < next && buf[value] === EQUALS && equalBytes(buf, at, name, 0, name.length)) {
      found.start = value + 1;
      found.length = next - value - 1;
      return true;
    }
    at = next + 1;
  }
  return false;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
