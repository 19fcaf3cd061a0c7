/**
 * Glob patterns over bytes, as KEYS, SCAN, PSUBSCRIBE and ACL read them
 * (https://redis.io/docs/latest/commands/keys/): `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, and a backslash
 * before a character that shall mean itself.
 *
 * Only the last star is ever tried again, which is enough for globs, so the time is at most the
 * product of both lengths. Broken patterns mean what Redis makes of them: a class that is not closed
 * ends with the pattern, a backslash at the end is itself. As there, no pattern but the empty one
 * matches empty text; commands for which `*` means "all" ask `matchesAll` first.
 */
const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const CARET = 94;
const BACKSLASH = 92;
const DASH = 45;

/** Whether the pattern is a lone star. */
export function matchesAll(pattern: Buffer): boolean {
  return pattern.length === 1 && pattern[0] === STAR;
}

/** Whether `text[start .. end)` matches the whole pattern. `nocase`: ASCII letters of both cases are one. */
export function matchGlob(
  pattern: Buffer,
  text: Buffer,
  start = 0,
  end = text.length,
  nocase = false,
): boolean {
  const patternEnd = pattern.length;
  let p = 0;
  let at = start;
  /** Where to go on when the characters behind the last star do not match. */
  let starPattern = -1;
  let starText = 0;
  while (at < end) {
    let matched = false;
    if (p < patternEnd) {
      const c = pattern[p]!;
      if (c === STAR) {
        p = skipStars(pattern, p);
        if (p === patternEnd) return true;
        starPattern = p;
        starText = at;
        continue;
      }
      if (c === OPEN) {
        matched = matchClass(pattern, p + 1, text[at]!, nocase);
        p = classEnd;
      } else {
        if (c === BACKSLASH && p + 1 < patternEnd) p++;
        matched = c === QUESTION || same(pattern[p]!, text[at]!, nocase);
        p++;
      }
    }
    if (matched) at++;
    else if (starPattern < 0) return false;
    else {
      p = starPattern;
      at = ++starText;
    }
  }
  if (start === end) return patternEnd === 0;
  return skipStars(pattern, p) === patternEnd;
}

function skipStars(pattern: Buffer, from: number): number {
  let p = from;
  while (p < pattern.length && pattern[p] === STAR) p++;
  return p;
}

/** Offset behind the class that `matchClass` read last. */
let classEnd = 0;

/** Whether a character is in the class whose first character is at `from`. */
function matchClass(pattern: Buffer, from: number, c: number, nocase: boolean): boolean {
  const end = pattern.length;
  let p = from;
  const negated = p < end && pattern[p] === CARET;
  if (negated) p++;
  let found = false;
  for (; p < end && pattern[p] !== CLOSE; p++) {
    if (pattern[p] === BACKSLASH && p + 1 < end) {
      // Redis compares an escaped character of a class exactly, also without regard to case.
      if (pattern[++p] === c) found = true;
    } else if (p + 2 < end && pattern[p + 1] === DASH) {
      if (inRange(pattern[p]!, pattern[p + 2]!, c, nocase)) found = true;
      p += 2;
    } else if (same(pattern[p]!, c, nocase)) found = true;
  }
  classEnd = Math.min(p + 1, end);
  return found !== negated;
}

function inRange(a: number, b: number, c: number, nocase: boolean): boolean {
  let from = Math.min(a, b);
  let to = Math.max(a, b);
  if (nocase) {
    from = lower(from);
    to = lower(to);
    return lower(c) >= from && lower(c) <= to;
  }
  return c >= from && c <= to;
}

function same(a: number, b: number, nocase: boolean): boolean {
  return a === b || (nocase && lower(a) === lower(b));
}

function lower(c: number): number {
  return c >= 65 && c <= 90 ? c + 32 : c;
}
