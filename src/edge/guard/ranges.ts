/**
 * Floods of ranges: RFC 9110 section 14.2 lets a server ignore or refuse a Range with more than two that overlap, or
 * with many small ones, since a short request would cost a long work (section 17.15).
 *
 * The usual request has one range or none and costs a look at its bytes. Nothing is allocated. Hot:
 * bench/edge-guard.ts.
 */
import { FIELD_STRIDE, FieldId, type Fields, offsetIn } from '../../core/wire/index.ts';

const COMMA = 0x2c;
const DASH = 0x2d;
const EQUALS = 0x3d;
const ZERO = 0x30;
/** Overlaps beyond these are no accident. */
const OVERLAPS_MAX = 2;
/** As many are compared with one another; a field with more is a flood under every rule. */
const RANGES_COMPARED = 1000;

const firsts = new Float64Array(RANGES_COMPARED);
const lasts = new Float64Array(RANGES_COMPARED);

/** Whether the request asks for a flood of ranges. @param rangesMax that one may ask for. */
export function isRangeFlood(fields: Fields, rangesMax: number): boolean {
  const index = fields.find(FieldId.range);
  if (index === -1) return false;
  const offset = fields.at[index * FIELD_STRIDE + 2]!;
  const buf = fields.bytesAt(offset);
  const start = offsetIn(offset);
  const end = start + fields.valueLength(index);
  let commas = 0;
  for (let at = start; at < end; at++) if (buf[at] === COMMA) commas++;
  if (commas >= rangesMax || commas >= RANGES_COMPARED) return true;
  return commas >= OVERLAPS_MAX && overlaps(buf, start, end) > OVERLAPS_MAX;
}

/** Ranges that overlap one before them, in any order. What is no range is none. */
function overlaps(buf: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && buf[at] !== EQUALS) at++;
  let count = 0;
  while (at < end) {
    at++;
    let first = -1;
    let last = -1;
    let isBehind = false;
    for (; at < end && buf[at] !== COMMA; at++) {
      const digit = buf[at]! - ZERO;
      if (buf[at] === DASH) isBehind = true;
      else if (digit >= 0 && digit <= 9) {
        if (isBehind) last = Math.max(0, last) * 10 + digit;
        else first = Math.max(0, first) * 10 + digit;
      }
    }
    if (!isBehind || (first === -1 && last === -1)) continue;
    // The last bytes of a length that is not known: compared as if they lay behind everything.
    firsts[count] = first === -1 ? Number.MAX_SAFE_INTEGER - last : first;
    lasts[count] = first === -1 || last === -1 ? Number.MAX_SAFE_INTEGER : last;
    count++;
  }
  let found = 0;
  for (let i = 1; i < count && found <= OVERLAPS_MAX; i++) {
    for (let j = 0; j < i; j++) {
      if (firsts[i]! > lasts[j]! || firsts[j]! > lasts[i]!) continue;
      found++;
      break;
    }
  }
  return found;
}
