/**
 * The normal forms of a path, by which rules and requests are compared.
 *
 * Servers do not agree on what a path means, so there are two forms. The strict one is RFC 3986 section 6.2.2:
 * percent-encoding undone where the byte may stand for itself, hexadecimal digits in capitals, dot-segments
 * removed. The loose one is what the most liberal server makes of it: `%2F` and `%5C` separate segments too,
 * empty segments count for nothing, and what follows `;` in a segment is no part of its name. A path of which
 * both lead to one route is safe whoever reads it.
 *
 * Invariants: a form begins with `/`, has no dot-segment, consists of bytes that may be sent, and is never
 * longer than what it was made of. A form of a form is itself. Hot: bench/balancer-routes.ts.
 */
import { HEX_VALUE } from '../../core/wire/index.ts';

/** What is wrong with a path that has no normal form. Negative, as the lengths are not. */
export const PathProblem = {
  /** `%` without two hexadecimal digits behind it. */
  encoding: -1,
  /** `%00`: it ends a path in servers written in C. */
  nul: -2,
  /** More than 0x7f bytes for an ASCII character (RFC 3629 section 10): `%C0%AF` is `/` to careless decoders. */
  overlong: -3,
  /** `..` above the root. */
  aboveRoot: -4,
  /** A dot-segment in the loose form only, as in `/a/..;/b`: nobody needs one who does not mean to hide it. */
  hiddenDots: -5,
} as const;

export const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

/** Kinds of bytes of a path, as far as normal forms go. */
export const PathByte = { plain: 0, slash: 1, special: 2 } as const;

/** `special`: a path with this byte may differ from its normal forms. */
export const PATH_BYTE: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === SLASH) return PathByte.slash;
  return byte === PERCENT || byte === SEMICOLON || byte === BACKSLASH
    ? PathByte.special
    : PathByte.plain;
});

/** Bytes whose percent-encoding says the same as they do: those of a target that separate nothing. */
const DECODED: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x20 && byte < 0x7f && !'"#%/;<>?\\'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

const HEX = Buffer.from('0123456789ABCDEF', 'latin1');

/** Whether the segment that begins at `at`, behind a slash, is `.` or `..`, encoded or not. */
export function isDotSegment(buf: Buffer, at: number, end: number): boolean {
  const first = behindDot(buf, at, end);
  if (first === at) return false;
  const next = behindDot(buf, first, end);
  return next >= end || buf[next] === SLASH;
}

/** Whether a path has a dot-segment, so that its strict form is another path for who does not remove them. */
export function hasDotSegment(buf: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (buf[at] === SLASH && isDotSegment(buf, at + 1, end)) return true;
  }
  return false;
}

/** The position behind a dot at `at`, `at` when there is none. */
function behindDot(buf: Buffer, at: number, end: number): number {
  if (at >= end) return at;
  if (buf[at] === DOT) return at + 1;
  if (buf[at] !== PERCENT || at + 2 >= end || buf[at + 1] !== 0x32) return at;
  return (buf[at + 2]! | 0x20) === 0x65 ? at + 3 : at;
}

/**
 * Writes the strict normal form of a path, which begins with `/`, into `out`, which has room for as many bytes.
 * @returns its length, or a `PathProblem`.
 */
export function strictForm(buf: Buffer, start: number, end: number, out: Buffer): number {
  out[0] = SLASH;
  let to = 1;
  let segment = 1;
  let at = start + 1;
  for (;;) {
    const byte = at < end ? buf[at]! : SLASH;
    if (byte === PERCENT) {
      const decoded = decodedAt(buf, at, end);
      if (decoded < 0) return decoded;
      at += 3;
      if (DECODED[decoded] === 1) out[to++] = decoded;
      else {
        out[to] = PERCENT;
        out[to + 1] = HEX[decoded >> 4]!;
        out[to + 2] = HEX[decoded & 15]!;
        to += 3;
      }
      continue;
    }
    if (byte !== SLASH) {
      out[to++] = byte;
      at++;
      continue;
    }
    if (isDots(out, segment, to)) {
      segment = withoutDots(out, segment, to);
      if (segment < 0) return segment;
      to = segment;
    } else if (at < end) {
      out[to++] = SLASH;
      segment = to;
    }
    if (at >= end) return to;
    at++;
  }
}

/**
 * Writes the loose form of a path, given in its strict form, into `out`.
 * @param swallows an encoded separator behind `;` belongs to the parameter, as for servers that take parameters
 *   off before they decode.
 * @returns its length, or `PathProblem.hiddenDots`.
 */
export function looseForm(form: Buffer, length: number, out: Buffer, swallows = false): number {
  out[0] = SLASH;
  let to = 1;
  let segment = 1;
  let at = 1;
  let inParameter = false;
  for (;;) {
    const encoded = !(inParameter && swallows);
    const byte = at >= length ? SLASH : encoded ? separatorAt(form, at) : form[at]!;
    if (byte === SLASH || byte === BACKSLASH) {
      if (isDots(out, segment, to)) return PathProblem.hiddenDots;
      if (at >= length) return to;
      inParameter = false;
      if (to > segment) {
        out[to++] = SLASH;
        segment = to;
      }
    } else if (byte === SEMICOLON) inParameter = true;
    else if (!inParameter) out[to++] = byte;
    at += byte === form[at] ? 1 : 3;
  }
}

/** The byte at a position; of an encoded slash, backslash or semicolon the one that it stands for. */
function separatorAt(form: Buffer, at: number): number {
  const byte = form[at]!;
  if (byte !== PERCENT) return byte;
  const decoded = (HEX_VALUE[form[at + 1]!]! << 4) | HEX_VALUE[form[at + 2]!]!;
  const separates = decoded === SLASH || decoded === BACKSLASH || decoded === SEMICOLON;
  return separates ? decoded : byte;
}

/** The byte that a percent-encoding stands for, or a `PathProblem`. */
function decodedAt(buf: Buffer, at: number, end: number): number {
  if (at + 2 >= end) return PathProblem.encoding;
  const high = HEX_VALUE[buf[at + 1]!]!;
  const low = HEX_VALUE[buf[at + 2]!]!;
  if (high === 255 || low === 255) return PathProblem.encoding;
  const byte = (high << 4) | low;
  if (byte === 0) return PathProblem.nul;
  if (byte < 0xc0 || !isOverlong(byte, buf, at + 3, end)) return byte;
  return PathProblem.overlong;
}

/** Whether a first byte of UTF-8 and the one encoded at `at` begin a form that is longer than needed. */
function isOverlong(first: number, buf: Buffer, at: number, end: number): boolean {
  const below = first <= 0xc1 ? 0xc0 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0;
  if (below === 0 || at + 2 >= end || buf[at] !== PERCENT) return false;
  const high = HEX_VALUE[buf[at + 1]!]!;
  const low = HEX_VALUE[buf[at + 2]!]!;
  const second = (high << 4) | low;
  return high !== 255 && low !== 255 && second >= 0x80 && second < below;
}

function isDots(out: Buffer, segment: number, to: number): boolean {
  const length = to - segment;
  return (
    (length === 1 && out[segment] === DOT) ||
    (length === 2 && out[segment] === DOT && out[segment + 1] === DOT)
  );
}

/** Where the next segment begins when the one in `out[segment, to)`, a dot-segment, is removed. */
function withoutDots(out: Buffer, segment: number, to: number): number {
  if (to - segment === 1) return segment;
  if (segment === 1) return PathProblem.aboveRoot;
  let at = segment - 2;
  while (out[at] !== SLASH) at--;
  return at + 1;
}

/** The strict form of a path given as text, or the problem. For what is compiled once. */
export function strictFormOf(path: Buffer): Buffer | number {
  const out = Buffer.alloc(path.length);
  const length = strictForm(path, 0, path.length, out);
  return length < 0 ? length : out.subarray(0, length);
}

/** The loose form of a path given in its strict form, or the problem. */
export function looseFormOf(form: Buffer): Buffer | number {
  const out = Buffer.alloc(form.length);
  const length = looseForm(form, form.length, out);
  return length < 0 ? length : out.subarray(0, length);
}
