/**
 * Heads from `Fields` back into bytes. RFC 9112 sections 3, 4 and 5.
 *
 * Promises: fields leave in their order, spelling and number; removed ones are left out; neighbours that lie
 * side by side, in the received bytes or among those added, are copied at once. The version is always our own, HTTP/1.1 (RFC 9110
 * section 2.5). Nothing is decided here: hop-by-hop fields, Host and framing are the caller's
 * (`removeHopByHop`, `setBody`). Hot: bench/http-parse.ts.
 */
import { copyBytes } from '../../base/index.ts';
import { ARENA_BASE, FIELD_STRIDE, type Fields, offsetIn, REMOVED } from '../http/fields.ts';
import { COLON, CR, LF, SLASH, SP } from '../http/grammar.ts';
import { Version } from '../http/message-head.ts';
import { MethodId, methodNameOf } from '../http/methods.ts';
import { type RequestHead, TargetForm } from '../http/request-head.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { statusLineOf } from '../http/status.ts';

const VERSION_LINE = Buffer.from(' HTTP/1.1\r\n', 'latin1');
const ASTERISK = 0x2a;
const STATUS_PREFIX = Buffer.from('HTTP/1.1 ', 'latin1');
/** A known method, spaces, version and line ends of a start line and the empty line, with room to spare. */
const START_LINE_BYTES = 32;

/** An upper bound of the bytes that `encodeRequestHead` writes. */
export function requestHeadBytesMax(head: RequestHead, extra: Buffer | null): number {
  const target = Math.max(head.originLength, head.authorityLength);
  return START_LINE_BYTES + head.methodLength + target + fieldsBytesMax(head.fields, extra);
}

/** An upper bound of the bytes that `encodeResponseHead` writes. */
export function responseHeadBytesMax(head: ResponseHead, extra: Buffer | null): number {
  const reason = head.reasonLength || statusLineOf(head.status).length;
  return START_LINE_BYTES + reason + fieldsBytesMax(head.fields, extra);
}

/**
 * Writes a request head as a proxy sends it to an origin: origin-form, `*`, or the authority for CONNECT.
 * `extra` are whole lines, each with its CRLF, that are put behind the fields.
 *
 * @returns the position behind the empty line, -1 when `requestHeadBytesMax` does not fit behind `at`.
 */
export function encodeRequestHead(
  out: Buffer,
  at: number,
  head: RequestHead,
  extra: Buffer | null = null,
): number {
  if (at + requestHeadBytesMax(head, extra) > out.length) return -1;
  const { fields } = head;
  // The line as it came can be sent as it is.
  if (isVerbatim(head)) return putFields(out, at, fields, head.start, extra);
  let to = putMethod(out, at, head);
  out[to++] = SP;
  to = putTarget(out, to, head);
  copyBytes(VERSION_LINE, 0, out, to, VERSION_LINE.length);
  return putFields(out, to + VERSION_LINE.length, fields, -1, extra);
}

/**
 * Writes a response head. `extra` and result as of `encodeRequestHead`.
 */
export function encodeResponseHead(
  out: Buffer,
  at: number,
  head: ResponseHead,
  extra: Buffer | null = null,
): number {
  if (at + responseHeadBytesMax(head, extra) > out.length) return -1;
  const { fields } = head;
  if (
    head.end > head.start &&
    fields.lines &&
    head.version === Version.http11 &&
    head.reasonLength > 0
  ) {
    return putFields(out, at, fields, head.start, extra);
  }
  if (head.reasonLength === 0) {
    const line = statusLineOf(head.status);
    copyBytes(line, 0, out, at, line.length);
    return putFields(out, at + line.length, fields, -1, extra);
  }
  copyBytes(STATUS_PREFIX, 0, out, at, STATUS_PREFIX.length);
  let to = putStatus(out, at + STATUS_PREFIX.length, head.status);
  out[to++] = SP;
  to = put(out, to, fields, head.reasonStart, head.reasonLength);
  out[to++] = CR;
  out[to++] = LF;
  return putFields(out, to, fields, -1, extra);
}

/** Writes lines of fields and the empty line, as of a trailer section. -1 when there may be no room. */
export function encodeFields(out: Buffer, at: number, fields: Fields): number {
  if (at + fieldsBytesMax(fields, null) + 2 > out.length) return -1;
  return putFields(out, at, fields, -1, null);
}

/** An upper bound of the bytes of all lines. */
export function fieldsBytesMax(fields: Fields, extra: Buffer | null): number {
  const { at, count } = fields;
  let bytes = extra === null ? 0 : extra.length;
  for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row + 4] === REMOVED) continue;
    // Blanks behind the colon are copied along.
    const name = isLine(fields, row) ? at[row + 2]! - at[row]! : at[row + 1]! + 2;
    bytes += name + at[row + 3]! + 2;
  }
  return bytes;
}

/** Whether the request line can be sent as it was received. */
function isVerbatim(head: RequestHead): boolean {
  return (
    head.fields.lines &&
    head.methodLength > 0 &&
    head.version === Version.http11 &&
    head.form !== TargetForm.absolute &&
    (head.form !== TargetForm.origin || head.originStart === head.targetStart)
  );
}

/** A head that HTTP/2 brought, or that was made here, may have the method by its number only. */
function putMethod(out: Buffer, at: number, head: RequestHead): number {
  if (head.method === MethodId.other) {
    return put(out, at, head.fields, head.methodStart, head.methodLength);
  }
  const name = methodNameOf(head.method);
  copyBytes(name, 0, out, at, name.length);
  return at + name.length;
}

function putTarget(out: Buffer, at: number, head: RequestHead): number {
  const { fields } = head;
  if (head.form === TargetForm.authority) {
    return put(out, at, fields, head.authorityStart, head.authorityLength);
  }
  let to = at;
  if (head.asksServer) {
    out[to++] = ASTERISK;
    return to;
  }
  // RFC 9112 section 3.2.1: an empty path is sent as `/`.
  if (head.pathLength === 0) out[to++] = SLASH;
  return put(out, to, fields, head.originStart, head.originLength);
}

/** Whether a row is a line, received or added, that may be copied whole, name to end of value. */
function isLine(fields: Fields, row: number): boolean {
  const { at } = fields;
  const value = at[row + 2]!;
  // A Host that was given the authority of the target has its value before its name.
  if (value < ARENA_BASE) return fields.lines && value > at[row]!;
  return at[row]! >= ARENA_BASE && fields.isAddedLine(row);
}

/**
 * Writes the lines of all fields, those of `extra` and the empty line. A `run` is a range of the received
 * or added bytes, given by offsets as in a row, that waits to be copied, a line end behind it included; `lead` is where one begins that ends with
 * the start line, or -1.
 */
function putFields(
  out: Buffer,
  start: number,
  fields: Fields,
  lead: number,
  extra: Buffer | null,
): number {
  const { at, count } = fields;
  let to = start;
  let runStart = lead;
  // Where the next line has to begin to belong to the run.
  let runEnd = lead === -1 ? -1 : startLineEnd(fields, lead);
  for (let row = 0; row < count * FIELD_STRIDE; row += FIELD_STRIDE) {
    if (at[row + 4] === REMOVED) continue;
    const nameStart = at[row]!;
    const valueEnd = at[row + 2]! + at[row + 3]!;
    if (isLine(fields, row)) {
      if (nameStart !== runEnd) {
        to = putRun(out, to, fields, runStart, runEnd);
        runStart = nameStart;
      }
      runEnd = valueEnd + 2;
      // Blanks behind the value: the line end is not where the run expects it.
      if (fields.bytesAt(valueEnd)[offsetIn(valueEnd)] === CR) continue;
      to = putRun(out, to, fields, runStart, valueEnd);
      out[to++] = CR;
      out[to++] = LF;
      runStart = -1;
      runEnd = -1;
      continue;
    }
    to = putRun(out, to, fields, runStart, runEnd);
    runStart = -1;
    runEnd = -1;
    to = put(out, to, fields, nameStart, at[row + 1]!);
    out[to++] = COLON;
    out[to++] = SP;
    to = put(out, to, fields, at[row + 2]!, at[row + 3]!);
    out[to++] = CR;
    out[to++] = LF;
  }
  to = putRun(out, to, fields, runStart, runEnd);
  if (extra !== null) {
    copyBytes(extra, 0, out, to, extra.length);
    to += extra.length;
  }
  out[to++] = CR;
  out[to++] = LF;
  return to;
}

function putRun(out: Buffer, at: number, fields: Fields, start: number, end: number): number {
  return start === -1 ? at : put(out, at, fields, start, end - start);
}

/** The byte behind the start line: where the first field, removed or not, began, or the empty line. */
function startLineEnd(fields: Fields, start: number): number {
  const { buf } = fields;
  if (fields.count > 0 && fields.at[0]! < ARENA_BASE) return fields.at[0]!;
  let at = start;
  while (buf[at] !== LF) at++;
  return at + 1;
}

function put(out: Buffer, at: number, fields: Fields, offset: number, length: number): number {
  copyBytes(fields.bytesAt(offset), offsetIn(offset), out, at, length);
  return at + length;
}

/** Three digits. */
function putStatus(out: Buffer, at: number, status: number): number {
  out[at] = 0x30 + Math.trunc(status / 100);
  out[at + 1] = 0x30 + (Math.trunc(status / 10) % 10);
  out[at + 2] = 0x30 + (status % 10);
  return at + 3;
}
