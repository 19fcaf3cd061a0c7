/**
 * Lines of fields up to the empty line, into `Fields`. RFC 9112 section 5.
 *
 * One pass, no strings, no allocation. Strict: CRLF ends a line and nothing else does, no folding
 * (section 5.2), no white space before the colon (section 5.1), names are tokens, values have no controls.
 * Hot: bench/http-parse.ts.
 */
import { fieldIdOf } from '../http/field-ids.ts';
import type { Fields } from '../http/fields.ts';
import { COLON, CR, HT, LF, SP, TOKEN, VALUE_BYTE } from '../http/grammar.ts';
import { problems } from '../http/problems.ts';

/**
 * Reads lines from `at` on and pushes a row each.
 *
 * @returns where the byte behind the empty line is; 0 when it has not come yet; negative: a problem.
 */
export function parseFieldLines(
  fields: Fields,
  buf: Buffer,
  from: number,
  end: number,
  fieldsMax: number,
): number {
  let at = from;
  for (;;) {
    const nameStart = at;
    while (at < end && TOKEN[buf[at]!] !== 0) at++;
    if (at === end) return 0;
    if (buf[at] !== COLON || at === nameStart) {
      if (buf[at] !== CR || at !== nameStart) return nameProblem(buf, nameStart, at, end);
      if (at + 1 === end) return 0;
      return buf[at + 1] === LF ? at + 2 : problems.bareCr.code;
    }
    const nameLength = at - nameStart;
    at++;
    while (at < end && isBlank(buf[at]!)) at++;
    const valueStart = at;
    while (at < end && VALUE_BYTE[buf[at]!] !== 0) at++;
    if (at === end) return 0;
    if (buf[at] !== CR) return valueProblem(buf[at]!);
    if (at + 1 === end) return 0;
    if (buf[at + 1] !== LF) return problems.bareCr.code;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(buf[valueEnd - 1]!)) valueEnd--;
    if (fields.count === fieldsMax) return problems.tooManyFields.code;
    fields.push(
      nameStart,
      nameLength,
      valueStart,
      valueEnd - valueStart,
      fieldIdOf(buf, nameStart, nameLength),
    );
    at += 2;
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

/** What is wrong with a line whose name ends at `at` without a colon; 0 when it cannot be said yet. */
function nameProblem(buf: Buffer, nameStart: number, at: number, end: number): number {
  const byte = buf[at]!;
  if (byte === 0) return problems.nul.code;
  if (byte === LF) return problems.bareLf.code;
  if (isBlank(byte)) {
    if (at === nameStart) return problems.obsFold.code;
    let next = at;
    while (next < end && isBlank(buf[next]!)) next++;
    // Which of the two it is the next byte will tell.
    if (next === end) return 0;
    return buf[next] === COLON ? problems.spaceBeforeColon.code : problems.badFieldName.code;
  }
  if (byte !== CR) return problems.badFieldName.code;
  if (at + 1 === end) return 0;
  return buf[at + 1] === LF ? problems.badFieldName.code : problems.bareCr.code;
}

/** What is wrong with a byte that ends a value and is not CR. */
function valueProblem(byte: number): number {
  if (byte === 0) return problems.nul.code;
  return byte === LF ? problems.bareLf.code : problems.badFieldValue.code;
}
