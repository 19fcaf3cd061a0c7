/**
 * The forms of paths and queries in cache keys: of two that mean the same by RFC 3986 section 6.2.2 there is one.
 *
 * Invariants: only what separates nothing is decoded, so that no two resources come together; a segment or
 * parameter with a `%` that has no two hexadecimal digits behind it has no meaning that could be kept, and stays as
 * it is; a form is never longer than what it was made of, and a form of a form is itself. Hot: bench/cache-key.ts.
 */
import { copyBytes } from '../../core/base/index.ts';
import { HEX_VALUE } from '../../core/wire/index.ts';

const PERCENT = 0x25;
const SLASH = 0x2f;
const AMPERSAND = 0x26;
const CAPITAL_HEX = Buffer.from('0123456789ABCDEF', 'latin1');

/**
 * RFC 3986 section 2.3, `unreserved`, but for the dot: `%2E%2E` is a dot-segment to some servers and a name to
 * others, which therefore get keys of their own.
 */
const DECODED: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9_~-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Whether a range has a `%`, so that its form may differ from it. */
export function hasPercent(buf: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buf[at] === PERCENT) return true;
  return false;
}

/** Writes the form of a path or a query into `out`, which has room for as many bytes; gives its length. */
export function writeForm(buf: Buffer, start: number, end: number, out: Buffer): number {
  let to = 0;
  let at = start;
  // Where the segment or the parameter begins.
  let pieceTo = 0;
  let pieceAt = start;
  while (at < end) {
    const byte = buf[at]!;
    if (byte !== PERCENT) {
      out[to++] = byte;
      at++;
      if (byte === SLASH || byte === AMPERSAND) {
        pieceTo = to;
        pieceAt = at;
      }
      continue;
    }
    const high = at + 2 < end ? HEX_VALUE[buf[at + 1]!]! : 255;
    const low = at + 2 < end ? HEX_VALUE[buf[at + 2]!]! : 255;
    if (high === 255 || low === 255) {
      while (at < end && buf[at] !== SLASH && buf[at] !== AMPERSAND) at++;
      copyBytes(buf, pieceAt, out, pieceTo, at - pieceAt);
      to = pieceTo + at - pieceAt;
      continue;
    }
    const decoded = (high << 4) | low;
    if (DECODED[decoded] === 1) out[to++] = decoded;
    else {
      out[to] = PERCENT;
      out[to + 1] = CAPITAL_HEX[high]!;
      out[to + 2] = CAPITAL_HEX[low]!;
      to += 3;
    }
    at += 3;
  }
  return to;
}

/**
 * What most servers make of a path, for rules that say so: no dot-segments (RFC 3986 section 5.2.4, encoded ones
 * too) and no empty segments.
 */
export function equivalentPath(form: string): string {
  const kept: string[] = [];
  const segments = form.replaceAll('%2E', '.').split('/');
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    if (segment === '..') kept.pop();
    // What ends in a dot-segment is a folder.
    if (segment === '..' || segment === '.' || segment === '') {
      if (isLast) kept.push('');
    } else kept.push(segment);
  }
  return `/${kept.join('/')}`;
}
